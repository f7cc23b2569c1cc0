"""The model process: `python -m workers.models.serve FD PARENT IDLE`, started by `server` and by nothing else.

It inherits a listening socket, answers one request for each connection, and ends when nobody has asked for a while. A
model is loaded when its role is first asked for. Only this process imports torch and transformers.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from workers.models import wire
from workers.models.interface import Canvas, ModelFault
from workers.models.settings import Settings, read_settings
from workers.models.weights import is_prepared, prepared

PR_SET_PDEATHSIG = 1
REQUEST_SECONDS = 30.0
# Weights lie on this machine by the time they are loaded: nothing here may wait for a network.
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
QUIET = {"TRANSFORMERS_VERBOSITY": "error", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
log = logging.getLogger("models")


class Host:
    """The loaded models. One computes at a time: two would only slow each other down."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engines: dict[str, Any] = {}
        self._lock = threading.Lock()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; {"fault": …} when it cannot be given."""
        try:
            with self._lock:
                return {"result": self._answer(request)}
        except ModelFault as fault:
            return {"fault": str(fault)}
        except Exception as error:  # out of memory, a broken file: the graders need a sentence, not a dead line
            log.exception("a request failed")
            return {"fault": f"{type(error).__name__}: {error}"[:2000]}

    def _answer(self, request: dict[str, Any]) -> Any:
        engine = self._engine(str(request["role"]))
        if request["op"] == "facts":
            return engine.facts
        if request["op"] == "count":
            return engine.count_tokens(request["texts"])
        if request["op"] == "draw" and request["role"] == "image":
            return engine.draw(request["prompt"], Canvas(**request["canvas"]), request["target"])
        if request["op"] == "complete" and request["role"] != "image":
            keys = ("prompts", "shared", "max_new_tokens", "raw")
            return engine.complete(*(request[key] for key in keys))
        raise ModelFault("an unknown request")

    def _engine(self, role: str) -> Any:
        if role not in self._engines:
            source = self._settings.sources[role]
            if role == "image":
                from workers.models.image import load

                self._engines[role] = load(self._settings)
                return self._engines[role]
            if not is_prepared(source, self._settings):
                self._prepare(role)
            folder, facts = prepared(source, self._settings)
            from workers.models.engine import Engine

            began = time.monotonic()
            self._engines[role] = Engine(role, folder, facts, self._settings.threads)
            log.info("%s: %s loaded in %.1f s", role, facts["model"], time.monotonic() - began)
        return self._engines[role]

    def _prepare(self, role: str) -> None:
        """In a process of its own: converting takes twice the memory that serving does."""
        command = [sys.executable, "-m", "workers.models.weights", role]
        environment = {name: value for name, value in os.environ.items() if name not in OFFLINE}
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise ModelFault(f"the weights of {role} cannot be prepared: {done.stderr.strip()[-1000:]}")


def _serve_one(link: socket.socket, host: Host) -> None:
    with link:
        try:
            request = wire.receive(link, time.monotonic() + REQUEST_SECONDS)
            answer = host.answer(request)
            link.settimeout(REQUEST_SECONDS)
            wire.send(link, answer)
        except (OSError, EOFError, wire.BadWord) as error:  # the grader is gone, or no grader at all
            log.info("a connection ended early: %s", error or type(error).__name__)


def die_with(parent: int) -> None:
    """Ask the kernel to end this process when the thread that started it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def main(fd: int, parent: int, idle: float) -> int:
    """Serve until idle. Returns the exit code."""
    die_with(parent)
    os.environ.update(OFFLINE | QUIET)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = read_settings()
    host = Host(settings)
    listener = socket.socket(fileno=fd)
    listener.settimeout(idle)
    while True:
        try:
            link, _ = listener.accept()
        except TimeoutError:
            if threading.active_count() > 1:  # a long completion is under way
                continue
            return 0
        threading.Thread(target=_serve_one, args=(link, host), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
