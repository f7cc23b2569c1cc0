"""The judge: loads tests.py, runs one test at a time, tells the supervisor what it found.

It holds expected values and comparisons, so no student code ever runs here; its author is not trusted either, hence the
jail. Only "passed" gives points, and only the supervisor knows how many.
"""

from __future__ import annotations

import marshal
import os
import random
import sys
import traceback
import types
from typing import Any

from workers.judge.image import ImageSolution
from workers.judge.prompt import PromptSolution
from workers.judge.solution import Session, Solution, Unusable
from workers.runner.channel import BEGIN, CALL, READY, RESULT, RUN, Channel
from workers.runner.codec import Decoder, Encoder
from workers.runner.program import Runner, lower_limits
from workers.runner.program import rehearse as rehearse_runner
from workers.testkit import CheckFailed, SolutionError, assert_close
from workers.testkit.counted import COUNTED
from workers.testkit.errors import RunnerGone
from workers.testkit.registry import REGISTRY, Test
from workers.testkit.series import RECORDED
from workers.testkit.timing import TimingTest, check_references

FOLDER = "/box/exercise"
MAX_STAFF = 8000


class Judge:
    def __init__(self, channel: Channel, vm_bytes: int | None) -> None:
        self._channel = channel
        self._vm_bytes = vm_bytes
        self._session = Session(channel)
        self._solution: Solution | PromptSolution | ImageSolution = Solution(self._session)
        self._reference = Runner(channel, vm_bytes)  # of timing tests against a function of tests.py

    def serve(self) -> None:
        """Answer until the supervisor hangs up."""
        self._channel.send(READY, 0, b"{}")
        while True:
            kind, question, text, buffer = self._channel.receive()
            if kind == CALL:  # this judge was started to be a reference: it runs no test
                self._reference.reply(question, text, buffer)
                continue
            request = Decoder().decode(text, buffer)
            if kind == BEGIN:
                self._channel.send(READY, question, *Encoder().encode(self._begin(request)))
            elif kind == RUN:
                self._channel.send(RESULT, question, *Encoder().encode(self._run(request)))
            else:
                os._exit(4)

    # ---- loading ------------------------------------------------------------------------------------------------

    def _begin(self, request: dict[str, Any]) -> dict[str, Any]:
        lower_limits(self._vm_bytes, request["limits"])
        folder = request["folder"] or FOLDER
        for path, content in request["files"].items():
            target = f"{folder}/{path}"
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(content)
        if request["kind"] == "prompt":
            self._solution = PromptSolution(self._session)
        if request["kind"] == "image-prompt":
            self._solution = ImageSolution(self._session)
        os.chdir(folder)
        sys.path.insert(0, folder)
        module = types.ModuleType("tests")
        module.__file__ = f"{folder}/tests.py"
        sys.modules["tests"] = module
        compiled = b""
        try:
            if request["code"]:
                code = marshal.loads(request["code"])
            else:
                with open(module.__file__, encoding="utf-8-sig") as file:
                    code = compile(file.read(), module.__file__, "exec", dont_inherit=True)
                compiled = marshal.dumps(code)
            exec(code, module.__dict__)
            check_references(module.__dict__)
        except BaseException:
            return {"fault": staff_text(), "tests": [], "code": b""}
        return {"fault": "", "tests": [test.facts() for test in REGISTRY], "code": compiled}

    # ---- one test -----------------------------------------------------------------------------------------------

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        import numpy

        test = REGISTRY[request["test"]]
        if isinstance(test, TimingTest) and request["ask"] == "rules":
            return test.rules()
        if isinstance(test, TimingTest) and request["ask"] == "reference":
            self._reference.hold(getattr(sys.modules["tests"], test.against))
            return {}
        seed: int = request["seed"]
        random.seed(seed)
        numpy.random.seed(seed % (1 << 32))
        if (torch := sys.modules.get("torch")) is not None:
            torch.manual_seed(seed % (1 << 63))
        self._session.start()
        RECORDED.clear()
        COUNTED.clear()
        result = self._outcome(lambda: self._run_one(test, numpy.random.default_rng(seed)))
        if result["verdict"] != "passed":
            result["input"] = self._session.shown_input()
        result["series"] = list(RECORDED)
        result["checks"] = list(COUNTED)
        return result

    def _run_one(self, test: Test, rng: Any) -> None:
        if isinstance(test, TimingTest):
            name, args = timed_call(test.function(rng))
            request = {"op": "call", "path": [name], "args": args, "kwargs": {}}
            test.check(*self._session.ask_both(name, request))
        else:
            test.function(self._solution, rng)

    def _outcome(self, run: Any) -> dict[str, Any]:
        try:
            run()
        except Unusable as error:
            return {"verdict": "unusable", "facts": error.facts}
        except CheckFailed as error:
            return {"verdict": "failed", "sentences": error.sentences, "difference": error.difference}
        except SolutionError as error:
            return {"verdict": "raised", "facts": _facts(error)}
        except RunnerGone:
            return {"verdict": "gone"}
        except AssertionError as error:
            return {"verdict": "assert", "message": str(error)[:1000]}
        except BaseException:
            return self._fault()
        return {"verdict": "passed"}

    def _fault(self) -> dict[str, Any]:
        """tests.py failed: the supervisor settles on the reference whether the student's value is to blame."""
        staff = staff_text()
        try:
            returned = self._session.shown_value()
        except Exception:  # a strange value must not turn into a fault of its own
            returned = ""
        return {"verdict": "fault", "staff": staff, "function": self._session.function, "returned": returned}


def timed_call(made: object) -> tuple[str, list[Any]]:
    """What the function below @timing returned. Raises TypeError."""
    if isinstance(made, tuple) and len(made) == 2 and isinstance(made[0], str) and isinstance(made[1], list | tuple):
        return made[0], list(made[1])
    raise TypeError('a timing test returns the call to make as (name, args), such as ("multiply", [a, b])')


def _facts(error: SolutionError) -> dict[str, Any]:
    lines = [{"line": line, "function": function} for line, function in error.lines]
    return {
        "kind": error.kind,
        "type": error.type,
        "message": error.message,
        "lines": lines,
        "function": error.function,
    }


def staff_text() -> str:
    text = traceback.format_exc(limit=-12)
    return text if len(text) <= MAX_STAFF else text[: MAX_STAFF // 2] + "\n…\n" + text[-MAX_STAFF // 2 :]


def rehearse() -> None:
    """Run a small test once, so that a spare judge has made its copies of memory pages before a student waits."""
    import numpy

    rehearse_runner()
    rng = numpy.random.default_rng(0)
    x, w = rng.normal(size=(32, 16)), rng.normal(size=(16, 8))
    got = numpy.exp(-numpy.maximum(x @ w, 0.0))
    assert_close(got, got.copy())
    assert_close(float(numpy.mean(got)), float(numpy.mean(got)))
    text, buffers = Encoder().encode({"args": [x, w, "relu"], "kwargs": {}})
    Decoder().decode(text, b"".join(buffers))
    exec(compile("def f(solution, rng):\n    return [rng, solution]\n", "rehearsal", "exec"), {})


def main(fd: int, vm_bytes: int | None) -> None:
    """Entry point of a jailed child. Returns never."""
    rehearse()
    Judge(Channel(fd), vm_bytes).serve()
