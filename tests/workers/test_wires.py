"""Jails share read-only files: nothing about those files may carry a word from one jail to another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workers.grading import exercise

pytestmark = pytest.mark.sandbox

TRIES = {
    "flock on a shared library": "fcntl.flock(open(os.__file__), fcntl.LOCK_EX | fcntl.LOCK_NB)",
    "lock on a device": "fcntl.lockf(open('/dev/zero', 'r+b', 0), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1000)",
    "who holds a lock": "fcntl.fcntl(open('/dev/zero', 'r+b', 0), fcntl.F_GETLK, bytes(32))",
    "lock of the open file": "fcntl.fcntl(open(os.__file__), 37, struct.pack('hhqqi4x', 0, 0, 0, 1, 0))",
    "lease": "fcntl.fcntl(open(os.__file__), 1024, 0)",
    "the machine's load": "os.getloadavg()",
    "free memory of the machine": "1 // (ctypes.CDLL(None).sysinfo(ctypes.create_string_buffer(200)) + 1)",
    "handle of the process at the other end": "socket.socket(fileno=os.dup(3)).getsockopt(1, 77)",
}
SOURCE = """
import asyncio, ctypes, fcntl, os, socket, struct, tempfile


def attempt(code):
    try:
        return "GOT " + repr(eval(code))
    except Exception as error:
        return "stopped: " + type(error).__name__


async def answer():
    return 42


def ordinary():
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
    read, write = os.pipe()
    os.set_blocking(read, False)
    return fcntl.fcntl(read, fcntl.F_GETFL) != 0 and asyncio.run(answer())
"""
TESTS = """
@test("one", public=True)
def one(solution, rng):
    for name, code in TRIES.items():
        got = solution.attempt(code)
        assert got.startswith("stopped"), name + ": " + got

@test("ordinary use still works", public=True)
def two(solution, rng):
    assert_equal(solution.ordinary(), 42)
"""


def test_it_works(grader: Any) -> None:
    report = grader.grade(exercise(f"TRIES = {TRIES!r}\n{TESTS}", SOURCE), SOURCE)
    assert report["verdict"] == "passed", [(test["name"], test["message"], test["staff"]) for test in report["tests"]]
