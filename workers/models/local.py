"""A role played by this node's own model process: the grader's end of the socket."""

from __future__ import annotations

import base64
import os
import socket
import time
from dataclasses import asdict
from typing import Any

from workers.models import wire
from workers.models.interface import Canvas, Completion, Drawing, ModelFacts, ModelFault
from workers.models.server import Owner, address, take_ownership
from workers.models.settings import Settings

KNOCKS = 3  # a process that died under a request is started again; so often the request is repeated
CONNECT_SECONDS = 10.0
# A first start converts the weights, and other graders' completions may come before: minutes, not seconds.
ANSWER_SECONDS = 900.0


class Process:
    """The node's model process as seen from one grader, which owns it when nobody else does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._owner: Owner | None = None
        self._pid = os.getpid()

    @property
    def process_id(self) -> int:
        """Of the model process when this grader owns it and it is up; else 0."""
        return self._owner.process_id if self._owner is not None else 0

    def own(self) -> bool:
        """Listen for the node's graders from now on. False when another process does. Raises ModelFault."""
        if self._owner is None:
            self._owner = take_ownership(self._settings)
        return self._owner is not None

    def ask(self, request: dict[str, Any]) -> Any:
        """The result of one request, repeated when the process dies under it. Raises ModelFault."""
        for _ in range(KNOCKS):
            try:
                with self._connect() as link:
                    wire.send(link, request)
                    answer = wire.receive(link, time.monotonic() + ANSWER_SECONDS)
            except TimeoutError:
                raise ModelFault(f"the model process gave no answer in {ANSWER_SECONDS:g} s") from None
            except (EOFError, ConnectionError):
                continue
            except (OSError, wire.BadWord) as error:
                raise ModelFault(f"the model process cannot be asked: {error}") from None
            if "fault" in answer:
                raise ModelFault(str(answer["fault"]))
            return answer.get("result")
        raise ModelFault(f"the model process died {KNOCKS} times while it answered")

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            link = socket.socket(socket.AF_UNIX)
            try:
                self._settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
                with address(self._settings.home) as short:
                    link.connect(short)
                return link
            except (FileNotFoundError, ConnectionRefusedError):
                link.close()
                # The owner is gone, or just about to listen: become it, or wait for it.
                if not self.own() and time.monotonic() > deadline:
                    raise ModelFault("nobody keeps the node's model process") from None
                time.sleep(0.02)

    def close(self) -> None:
        if self._owner is not None and self._pid == os.getpid():
            self._owner.close()
            self._owner = None


class LocalBackend:
    def __init__(self, role: str, process: Process) -> None:
        self._role = role
        self._process = process

    def facts(self) -> ModelFacts:
        facts: ModelFacts = self._process.ask({"op": "facts", "role": self._role})
        return facts

    def count_tokens(self, texts: list[str]) -> list[int]:
        counts: list[int] = self._process.ask({"op": "count", "role": self._role, "texts": texts})
        return counts

    def complete(self, prompts: list[str], shared: str, max_new_tokens: int, raw: bool) -> list[Completion]:
        request = {"op": "complete", "role": self._role, "prompts": prompts, "shared": shared, "raw": raw}
        found = self._process.ask(request | {"max_new_tokens": max_new_tokens})
        if not isinstance(found, list) or len(found) != len(prompts):
            raise ModelFault("the model process answered with another number of completions than asked for")
        return [Completion.from_dict(item) for item in found]

    def draw(self, prompt: str, canvas: Canvas, target: bytes) -> Drawing:
        """One picture for the prompt, compared with `target`, a PNG. Raises ModelFault, BadTarget."""
        request = {"op": "draw", "role": self._role, "prompt": prompt, "canvas": asdict(canvas)}
        return Drawing.from_dict(self._process.ask(request | {"target": base64.b64encode(target).decode()}))

    def close(self) -> None:
        self._process.close()
