"""What the invigilator sees while students write, and what the board's buttons do.

One line per student with the newest attempt, from five queries whatever the size. Facts only: a page that was left or
a second device has many innocent reasons, and nothing here judges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.actions import record
from audit.models import AuditEvent
from courses.models import Enrolment, Section
from gradebook.table import by_name
from quizzes import invigilation
from quizzes.ending import finish
from quizzes.errors import BadAnswer, Refused
from quizzes.models import Announcement, Answer, Attempt, AttemptEvent, AttemptState, Quiz

if TYPE_CHECKING:
    from accounts.models import User

CONNECTED = timedelta(seconds=90)  # pages ask for the time every minute
STATES = ("absent", "writing", "away", "ended")
Kind = AttemptEvent.Kind


@dataclass(frozen=True)
class Row:
    """One student on the board."""

    enrolment: Enrolment
    attempt: Attempt | None  # the newest one that was started
    saved: int  # questions with an answer
    saved_at: datetime | None  # of the newest save
    events: Mapping[str, int]  # how often, by kind
    now: datetime

    @property
    def live(self) -> bool:
        return self.attempt is not None and self.attempt.state in Attempt.LIVE

    @property
    def connected(self) -> bool:
        """Whether the student's page has given a sign of life lately."""
        seen = self.attempt.seen_at if self.attempt and self.live else None
        return seen is not None and self.now - seen <= CONNECTED

    @property
    def state(self) -> str:
        """Of STATES; `away` are those who write and are not connected."""
        if self.attempt is None:
            return "absent"
        if not self.live:
            return "ended"
        return "writing" if self.connected else "away"

    @property
    def left(self) -> float | None:
        """Seconds left; None without a limit, before the start and after the end."""
        return self.attempt.remaining(self.now) if self.attempt and self.live else None

    def fits(self, section: Section | None, state: str) -> bool:
        if section is not None and self.enrolment.section_id != section.pk:
            return False
        return state in ("", self.state) or (state == "writing" and self.live)


def rows_of(quiz: Quiz, now: datetime | None = None) -> list[Row]:
    """Students of the course and whoever has an attempt, by name."""
    now = now or timezone.now()
    newest: dict[int, Attempt] = {}
    started = Attempt.objects.filter(quiz=quiz, preview=False).exclude(state=AttemptState.BUILT)
    for attempt in started.order_by("number"):
        newest[attempt.student_id] = attempt
    enrolments = Enrolment.objects.filter(course=quiz.course_id).select_related("user", "section")
    wanted = Q(pk__in=Enrolment.objects.students()) | Q(user__in=list(newest))
    chosen = [attempt.pk for attempt in newest.values()]
    saves = Answer.objects.filter(attempt__in=chosen, sequence__gt=0).values("attempt")
    answered = {
        row["attempt"]: (row["saved"], row["last"])
        for row in saves.annotate(saved=Count("pk", filter=Q(response__isnull=False)), last=Max("saved_at"))
    }
    events: dict[UUID, Counter[str]] = {pk: Counter() for pk in chosen}
    for row in AttemptEvent.objects.filter(attempt__in=chosen).values("attempt", "kind").annotate(n=Count("pk")):
        events[row["attempt"]][row["kind"]] = row["n"]

    def row_of(enrolment: Enrolment) -> Row:
        attempt = newest.get(enrolment.user_id)
        count, last = answered.get(attempt.pk, (0, None)) if attempt else (0, None)
        return Row(enrolment, attempt, count, last, events[attempt.pk] if attempt else {}, now)

    return [row_of(enrolment) for enrolment in sorted(enrolments.filter(wanted), key=by_name)]


# ---- The buttons -------------------------------------------------------------------------------------------------

# Which attempts a button concerns; the others among the chosen ones are left as they are.
CONCERNED: Mapping[str, Q] = {
    "extend": Q(state=AttemptState.RUNNING, deadline__isnull=False)
    | Q(state=AttemptState.PAUSED, paused_seconds__isnull=False),
    "pause": Q(state=AttemptState.RUNNING),
    "resume": Q(state=AttemptState.PAUSED),
    "end": Q(state__in=Attempt.LIVE),
    "reopen": Q(state__in=Attempt.ENDED),
}


def act(quiz: Quiz, action: str, attempts: Iterable[UUID], seconds: int | None, by: User) -> int:
    """Do `action` to those of the quiz's attempts that it concerns; returns how many. `seconds`: to add, or to reopen.

    Each leaves a trace in the audit. Raises BadAnswer for a time that cannot be given; AttemptOver when the only
    attempt to reopen cannot be.
    """
    if action == "extend" and not seconds:
        raise BadAnswer(_("Give a number of minutes."))
    if action in ("end", "reopen"):
        return _one_by_one(quiz, action, list(attempts), seconds, by)
    with transaction.atomic():
        # Locked first, so that the trace names those that the action changes and nobody else.
        found = _concerned(quiz, action, attempts)
        if action == "extend":
            invigilation.extend(found, seconds or 0, by)
        else:
            {"pause": invigilation.pause, "resume": invigilation.resume}[action](found, by)
        for attempt in found:
            _trace(quiz, attempt, action, seconds, by)
    return len(found)


def _concerned(quiz: Quiz, action: str, attempts: Iterable[UUID]) -> list[Attempt]:
    locked = Attempt.objects.select_for_update(no_key=True, of=("self",)).select_related("student")
    return list(
        locked.filter(CONCERNED[action], quiz=quiz, preview=False, pk__in=list(attempts)).defer("layout").order_by("pk")
    )


def _one_by_one(quiz: Quiz, action: str, attempts: list[UUID], seconds: int | None, by: User) -> int:
    """Each in its own transaction: scoring takes a while, and nobody else should wait for three hundred of them."""
    count = 0
    for pk in attempts:
        try:
            with transaction.atomic():
                for attempt in _concerned(quiz, action, [pk]):
                    if action == "end":
                        finish(attempt.pk, timezone.now(), by)
                    else:
                        invigilation.reopen(attempt, seconds, by)
                    _trace(quiz, attempt, action, seconds, by)
                    count += 1
        except Refused:
            if len(attempts) == 1:
                raise
    return count


def _trace(quiz: Quiz, attempt: Attempt, action: str, seconds: int | None, by: User) -> None:
    time = f", {seconds} s" if action in ("extend", "reopen") and seconds else ""
    detail = f"{quiz.slug}: {action} attempt {attempt.number}{time}"
    record(quiz.course, by, AuditEvent.Kind.QUIZ, attempt.student, detail)


@transaction.atomic
def announce(quiz: Quiz, text: str, by: User) -> Announcement:
    """Tell everybody who is writing. Raises BadAnswer."""
    told = invigilation.announce(quiz, text, by)
    record(quiz.course, by, AuditEvent.Kind.QUIZ, None, f"{quiz.slug}: announced: {told.text}")
    return told
