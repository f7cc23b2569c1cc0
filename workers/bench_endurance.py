"""Two slow parts of the benchmark: what thousands of grades leave behind, and honest work beside hostile work."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from workers.grader import Grader
from workers.jobs.bundle import ExerciseFiles, read_folder

WARM = 200  # grades before the first count: pools, caches and spares have their final size then
HOSTILE = 200
SHORT = (b"total_seconds = 10", b"total_seconds = 3")  # attacks on time use all of it up


class Counts:
    """What this process and those below it hold: numbers that must not grow."""

    def __init__(self) -> None:
        below = [os.getpid(), *processes_below(os.getpid())]
        self.whole = {
            "processes": len(below),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "mounts": sum(_lines(f"/proc/{pid}/mountinfo") for pid in below),
            "files": sum(len(os.listdir(folder)) for folder in {tempfile.gettempdir(), "/dev/shm"}),
        }
        self.pss = sum(memory_kib(pid, "Pss") for pid in below) / 1024
        self.rss = memory_kib(os.getpid(), "Rss") / 1024


def soak(folder: Path, grades: int) -> list[str]:
    """Counts before and after `grades` grades in one Grader, good, wrong and broken ones in turn."""
    good = (folder / "solution.py").read_text()
    sources = (good, "", "def (", "import os\nos._exit(3)\n", good, "while True: print('x' * 9999)\n")
    with tempfile.TemporaryDirectory(prefix="rendu-bench-") as own, Grader() as grader:
        tempfile.tempdir = own  # other programs' files do not count
        for index in range(WARM):
            grader.grade(folder, sources[index % len(sources)])
        before = _settled(grader)
        started = time.monotonic()
        verdicts = Counter(grader.grade(folder, sources[i % len(sources)])["verdict"] for i in range(grades))
        seconds = time.monotonic() - started
        after = _settled(grader)
        tempfile.tempdir = None
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    rows = [f"soak.grades {grades} grades in {seconds:.0f} s ({said})"]
    for name, count in after.whole.items():
        rows.append(f"soak.{name} {count - before.whole[name]:+d} more ({count} after, {before.whole[name]} before)")
    rows.append(f"soak.pss {after.pss - before.pss:+.1f} MiB (all processes; {after.pss:.0f} after)")
    rows.append(f"soak.rss {after.rss - before.rss:+.1f} MiB (the grader itself; {after.rss:.0f} after)")
    return rows


def _settled(grader: Grader) -> Counts:
    """Counts once the spares have arrived and killed jails have been taken apart."""
    for _ in range(10):
        time.sleep(0.2)
        for zygote in grader._pool._zygotes.values():
            zygote.poll()
    return Counts()


class Crowd(threading.Thread):
    """One grader at work: an honest submission before each hostile one."""

    def __init__(self, files: ExerciseFiles, attacks: list[Path]) -> None:
        super().__init__()
        self._files, self._attacks = files, attacks
        self.wrong: list[str] = []
        self.seconds: list[float] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with Grader() as grader:
                for attack in self._attacks:
                    self._honest(grader)
                    source = attack.read_text()
                    report = grader.grade(self._files, source)
                    most = int(re.findall(r"^# honest: (\d+)/", source, re.MULTILINE)[0])
                    if report["score"] > most or report["verdict"] in ("passed", "error"):
                        self.wrong.append(f"{attack.stem} got {report['score']:g} {report['verdict']}")
        except BaseException as error:
            self.error = error

    def _honest(self, grader: Grader) -> None:
        started = time.monotonic()
        report = grader.grade(self._files, self._files.text("solution.py"))
        self.seconds.append(time.monotonic() - started)
        if report["verdict"] != "passed":
            self.wrong.append(f"an honest submission got {report['verdict']}")


def hostile(attacks: Path, count: int = HOSTILE) -> list[str]:
    """`count` attacks in two graders at once, an honest submission before each. Raises RuntimeError if one is wrong."""
    found = dict(read_folder(attacks / "exercise").files)
    found["exercise.toml"] = found["exercise.toml"].replace(*SHORT)
    paths = sorted(attacks.glob("*.py"))
    chosen = [paths[i % len(paths)] for i in range(count)]
    crowds = [Crowd(ExerciseFiles(found), chosen[i::2]) for i in range(2)]
    started = time.monotonic()
    for crowd in crowds:
        crowd.start()
    for crowd in crowds:
        crowd.join()
    seconds = time.monotonic() - started
    wrong = [row for crowd in crowds for row in crowd.wrong] + [str(c.error) for c in crowds if c.error is not None]
    if wrong:
        raise RuntimeError("; ".join(wrong))
    honest = sorted(second for crowd in crowds for second in crowd.seconds)
    return [
        f"hostile.wrong 0 verdicts (of {count} hostile and {len(honest)} honest submissions, {seconds:.0f} s)",
        f"hostile.honest {honest[len(honest) // 2] * 1e3:.0f} ms median, {honest[-1] * 1e3:.0f} ms slowest",
    ]


# ---- /proc ----------------------------------------------------------------------------------------------------------


def processes_below(root: int) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == root:
            found += [int(name), *processes_below(int(name))]
    return found


def memory_kib(pid: int, kind: str) -> int:
    """`kind` is Pss or Rss; 0 for a process that has ended."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(row.split()[1]) for row in rows if row.startswith(f"{kind}:"))


def _lines(path: str) -> int:
    try:
        return len(Path(path).read_text().splitlines())
    except OSError:
        return 0
