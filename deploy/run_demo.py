"""`make demo`: students hand in good, bad and hostile solutions over HTTP, on a fresh state folder.

Exit 0 only when every outcome and every cell of the exported gradebook is the expected one.
"""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.checks import check_system
from deploy.children import die_with_parent
from deploy.client import ApiError, Client
from deploy.demo_cases import BadCase, Case, all_cases, outcome
from deploy.options import ROOT, Options, StartError, broker_url, free_port, read_options
from deploy.programs import site_environment

COURSE = "chatbots-2025"
STATE = ROOT / "var" / "demo"
START_SECONDS = 90.0
GRADE_SECONDS = 240.0
POLL_SECONDS = 0.05


class DemoError(Exception):
    """The demo cannot go on; the text says what was seen."""


@dataclass
class Handed:
    """A case on its way."""

    case: Case
    client: Client
    identity: str
    since: float
    seconds: float = 0.0
    got: str = ""  # empty while it is not graded

    @property
    def right(self) -> bool:
        return self.got == self.case.expected


# ---- The site --------------------------------------------------------------------------------------------


def demo_environment(port: int) -> dict[str, str]:
    """The caller's environment without what would lead the demo to another database, broker or audience."""
    dropped = ("DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "BIND", "EMAIL_URL", "QUEUES", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"STATE_DIR": str(STATE), "PORT": str(port), "DEBUG": "1"}


@contextmanager
def running_site(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The same launcher as `make run`, ended whatever happens."""
    with (STATE / "launcher.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()  # the launcher below it then stops by itself
                process.wait()


def wait_until_open(client: Client, process: subprocess.Popen[bytes], slugs: set[str]) -> None:
    """Until the site answers and a grader has listed the tests of every exercise."""
    deadline = time.monotonic() + START_SECONDS
    missing = sorted(slugs)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(f"the site ended with exit code {process.returncode}:\n{log_tail()}")
        try:
            missing = sorted(slugs - {item["slug"] for item in client.assignments(COURSE) if item["open"]})
        except (ApiError, OSError):
            missing = sorted(slugs)
        if not missing:
            return
        time.sleep(POLL_SECONDS)
    raise DemoError(f"not open after {START_SECONDS:g} s: {', '.join(missing)}\n{log_tail()}")


def wait_for_site(options: Options, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    probe = Client(options.address, "")
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(f"the site ended with exit code {process.returncode}:\n{log_tail()}")
        try:
            probe.call("GET", "openapi.json")
            return
        except ApiError:
            return  # it answers
        except OSError:
            time.sleep(POLL_SECONDS)
    raise DemoError(f"the site did not answer within {START_SECONDS:g} s:\n{log_tail()}")


def log_tail() -> str:
    return "\n".join((STATE / "launcher.log").read_text(errors="replace").splitlines()[-25:])


def manage(environment: dict[str, str], *command: str) -> str:
    """Run one of the site's commands; its standard output. Raises DemoError."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise DemoError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout


# ---- The students ----------------------------------------------------------------------------------------


def enrol(cases: list[Case], environment: dict[str, str]) -> dict[str, str]:
    """A student for each case; returns the tokens by e-mail."""
    roster = STATE / "roster.csv"
    with roster.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "family_name", "given_name"])
        for case in cases:
            name = case.student.split("@")[0].split(".")[0]
            writer.writerow([case.student, case.exercise.title(), name.title()])
    lines = manage(environment, "-m", "deploy.demo_people", COURSE, str(roster)).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def hand_in(cases: list[Case], tokens: dict[str, str], address: str) -> list[Handed]:
    handed = []
    for case in cases:
        client = Client(address, tokens[case.student])
        since = time.monotonic()
        identity = client.submit(COURSE, case.exercise, case.source, key=str(uuid.uuid4()))
        handed.append(Handed(case, client, identity, since))
    return handed


def wait_for_grades(handed: list[Handed]) -> None:
    """Ask until every submission is graded or the time is over."""
    deadline = time.monotonic() + GRADE_SECONDS
    while time.monotonic() < deadline:
        waiting = [item for item in handed if not item.got]
        if not waiting:
            return
        for item in waiting:
            seen = item.client.submission(item.identity)
            if seen["status"] == "graded":
                item.got = outcome(seen["score"], seen["max_score"], seen["verdict"])
            elif seen["status"] in ("error", "superseded"):
                item.got = seen["status"]
            item.seconds = time.monotonic() - item.since
        time.sleep(POLL_SECONDS)


def print_table(handed: list[Handed]) -> None:
    rows = [("", "student", "exercise", "handed in", "expected", "got", "seconds")]
    for item in handed:
        mark, name = "ok" if item.right else "WRONG", item.case.student.split("@")[0].split(".")[0]
        got = item.got or "nothing"
        rows.append((mark, name, item.case.exercise, item.case.what, item.case.expected, got, f"{item.seconds:.1f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


# ---- The gradebook ---------------------------------------------------------------------------------------


def check_gradebook(cases: list[Case], path: Path) -> list[str]:
    """What differs between the exported gradebook and the expected grades."""
    raw = path.read_bytes()
    problems = [] if raw.startswith(b"\xef\xbb\xbf") else ["the file does not start with a byte order mark"]
    rows = {row["email"]: row for row in csv.DictReader(raw.decode("utf-8-sig").splitlines())}
    for case in cases:
        row = rows.get(case.student)
        if row is None:
            problems.append(f"{case.student} has no row")
            continue
        cells = {slug: row.get(slug) for slug in (*{other.exercise for other in cases}, "total", "total_20")}
        graded = {case.exercise: f"{case.score:.2f}", "total": f"{case.score:.2f}"}
        for slug, want in {slug: graded.get(slug, "") for slug in cells if slug != "total_20"}.items():
            if cells[slug] != want:
                problems.append(f"{case.student}, {slug}: {cells[slug]!r} where {want!r} is expected")
        if (want_20 := f"{20 * case.score / case.total:.2f}") != cells["total_20"]:
            problems.append(f"{case.student}, total_20: {cells['total_20']!r} where {want_20!r} is expected")
    return problems


# ---- All of it -------------------------------------------------------------------------------------------


def play(options: Options, environment: dict[str, str]) -> bool:
    """The whole demo on an empty state folder; whether everything came out as expected. Raises DemoError."""
    cases = all_cases()
    print(f"demo: starting the site on {options.address} (state in {STATE})", flush=True)
    with running_site(environment) as process:
        wait_for_site(options, process)
        site = site_environment(options, broker_url(STATE / "broker.sock"))
        print(f"demo: enrolling {len(cases)} students", flush=True)
        tokens = enrol(cases, site)
        wait_until_open(Client(options.address, tokens[cases[0].student]), process, {case.exercise for case in cases})
        print("demo: handing in, waiting for the grades", flush=True)
        handed = hand_in(cases, tokens, options.address)
        wait_for_grades(handed)
        print_table(handed)
        grades = STATE / "grades.csv"
        manage(site, "manage.py", "exportgrades", COURSE, "--format", "plain", "--output", str(grades))
        problems = check_gradebook(cases, grades)
    for problem in problems:
        print(f"demo: grades.csv: {problem}")
    right = sum(item.right for item in handed)
    print(
        f"demo: {right} of {len(handed)} outcomes as expected, {grades.relative_to(ROOT)} written, everything stopped"
    )
    return right == len(handed) and not problems


def main() -> int:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # so that the site is stopped on the way out
    try:
        check_system()
        environment = demo_environment(free_port())
        options = read_options(environment)
        shutil.rmtree(STATE, ignore_errors=True)
        STATE.mkdir(parents=True)
        return 0 if play(options, environment) else 1
    except (StartError, BadCase, DemoError, ApiError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
