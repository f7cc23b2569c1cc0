"""How far a student is with each exercise: one reading for the list, the exercise page and its notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from exercises.extensions import for_student, own_dates
from exercises.models import Assignment, Draft, Run, RunState, Submission, SubmissionQuerySet
from gradebook.progress import Trace, Traces

if TYPE_CHECKING:
    from accounts.models import User

SOON = timedelta(hours=48)
NOT_A_TRY = (RunState.SUPERSEDED, RunState.JUDGE_FAILED)

# State: the word, and the class of its chip.
STATES = {
    "preparing": (_("being prepared"), "waiting"),
    "not_open": (_("not open yet"), "closed"),
    "waiting": (_("being graded"), "running"),
    "done": (_("done"), "passed"),
    "closed": (_("closed"), "closed"),
    "late": (_("late"), "late"),
    "partial": (_("partly solved"), "partial"),
    "progress": (_("in progress"), "progress"),
    "to_do": (_("to do"), "todo"),
}


@dataclass(frozen=True)
class Progress:
    assignment: Assignment
    share: float | None  # best graded share of the points, 0 to 1; None without a graded submission
    submitted: int  # submissions of any outcome
    tries_used: int
    waiting: bool  # one is in the queue or running
    started: bool  # a draft, a run of the public tests or a submission exists
    now: datetime

    @property
    def max_score(self) -> float | None:
        return self.assignment.version.max_score if self.assignment.version else None

    @property
    def best(self) -> float | None:
        """The best score out of `max_score`."""
        return None if self.share is None or self.max_score is None else self.share * self.max_score

    @property
    def tries_left(self) -> int | None:
        tries = self.assignment.tries
        return None if tries is None else max(0, tries - self.tries_used)

    @property
    def is_open(self) -> bool:
        return self.assignment.is_open(self.now)

    @property
    def opens_later(self) -> bool:
        opens = self.assignment.opens_at
        return opens is not None and opens > self.now

    @property
    def is_late(self) -> bool:
        """Past the due date, still accepted."""
        return self.is_open and self.assignment.is_late(self.now)

    @property
    def closed_since(self) -> datetime | None:
        return self.assignment.closes_at or self.assignment.due_at

    @property
    def credit(self) -> int:
        """Percent of its points that a submission brings now."""
        return round(100 * self.assignment.credit_at(self.now))

    @property
    def due_soon(self) -> bool:
        due = self.assignment.due_at
        return due is not None and timedelta(0) < due - self.now < SOON and self.state not in ("done", "waiting")

    @property
    def state(self) -> str:
        """The one word for the list. What the student can do comes before what is past."""
        if self.assignment.version is None:
            return "preparing"
        if self.opens_later:
            return "not_open"
        if self.waiting:
            return "waiting"
        if self.share is not None and self.share >= 1 - 1e-9:
            return "done"
        if not self.is_open:
            return "closed"
        if self.is_late:
            return "late"
        if self.share:
            return "partial"
        return "progress" if self.started else "to_do"

    @property
    def label(self) -> Any:
        return STATES[self.state][0]

    @property
    def chip(self) -> str:
        return STATES[self.state][1]


def progress_of(student: User, assignments: Iterable[Assignment]) -> list[Progress]:
    """A few queries for all of them, whatever their number. Each assignment has the student's own dates."""
    assignments, now = for_student(assignments, student.pk), timezone.now()
    mine = Submission.objects.filter(student=student, assignment__in=assignments)
    rows = {row["assignment"]: row for row in summed(mine, "assignment")}
    drafts = set(
        Draft.objects.filter(student=student, assignment__in=assignments).values_list("assignment_id", flat=True)
    )
    return [_progress(assignment, rows.get(assignment.pk), assignment.pk in drafts, now) for assignment in assignments]


def summed(found: SubmissionQuerySet, *by: str) -> Iterable[Mapping[str, Any]]:
    """The submissions in numbers, one row for each value of `by`; a row of the public tests alone has submitted 0."""
    real = Q(public_only=False)
    graded = real & Q(run__state=RunState.GRADED, run__max_score__gt=0)
    rows: QuerySet[Any, dict[str, Any]] = (
        found.order_by()
        .values(*by)
        .annotate(
            share=Max(F("run__score") / F("run__max_score"), filter=graded),
            submitted=Count("pk", filter=real),
            tries=Count("pk", filter=real & ~Q(run__state__in=NOT_A_TRY)),
            open=Count("pk", filter=real & Q(run__state__in=Run.OPEN)),
            first=Min("received_at", filter=real),
            last=Max("received_at", filter=real),
        )
    )
    return rows


def traces(course: Course) -> Traces:
    """How far each student is with each of the course's assignments, for the staff's table: four queries or five."""
    assignments = {assignment.pk: assignment for assignment in Assignment.objects.filter(course=course)}
    own = own_dates(course)
    drafts = Draft.objects.filter(assignment__course=course).values_list("assignment_id", "student_id")
    found = {(assignments[pk].item_id, student): Trace(0, None, False) for pk, student in drafts}
    for row in summed(Submission.objects.filter(assignment__course=course), "assignment", "student"):
        key = assignments[row["assignment"]].item_id, row["student"]
        dated = own.get(key, assignments[row["assignment"]])
        late = row["first"] is not None and dated.is_late(row["first"])
        found[key] = Trace(row["submitted"], row["share"], late)
    return found


def _progress(assignment: Assignment, row: Mapping[str, Any] | None, draft: bool, now: datetime) -> Progress:
    return Progress(
        assignment=assignment,
        share=row["share"] if row else None,
        submitted=row["submitted"] if row else 0,
        tries_used=row["tries"] if row else 0,
        waiting=bool(row and row["open"]),
        started=draft or row is not None,
        now=now,
    )
