"""`solution` as tests.py sees it: each use is a question to the runner, through the supervisor."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from workers.runner.channel import ANSWER, CALL, CALLBACK, GONE, REPLY, Channel
from workers.runner.codec import MAX_CALLBACKS, Decoder, Encoder, Malformed, Unsendable
from workers.testkit import CheckFailed, SolutionError
from workers.testkit.compare.show import Word, show
from workers.testkit.errors import RunnerGone

SHOWN_INPUT = 600
REFERENCES = {"fn": "function", "handle": "object"}  # what stays on one side, as words in the text of a call
RAISED = frozenset({"exception", "memory", "exit", "input"})
FACTS = {"kind": 20, "type": 80, "name": 80, "reason": 20, "message": 1000}  # and how long each may be
MAX_LINES = 50


class Unusable(CheckFailed):
    """The student's code gave nothing that a test can use: no such function, a value of another type.

    Not a SolutionError, so that a test which expects an exception is not met by a missing function.
    """

    def __init__(self, facts: dict[str, Any], function: str) -> None:
        super().__init__([])
        self.facts = {**facts, "function": function}


class Session:
    """The link to the runner during one test."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.start()

    def start(self) -> None:
        self._sent: tuple[str, bytes, bytes] | None = None
        self._functions: list[Callable[..., Any]] = []
        self._callbacks = 0
        self._calling = False
        self._failure: BaseException | None = None
        self.function = ""
        self.answered = False
        self.value: Any = None

    # ---- questions ------------------------------------------------------------------------------------------------

    def ask(self, shown: str, request: dict[str, Any]) -> Any:
        """Send one request and return the runner's value. Raises SolutionError, Unusable or RunnerGone."""
        if self._calling:  # kept, so that the student's code cannot swallow what is the author's mistake
            self._failure = RuntimeError("a function that was handed to the solution may not call the solution again")
            raise self._failure
        self._failure = None
        self._functions.clear()
        try:
            text, buffers = Encoder(self._refer).encode(request)
        except Unsendable as error:
            raise TypeError(f"tests.py: {shown}: an argument cannot be sent: {error}") from None
        self._sent = (shown, text, b"".join(buffers))  # a copy: tests.py may change its arrays afterwards
        self.function, self.answered, self.value = shown, False, None
        self._calling = True
        try:
            self._channel.send(CALL, 0, text, buffers)
            reply = self._wait()
        finally:
            self._calling = False
        if self._failure is not None:
            raise self._failure
        return self._open(shown, reply)

    def ask_both(self, shown: str, request: dict[str, Any]) -> tuple[Any, Any]:
        """Send one timed request; the values of the student's function and of the reference.

        Raises SolutionError, Unusable or RunnerGone for the student's, RuntimeError for the reference's.
        """
        self._functions.clear()
        try:
            text, buffers = Encoder().encode(request)  # no callables: their time would be neither side's
        except Unsendable as error:
            raise TypeError(f"tests.py: {shown}: an argument of a timed call cannot be sent: {error}") from None
        self._sent = (shown, text, b"".join(buffers))
        self.function, self.answered, self.value = shown, False, None
        self._channel.send(CALL, 0, text, buffers)
        student = self._wait()
        reference = self._wait()
        try:
            want = self._open(shown, reference)
        except (SolutionError, Unusable) as error:
            facts = error.facts if isinstance(error, Unusable) else {"kind": error.type, "message": error.message}
            raise RuntimeError(f"the reference of this timing test fails in {shown}: {facts}") from None
        self.answered, self.value = False, None
        return self._open(shown, student), want

    def _wait(self) -> Any:
        while True:
            kind, _, text, buffer = self._channel.receive()
            if kind == GONE:
                raise RunnerGone
            try:
                value = Decoder(self._resolve).decode(text, buffer)
            except Malformed as error:
                value = {"ok": False, "v": {"kind": "malformed", "message": str(error)}}
            if kind == REPLY:
                return value
            if kind == CALLBACK:
                self._serve(value)

    def _open(self, shown: str, reply: Any) -> Any:
        if type(reply) is not dict or set(reply) != {"ok", "v"}:
            raise Unusable({"kind": "malformed", "message": "the answer has not the agreed form"}, shown)
        if reply["ok"] is True:
            self.value, self.answered = reply["v"], True
            return reply["v"]
        facts = student_facts(reply["v"])
        if facts.get("kind") in RAISED:
            raise SolutionError(facts, shown)
        if facts.get("kind") == "request":
            raise RuntimeError(f"tests.py: {shown}: the runtime cannot take this: {facts.get('message')}")
        raise Unusable(facts, shown)

    # ---- callbacks ------------------------------------------------------------------------------------------------

    def _serve(self, request: Any) -> None:
        answer: dict[str, Any]
        try:
            answer = {"ok": True, "v": self._call_function(request)}
            text, buffers = Encoder(self._refer).encode(answer)
        except Unsendable as error:
            self._failure = TypeError(f"tests.py: a callable returned what cannot be sent: {error}")
            text, buffers = self._refusal("RuntimeError", "")
        except AssertionError as error:  # a check inside the callable decides, whatever the student's code does with it
            self._failure = error
            text, buffers = self._refusal("RuntimeError", "")
        except Exception as error:
            text, buffers = self._refusal(type(error).__name__, str(error)[:1000])
        self._channel.send(ANSWER, 0, text, buffers)

    def _refusal(self, kind: str, message: str) -> tuple[bytes, list[Any]]:
        return Encoder().encode({"ok": False, "type": kind, "message": message})

    def _call_function(self, request: Any) -> Any:
        self._callbacks += 1
        if self._callbacks > MAX_CALLBACKS:
            raise Unusable({"kind": "callbacks", "limit": MAX_CALLBACKS}, self.function)
        if type(request) is not dict or type(request.get("fn")) is not int or type(request.get("kwargs")) is not dict:
            raise TypeError("not a call")
        function = self._functions[request["fn"]]
        return function(*request["args"], **request["kwargs"])

    # ---- objects that stay on the other side -------------------------------------------------------------------------

    def _refer(self, value: Any) -> dict[str, Any] | None:
        if isinstance(value, Handle):
            return {"t": "handle", "v": object.__getattribute__(value, "_number")}
        if isinstance(value, Name | Method):
            raise Unsendable("solution." + object.__getattribute__(value, "_name"))
        if callable(value) and not isinstance(value, type):
            self._functions.append(value)
            return {"t": "fn", "v": len(self._functions) - 1}
        return None

    def _resolve(self, tag: str, v: Any) -> Any:
        if tag != "handle" or type(v) is not int:
            raise Malformed("unknown tag")
        return Handle(self, v)

    # ---- what is said about the last call ----------------------------------------------------------------------------

    def shown_input(self) -> str:
        """The last call as it was sent, shortened: arguments that tests.py changed since do not count."""
        if self._sent is None:
            return ""
        shown, text, buffer = self._sent
        try:
            request = Decoder(lambda tag, v: Word(REFERENCES[tag])).decode(text, buffer)
        except Malformed:
            return shown
        if request["op"] != "call":
            return str(request.get("code", shown))[:SHOWN_INPUT]
        parts = [show(value) for value in request["args"]]
        parts += [f"{name}={show(value)}" for name, value in request["kwargs"].items()]
        line = f"{shown}({', '.join(parts)})"
        return line if len(line) <= SHOWN_INPUT else line[: SHOWN_INPUT - 2] + "…)"

    def shown_value(self) -> str:
        """The last answer, shortened; empty when there was none."""
        return show(self.value) if self.answered else ""


def student_facts(facts: Any) -> dict[str, Any]:
    """What the runner says of a failed call, reduced to short texts and lines: all of it may be forged."""
    if type(facts) is not dict or type(facts.get("kind")) is not str:
        return {"kind": "malformed"}
    known: dict[str, Any] = {key: facts[key][:limit] for key, limit in FACTS.items() if type(facts.get(key)) is str}
    rows = facts.get("lines")
    known["lines"] = [
        {"line": row["line"], "function": row["function"][:80]}
        for row in (rows[-MAX_LINES:] if type(rows) is list else [])
        if type(row) is dict
        and type(row.get("line")) is int
        and 0 <= row["line"] < 10**6
        and type(row.get("function")) is str
    ]
    return known


def _checked(name: str) -> str:
    # Python itself asks for such names (copying, pickling, displaying): they are no question to the student.
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(name)
    return name


class Name:
    """`solution.name`: a question only when it is called."""

    def __init__(self, session: Session, name: str) -> None:
        self._session, self._name = session, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request = {"op": "call", "path": [self._name], "args": list(args), "kwargs": kwargs}
        return self._session.ask(self._name, request)


class Method:
    """`handle.name` when it is a method."""

    def __init__(self, session: Session, owner: Handle, name: str) -> None:
        self._session, self._owner, self._name = session, owner, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request = {"op": "call", "path": [self._owner, self._name], "args": list(args), "kwargs": kwargs}
        return self._session.ask(self._name, request)


class Handle:
    """An object of a student's class: its attributes and methods are questions to the runner."""

    def __init__(self, session: Session, number: int) -> None:
        self._session, self._number = session, number

    def __getattr__(self, name: str) -> Any:
        answer = self._session.ask(_checked(name), {"op": "get", "path": [self, name]})
        if type(answer) is not dict or "method" not in answer:
            raise Unusable({"kind": "malformed"}, name)
        if answer["method"] is True:
            return Method(self._session, self, name)
        self._session.value = answer.get("value")
        return answer.get("value")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return Method(self._session, self, "__call__")(*args, **kwargs)


class Solution:
    """The first argument of a test."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Name:
        return Name(self._session, _checked(name))

    def run(self, code: str) -> SimpleNamespace:
        """Run `code` in the student's module: an object with stdout, stderr, and the value of a last expression."""
        if not isinstance(code, str):
            raise TypeError("solution.run: a text is needed")
        answer = self._session.ask("run", {"op": "run", "code": code})
        if type(answer) is not dict or set(answer) != {"stdout", "stderr", "value"}:
            raise Unusable({"kind": "malformed"}, "run")
        return SimpleNamespace(**answer)
