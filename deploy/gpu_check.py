"""`make gpu-check`: on a machine with a GPU, the tests that need one and the benchmarks; the figures go to docs/gpu.md.

Exit 0: everything held. 1: a test failed, or an exercise does not hold; nothing is written then. 2: this machine has no
GPU that can grade; the reason is said, and the page stays as it is.
"""

from __future__ import annotations

import datetime
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.options import ROOT
from workers.grader import Grader
from workers.grader.gpus import LIBRARIES, Keeper, library_problem
from workers.jobs.bundle import ExerciseFiles

PAGE = ROOT / "docs" / "gpu.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
EXERCISE = ROOT / "exercises" / "catalog" / "matmul-gpu"
ROUNDS = 10
PAUSE = 1.0  # seconds between two grades: spares are refilled meanwhile, as between two students
TOML = """
title = {{ en = "Bench", fr = "Mesure" }}
modules = ["numpy", "{library}"]
device = "gpu"
[limits]
seconds = 60
total_seconds = 120
memory_mb = 4096
processes = 64
"""
TESTS = """
from workers.testkit import assert_close, test

@test("first call", points=1)
def first(solution, rng):
    x = rng.normal(size=(16, 16)).astype("float32")
    assert_close(solution.square(x), x @ x, rtol=0, atol=1e-4)
"""
SOLUTIONS = {
    "cupy": "import cupy\n\n\ndef square(x):\n    x = cupy.asarray(x)\n    return x @ x\n",
    "torch": "import torch\n\n\ndef square(x):\n    x = torch.as_tensor(x, device='cuda')\n    return x @ x\n",
}


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    values: tuple[float, ...]
    unit: str

    def row(self) -> str:
        low, high = min(self.values), max(self.values)
        middle = statistics.median(self.values)
        return f"| {self.name} | {middle:.3g} {self.unit} | {low:.3g} to {high:.3g} | {len(self.values)} |"


def main(keeper: Keeper | None = None, page: Path = PAGE) -> int:
    keeper = keeper or Keeper()
    if why := keeper.why_none():
        print(f"gpu-check: nothing was run, since this machine has no GPU that can grade: {why}", file=sys.stderr)
        return 2
    python = sys.executable
    commands = (
        (python, "-m", "pytest", "tests/workers/test_gpu.py", "-m", "gpu", "-q", "-rs"),
        (python, "-m", "workers", "check", str(EXERCISE), "--no-mutants"),
    )
    for command in commands:
        print(f"gpu-check: {' '.join(command[2:])}", flush=True)
        if subprocess.run(command, cwd=ROOT).returncode:
            print("gpu-check: not everything held, so no figures are written", file=sys.stderr)
            return 1
    figures = measure()
    for figure in figures:
        print(figure.row())
    page.write_text(with_figures(page.read_text("utf-8"), describe(keeper), figures), "utf-8")
    print(f"gpu-check: the figures are in {page}")
    return 0


def describe(keeper: Keeper) -> str:
    """Which machine the figures are of."""
    names = ", ".join(f"{gpu.name} ({gpu.memory_bytes >> 30} GiB)" for gpu in keeper.devices.list())
    today = datetime.datetime.now(datetime.UTC).date()
    return f"Measured on {today} by `make gpu-check`: {names}, driver {keeper.devices.driver()}."


def measure() -> list[Figure]:
    """The benchmarks. Raises RuntimeError when a grade that must pass does not."""
    found: list[Figure] = []
    with Grader() as grader:
        for library, label in LIBRARIES.items():
            if not library_problem(library):
                found += _grades(grader, library, label)
        if not library_problem("torch"):
            found += _ratios(grader)
    return found


def _grades(grader: Grader, library: str, label: str) -> Iterable[Figure]:
    """The first grade, which starts the runtime, is not among them."""
    source = SOLUTIONS[library]
    files = {"exercise.toml": TOML.format(library=library), "tests.py": TESTS, "solution.py": source}
    exercise = ExerciseFiles({name: text.encode() for name, text in files.items()})
    wall: list[float] = []
    whole: list[float] = []
    first: list[float] = []
    for number in range(ROUNDS + 1):
        started = time.perf_counter()
        report = grader.grade(exercise, source, seed=number)
        seconds = time.perf_counter() - started
        if report["verdict"] != "passed":
            raise RuntimeError(f"the {label} solution of the benchmark got {report['verdict']}: {report['staff']}")
        if number:
            wall.append(seconds)
            whole.append(report["seconds"])
            first.append(report["tests"][0]["seconds"])
        time.sleep(PAUSE)
    after = tuple(all_of - graded for all_of, graded in zip(wall, whole, strict=True))
    yield Figure(f"{label}: a grade, from text to report", tuple(whole), "s")
    yield Figure(f"{label}: of it the first call, with its CUDA context", tuple(first), "s")
    yield Figure(f"{label}: lease and check of the card around it", after, "s")


def _ratios(grader: Grader) -> Iterable[Figure]:
    """The reference against itself: how far from 1 a ratio of equals comes out."""
    source = (EXERCISE / "solution.py").read_text("utf-8")
    found: dict[str, list[float]] = {}
    for seed in range(3):
        for test in grader.grade(EXERCISE, source, seed=seed)["tests"]:
            if test["timing"]:
                found.setdefault(test["name"], []).append(test["timing"]["ratio"])
    for name, values in found.items():
        yield Figure(f"`matmul-gpu`, “{name}”: the reference against itself", tuple(values), "times")


def with_figures(text: str, machine: str, figures: Iterable[Figure]) -> str:
    """The page with its block of figures replaced. Raises ValueError when the page has no such block."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the two lines {BEGIN} and {END}")
    head = "| figure | median | range | runs |\n| --- | ---: | ---: | ---: |"
    table = "\n".join([head, *(figure.row() for figure in figures)])
    return f"{before}{BEGIN}\n\n{machine}\n\n{table}\n\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
