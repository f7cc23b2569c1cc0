"""What the staff does while students write: more time, pauses, opening again, announcements. Each leaves an event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from quizzes.building import drop_unstarted
from quizzes.ending import fresh, update_grade
from quizzes.errors import AttemptOver, BadAnswer
from quizzes.models import Announcement, Answer, Attempt, AttemptEvent, AttemptState, Quiz

if TYPE_CHECKING:
    from accounts.models import User

Kind = AttemptEvent.Kind
MOST_SECONDS = 7 * 24 * 3600


def _locked(attempts: Iterable[Attempt], states: Iterable[str]) -> list[Attempt]:
    """Those of `attempts` that are in one of `states`, locked in one order: two people cannot block each other."""
    locked = Attempt.objects.select_for_update(no_key=True).filter(pk__in=[attempt.pk for attempt in attempts])
    return list(locked.filter(state__in=list(states)).defer("layout").order_by("pk"))


def _check_seconds(seconds: int, least: int) -> None:
    if not least <= seconds <= MOST_SECONDS:
        raise BadAnswer(_("Give a time of %(least)d to %(most)d seconds.") % {"least": least, "most": MOST_SECONDS})


@transaction.atomic
def extend(attempts: Iterable[Attempt], seconds: int, by: User, now: datetime | None = None) -> int:
    """Give running and paused attempts more time; negative takes some back, never below the present moment.

    Attempts without a limit are left as they are. Returns how many were changed.
    """
    now = now or timezone.now()
    _check_seconds(seconds, -MOST_SECONDS)
    changed = 0
    for attempt in _locked(attempts, Attempt.LIVE):
        if attempt.state == AttemptState.PAUSED and attempt.paused_seconds is not None:
            attempt.paused_seconds = max(0.0, attempt.paused_seconds + seconds)
        elif attempt.state == AttemptState.RUNNING and attempt.deadline is not None:
            attempt.deadline = max(min(now, attempt.deadline), attempt.deadline + timedelta(seconds=seconds))
        else:
            continue
        attempt.save(update_fields=["deadline", "paused_seconds"])
        AttemptEvent.objects.create(attempt=attempt, kind=Kind.EXTENDED, at=now, by=by, detail={"seconds": seconds})
        changed += 1
    return changed


@transaction.atomic
def pause(attempts: Iterable[Attempt], by: User, now: datetime | None = None) -> int:
    """Stop the clock of running attempts; nothing is saved meanwhile. Returns how many were paused."""
    now = now or timezone.now()
    found = _locked(attempts, [AttemptState.RUNNING])
    for attempt in found:
        attempt.paused_seconds = attempt.remaining(now)
        attempt.state, attempt.deadline = AttemptState.PAUSED, None
        attempt.save(update_fields=["state", "deadline", "paused_seconds"])
        AttemptEvent.objects.create(
            attempt=attempt, kind=Kind.PAUSED, at=now, by=by, detail={"left": attempt.paused_seconds}
        )
    return len(found)


@transaction.atomic
def resume(attempts: Iterable[Attempt], by: User, now: datetime | None = None) -> int:
    """Let paused attempts go on with the time that was left. Returns how many."""
    now = now or timezone.now()
    found = _locked(attempts, [AttemptState.PAUSED])
    for attempt in found:
        left, attempt.paused_seconds = attempt.paused_seconds, None
        attempt.state = AttemptState.RUNNING
        attempt.deadline = None if left is None else now + timedelta(seconds=left)
        attempt.save(update_fields=["state", "deadline", "paused_seconds"])
        AttemptEvent.objects.create(attempt=attempt, kind=Kind.RESUMED, at=now, by=by, detail={"left": left})
    return len(found)


@transaction.atomic
def reopen(attempt: Attempt, seconds: int | None, by: User, now: datetime | None = None) -> Attempt:
    """Let an ended attempt go on for `seconds` from now (None: without a limit). Answers stay; its score is taken back.

    Raises AttemptOver when the attempt has not ended, or when the student has another one under way.
    """
    now = now or timezone.now()
    if seconds is not None:
        _check_seconds(seconds, 10)
    if not _locked([attempt], Attempt.ENDED):
        raise AttemptOver(_("Only an attempt that has ended can be opened again."))
    others = Attempt.objects.filter(quiz=attempt.quiz_id, student=attempt.student_id, preview=False)
    if not attempt.preview and others.filter(state__in=Attempt.LIVE).exists():
        raise AttemptOver(_("The student has another attempt under way: end that one first."))
    if not attempt.preview:
        # One that waits and was not started would be a second open one. It is built anew when it is wanted.
        drop_unstarted(others)
    deadline = None if seconds is None else now + timedelta(seconds=seconds)
    Attempt.objects.filter(pk=attempt.pk).update(
        state=AttemptState.RUNNING, deadline=deadline, ended_at=None, score=None, paused_seconds=None
    )
    Answer.objects.filter(attempt=attempt).update(fraction=None, points=None)
    AttemptEvent.objects.create(attempt=attempt, kind=Kind.REOPENED, at=now, by=by, detail={"seconds": seconds})
    changed = fresh(attempt)
    if not changed.preview:
        update_grade(changed.quiz, changed.student, f"attempt {changed.number} opened again")
    return changed


def announce(quiz: Quiz, text: str, by: User, now: datetime | None = None) -> Announcement:
    """Tell everybody who is taking the quiz. Raises BadAnswer for an empty or too long text."""
    text = text.strip()
    if not text or len(text) > 500 or "\0" in text:
        raise BadAnswer(_("Write 1 to 500 characters."))
    return Announcement.objects.create(quiz=quiz, text=text, by=by, at=now or timezone.now())
