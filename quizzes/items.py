"""Saving a quiz together with its column of the gradebook: title, place and closing moment follow the quiz."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User as Person
from gradebook.models import GradeItem
from quizzes.ending import locked_attempts, score_attempt, update_grade
from quizzes.marking import Marker
from quizzes.models import Attempt, AttemptEvent, AttemptState, Quiz, Slot

if TYPE_CHECKING:
    from accounts.models import User

# What an attempt's score, and what the gradebook's cell, are worked out from.
_SCORED_BY = ("rule", "floor", "grain")


def free_item(quiz: Quiz) -> GradeItem:
    """A new column, or the empty one that a deleted quiz of this name has left. Raises ValidationError."""
    item = GradeItem.objects.filter(course=quiz.course_id, slug=quiz.slug).first()
    if item is None:
        return GradeItem(course=quiz.course, slug=quiz.slug)
    used = any(getattr(item, name, None) is not None for name in ("quiz", "assignment")) or item.scores.exists()
    if used:
        told = _("The gradebook has a column with this short name already. Choose another one.")
        raise ValidationError({"slug": told})
    return item


@transaction.atomic
def save_quiz(
    quiz: Quiz, *, points: Decimal | None = None, weight: Decimal | None = None, by: User | None = None
) -> Quiz:
    """Save a new or changed quiz and its column; `points` and `weight` are the column's, None leaves them.

    When what attempts are scored by has changed, ended ones are scored again and the gradebook follows. Raises
    ValidationError: fields out of range, dates that do not follow one another, a short name that is taken.
    """
    before = Quiz.objects.select_related("item").filter(pk=quiz.pk).first() if quiz.pk else None
    item = before.item if before else free_item(quiz)
    rescale = before is not None and points is not None and item.max_points != points
    item.max_points = item.max_points if points is None else points
    item.weight = item.weight if weight is None else weight
    quiz.full_clean(exclude=["item"])
    _check(quiz)
    item.title_en, item.title_fr = quiz.title_en, quiz.title_fr
    item.position, item.closes_at = quiz.position, item_closes_at(quiz)
    item.full_clean()
    item.save()
    quiz.item = item
    quiz.save()
    if before is not None and any(getattr(before, name) != getattr(quiz, name) for name in _SCORED_BY):
        rescore(quiz, by)
    elif rescale or (before is not None and before.counts != quiz.counts):
        update_grades(quiz, "the quiz was changed")
    return quiz


def _check(quiz: Quiz) -> None:
    if quiz.opens_at and quiz.closes_at and quiz.closes_at <= quiz.opens_at:
        raise ValidationError({"closes_at": _("The closing must come after the opening.")})
    unknown = [word for words in quiz.review.values() for word in words if word not in Quiz.REVIEW]
    if unknown or set(quiz.review) - set(Quiz.PHASES):
        raise ValidationError({"review": _("Only known phases and kinds of review can be chosen.")})


def item_closes_at(quiz: Quiz) -> Any:
    """From when on nothing handed in counts as 0: when the last attempt begun in time is over."""
    if quiz.closes_at is None or quiz.cut_at_close or quiz.seconds is None:
        return quiz.closes_at
    return quiz.closes_at + timedelta(seconds=quiz.seconds)


@transaction.atomic
def rescore(quiz: Quiz, by: User | None, why: str = "the rules of the quiz were changed") -> int:
    """Score every ended attempt again, with events. Returns how many scores have changed."""
    marker, changed = Marker.of(quiz), 0
    for attempt in locked_attempts(quiz):
        if attempt.state not in Attempt.ENDED:
            continue
        old = attempt.score
        new = score_attempt(attempt, quiz, marker)
        if old != new:
            changed += 1
            detail = {"old": str(old), "new": str(new), "why": why}
            AttemptEvent.objects.create(attempt=attempt, kind=AttemptEvent.Kind.RESCORED, by=by, detail=detail)
    update_grades(quiz, why)
    return changed


def update_grades(quiz: Quiz, why: str) -> None:
    """Bring every cell of the quiz's column in line with the attempts."""
    students = Attempt.objects.filter(quiz=quiz, preview=False).exclude(state=AttemptState.BUILT).values("student")
    for student in Person.objects.filter(pk__in=students).order_by("pk"):
        update_grade(quiz, student, why)


@transaction.atomic
def delete_quiz(quiz: Quiz) -> None:
    """Take a quiz back before anybody has started it. Raises ValidationError later."""
    started = Attempt.objects.filter(quiz=quiz, preview=False).exclude(state=AttemptState.BUILT)
    if started.exists() or quiz.item.scores.exists():
        raise ValidationError(_("Students have started this quiz: hide it instead of deleting it."))
    item = quiz.item
    quiz.delete()
    item.delete()


def set_slots(quiz: Quiz, slots: list[Slot]) -> None:
    """Make these the quiz's slots, in their order."""
    with transaction.atomic():
        quiz.slots.all().delete()
        for position, slot in enumerate(slots):
            slot.quiz, slot.position = quiz, position
            slot.save(force_insert=True)
