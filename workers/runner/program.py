"""The runner: holds the student's module and answers calls. Jailed, one per phase of a grade.

Everything in this process can be read and changed by the student's code: it decides nothing. It gets inputs, gives
values back, and whatever it claims beyond that is weighed by the judge and the supervisor.
"""

from __future__ import annotations

import _sitebuiltins
import ast
import builtins
import io
import os
import random
import resource
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from workers.runner.channel import ANSWER, CALL, CALLBACK, LOAD, READY, REPLY, Channel
from workers.runner.codec import Decoder, Encoder, Malformed, Unsendable
from workers.runner.devices import synchronise
from workers.runner.source import FILE, SNIPPET, NotLoaded, check_imports, describe, load, parse, safe_text

MAX_HANDLES = 10_000
SNIPPET_OUTPUT = 64 << 10
PLAIN = (bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict)


class CallbackError(RuntimeError):
    """What the student's code sees when the judge's callable refuses or fails."""


class Refused(Exception):
    """A call that cannot be made; `facts` is the answer."""

    def __init__(self, kind: str, **facts: Any) -> None:
        super().__init__(kind)
        self.facts = {"kind": kind, **facts}


class Runner:
    def __init__(self, channel: Channel, vm_bytes: int | None) -> None:
        self._channel = channel
        self._vm_bytes = vm_bytes
        self._module: types.ModuleType | None = None
        self._only: Callable[..., Any] | None = None
        self._handles: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._question = 0  # of the open call; 0 when none is
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Answer until the supervisor hangs up."""
        self._channel.send(READY, 0, b"{}")  # before any foreign code: what ends earlier is the machine's fault
        while True:
            kind, question, text, buffer = self._channel.receive()
            answer = self._load if kind == LOAD else self._call if kind == CALL else None
            if answer is None:
                os._exit(4)
            self._reply(answer, question, text, buffer)

    def hold(self, function: Callable[..., Any]) -> None:
        """Answer every call with this function, which no student wrote: in a judge, as a reference of times."""
        self._only = function

    def reply(self, question: int, text: bytearray, buffer: bytearray) -> None:
        """Answer one call."""
        self._reply(self._call, question, text, buffer)

    def _reply(self, answer: Callable[[Any], Any], question: int, text: bytearray, buffer: bytearray) -> None:
        self._question = question
        parts = self._answer(answer, text, buffer)
        self._question = 0
        flush()
        self._channel.send(REPLY, question, *parts)

    def _answer(self, answer: Callable[[Any], Any], text: bytearray, buffer: bytearray) -> tuple[bytes, list[Any]]:
        try:
            request = Decoder(self._resolve, tensors=True).decode(text, buffer)
        except (Malformed, ImportError) as error:  # an array for a runtime without NumPy
            return Encoder().encode({"ok": False, "v": {"kind": "request", "message": safe_text(error)}})
        try:
            return Encoder(self._refer).encode({"ok": True, "v": answer(request)})
        except (NotLoaded, Refused) as error:
            facts = error.facts
        except Unsendable as error:
            facts = {"kind": "value", "type": error.type_name, "reason": error.reason}
        except BaseException as error:
            facts = describe(error)
        return Encoder().encode({"ok": False, "v": facts})

    # ---- loading ------------------------------------------------------------------------------------------------

    def _load(self, request: Any) -> None:
        seed_generators(request["seed"])
        lower_limits(self._vm_bytes, request["limits"])
        self._module = load(request["source"], request["modules"])

    # ---- calls --------------------------------------------------------------------------------------------------

    def _call(self, request: Any) -> Any:
        if request["op"] == "run":
            return self._run(request["code"])
        if request["op"] == "get":
            return self._get(*request["path"])
        target, name = self._target(request["path"])
        result = self._invoke(target, name, request["args"], request["kwargs"])
        synchronise()
        if isinstance(target, type) and not isinstance(result, PLAIN) and "numpy" not in str(type(result).__module__):
            self._register(result)
        return result

    def _invoke(self, target: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if not callable(target):
            raise Refused("not_callable", name=name)
        return target(*args, **kwargs)

    def _target(self, path: list[Any]) -> tuple[Any, str]:
        """`[name]` in the module, or `[object, name]` of an object that the judge holds a handle to."""
        if len(path) == 1:
            if self._only is not None:
                return self._only, path[0]
            space = self._module.__dict__ if self._module else {}
            if path[0] not in space:
                raise Refused("undefined", name=path[0])
            return space[path[0]], path[0]
        return self._get_attribute(*path), path[1]

    def _get_attribute(self, owner: Any, name: str) -> Any:
        try:
            return getattr(owner, name)
        except AttributeError:
            if name in dir(type(owner)):  # the student's property raised it: that is an exception of theirs
                raise
            raise Refused("no_attribute", name=name, type=type(owner).__name__[:80]) from None

    def _get(self, owner: Any, name: str) -> dict[str, Any]:
        value = self._get_attribute(owner, name)
        if isinstance(value, types.MethodType | types.FunctionType | types.BuiltinFunctionType):
            return {"method": True}
        return {"method": False, "value": value}

    def _run(self, code: str) -> dict[str, Any]:
        tree = ast.parse(code, SNIPPET)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        space = self._module.__dict__ if self._module else {}
        out, err = Capture(), Capture()
        saved = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = out, err
        value = None
        try:
            exec(compile(tree, SNIPPET, "exec", dont_inherit=True), space)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), SNIPPET, "eval", dont_inherit=True), space)
        finally:
            sys.stdout, sys.stderr = saved
        return {"stdout": out.getvalue(), "stderr": err.getvalue(), "value": value}

    # ---- objects that stay here, callables that live in the judge -------------------------------------------------

    def _register(self, value: Any) -> None:
        if id(value) not in self._numbers:
            if len(self._handles) >= MAX_HANDLES:
                raise Refused("value", type=type(value).__name__[:80], reason="parts")
            self._numbers[id(value)] = len(self._handles)
            self._handles.append(value)

    def _refer(self, value: Any) -> dict[str, Any] | None:
        number = self._numbers.get(id(value))
        return None if number is None else {"t": "handle", "v": number}

    def _resolve(self, tag: str, v: Any) -> Any:
        if tag == "handle":
            return self._handles[v]
        return lambda *args, **kwargs: self._call_back(v, args, kwargs)

    def _call_back(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._lock:  # the student's code may call from several threads
            return self._exchange(number, args, kwargs)

    def _exchange(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._question:
            raise CallbackError("this function can be called only while your own function runs")
        flush()
        text, buffers = Encoder(self._refer).encode({"fn": number, "args": list(args), "kwargs": kwargs})
        self._channel.send(CALLBACK, self._question, text, buffers)
        kind, question, answer, buffer = self._channel.receive()
        if kind != ANSWER or question != self._question:
            os._exit(4)
        reply = Decoder(self._resolve, tensors=True).decode(answer, buffer)
        if not reply["ok"]:
            error = getattr(builtins, reply["type"], None)
            known = isinstance(error, type) and issubclass(error, Exception)
            raise (error if known else CallbackError)(reply["message"])  # type: ignore[misc]  # checked just above
        return reply["v"]


class Capture(io.StringIO):
    """Text of one snippet, cut off rather than endless."""

    def write(self, text: str) -> int:
        if self.tell() < SNIPPET_OUTPUT:
            super().write(text[: SNIPPET_OUTPUT - self.tell()])
        return len(text)


def flush() -> None:
    """Push out what was printed, so that it counts for this call; a replaced sys.stdout is the student's own affair."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # a hostile or closed stream must not end the answer
            continue


def seed_generators(seed: int) -> None:
    """All forks of a zygote would else share their random numbers."""
    random.seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed % (1 << 32))
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed % (1 << 63))


def lower_limits(vm_bytes: int | None, limits: dict[str, Any]) -> None:
    """Bring this process's limits down to the exercise's. The address space counts from the warm runtime's own size."""
    pairs = [(resource.RLIMIT_NPROC, limits["threads"]), (resource.RLIMIT_CPU, limits["cpu_seconds"])]
    if vm_bytes is not None:
        pairs.append((resource.RLIMIT_AS, vm_bytes + limits["memory_bytes"]))
    for kind, value in pairs:
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def open_streams() -> None:
    """UTF-8 whatever the locale, and a character that has no form must not fail a student's print. Once per zygote."""
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = open(fd, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - lives as long as the process


def rehearse() -> None:
    """Do what a load and a first call do: in the zygote, where it warms the code up, and once in each spare, so that
    the copies of memory pages which it causes are made before a student waits. Never runs torch, see `zygote.py`."""
    exec(compile("def f(x): return x", "warm", "exec"), {})
    tree = parse("import math\n\n\ndef f(x, y=1):\n    return [x + y, {'a': (x, y)}]\n")
    check_imports(tree, ("numpy",))
    sample: Any = {"ok": True, "v": [1, "a", (2.0, None)]}
    if (numpy := sys.modules.get("numpy")) is not None:
        bytearray(1 << 19)  # pages that the first arrays will lie on
        x = numpy.ones((32, 16))
        z = numpy.exp(-numpy.maximum(x @ numpy.ones((16, 8)), 0.0))
        sample["a"] = [x, x.T @ z, (z > 0).astype(float), z.sum(axis=0), float(numpy.mean(z**2))]
    text, buffers = Encoder().encode(sample)
    Decoder().decode(text, b"".join(buffers))


def main(fd: int, vm_bytes: int | None) -> None:
    """Entry point of a jailed child. Returns never."""
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, ""))
    sys.argv = [FILE]
    rehearse()
    Runner(Channel(fd), vm_bytes).serve()
