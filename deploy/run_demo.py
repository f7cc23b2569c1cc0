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
from deploy.demo_cases import BadCase, Case, all_cases, outcome, weights
from deploy.demo_quiz import QUIZ, BadQuizFile, take
from deploy.options import ROOT, Options, StartError, broker_url, free_port, read_options
from deploy.programs import site_environment

COURSE = "chatbots-2025"
STATE = ROOT / "var" / "demo"
START_SECONDS = 90.0
GRADE_SECONDS = 480.0
POLL_SECONDS = 0.05
# Who takes the quiz, and how many questions each leaves blank.
QUIZ_STUDENTS = {"quick.quiz@example.org": 0, "unsure.quiz@example.org": 2}


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


def enrol(students: list[str], environment: dict[str, str]) -> dict[str, str]:
    """Enrol people by their addresses; returns the tokens by e-mail."""
    roster = STATE / "roster.csv"
    with roster.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "family_name", "given_name"])
        for student in students:
            name, _dot, family = student.split("@")[0].partition(".")
            writer.writerow([student, family.title(), name.title()])
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


def take_quizzes(tokens: dict[str, str], address: str) -> tuple[list[str], list[str]]:
    """One student answers everything right, one leaves two questions blank; lines for the table, and problems."""
    lines, problems = [], []
    for student, blank in QUIZ_STUDENTS.items():
        client = Client(address, tokens[student])
        score, most = take(client, COURSE, QUIZ, blank)
        right = most == 10 and score == most - blank
        name = student.split("@")[0].split(".")[0]
        lines.append(f"{'ok' if right else 'WRONG'}  {name} takes {QUIZ}: {score:g} of {most:g}")
        problems += [] if right else [f"{QUIZ}: {score:g} of {most:g}, {most - blank:g} were expected"]
    return lines, problems


def check_quiz_cells(path: Path) -> list[str]:
    rows = {row["email"]: row for row in csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())}
    problems = []
    for student, blank in QUIZ_STUDENTS.items():
        got, want = rows[student][QUIZ], f"{10 - blank:.2f}"
        problems += [] if got == want else [f"{student}, {QUIZ}: {got!r} where {want!r} is expected"]
    return problems


def check_gradebook(cases: list[Case], path: Path) -> list[str]:
    """What differs between the exported gradebook and the expected grades."""
    weight = weights()
    raw = path.read_bytes()
    problems = [] if raw.startswith(b"\xef\xbb\xbf") else ["the file does not start with a byte order mark"]
    rows = {row["email"]: row for row in csv.DictReader(raw.decode("utf-8-sig").splitlines())}
    for case in cases:
        row = rows.get(case.student)
        if row is None:
            problems.append(f"{case.student} has no row")
            continue
        cells = {slug: row.get(slug) for slug in (*{other.exercise for other in cases}, "total", "total_20")}
        total = weight[case.exercise] * case.score / case.total
        graded = {case.exercise: f"{case.score:.2f}", "total": f"{total:.2f}"}
        for slug, want in {slug: graded.get(slug, "") for slug in cells if slug != "total_20"}.items():
            if cells[slug] != want:
                problems.append(f"{case.student}, {slug}: {cells[slug]!r} where {want!r} is expected")
        if (want_20 := f"{20 * case.score / case.total:.2f}") != cells["total_20"]:
            problems.append(f"{case.student}, total_20: {cells['total_20']!r} where {want_20!r} is expected")
    return problems


# ---- All of it -------------------------------------------------------------------------------------------


def play(options: Options, environment: dict[str, str]) -> bool:
    """The whole demo on an empty state folder; whether everything came out as expected. Raises DemoError."""
    cases = all_cases(with_models=not os.environ.get("WITHOUT_MODELS"))
    print(f"demo: starting the site on {options.address} (state in {STATE})", flush=True)
    with running_site(environment) as process:
        wait_for_site(options, process)
        site = site_environment(options, broker_url(STATE / "broker.sock"))
        print(f"demo: enrolling {len(cases) + len(QUIZ_STUDENTS)} students", flush=True)
        tokens = enrol([case.student for case in cases] + list(QUIZ_STUDENTS), site)
        wait_until_open(Client(options.address, tokens[cases[0].student]), process, {case.exercise for case in cases})
        print("demo: handing in, waiting for the grades", flush=True)
        handed = hand_in(cases, tokens, options.address)
        lines, problems = take_quizzes(tokens, options.address)
        wait_for_grades(handed)
        print_table(handed)
        print(*lines, sep="\n")
        grades = STATE / "grades.csv"
        manage(site, "manage.py", "exportgrades", COURSE, "--format", "plain", "--output", str(grades))
        problems += check_gradebook(cases, grades) + check_quiz_cells(grades)
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
    except (StartError, BadCase, BadQuizFile, DemoError, ApiError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
