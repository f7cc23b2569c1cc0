"""The end of an attempt: by its student, by the clock, once; its score, and the gradebook's cell.

Browser open or browser gone, the result is the same: an attempt that ends after its deadline is `expired` at the
deadline, whoever noticed it, and every answer saved until the grace was over counts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from gradebook.actions import set_derived
from quizzes.contents import questions_of
from quizzes.marking import Marker
from quizzes.models import GRACE, Answer, Attempt, AttemptEvent, AttemptState, Quiz
from quizzes.scoring import total

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)
Kind = AttemptEvent.Kind


def marks_of(attempt: Attempt, marker: Marker, answers: dict[str, Answer]) -> dict[str, float]:
    """Fraction of the points of every question, by key; a question without an answer is a blank."""
    questions = questions_of(attempt.layout)
    worth = {}
    for entry in attempt.layout:
        answer = answers.get(entry["key"])
        response = answer.response if answer else None
        worth[entry["key"]] = marker.fraction(entry, questions[entry["key"]], response)
    return worth


def score_of(attempt: Attempt, quiz: Quiz, fractions: dict[str, float]) -> Decimal:
    points = (fractions[entry["key"]] * entry["points"] for entry in attempt.layout)
    return total(points, floor=quiz.floor, grain=quiz.grain)


def score_attempt(attempt: Attempt, quiz: Quiz, marker: Marker) -> Decimal:
    """Store what every answer of an ended attempt is worth, and the attempt's score. The caller holds its lock."""
    answers = {answer.key: answer for answer in attempt.answers.all()}
    fractions = marks_of(attempt, marker, answers)
    rows, new = [], []
    for entry in attempt.layout:
        key, worth = entry["key"], fractions[entry["key"]]
        answer = answers.get(key)
        if answer is None:
            new.append(Answer(attempt=attempt, key=key, fraction=worth, points=worth * entry["points"]))
        elif answer.fraction != worth:
            answer.fraction, answer.points = worth, worth * entry["points"]
            rows.append(answer)
    Answer.objects.bulk_create(new)
    Answer.objects.bulk_update(rows, ["fraction", "points"])
    score = score_of(attempt, quiz, fractions)
    Attempt.objects.filter(pk=attempt.pk).update(score=score)
    attempt.score = score
    return score


def finish(pk: UUID, now: datetime, by: User | None, *, only_overdue: bool = False) -> bool:
    """End the attempt if it is still going on; True when this call ended it."""
    with transaction.atomic():
        # The lock decides between submit and clock, two submits, a save that is under way and a regrade: one of them
        # is first, and the others see what it has done. Quiz and key are read behind it for the same reason.
        attempt = Attempt.objects.select_for_update(no_key=True).get(pk=pk)
        if attempt.state not in Attempt.LIVE:
            return False
        # Read again under the lock: somebody may have given more time since the clock chose this attempt.
        if only_overdue and not overdue(attempt, now):
            return False
        quiz = Quiz.objects.select_related("item").get(pk=attempt.quiz_id)
        in_time = attempt.state == AttemptState.PAUSED or attempt.deadline is None or now <= attempt.deadline
        attempt.state = AttemptState.SUBMITTED if in_time else AttemptState.EXPIRED
        attempt.ended_at = now if in_time or attempt.deadline is None else attempt.deadline
        Attempt.objects.filter(pk=pk).update(state=attempt.state, ended_at=attempt.ended_at, paused_seconds=None)
        kind = Kind.SUBMITTED if in_time else Kind.EXPIRED
        AttemptEvent.objects.create(attempt=attempt, kind=kind, at=now, by=by)
        score_attempt(attempt, quiz, Marker.of(quiz))
        if not attempt.preview:
            update_grade(quiz, attempt.student, f"attempt {attempt.number}")
    return True


def submit(attempt: Attempt, *, by: User | None, now: datetime | None = None) -> Attempt:
    """End the attempt at its student's (or the staff's) wish. Again: the same result."""
    finish(attempt.pk, now or timezone.now(), by)
    return fresh(attempt)


def fresh(attempt: Attempt) -> Attempt:
    return Attempt.objects.select_related("quiz__course", "quiz__item", "student").get(pk=attempt.pk)


def overdue(attempt: Attempt, now: datetime) -> bool:
    """Whether the clock ends it: the deadline and the grace for answers on their way are over."""
    return attempt.state == AttemptState.RUNNING and attempt.deadline is not None and attempt.deadline + GRACE < now


def settle(attempt: Attempt, now: datetime | None = None) -> Attempt:
    """The attempt as it stands; ended here when the clock has not come by yet. What pages and API start with."""
    now = now or timezone.now()
    if overdue(attempt, now):
        finish(attempt.pk, now, None, only_overdue=True)
        return fresh(attempt)
    return attempt


def expire_due(now: datetime | None = None) -> int:
    """End every attempt whose time is over. Safe at any time, twice, and on several hosts at once; returns how many."""
    now = now or timezone.now()
    due = Attempt.objects.filter(state=AttemptState.RUNNING, deadline__lt=now - GRACE).order_by("deadline")
    count = 0
    for pk in list(due.values_list("pk", flat=True)):
        try:
            # Each in its own transaction: a fault in one leaves the others ended.
            count += finish(pk, now, None, only_overdue=True)
        except Exception:
            log.exception("attempt %s could not be ended", pk)
    return count


def locked_attempts(quiz: Quiz) -> list[Attempt]:
    """Every started attempt, locked in one order, for scoring ended ones again.

    Running ones too: an attempt that is ending at this moment is waited for and comes as an ended one; one that ends
    later waits for the caller's transaction and finds the new rules or key.
    """
    locked = Attempt.objects.select_for_update(no_key=True).filter(quiz=quiz)
    return list(locked.exclude(state=AttemptState.BUILT).order_by("pk"))


# ---- Gradebook ---------------------------------------------------------------------------------------------------


def counting(quiz: Quiz, attempts: Iterable[Attempt]) -> Attempt | None:
    """Which of one student's attempts counts: of the ended ones the best, the last or the first."""
    ended = [a for a in attempts if a.state in Attempt.ENDED and not a.preview and a.score is not None and a.max_score]
    if not ended:
        return None
    if quiz.counts == Quiz.Counts.BEST:
        return max(ended, key=lambda a: (ratio(a), -a.number))
    return (max if quiz.counts == Quiz.Counts.LAST else min)(ended, key=lambda a: a.number)


def ratio(attempt: Attempt) -> Decimal:
    return (attempt.score or Decimal(0)) / attempt.max_score if attempt.max_score else Decimal(0)


def update_grade(quiz: Quiz, student: User, why: str) -> None:
    """Bring the gradebook's cell in line with the attempt that counts, scaled to the item's points.

    An override that somebody has written stays what counts.
    """
    found = counting(quiz, Attempt.objects.filter(quiz=quiz, student=student).defer("layout"))
    points = None if found is None else ratio(found) * quiz.item.max_points
    set_derived(quiz.item, student, points, why)
