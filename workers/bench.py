"""`python -m workers.bench [EXERCISE_DIR]`: the grader's figures, one per line: name value unit (ratio to what).

Ratios come from the same run on the same machine, alternating, so that a busy machine slows both sides alike.
"""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workers.grader import Grader

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ROOT / "tests" / "workers" / "attacks" / "exercise"
PAUSE = 0.03  # between two grades: spares are refilled meanwhile, as between two students
ROUNDS = 40
SECONDS = 8.0

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
gc.collect()
gc.freeze()
for line in sys.stdin:
    started = time.perf_counter()
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        once()
        os.write(writing, b"done")
        os._exit(0)
    os.close(writing)
    assert os.read(reading, 9) == b"done"
    print(time.perf_counter() - started, flush=True)
    os.close(reading)
    os.waitpid(pid, 0)
"""
GRADE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from workers.grader import Grader
source = open(sys.argv[2] + "/solution.py").read()
with Grader() as grader:
    grader.grade(sys.argv[2], source)
    print("ready", flush=True)
    sys.stdin.readline()
    end, count = time.monotonic() + float(sys.argv[3]), 0
    while time.monotonic() < end:
        assert grader.grade(sys.argv[2], source)["verdict"] == "passed"
        count += 1
    print(count, flush=True)
    sys.stdin.readline()
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
    """Warm grade against a warm fork of the same script."""
    source = (folder / "solution.py").read_text()
    fork = start(FORK, folder)
    grades, forks = [], []
    try:
        with Grader() as grader:
            for _ in range(3):
                grader.grade(folder, source)
                ask(fork)
            for _ in range(ROUNDS):
                time.sleep(PAUSE)
                grades.append(timed(lambda: grader.grade(folder, source)))
                time.sleep(PAUSE)
                forks.append(float(ask(fork)))
    finally:
        stop(fork)
    middle, plain = statistics.median(grades), statistics.median(forks)
    return [
        f"grade.warm {middle * 1e3:.1f} ms ({middle / plain:.2f} x grade.fork)",
        f"grade.fork {plain * 1e3:.1f} ms (the same script, forked warm, no sandbox)",
    ]


def throughput(folder: Path) -> list[str]:
    """Two graders at once, each one after another."""
    graders = [start(GRADE, folder, SECONDS) for _ in range(2)]
    try:
        for grader in graders:
            read(grader)
        for grader in graders:
            assert grader.stdin is not None
            grader.stdin.write("\n")
            grader.stdin.flush()
        counts = [int(read(grader)) for grader in graders]
    finally:
        stop(*graders)
    minute = sum(counts) * 60 / SECONDS
    return [f"grade.two_at_once {minute:.0f} grades/min ({minute / 8000:.2f} x 8000)"]


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
    grader = start(GRADE, folder, 0.2)
    try:
        read(grader)
        ask(grader)
        time.sleep(0.5)
        sizes = {pid: _pss(pid) for pid in [grader.pid, *_below(grader.pid)]}
    finally:
        stop(grader)
    total = sum(sizes.values()) / 1024
    return [f"grade.idle_pss {total:.0f} MiB ({total / 120:.2f} x 120; {len(sizes)} processes)"]


def _below(root: int) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == root:
            found += [int(name), *_below(int(name))]
    return found


def _pss(pid: int) -> int:
    """KiB."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))


def main() -> None:
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else DEFAULT
    for part in (latency, throughput, cold, memory):
        print(*part(folder), sep="\n", flush=True)


if __name__ == "__main__":
    main()
