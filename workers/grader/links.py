"""The two ends that a grade talks to: the judge's jail and the runner's. All clocks and caps are on this side."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from workers.grader.clean import clean
from workers.grader.errors import ExerciseFault, JudgeFault, JudgeSlow, StudentFault
from workers.grader.sentences import (
    ENDED,
    INTERFERED,
    MEMORY,
    OUTPUT,
    SIGNAL,
    TIMEOUT,
    TIMEOUT_LOADING,
    TIMEOUT_TOTAL,
    not_loaded,
)
from workers.jobs.sentences import sentence
from workers.jobs.spec import Limits
from workers.runner.channel import (
    ANSWER,
    BEGIN,
    CALL,
    CALLBACK,
    GONE,
    HEADER,
    LOAD,
    READY,
    REPLY,
    RESULT,
    RUN,
    pack_header,
    unpack_header,
)
from workers.runner.codec import Decoder, Encoder, Malformed
from workers.sandbox.errors import MachineFault
from workers.sandbox.jail import Ended, Flooded, Frame, Jail, TimedOut

START_SECONDS = 20.0  # a jail that is not there by then is the machine's fault
JUDGE_LOAD_SECONDS = 30.0
LAST_WORD_SECONDS = 0.5  # a process that closed its socket and lives on has no exit status
JUDGE_OUTPUT = 256 << 10
SMALL_ANSWER = 64 << 10  # bytes of an answer that this trusted process decodes itself
RESULT_BYTES = 4 << 20
FREE_SECONDS = 1.0  # of tests.py in one test, that no one is charged for
FREE_TOTAL = 5.0  # what a run gets of them beyond its own total
T = TypeVar("T")


class Budget:
    """Seconds of the student's own time, of one test and of the whole run; what tests.py takes beyond an allowance is
    charged to the whole run too, or the limits would not bound how long a grade can hold this process."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.total = 0.0
        self.test = 0.0
        self._free = limits.total_seconds + FREE_TOTAL

    def start_test(self) -> None:
        self.test = 0.0

    def left(self) -> float:
        return min(self.limits.seconds - self.test, self.limits.total_seconds - self.total)

    def charge(self, seconds: float) -> None:
        self.test += seconds
        self.total += seconds

    def charge_judge(self, seconds: float, free: float = FREE_SECONDS) -> None:
        """Time of one test that was not the student's own, of which `free` seconds at most cost nothing."""
        free = min(max(seconds, 0.0), free, self._free)
        self._free -= free
        self.total += max(seconds, 0.0) - free

    def judge_left(self) -> float:
        """The most that tests.py may take for itself in the test that starts now."""
        return max(0.0, self.limits.total_seconds - self.total) + FREE_SECONDS

    @property
    def spent(self) -> bool:
        return self.total >= self.limits.total_seconds


class Link:
    """A jail and the frames with it. Subclasses say what a broken answer means."""

    def __init__(self, jail: Jail) -> None:
        self.jail = jail
        self._greeted = False

    def send(self, kind: int, question: int, text: Any, buffers: list[Any], deadline: float) -> None:
        self.jail.send(pack_header(kind, question, text, buffers), [text, *buffers], deadline)

    def receive(self, deadline: float) -> Frame:
        return self.jail.receive(deadline, unpack_header, HEADER.size)

    def greet(self) -> None:
        """Wait for the jail's first word. Before it no foreign code has run: what fails here is the machine's fault."""
        if self._greeted:
            return
        try:
            if self.receive(time.monotonic() + START_SECONDS).kind != READY:
                raise MachineFault("a jail answered with another word than expected")
        except (TimedOut, Ended, Flooded, Malformed) as error:
            self.jail.kill()
            said = clean(self.jail.output.decode("utf-8", "replace"), 300)
            raise MachineFault(f"a jail did not start ({type(error).__name__}): {said}") from None
        self._greeted = True

    def close(self) -> None:
        self.jail.kill()


class RunnerLink(Link):
    """The student's process. Whatever goes wrong here is a StudentFault; the process is killed then."""

    def __init__(self, jail: Jail, budget: Budget, allowed: tuple[str, ...]) -> None:
        super().__init__(jail)
        self._budget = budget
        self._allowed = allowed
        self._seen = 0
        jail.output_cap = budget.limits.output_kb << 10

    def start_loading(self, source: str, seed: int) -> None:
        """Send the file; `finish_loading` takes the answer."""
        self.greet()
        limits = self._budget.limits
        request = {
            "source": source,
            "modules": list(self._allowed),
            "seed": seed,
            "limits": {
                "memory_bytes": limits.memory_mb << 20,
                "threads": limits.processes,
                "cpu_seconds": int(limits.total_seconds * limits.processes) + 10,
            },
        }
        self._loading = time.monotonic()
        self._budget.start_test()
        text, buffers = Encoder().encode(request)
        self._guard(lambda: self.send(LOAD, 1, text, buffers, self._deadline()), TIMEOUT_LOADING)

    def finish_loading(self) -> None:
        """Raises StudentFault; with the verdict "rejected" when the file is no module that loads."""
        deadline = self._loading + self._budget.left()
        try:
            frame = self._guard(lambda: self.receive(deadline), TIMEOUT_LOADING)
        finally:
            self._budget.charge(time.monotonic() - self._loading)
        self._guard(self.jail.drain, TIMEOUT_LOADING)
        answer = self._small_answer(frame)
        if answer["ok"] is True:
            return
        self.close()
        facts = answer["v"] if type(answer["v"]) is dict else {}
        if facts.get("kind") == "memory":
            raise StudentFault("memory", sentence(MEMORY, megabytes=self._budget.limits.memory_mb))
        raise StudentFault("rejected", not_loaded(facts, self._allowed))

    def _small_answer(self, frame: Frame) -> dict[str, Any]:
        try:
            if frame.kind != REPLY or frame.question != 1 or len(frame.text) > SMALL_ANSWER or len(frame.buffer):
                raise Malformed("not the answer to this question")
            answer = Decoder(plain=True).decode(frame.text)
            if type(answer) is not dict or set(answer) != {"ok", "v"}:
                raise Malformed("not an answer")
        except Malformed:
            self.close()
            raise StudentFault("crashed", sentence(INTERFERED)) from None
        return answer

    def call(self, request: Frame, callback: Callable[[Frame], Frame]) -> Frame:
        """One question; `callback` passes a question of the student's code on to the judge, its time is not charged."""
        if not self.jail.silent():
            self.close()
            raise StudentFault("crashed", sentence(INTERFERED))
        question = int.from_bytes(os.urandom(8), "little")
        kind = CALL
        while True:
            self._exchange_started = time.monotonic()
            try:
                frame = self._guard(partial(self._exchange, kind, question, request), TIMEOUT)
            finally:
                self._budget.charge(time.monotonic() - self._exchange_started)
            if frame.question != question or frame.kind not in (REPLY, CALLBACK):
                self.close()
                raise StudentFault("crashed", sentence(INTERFERED))
            if frame.kind == REPLY:
                self._guard(self.jail.drain, TIMEOUT)
                return frame
            request, kind = callback(frame), ANSWER

    def _exchange(self, kind: int, question: int, request: Frame) -> Frame:
        deadline = self._deadline()
        self.send(kind, question, request.text, [request.buffer], deadline)
        return self.receive(deadline)

    def _deadline(self) -> float:
        return time.monotonic() + self._budget.left()

    def _guard(self, action: Callable[[], T], timeout: str) -> T:
        """Run `action`; an event of the jail becomes the student's fault."""
        limits = self._budget.limits
        try:
            return action()
        except TimedOut:
            self.close()
            if timeout == TIMEOUT and self._budget.limits.seconds - self._budget.test > self._budget.left():
                raise StudentFault("timeout", sentence(TIMEOUT_TOTAL, seconds=limits.total_seconds)) from None
            raise StudentFault("timeout", sentence(timeout, seconds=limits.seconds)) from None
        except Flooded:
            self.close()
            raise StudentFault("failed", sentence(OUTPUT, kilobytes=limits.output_kb)) from None
        except Malformed:
            self.close()
            raise StudentFault("crashed", sentence(INTERFERED)) from None
        except Ended:
            raise self._ending() from None

    def _ending(self) -> StudentFault:
        """Why the process is gone. Only the kernel's word counts: its own last words could be forged."""
        limits = self._budget.limits
        overflow = len(self.jail.output) >= self.jail.output_cap
        info = self.jail.zygote.exit_info(self.jail, LAST_WORD_SECONDS)  # before our own kill, which says nothing
        self.close()
        code = info.code if info is not None else 0
        if overflow:
            return StudentFault("failed", sentence(OUTPUT, kilobytes=limits.output_kb))
        if code == -signal.SIGXCPU:
            return StudentFault("timeout", sentence(TIMEOUT_TOTAL, seconds=limits.total_seconds))
        if code == -signal.SIGKILL:  # nobody inside can send it to pid 1: the kernel ran out of memory
            return StudentFault("memory", sentence(MEMORY, megabytes=limits.memory_mb))
        if code < 0:
            return StudentFault("crashed", sentence(SIGNAL, signal=_signal_name(-code)))
        return StudentFault("crashed", sentence(ENDED))

    def take_output(self) -> str:
        """What was printed since the last time."""
        text = bytes(self.jail.output[self._seen :]).decode("utf-8", "replace")
        self._seen = len(self.jail.output)
        return clean(text, self.jail.output_cap)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


class JudgeLink(Link):
    """The process that runs tests.py. What goes wrong while it loads is an ExerciseFault, later a JudgeFault."""

    def __init__(self, jail: Jail, seconds: float) -> None:
        super().__init__(jail)
        self._seconds = seconds  # of its own time in one test
        self._allowed = seconds  # in the running test
        self._left = seconds
        self._seen = 0
        jail.output_cap = JUDGE_OUTPUT

    def start_loading(self, begin: tuple[bytes, list[Any]], seconds: float = JUDGE_LOAD_SECONDS) -> None:
        """Send the exercise's files; `finish_loading` takes the answer, `seconds` from now at the latest."""
        self.greet()
        self._load_seconds = seconds
        self._deadline = time.monotonic() + seconds
        try:
            self.send(BEGIN, 0, *begin, self._deadline)
        except (TimedOut, Ended, Flooded) as error:
            self.close()
            raise ExerciseFault(f"tests.py cannot be handed to the judge: {type(error).__name__}") from None

    def finish_loading(self) -> dict[str, Any]:
        """What tests.py declares, and its compiled form: {"fault", "tests", "code"}. Raises ExerciseFault."""
        try:
            frame = self.receive(self._deadline)
            if frame.kind != READY or len(frame.text) + len(frame.buffer) > 2 * RESULT_BYTES:
                raise Malformed("not a listing")
            facts = Decoder(plain=True).decode(frame.text, frame.buffer)
        except TimedOut:
            self.close()
            raise ExerciseFault(f"tests.py takes longer than {self._load_seconds:g} s to load") from None
        except (Ended, Flooded, Malformed) as error:
            raise ExerciseFault(f"tests.py ended the judge while it loaded: {self._last_words(error)}") from None
        if type(facts) is not dict or set(facts) != {"fault", "tests", "code"}:
            raise ExerciseFault("tests.py interfered with the judge while it loaded")
        return facts

    def _last_words(self, error: Exception) -> str:
        info = self.jail.zygote.exit_info(self.jail, LAST_WORD_SECONDS)
        self.close()
        status = f", status {info.code}" if info is not None and isinstance(error, Ended) else ""
        said = clean(self.jail.output.decode("utf-8", "replace"), 2000)
        return f"{type(error).__name__}{status} {said}".strip()

    def start_test(self, index: int, seed: int, most: float, ask: str = "run") -> None:
        """`most`: seconds that the run has left for it. `ask`: "run", or of a timing test "rules" or "reference"."""
        self._allowed = self._left = min(self._seconds, most)
        text, buffers = Encoder().encode({"test": index, "seed": seed, "ask": ask})
        self._guard(lambda deadline: self.send(RUN, 0, text, buffers, deadline))

    def next(self) -> Frame:
        """The judge's next word: a question for the runner (CALL), an answer to it (ANSWER), or the RESULT."""
        frame = self._guard(self.receive)
        if frame.kind not in (CALL, ANSWER, RESULT):
            self.close()
            raise JudgeFault("the judge sent a frame that nobody asked for")
        return frame

    def pass_on(self, kind: int, frame: Frame) -> None:
        self._guard(lambda deadline: self.send(kind, 0, frame.text, [frame.buffer], deadline))

    def gone(self) -> None:
        """Tell the running test that the student's process is lost."""
        self._guard(lambda deadline: self.send(GONE, 0, b"{}", [], deadline))

    def result(self, frame: Frame) -> dict[str, Any]:
        try:
            if len(frame.text) > RESULT_BYTES:
                raise Malformed("the result is too large")
            value = Decoder(plain=True).decode(frame.text, frame.buffer)
            if type(value) is not dict:
                raise Malformed("not a result")
        except Malformed as error:
            self.close()
            raise JudgeFault(f"the judge's result cannot be read: {error}") from None
        return value

    def _guard(self, action: Callable[[float], T]) -> T:
        started = time.monotonic()
        try:
            return action(started + self._left)
        except TimedOut:
            self.close()
            raise JudgeSlow(f"tests.py took longer than {self._allowed:.3g} s of its own time in one test") from None
        except (Ended, Flooded, Malformed) as error:
            raise JudgeFault(f"tests.py ended the judge's process: {self._last_words(error)}") from None
        finally:
            self._left -= time.monotonic() - started

    def take_output(self) -> str:
        if not self.jail.killed:
            self._guard(lambda deadline: self.jail.drain())
        text = bytes(self.jail.output[self._seen :]).decode("utf-8", "replace")
        self._seen = len(self.jail.output)
        return clean(text, 4000)
