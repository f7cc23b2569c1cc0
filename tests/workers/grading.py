"""Helpers of the grading tests: exercises made on the spot, and who is left running."""

from __future__ import annotations

import os
import time
from pathlib import Path

from workers.jobs.bundle import ExerciseFiles

ATTACKS = Path(__file__).parent / "attacks"
TOML = """
title = {{ en = "Test", fr = "Test" }}
kind = "code"
modules = {modules}
[limits]
seconds = {seconds}
total_seconds = {total}
memory_mb = {memory}
output_kb = {output}
processes = 16
"""


def exercise(
    tests: str,
    solution: str = "",
    *,
    modules: tuple[str, ...] = ("numpy",),
    seconds: float = 2.0,
    total: float = 20.0,
    memory: int = 512,
    output: int = 16,
    extra: dict[str, bytes] | None = None,
) -> ExerciseFiles:
    """An exercise from the text of its tests.py; numpy as np and the testkit are imported for it."""
    toml = TOML.format(modules=list(modules), seconds=seconds, total=total, memory=memory, output=output)
    head = "import numpy as np\nfrom workers.testkit import *\n"
    files = {
        "exercise.toml": toml.encode(),
        "tests.py": (head + tests).encode(),
        "solution.py": solution.encode(),
        **(extra or {}),
    }
    return ExerciseFiles(files)


def descendants(root: int | None = None) -> set[int]:
    """Ids of all running processes below `root` (this process when not given)."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            if fields[0] != "Z":
                parents[int(name)] = int(fields[1])
    found: set[int] = set()
    frontier = {os.getpid() if root is None else root}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def processes(grader) -> set[int]:
    """The zygotes of a grader and everything below them."""
    pids = {zygote.pid for zygote in grader._pool._zygotes.values()}
    return pids.union(*(descendants(pid) for pid in pids))


def alive(pids: set[int]) -> set[int]:
    """Those that still run; one that has ended and that nobody has collected yet does not."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (OSError, IndexError):
            continue
        if state != "Z":
            running.add(pid)
    return running


def wait_until(condition, seconds: float = 10.0) -> bool:
    """Poll; True as soon as the condition holds, False when it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def by_name(report) -> dict:
    return {test["name"]: test for test in report["tests"]}
