"""Where no student code runs: a model of the node answers the judge's questions, in the runner's place."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Protocol

from workers.grader.errors import JudgeFault
from workers.jobs.report import TestEntry
from workers.runner.channel import REPLY
from workers.runner.codec import Decoder, Encoder, Malformed
from workers.sandbox.jail import Frame


class BadCall(Exception):
    """tests.py asks for something that cannot be done; the text says what to change."""


class ModelWork(Protocol):
    """One run's text, and what a model made of it."""

    seconds: float  # waited for models

    def begin(self, entry: TestEntry) -> None:
        """What is asked from now on belongs to this test."""

    def check(self) -> None:
        """Before anything runs. Raises StudentFault("rejected") for a text that cannot be used, ExerciseFault,
        ModelFault."""

    def answer(self, question: dict[str, Any]) -> Any:
        """Answer one question of tests.py. Raises BadCall, StudentFault, ExerciseFault, ModelFault."""

    def account(self) -> dict[str, Any]:
        """Its parts of the report, by key."""


class ModelLink:
    """Has the methods of a RunnerLink that a session uses; there is no process behind it."""

    def __init__(self, work: ModelWork) -> None:
        self.jail = SimpleNamespace(killed=False)
        self._work = work

    def start_loading(self, source: str, seed: int) -> None:
        """Nothing to start."""

    def finish_loading(self) -> None:
        """Raises StudentFault("rejected") for a text that cannot be used, ExerciseFault, ModelFault."""
        self._work.check()

    def call(self, request: Frame, callback: Callable[[Frame], Frame]) -> Frame:
        """Answer one question of the judge. Raises JudgeFault, StudentFault, ExerciseFault, ModelFault."""
        try:
            question = Decoder(plain=True).decode(request.text, request.buffer)
        except Malformed as error:
            raise JudgeFault(f"the judge's question cannot be read: {error}") from None
        answer: dict[str, Any]
        try:
            answer = {"ok": True, "v": self._work.answer(question if type(question) is dict else {})}
        except BadCall as error:
            answer = {"ok": False, "v": {"kind": "request", "message": str(error)}}
        text, buffers = Encoder().encode(answer)
        return Frame(REPLY, 0, text, b"".join(buffers))

    def take_output(self) -> str:
        """A model prints nothing."""
        return ""

    def close(self) -> None:
        """Nothing to end."""
