"""Helpers of the model tests: a real server with OpenAI's interface on loopback, and a home with the node's weights."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from workers.jobs.bundle import ExerciseFiles
from workers.models.settings import ROOT, Settings, read_settings

TOML = """
title = { en = "Test", fr = "Test" }
kind = "prompt"
[prompt]
max_new_tokens = 8
max_prompt_tokens = 50
"""


def home_with_weights(home: Path) -> Path:
    """`home` with a link to the state folder's converted weights: tests share them, and nothing else."""
    weights = ROOT / "var" / "models" / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "weights").symlink_to(weights)
    return home


def settings(home: Path, cache: bool = True, **roles: str) -> Settings:
    """Settings with these models by role ("chat", "base"); none for the others."""
    chosen = {"MODEL_CHAT": roles.get("chat", "none"), "MODEL_BASE": roles.get("base", "none")}
    found = read_settings(chosen | {"MODEL_DIR": str(home)})
    return replace(found, cache=cache)


def bundled(home: Path, cache: bool = True) -> Settings:
    """Settings with the bundled chat model."""
    return replace(read_settings({"MODEL_DIR": str(home), "MODEL_BASE": "none"}), cache=cache)


def prompt_exercise(tests: str, solution: str = "Say it: {input}", toml: str = TOML) -> ExerciseFiles:
    head = "from workers.testkit import *\nfrom workers.testkit.texts import *\n"
    files = {"exercise.toml": toml.encode(), "tests.py": (head + tests).encode(), "solution.txt": solution.encode()}
    return ExerciseFiles(files)


class Server(ThreadingHTTPServer):
    """`answer(text)` is what the model writes; `fail`, when set, is what each POST gets instead: status and body."""

    daemon_threads = True

    def __init__(self, answer: Callable[[str], str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.fail: tuple[int, bytes] | None = None
        self.release = threading.Event()  # a silent server answers when this is set
        self.silent = False
        self.seen: list[dict[str, Any]] = []
        self.models = [{"id": "echo", "max_model_len": 4096}]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._send(200, json.dumps({"data": self.server.models}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            self._send(200, json.dumps({"count": len(body["prompt"].split())}).encode())
            return
        self.server.seen.append(body)
        if self.server.silent:
            self.server.release.wait(30)
        if self.server.fail is not None:
            self._send(*self.server.fail)
            return
        text = body["messages"][0]["content"] if "messages" in body else body["prompt"]
        said = self.server.answer(text)
        usage = {"prompt_tokens": len(text.split()), "completion_tokens": len(said.split())}
        choice: dict[str, Any] = {"finish_reason": "stop"}
        choice |= {"message": {"content": said}} if "messages" in body else {"text": said}
        self._send(200, json.dumps({"choices": [choice], "usage": usage}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def serving(answer: Callable[[str], str]) -> Iterator[Server]:
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
