"""Frames that a hostile runner sends through the real channel: no answer but the right value passes, none is our fault.

The student's process writes them itself, with the number of the open question, which it can find in its own frames.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workers.grading import by_name, exercise
from workers.runner.channel import HEADER, REPLY
from workers.runner.codec import Encoder

pytestmark = pytest.mark.sandbox

RIGHT = "def f(i):\n    return 'right'\n"
SENDER = """
import os, struct, sys
HEADER = struct.Struct("<BQII")

def question():
    frame = sys._getframe()
    while frame is not None:
        number = getattr(frame.f_locals.get("self"), "_question", 0)
        if number:
            return number
        frame = frame.f_back

def send(text, buffer=b"", kind=11, sizes=None):
    os.write(3, HEADER.pack(kind, question(), *(sizes or (len(text), len(buffer)))) + text + buffer)

def f(i):
    exec(CASES[i])
    os._exit(0)
"""


def answer(value: str) -> bytes:
    """The text of an answer with `value`, itself in the codec's form."""
    return f'{{"t":"dict","v":[["ok",true],["v",{value}]]}}'.encode()


def said(value: str) -> str:
    """The student's code that sends this answer."""
    return f"send({answer(value)!r})"


def array(dtype: str, shape: object, position: object = 0, tag: str = "nd", raw: bytes = bytes(64)) -> str:
    value = json.dumps({"t": tag, "v": [dtype, shape, position]})
    return f"send({answer(value)!r}, {raw!r})"


CASES = {
    "deep": said("[" * 5000 + "]" * 5000),
    "deep tags": said('{"t":"tuple","v":[' * 100 + "]}" * 100),
    "too deep for a parser": "send(b'[' * 1000000)",
    "unclosed": said("[1"),
    "a million parts": "send(b'[' + b'1,' * 1000001 + b'1]')",
    "huge whole number": "send(b'[' + b'9' * 100000 + b']')",
    "huge hexadecimal": 'send(b\'{"t":"int","v":"\' + b\'f\' * 2000000 + b\'"}\')',
    "infinite exponent": said("1e999999999"),
    "half a surrogate": said(json.dumps("\ud800")),
    "not UTF-8": "send(b'\\xff\\xfe\"a\"')",
    "unknown tag": said('{"t":"pickle","v":"cos"}'),
    "a handle that nobody gave": said('{"t":"handle","v":99}'),
    "a function": said('{"t":"fn","v":0}'),
    "tag of another type": said('{"t":[],"v":{}}'),
    "a third key": said('{"t":"set","v":[],"x":1}'),
    "lists in a set": said('{"t":"set","v":[[1],[2]]}'),
    "pairs of three": said('{"t":"dict","v":[[1,2,3]]}'),
    "object array": array("|O", [4]),
    "record array": array("<i4,<f8", [1]),
    "time array": array("<M8[s]", [1]),
    "array beyond its bytes": array("<f8", [1000]),
    "array before its bytes": array("<f8", [1], -8),
    "shape that overflows": array("<f8", [1 << 40, 1 << 40]),
    "negative shape": array("<f8", [-1]),
    "forty dimensions": array("<f8", [1] * 40),
    "scalar with a shape": array("<f8", [2], 0, "scalar"),
    "texts without characters": array("<U0", [1 << 25]),
    "texts of a gigabyte": array("<U9999999", [100]),
    "characters beyond Unicode": array("<U4", [4], raw=b"\xff" * 64),
    "header beyond the limits": "send(b'', sizes=(1 << 31, 1 << 31))",
    "no answer but another word": "send(b'{}', kind=13)",
    "a kind that does not exist": "send(b'{}', kind=255)",
    "an empty frame": "send(b'')",
    "a callback without a function": "send(b'{}', kind=12)",
    "a callback of a function that is not there": (
        'send(b\'{"t":"dict","v":[["fn",7],["args",[]],["kwargs",{"t":"dict","v":[]}]]}\', kind=12)'
    ),
    "half a header": "os.write(3, b'\\x0b\\x00')",
    "half a frame": f"send({answer('1')[:9]!r}, sizes=(60, 0))",
    "wrong number": "os.write(3, HEADER.pack(11, question() ^ 1, 2, 0) + b'{}')",
    "two answers": said("1") + "; " + said('"right"'),
}


def grade(grader: Any, cases: list[str]) -> dict[str, Any]:
    tests = "".join(
        f'\n@test("{i}", points=1)\ndef t{i}(solution, rng):\n    assert_equal(solution.f({i}), "right")\n'
        for i in range(len(cases))
    )
    report = grader.grade(exercise(tests, RIGHT, seconds=0.5, total=30), f"CASES = {cases!r}\n{SENDER}")
    assert len(report["tests"]) == len(cases)
    return report


def test_it_works(grader):
    """The right value, sent by hand under the right number, is what `return` would have sent: it passes."""
    assert grade(grader, [said('"right"')])["verdict"] == "passed"


def test_no_hostile_frame_passes_or_blames_us(grader):
    report = grade(grader, list(CASES.values()))
    verdicts = {name: by_name(report)[str(i)] for i, name in enumerate(CASES)}
    odd = {n: (t["verdict"], t["staff"]) for n, t in verdicts.items() if t["verdict"] in ("passed", "error", "skipped")}
    assert odd == {} and report["score"] == 0, odd
    assert grader.grade(exercise('@test("a")\ndef a(solution, rng):\n    solution.f(1)', RIGHT), RIGHT)["score"] == 1


def test_damaged_answers(grader):
    """A valid answer with some bytes changed, cut off or put in, header included."""
    chance = random.Random(5)
    text, buffers = Encoder().encode({"ok": True, "v": ["wrong", 1 << 70, {"a": (1.5, None)}]})
    cases = []
    for _ in range(40):
        body = bytearray(text + b"".join(buffers))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(body))
            if chance.random() < 0.3:
                del body[place:]
                body += b"]"
            else:
                body[place] = chance.randrange(256)
        cases.append(f"send({bytes(body)!r})")
    head = bytearray(HEADER.pack(REPLY, 1, len(text), 0))
    for place in (0, 1, 9, 12, 13, 16):
        head[place] ^= 1 << chance.randrange(8)
        cases.append(f"os.write(3, {bytes(head) + text!r})")
    report = grade(grader, cases)
    verdicts = {test["verdict"] for test in report["tests"]}
    assert verdicts <= {"failed", "crashed", "timeout"} and report["score"] == 0, verdicts


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TAGS = st.sampled_from(["dict", "set", "tuple", "nd", "scalar", "tensor", "blob", "bytes", "int", "complex", "fn", "x"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.fixed_dictionaries({"t": TAGS | inner, "v": inner}),
    max_leaves=12,
)


@given(st.lists(st.tuples(VALUES, st.binary(max_size=40), st.sampled_from([11, 12])), min_size=20, max_size=20))
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_invented_answers(grader, answers):
    cases = [f"send({answer(json.dumps(value))!r}, {raw!r}, {kind})" for value, raw, kind in answers]
    report = grade(grader, cases)
    verdicts = {test["verdict"] for test in report["tests"]}
    assert verdicts <= {"failed", "crashed", "timeout"} and report["score"] == 0, report["staff"]
