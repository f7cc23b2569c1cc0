"""Every write to a score. Each one leaves a GradeEvent in the same transaction; a test forbids other writes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from gradebook.models import GradeEvent, GradeItem, Score

if TYPE_CHECKING:
    from accounts.models import User

CENT = Decimal("0.01")


class GradebookError(ValueError):
    """A refused change; the text says what to do."""


def cents(value: Decimal | float) -> Decimal:
    """Two decimals, half up: 12.345 is 12.35."""
    # By way of repr: Decimal(0.285) is slightly less than 0.285 and would round down.
    return (value if isinstance(value, Decimal) else Decimal(repr(value))).quantize(CENT, ROUND_HALF_UP)


def _locked(item: GradeItem, student: User) -> Score:
    """The score row, locked on PostgreSQL until the transaction ends (SQLite has one writer at a time anyway)."""
    Score.objects.get_or_create(item=item, student=student)
    return Score.objects.select_for_update().get(item=item, student=student)


def _write(score: Score, kind: str, by: User | None, old: Decimal | None, new: Decimal | None, why: str) -> Score:
    score.updated_at = timezone.now()
    score.save()
    GradeEvent.objects.create(score=score, kind=kind, by=by, old=old, new=new, why=why)
    return score


@transaction.atomic
def set_derived(item: GradeItem, student: User, points: Decimal | None, why: str) -> Score:
    """Store what the graders found, out of the item's points. Nothing is written when it is what stands there."""
    score = _locked(item, student)
    new = None if points is None else cents(points)
    if score.derived == new:
        return score
    old, score.derived = score.derived, new
    return _write(score, GradeEvent.Kind.DERIVED, None, old, new, why)


@transaction.atomic
def set_override(item: GradeItem, student: User, points: Decimal, by: User, reason: str) -> Score:
    """Let a person's points win over the graded ones. Raises GradebookError without a reason or out of range."""
    if not reason.strip():
        raise GradebookError("an override needs a reason")
    if not Decimal(0) <= points <= item.max_points * 2:
        raise GradebookError(f"points from 0 to {item.max_points * 2} are accepted here")
    score = _locked(item, student)
    old, score.override, score.reason = score.points, cents(points), reason.strip()
    return _write(score, GradeEvent.Kind.OVERRIDE, by, old, score.override, reason.strip())


@transaction.atomic
def clear_override(item: GradeItem, student: User, by: User) -> Score:
    """Take an override back: the graded points count again."""
    score = _locked(item, student)
    if score.override is None:
        return score
    old, score.override, score.reason = score.override, None, ""
    return _write(score, GradeEvent.Kind.CLEARED, by, old, score.derived, "")


@transaction.atomic
def set_excused(item: GradeItem, student: User, excused: bool, by: User, reason: str) -> Score:
    """Leave the item out of this student's total, or take it back in."""
    score = _locked(item, student)
    if score.excused == excused:
        return score
    score.excused = excused
    kind = GradeEvent.Kind.EXCUSED if excused else GradeEvent.Kind.UNEXCUSED
    return _write(score, kind, by, score.points, score.points, reason.strip())
