"""The benchmark of timing tests: how often a verdict is wrong while all cores have other work.

Printed for each clock: of so many runs of the reference against itself, and of a solution that does the same work
twice, at the limit 1.5: how many came out wrong, how many undecided.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

from workers.grader import Grader
from workers.jobs.bundle import ExerciseFiles

RUNS = 100
AT_MOST = 1.5
TOML = """title = { en = "Timing", fr = "Chronométrage" }
kind = "code"
modules = ["numpy"]
[limits]
seconds = 5
total_seconds = 120
"""
TESTS = """from workers.testkit import timing

@timing("time", points=1, clock={clock!r}, at_most={at_most})
def fast(rng):
    return "work", [rng.normal(size=20_000)]
"""
SOLUTION = """import numpy as np

def work(x):
    for _ in range({rounds}):
        y = np.sin(x)
    return y
"""
ROUNDS = 40
BURN = "while True: pass"


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """Other work for all cores, ended afterwards."""
    burning = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def exercise(clock: str) -> ExerciseFiles:
    texts = {
        "exercise.toml": TOML,
        "tests.py": TESTS.format(clock=clock, at_most=AT_MOST),
        "solution.py": SOLUTION.format(rounds=ROUNDS),
    }
    return ExerciseFiles({name: text.encode() for name, text in texts.items()})


def verdicts(grader: Grader, clock: str, rounds: int, runs: int) -> tuple[Counter[str], float]:
    """How often each verdict came, and seconds a run. Raises RuntimeError when a run is no measurement."""
    files, source = exercise(clock), SOLUTION.format(rounds=rounds)
    said: Counter[str] = Counter()
    started = time.monotonic()
    for _ in range(runs):
        report = grader.grade(files, source)
        if report["verdict"] == "error":
            raise RuntimeError(report["staff"])
        said[report["tests"][0]["verdict"]] += 1
    return said, (time.monotonic() - started) / max(1, runs)


def timing(runs: int = RUNS) -> Iterator[str]:
    """One line per figure."""
    cores = os.cpu_count() or 1
    with Grader() as grader, load(cores):
        for clock in ("cpu", "wall"):
            for name, rounds, right in (("equal", ROUNDS, "passed"), ("twice", 2 * ROUNDS, "failed")):
                said, seconds = verdicts(grader, clock, rounds, runs)
                undecided = said["inconclusive"]
                wrong = runs - undecided - said[right]
                yield f"timing.{clock}.{name}.wrong {wrong} runs (of {runs}; limit {AT_MOST:g}, {cores} cores loaded)"
                yield f"timing.{clock}.{name}.undecided {undecided} runs (of {runs}; {seconds:.2f} s a run)"


if __name__ == "__main__":
    for line in timing(runs=int(sys.argv[1]) if len(sys.argv) > 1 else RUNS):
        print(line, flush=True)
