"""What a class does with one exercise: which tests hold it up, how many tries it takes, who is stuck, what fails alike.

Staff only: groups of failures show messages of hidden tests.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from django.utils.translation import ngettext

from courses.models import Enrolment
from exercises.models import Assignment, Draft, RunState, Submission
from exercises.presentation import Line, Plot

if TYPE_CHECKING:
    from accounts.models import User

STEPS = 10  # bars of the distribution
MOST_GROUPS = 20
FULL = 1 - 1e-9
# What differs between two failures of one cause: numbers, and the inside of quotes and brackets.
DETAILS = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|-?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class TestRate:
    name: str
    public: bool
    passed: int  # students whose last submission passes it
    ever: int  # students who passed it at least once
    students: int

    @property
    def share(self) -> float:
        """Of the students who handed something in, percent."""
        return 100 * self.passed / self.students if self.students else 0.0


@dataclass(frozen=True)
class Group:
    """Failures that read alike."""

    test: str
    message: str  # of the example
    students: int
    submissions: int
    example: Any  # id of the newest submission


@dataclass(frozen=True)
class Stuck:
    student: User
    submissions: int
    best: float | None  # percent; None when nothing was graded
    last: datetime | None


@dataclass(frozen=True)
class Insight:
    students: int  # enrolled
    started: int
    handed_in: int
    full: int
    tests: list[TestRate]
    distribution: Plot
    tries_to_full: Plot
    median_tries: float | None
    median_time: timedelta | None  # from the first submission to the first with full marks
    groups: list[Group]
    stuck: list[Stuck]

    @property
    def median_time_text(self) -> str:
        """As people say it: 12 minutes, 3 hours, 2 days."""
        minutes = round(self.median_time.total_seconds() / 60) if self.median_time is not None else 0
        if minutes < 90:
            return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
        if minutes < 48 * 60:
            hours = round(minutes / 60)
            return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
        days = round(minutes / 60 / 24)
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def insight(assignment: Assignment) -> Insight:
    """Read every graded submission of the enrolled students once."""
    enrolments = Enrolment.objects.students().filter(course=assignment.course_id).select_related("user")
    people = {enrolment.user_id: enrolment.user for enrolment in enrolments}
    found = Submission.objects.filter(assignment=assignment, public_only=False, student__in=people)
    graded = found.filter(run__state=RunState.GRADED, run__max_score__gt=0).order_by("received_at")
    rows = defaultdict(list)
    for row in graded.values_list(
        "student_id", "pk", "received_at", "run__score", "run__max_score", "run__report__tests"
    ).iterator(chunk_size=200):
        rows[row[0]].append(row[1:])
    shares = {
        student: [(score or 0.0) / (most or 1.0) for _pk, _at, score, most, _tests in mine]
        for student, mine in rows.items()
    }
    full = {s: next((i for i, share in enumerate(given) if share >= FULL), None) for s, given in shares.items()}
    tries = [place + 1 for place in full.values() if place is not None]
    times = [(rows[s][place][1] - rows[s][0][1]).total_seconds() for s, place in full.items() if place is not None]
    started = set(rows) | set(found.values_list("student_id", flat=True))
    started |= set(Draft.objects.filter(assignment=assignment, student__in=people).values_list("student_id", flat=True))
    return Insight(
        students=len(people),
        started=len(started),
        handed_in=len(rows),
        full=len(tries),
        tests=_rates(assignment, rows),
        distribution=_distribution(shares),
        tries_to_full=_bars("tries", Counter(tries)),
        median_tries=median(tries) if tries else None,
        median_time=timedelta(seconds=median(times)) if times else None,
        groups=_groups(rows),
        stuck=_stuck(started, people, rows, shares),
    )


def _rates(assignment: Assignment, rows: dict[int, list[Any]]) -> list[TestRate]:
    manifest = assignment.version.manifest if assignment.version else None
    last: Counter[str] = Counter()
    ever: Counter[str] = Counter()
    for mine in rows.values():
        passed = [{t["name"] for t in tests or [] if t["points"] >= t["max_points"]} for *_rest, tests in mine]
        last.update(passed[-1])
        ever.update(set().union(*passed))
    return [
        TestRate(entry["name"], entry["public"], last[entry["name"]], ever[entry["name"]], len(rows))
        for entry in (manifest or {}).get("tests", [])
    ]


def _distribution(shares: dict[int, list[float]]) -> Plot:
    """Students by their best share of the points: 0–10 %, …, 90–100 %."""
    counts = Counter(min(STEPS - 1, int(max(given) * STEPS)) for given in shares.values())
    y: list[float | None] = [float(counts[step]) for step in range(STEPS)]
    x: list[float | None] = [100.0 * step / STEPS for step in range(STEPS)]
    return Plot("distribution", (Line("students", x, y),))


def _bars(name: str, counts: Counter[int]) -> Plot:
    numbers = range(1, max(counts, default=1) + 1)
    return Plot(name, (Line("students", [float(n) for n in numbers], [float(counts[n]) for n in numbers]),))


def cause(message: str) -> str:
    """The message without what differs from run to run."""
    return DETAILS.sub("…", message.strip().splitlines()[0] if message.strip() else "")


def _groups(rows: dict[int, list[Any]]) -> list[Group]:
    """Failing tests by cause, of all submissions; the causes that most students met first."""
    students: dict[tuple[str, str], set[int]] = defaultdict(set)
    examples: dict[tuple[str, str], tuple[datetime, Any, str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for student, mine in rows.items():
        for pk, at, _score, _most, tests in mine:
            for test in tests or []:
                if test["points"] >= test["max_points"] or test["verdict"] == "skipped":
                    continue
                message = test.get("message") or test["verdict"]
                key = (test["name"], cause(message))
                students[key].add(student)
                counts[key] += 1
                if key not in examples or at > examples[key][0]:
                    examples[key] = (at, pk, message)
    ordered = sorted(counts, key=lambda key: (-len(students[key]), -counts[key], key))[:MOST_GROUPS]
    return [Group(key[0], examples[key][2], len(students[key]), counts[key], examples[key][1]) for key in ordered]


def _stuck(
    started: Iterable[int], people: dict[int, Any], rows: dict[int, list[Any]], shares: dict[int, list[float]]
) -> list[Stuck]:
    """Who has begun and has not passed half of it: those who tried most first."""
    found = []
    for student in started:
        best = max(shares.get(student, []), default=None)
        if best is None or best < 0.5:
            mine = rows.get(student, [])
            percent = None if best is None else 100 * best
            found.append(Stuck(people[student], len(mine), percent, mine[-1][1] if mine else None))
    return sorted(found, key=lambda stuck: (-stuck.submissions, stuck.student.email))
