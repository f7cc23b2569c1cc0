"""Every write to attempts: what pages, API, admin and the clock call.

Start is here; answers are in `answering`, the end in `ending`, building in `building`, the staff's part in
`invigilation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from quizzes.answering import Saved, advance, note, save_answer, seen
from quizzes.building import build_attempt, build_attempts, build_preview, forget_unstarted
from quizzes.ending import expire_due, settle, submit, update_grade
from quizzes.errors import NoAttemptsLeft, NotOpen, WrongCode
from quizzes.invigilation import announce, extend, pause, reopen, resume
from quizzes.models import Attempt, AttemptEvent, AttemptState, Quiz
from quizzes.windows import Window, window_of

if TYPE_CHECKING:
    from accounts.models import User

__all__ = [
    "Saved",
    "advance",
    "announce",
    "attempts_left",
    "build_attempt",
    "build_attempts",
    "expire_due",
    "extend",
    "forget_unstarted",
    "note",
    "pause",
    "reopen",
    "resume",
    "save_answer",
    "seen",
    "settle",
    "start",
    "start_preview",
    "submit",
    "update_grade",
    "window_of",
]


def attempts_left(quiz: Quiz, student: User, window: Window) -> int:
    """How many more attempts the student may start."""
    return max(0, window.attempts - _started(quiz, student.pk))


def _started(quiz: Quiz, student: int) -> int:
    mine = Attempt.objects.filter(quiz=quiz, student=student, preview=False)
    return mine.exclude(state=AttemptState.BUILT).count()


def start(
    quiz: Quiz,
    student: User,
    *,
    access_code: str = "",
    facts: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> Attempt:
    """Begin an attempt, or give the one under way (two clicks, or a new device, continue it; the clock runs on).

    `facts` about the browser are kept in the log. Raises NotOpen, WrongCode, NoAttemptsLeft, NotReady.
    """
    now = now or timezone.now()
    mine = list(Attempt.objects.filter(quiz=quiz, student=student, preview=False))
    going_on = next((attempt for attempt in mine if attempt.state in Attempt.LIVE), None)
    if going_on is not None and (settled := settle(going_on, now)).state in Attempt.LIVE:
        return _of(settled, quiz)
    window = window_of(quiz, student)
    _check(quiz, window, access_code, now)
    built = next((attempt for attempt in mine if attempt.state == AttemptState.BUILT), None)
    if window.attempts <= len(mine) - (built is not None):
        raise NoAttemptsLeft(_("You have used every attempt at this quiz."))
    # While a built attempt waits no other one can be started, so the count above still holds when it is begun.
    if built is not None and _begin(built, quiz, window, dict(facts or {}), now):
        return _of(built, quiz)
    # None was built, another Start was faster, or an edit has thrown the built one away at this instant.
    attempt = build_attempt(quiz, student)
    if not _begin(attempt, quiz, window, dict(facts or {}), now, count=True):
        attempt = Attempt.objects.get(pk=attempt.pk)
    return _of(attempt, quiz)


def _of(attempt: Attempt, quiz: Quiz) -> Attempt:
    attempt.quiz = quiz  # the caller's, with its course: no query for it
    return attempt


def _check(quiz: Quiz, window: Window, access_code: str, now: datetime) -> None:
    if not quiz.visible or not window.opened(now):
        raise NotOpen(_("This quiz is not open yet."))
    if window.closed(now):
        raise NotOpen(_("This quiz is closed: it can no longer be started."))
    if quiz.access_code and not constant_time_compare(access_code.strip(), quiz.access_code):
        raise WrongCode(_("This is not the access code of the quiz. Your invigilator tells it."))


def _begin(
    attempt: Attempt, quiz: Quiz, window: Window, facts: dict[str, Any], now: datetime, count: bool = False
) -> bool:
    """built -> running. Conditional: of two Starts at once, one changes the row and the other finds it running.

    With `count`, attempts are counted again behind the update: a third request may have used the last one up since.
    """
    begun: dict[str, Any] = {
        "state": AttemptState.RUNNING,
        "started_at": now,
        "deadline": window.deadline(now, quiz.cut_at_close),
    }
    if quiz.navigation == Quiz.Navigation.SEQUENTIAL:
        begun["place"] = attempt.layout[0]["key"]  # a place makes this attempt one without a way back, whatever follows
    with transaction.atomic():
        if not Attempt.objects.filter(pk=attempt.pk, state=AttemptState.BUILT).update(**begun, seen_at=now):
            return False
        if count and _started(quiz, attempt.student_id) > window.attempts:
            raise NoAttemptsLeft(_("You have used every attempt at this quiz."))
        detail = {"facts": facts} if facts else {}
        AttemptEvent.objects.create(
            attempt=attempt, kind=AttemptEvent.Kind.STARTED, at=now, by_id=attempt.student_id, detail=detail
        )
    for name, value in begun.items():
        setattr(attempt, name, value)
    return True


def start_preview(quiz: Quiz, staff: User, now: datetime | None = None) -> Attempt:
    """Take the quiz as a student of the staff's own: at any time, in no statistic and no gradebook.

    A preview under way goes on; after its end a fresh one begins. Raises NotReady.
    """
    now = now or timezone.now()
    current = Attempt.objects.filter(quiz=quiz, student=staff, preview=True, state__in=Attempt.LIVE).first()
    if current is not None and (current := settle(current, now)).state in Attempt.LIVE:
        return Attempt.objects.select_related("quiz__course", "student").get(pk=current.pk)
    attempt = build_preview(quiz, staff)
    window = Window(None, None, quiz.seconds, 1)
    _begin(attempt, quiz, window, {}, now)
    return Attempt.objects.select_related("quiz__course", "student").get(pk=attempt.pk)
