"""`make test`: every test, phase by phase, with one sum at the end. Arguments for pytest come in ARGS.

Phases keep slow kinds apart and let the site's tests run on both databases; two run at a time. Exit 0 only when no
phase failed and every phase that could run ran a test.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.children import die_with_parent
from deploy.debian import install_missing
from deploy.options import ROOT
from deploy.postgres import PostgresError, throw_away_server

TELL_SECONDS = 30.0
NO_TESTS = 5  # pytest's exit code when nothing was selected
# Marks of tests that need more than Python; each belongs to one phase.
SLOW = "browser or faults or postgres or sandbox or torch or gpu"


@dataclass(frozen=True)
class Phase:
    name: str
    paths: tuple[str, ...]
    marks: str
    needs: str = ""  # the Debian package without which it is left out
    postgres: bool = False


# Folders whose tests have a phase of their own; every other folder of tests/ belongs to the site.
OF_THEIR_OWN = ("workers", "deploy", "browser", "faults")


def folders_of_the_site() -> tuple[str, ...]:
    found = sorted(path.parent.name for path in (ROOT / "tests").glob("*/test_*.py"))
    return tuple(f"tests/{name}" for name in dict.fromkeys(found) if name not in OF_THEIR_OWN)


def loose_files() -> tuple[str, ...]:
    return tuple(f"tests/{path.name}" for path in sorted((ROOT / "tests").glob("test_*.py")))


WORKERS = ("tests/workers",)
SITE = folders_of_the_site()
PHASES = (
    Phase("unit tests", (*WORKERS, "tests/deploy", *loose_files()), f"not ({SLOW})"),
    Phase("grader tests in the sandbox", WORKERS, "(sandbox or torch or gpu) and not (browser or faults)"),
    Phase("site tests on SQLite", SITE, "not (browser or faults or postgres)"),
    Phase("site tests on PostgreSQL", SITE, "not (browser or faults)", needs="postgresql", postgres=True),
    Phase("browser tests", ("tests",), "browser", needs="chromium"),
    Phase("fault tests", ("tests",), "faults and not browser"),
    Phase("fault tests on PostgreSQL", ("tests/faults",), "faults", needs="postgresql", postgres=True),
)


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_count(path: Path) -> Count:
    """The numbers of a JUnit file; one failure when pytest did not live to write it."""
    try:
        root = xml.parse(path).getroot()
    except (OSError, xml.ParseError):
        return Count(failed=1)
    count = Count()
    for suite in root.iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        count += Count(max(0, int(suite.get("tests", 0)) - failed - skipped), failed, skipped)
    return count


class Going:
    """A phase under way: pytest in a process of its own, with the phase's own PostgreSQL server."""

    def __init__(self, phase: Phase, arguments: list[str], shown: bool) -> None:
        self.phase = phase
        self.started = time.monotonic()
        self._arguments = arguments
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._fault = ""
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rendu-tests-")))
        self._report, self._log = folder / "report.xml", None if shown else folder / "output.txt"
        try:
            database = self._stack.enter_context(throw_away_server()) if phase.postgres else None
            self._start(database)
        except PostgresError as error:
            self._fault = f"the PostgreSQL server for the tests: {error}"
        except BaseException:
            self._stack.close()
            raise

    def _start(self, database: str | None) -> None:
        environment = {
            name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DEBUG")
        }
        environment |= {"PYTHONPATH": str(ROOT / "platform")} | ({"DATABASE_URL": database} if database else {})
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        paths = [path for path in self.phase.paths if (ROOT / path).exists()]
        chosen = ["-q", "-m", self.phase.marks, f"--junitxml={self._report}", *paths, *self._arguments]
        output = None if self._log is None else self._stack.enter_context(self._log.open("wb"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *chosen],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )

    @property
    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def progress(self) -> str:
        """How far pytest says it is, such as "45%"; "" before it says anything."""
        found = re.findall(r"\[ *(\d+%)\]", self.output())
        return str(found[-1]) if found else ""

    def output(self) -> str:
        """What it has written so far, where that was kept back, or why it could not start."""
        if self._fault or self._log is None:
            return self._fault
        return self._log.read_text(encoding="utf-8", errors="replace")

    def count(self) -> Count:
        """Once it has ended. A phase without a test counts as failed, unless ARGS chose the tests."""
        if self._process is None:
            return Count(failed=1)
        code = self._process.wait()
        if code == NO_TESTS:
            return Count() if self._arguments else Count(failed=1)
        count = read_count(self._report)
        if code and not count.failed:
            count.failed = 1  # a usage error, a warning at the end, a crash after the last test
        return count

    def close(self) -> None:
        """Stop it when it is still running, letting it clean up first, and remove what it used."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._stack.close()


def run_phases(phases: Iterable[Phase], arguments: list[str], lanes: int) -> list[tuple[str, Count]]:
    """Run the phases, `lanes` at a time; a line and the counts of each. One lane shows what pytest writes.

    With more, a line says now and then how far each is, and the output of a phase that failed follows its end.
    """
    waiting, going = list(phases), list[Going]()
    results: list[tuple[str, Count]] = []
    told = time.monotonic()
    try:
        while waiting or going:
            while waiting and len(going) < lanes:
                print(f"=== {waiting[0].name}: started", flush=True)
                going.append(Going(waiting.pop(0), arguments, shown=lanes == 1))
            for phase in [phase for phase in going if phase.ended]:
                going.remove(phase)
                results.append(finish(phase))
            if lanes > 1 and time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                print(
                    *(f"... {phase.phase.name}: {phase.seconds:.0f} s {phase.progress()}" for phase in going), sep="\n"
                )
                sys.stdout.flush()
            time.sleep(0.1)
    finally:
        for phase in going:
            phase.close()
    return results


def finish(going: Going) -> tuple[str, Count]:
    count = going.count()
    line = f"{going.phase.name}: {count} in {going.seconds:.0f} s"
    if count.failed:
        print(going.output())
    print(f"=== {line}", flush=True)
    going.close()
    return line, count


def main() -> int:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    arguments = shlex.split(os.environ.get("ARGS", ""))
    absent = install_missing()
    left_out = [phase for phase in PHASES if phase.needs in absent]
    # A developer's choice of tests is watched line by line; all of them use the second core as well: much of a test
    # of processes is waiting.
    lanes = 1 if arguments else min(2, len(os.sched_getaffinity(0)))
    results = run_phases((phase for phase in PHASES if phase not in left_out), arguments, lanes)
    print("\n=== all phases")
    for phase in left_out:
        print(f"{phase.name}: left out, {phase.needs} is not installed")
    print(*(line for line, _count in results), sep="\n")
    total = sum((count for _line, count in results), Count())
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
