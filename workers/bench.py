"""`python -m workers.bench [EXERCISE_DIR] [--parts …]`: the grader's figures, one a line: name value unit (ratio).

Ratios come from the same run on the same machine, alternating, so that a busy machine slows both sides alike.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workers.bench_endurance import hostile, memory_kib, processes_below, soak
from workers.bench_timing import RUNS, timing
from workers.grader import Grader

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ROOT / "tests" / "workers" / "attacks" / "exercise"
PAUSE = 0.03  # between two grades: spares are refilled meanwhile, as between two students
ROUNDS = 40
SECONDS = 8.0
SOAK = 5000  # grades

# The same script without any sandbox: a warm process forks, the child loads both files and runs all tests.
FORK = """
import gc, os, sys, time, types
sys.path.insert(0, sys.argv[1])
import numpy, workers.testkit
from workers.testkit.registry import REGISTRY
texts = {name: open(os.path.join(sys.argv[2], name + ".py")).read() for name in ("solution", "tests")}
def once():
    modules = {}
    for name, text in texts.items():
        modules[name] = types.ModuleType(name)
        exec(compile(text, name + ".py", "exec"), modules[name].__dict__)
    for test in REGISTRY:
        test.function(modules["solution"], numpy.random.default_rng(1))
def fork(work):
    started = time.perf_counter()
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        work()
        os.write(writing, b"done")
        os._exit(0)
    os.close(writing)
    assert os.read(reading, 9) == b"done"
    seconds = time.perf_counter() - started
    os.close(reading)
    os.waitpid(pid, 0)
    return seconds
gc.collect()
gc.freeze()
print("ready", flush=True)
for line in sys.stdin:
    if line == "one\\n":
        print(fork(once), flush=True)
    elif line == "bare\\n":
        started = time.perf_counter()
        for _ in range(3):
            fork(lambda: None)
        print(time.perf_counter() - started, flush=True)
    else:
        end, count = time.monotonic() + float(line), 0
        while time.monotonic() < end:
            fork(once)
            count += 1
        print(count, flush=True)
"""
GRADE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from workers.grader import Grader
source = open(sys.argv[2] + "/solution.py").read()
with Grader() as grader:
    grader.grade(sys.argv[2], source)
    print("ready", flush=True)
    for line in sys.stdin:
        end, count = time.monotonic() + float(line), 0
        while time.monotonic() < end:
            assert grader.grade(sys.argv[2], source)["verdict"] == "passed"
            count += 1
        print(count, flush=True)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, str(ROOT), *map(str, arguments)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(process: subprocess.Popen[str], text: str = "\n", seconds: float = 120.0) -> str:
    """Send a line, return the answer's line. Raises RuntimeError when none comes in time."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(text)
    process.stdin.flush()
    return read(process, seconds)


def read(process: subprocess.Popen[str], seconds: float = 120.0) -> str:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], seconds)[0] or not (line := process.stdout.readline()):
        raise RuntimeError("a process of the benchmark does not answer")
    return line.strip()


def stop(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        process.communicate()


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def latency(folder: Path) -> list[str]:
    """Warm grade against a warm fork of the same script, and against three forks that do nothing."""
    source = (folder / "solution.py").read_text()
    fork = start(FORK, folder)
    grades, forks, bare = [], [], []
    try:
        read(fork)
        with Grader() as grader:
            for _ in range(3):
                grader.grade(folder, source)
                ask(fork, "one\n")
            for _ in range(ROUNDS):
                time.sleep(PAUSE)
                grades.append(timed(lambda: grader.grade(folder, source)))
                time.sleep(PAUSE)
                forks.append(float(ask(fork, "one\n")))
                bare.append(float(ask(fork, "bare\n")))
    finally:
        stop(fork)
    middle, plain, floor = (statistics.median(column) for column in (grades, forks, bare))
    return [
        f"grade.warm {middle * 1e3:.1f} ms ({middle / plain:.2f} x grade.fork)",
        f"grade.fork {plain * 1e3:.1f} ms (the same script, forked warm, no sandbox)",
        f"grade.fork_floor {floor * 1e3:.1f} ms ({floor / middle:.2f} x grade.warm; three warm forks that do nothing)",
    ]


def throughput(folder: Path) -> list[str]:
    """Two graders at once, each one after another, against two that only fork the same script."""
    minute = _per_minute(GRADE, folder)
    plain = _per_minute(FORK, folder)
    ratios = f"{minute / 8000:.2f} x 8000; {minute / plain:.2f} x fork.two_at_once"
    return [
        f"grade.two_at_once {minute:.0f} grades/min ({ratios})",
        f"fork.two_at_once {plain:.0f} forks/min (the same script, no sandbox: what this machine can do at most)",
    ]


def _per_minute(code: str, folder: Path) -> float:
    pair = [start(code, folder) for _ in range(2)]
    try:
        for process in pair:
            read(process)
        for process in pair:
            assert process.stdin is not None
            process.stdin.write(f"{SECONDS}\n")
            process.stdin.flush()
        counts = [int(read(process)) for process in pair]
    finally:
        stop(*pair)
    return sum(counts) * 60 / SECONDS


def cold(folder: Path) -> list[str]:
    """The command line from nothing, against a bare import of NumPy."""
    grade = [sys.executable, "-m", "workers", "grade", str(folder), str(folder / "solution.py")]
    bare = [sys.executable, "-c", "import numpy"]
    rounds = [(_run(grade), _run(bare)) for _ in range(8)]
    cli, plain = (statistics.median(column) for column in zip(*rounds, strict=True))
    return [f"grade.cold_cli {cli * 1e3:.0f} ms ({cli / plain:.1f} x `python -c 'import numpy'`)"]


def _run(command: list[str]) -> float:
    return timed(lambda: subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL))


def memory(folder: Path) -> list[str]:
    """Proportional set size of an idle grader with its zygote and three spares."""
    grader = start(GRADE, folder)
    try:
        read(grader)
        ask(grader, "0.2\n")
        time.sleep(0.5)
        sizes = {pid: memory_kib(pid, "Pss") for pid in [grader.pid, *processes_below(grader.pid)]}
    finally:
        stop(grader)
    total = sum(sizes.values()) / 1024
    return [f"grade.idle_pss {total:.0f} MiB ({total / 120:.2f} x 120; {len(sizes)} processes)"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workers.bench", description=__doc__)
    parts: dict[str, Callable[[Path], list[str]]] = {
        "latency": latency,
        "throughput": throughput,
        "cold": cold,
        "memory": memory,
        "soak": lambda folder: soak(folder, options.soak),
        "hostile": lambda folder: hostile(DEFAULT.parent),
        "timing": lambda folder: list(timing(options.timing)),
    }
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT, metavar="EXERCISE_DIR")
    parser.add_argument("--parts", default=",".join(parts), help="some of them, with commas: %(default)s")
    parser.add_argument("--soak", type=int, default=SOAK, metavar="N", help="grades of the part soak (%(default)s)")
    parser.add_argument(
        "--timing", type=int, default=RUNS, metavar="N", help="runs in each row of timing (%(default)s)"
    )
    options = parser.parse_args()
    chosen = options.parts.split(",")
    if unknown := [name for name in chosen if name not in parts]:
        parser.error(f"--parts: there is no part {unknown[0]!r}; there are {', '.join(parts)}")
    for name in chosen:
        print(*parts[name](options.folder.resolve()), sep="\n", flush=True)


if __name__ == "__main__":
    main()
