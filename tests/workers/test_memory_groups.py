"""The memory cgroup of each runner, where this machine lets one be made; else the doctor says why it is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.grading import by_name, exercise, wait_until
from workers.grader import Grader, pool
from workers.sandbox import memory
from workers.sandbox.freeze import host_pid
from workers.sandbox.memory import MemoryGroups, NoGroups

pytestmark = pytest.mark.sandbox

GOOD = "def f():\n    return 1\n"
ONE = '\n@test("one", public=True)\ndef one(solution, rng):\n    assert_equal(solution.f(), 1)\n'


@pytest.fixture
def parent():
    """Where the groups are made."""
    try:
        MemoryGroups().close()
    except NoGroups as error:
        pytest.skip(f"this machine has no memory cgroups for us: {error}")
    return memory._own_group()[0]


def mine(parent: Path) -> list[Path]:
    return list(parent.glob(f"{memory.PREFIX}{os.getpid()}-*"))


def test_it_works(parent, monkeypatch):
    """The address space would have room; the cgroup has not."""
    monkeypatch.setattr(pool, "SLACK", -(400 << 20))
    files = exercise(ONE, GOOD, memory=512)
    with Grader() as grader:
        report = grader.grade(files, "def f():\n    return len(b'x' * (300 << 20))\n")
        assert by_name(report)["one"]["verdict"] == "memory"
        assert grader.grade(files, GOOD)["verdict"] == "passed"


def test_kernel_memory_counts(parent, monkeypatch):
    """Socket buffers belong to no address space."""
    monkeypatch.setattr(pool, "SLACK", -(90 << 20))  # 64 + 32 - 90: 6 MiB in all
    source = """
import socket
def f():
    pairs = []
    for _ in range(28):
        pairs.append(socket.socketpair())
        for end in pairs[-1]:
            end.setblocking(False)
            try:
                while True:
                    end.send(bytes(65536))
            except BlockingIOError:
                pass
    return 1
"""
    with Grader() as grader:
        report = grader.grade(exercise(ONE, GOOD, memory=64), source)
        assert by_name(report)["one"]["verdict"] == "memory"


def held_by(jail) -> bool:
    return str(host_pid(jail)) in (jail.group.path / "cgroup.procs").read_text().split()


def test_a_runner_joins_by_itself_before_it_is_asked_for(parent):
    """From outside it would take a lock of the whole machine in every grade."""
    with Grader() as grader:
        jail = grader._pool.take(("numpy",), "runner")
        assert wait_until(lambda: held_by(jail))
        jail.kill()
        judge = grader._pool.take(("numpy",), "judge")
        assert judge.group is None
        judge.kill()


def test_a_kernel_that_refuses_is_helped_from_outside(parent, monkeypatch):
    monkeypatch.setattr(memory.Group, "open", lambda group: os.open("/dev/null", os.O_RDONLY))
    with Grader() as grader:
        jail = grader._pool.take(("numpy",), "runner")
        grader._pool.confine(jail, 64)
        assert held_by(jail)
        jail.kill()
        assert grader.grade(exercise(ONE, GOOD), GOOD)["verdict"] == "passed"


def test_without_its_group_a_runner_gets_no_code(parent, monkeypatch):
    def refuse(groups):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(MemoryGroups, "lend", refuse)
    with Grader() as grader:
        report = grader.grade(exercise(ONE, GOOD), GOOD)
    assert report["verdict"] == "error" and report["sandbox"]["machine_fault"]
    assert "the memory of a jail cannot be bounded" in report["staff"]


def test_a_group_has_the_limit_of_the_last_exercise(parent):
    with Grader() as grader:
        limits = []
        for megabytes in (64, 128, 64):
            jail = grader._pool.take(("numpy",), "runner")
            grader._pool.confine(jail, megabytes)
            limits.append(int((jail.group.path / memory.LIMITS[grader._pool._groups.version]).read_text()) >> 20)
            jail.kill()
    assert limits[1] - limits[0] == 64 and limits[2] == limits[0]


def test_nothing_is_left(parent):
    before = mine(parent)
    with Grader() as grader:
        for _ in range(10):
            grader.grade(exercise(ONE, GOOD), GOOD)
        (folder,) = set(mine(parent)) - set(before)
        assert len(list(folder.glob("*/"))) <= 2 * memory.RESTING
    assert wait_until(lambda: mine(parent) == before)


def test_what_a_killed_grader_left_is_removed(parent):
    code = "import os\nfrom workers.sandbox.memory import MemoryGroups\ngroups = MemoryGroups()\n"
    code += "print(groups._folder, flush=True)\nos._exit(9)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    left = Path(done.stdout.strip())
    assert left.is_dir()
    MemoryGroups().close()
    assert not left.exists()


def test_without_groups_grading_goes_on(monkeypatch):
    def refuse(self):
        raise NoGroups("forbidden")

    monkeypatch.setattr(MemoryGroups, "__init__", refuse)
    with Grader() as grader:
        assert grader.grade(exercise(ONE, GOOD), GOOD)["verdict"] == "passed"
        assert grader._pool.no_memory_groups == "forbidden"
