"""`make test`: every test, phase by phase, with one sum at the end. Arguments for pytest come in ARGS.

Phases keep slow kinds apart and let the site's tests run on both databases. Exit 0 only when no phase failed and every
phase that could run ran a test.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.children import die_with_parent
from deploy.debian import install_missing
from deploy.options import ROOT
from deploy.postgres import PostgresError, throw_away_server

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


def run_phase(phase: Phase, arguments: list[str], database: str | None) -> Count:
    """Run one phase's pytest; its counts. A phase without a test counts as failed, unless ARGS chose the tests."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DEBUG")
    }
    environment |= {"PYTHONPATH": str(ROOT / "platform")} | ({"DATABASE_URL": database} if database else {})
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    paths = [path for path in phase.paths if (ROOT / path).exists()]
    with tempfile.TemporaryDirectory(prefix="rendu-tests-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", phase.marks, f"--junitxml={report}", *paths, *arguments]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        code = wait_through_interrupts(process)
        if code == NO_TESTS:
            return Count() if arguments else Count(failed=1)
        count = read_count(report)
    if code and not count.failed:
        count.failed = 1  # a usage error, a warning at the end, a crash after the last test
    return count


def wait_through_interrupts(process: subprocess.Popen[bytes]) -> int:
    """Wait for pytest; a Ctrl-C reaches it as well, so let it clean up before going on with the interrupt."""
    try:
        return process.wait()
    except BaseException:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise


def main() -> int:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    arguments = shlex.split(os.environ.get("ARGS", ""))
    absent = install_missing()
    total, lines = Count(), []
    for phase in PHASES:
        if phase.needs in absent:
            lines.append(f"{phase.name}: left out, {phase.needs} is not installed")
            continue
        print(f"\n=== {phase.name}", flush=True)
        start = time.monotonic()
        with ExitStack() as stack:
            try:
                database = stack.enter_context(throw_away_server()) if phase.postgres else None
            except PostgresError as error:
                print(f"the PostgreSQL server for the tests: {error}", flush=True)
                count = Count(failed=1)
            else:
                count = run_phase(phase, arguments, database)
        lines.append(f"{phase.name}: {count} in {time.monotonic() - start:.0f} s")
        total += count
    print("\n=== all phases", *lines, sep="\n")
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
