"""When a student may start, for how long, and how often: the quiz's rules with the exceptions applied."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Max, Q

from courses.models import Enrolment
from quizzes.models import Attempt, Override, Quiz

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Window:
    opens_at: datetime | None  # first moment to start; None: at once
    closes_at: datetime | None  # last moment to start; None: never closes
    seconds: int | None  # time limit with the extra time; None: none
    attempts: int

    def opened(self, now: datetime) -> bool:
        return self.opens_at is None or self.opens_at <= now

    def closed(self, now: datetime) -> bool:
        return self.closes_at is not None and self.closes_at < now

    def is_open(self, now: datetime) -> bool:
        """Whether an attempt may be started."""
        return self.opened(now) and not self.closed(now)

    def deadline(self, started: datetime, cut_at_close: bool) -> datetime | None:
        """The end of an attempt started then. Closing the entry never shortens it, unless the quiz says so."""
        limit = None if self.seconds is None else started + timedelta(seconds=self.seconds)
        cut = self.closes_at if cut_at_close else None
        return min((moment for moment in (limit, cut) if moment is not None), default=None)


def window_of(quiz: Quiz, student: User) -> Window:
    """The student's window: the student's own exception wins over the section's, field by field. One query."""
    sections = Enrolment.objects.filter(user=student, course=quiz.course_id, active=True).values("section")
    found = Override.objects.filter(Q(student=student) | Q(section__in=sections), quiz=quiz)
    # The student's own comes first.
    return combine(quiz, sorted(found, key=lambda override: override.student_id is None))


def combine(quiz: Quiz, overrides: list[Override]) -> Window:
    """The quiz's rules under `overrides`, of which earlier ones win, field by field."""

    def first(name: str) -> int | None:
        return next((value for o in overrides if (value := getattr(o, name)) is not None), None)

    def moment(name: str) -> datetime | None:
        found: datetime | None = getattr(quiz, name)
        return next((value for o in overrides if (value := getattr(o, name)) is not None), found)

    # Percent and seconds of one exception belong together: a student's own "+0 %" replaces the section's "+600 s".
    timed = next((o for o in overrides if o.extra_percent is not None or o.extra_seconds is not None), None)
    return Window(
        opens_at=moment("opens_at"),
        closes_at=moment("closes_at"),
        seconds=None if quiz.seconds is None else quiz.seconds + extra_seconds(quiz.seconds, timed),
        attempts=first("attempts") or quiz.attempts,
    )


def extra_seconds(seconds: int, override: Override | None) -> int:
    """Extra time on top of a limit, rounded up to a whole second. (A third more of an hour is 33 or 34 percent: the
    preset writes it in seconds, 1,200.)"""
    if override is None:
        return 0
    return math.ceil(seconds * (override.extra_percent or 0) / 100) + (override.extra_seconds or 0)


def third_of(seconds: int) -> int:
    """The usual arrangement of an exam: one third more time, in seconds, rounded up. 60 minutes become 80."""
    return -(-seconds // 3)


def all_over(quiz: Quiz, now: datetime) -> bool:
    """Whether nobody writes or may still begin: only then may answers be shown without helping somebody."""
    if quiz.closes_at is None or quiz.closes_at >= now:
        return False
    last = Override.objects.filter(quiz=quiz).aggregate(last=Max("closes_at"))["last"]
    if last is not None and last >= now:
        return False
    return not Attempt.objects.filter(quiz=quiz, preview=False, state__in=Attempt.LIVE).exists()
