"""Every write to a score. Each one leaves a GradeEvent in the same transaction; a test forbids other writes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.actions import record
from audit.models import AuditEvent
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


def last_position(course: Any) -> int:
    """The position behind every column of the course: where what is new stands, and is listed."""
    last = GradeItem.objects.filter(course=course).aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1


def _locked(item: GradeItem, student: User) -> Score:
    """The score row, locked on PostgreSQL until the transaction ends (SQLite has one writer at a time anyway)."""
    Score.objects.get_or_create(item=item, student=student)
    return Score.objects.select_for_update().get(item=item, student=student)


def _write(score: Score, kind: str, by: User | None, old: Decimal | None, new: Decimal | None, why: str) -> Score:
    score.updated_at = timezone.now()
    score.save()
    event = GradeEvent.objects.create(score=score, kind=kind, by=by, old=old, new=new, why=why)
    if by is not None:  # a person, not the graders
        item, shown = score.item, "–" if new is None else new
        detail = f"{item.slug}: {event.get_kind_display()}, {'–' if old is None else old} → {shown} {why}".strip()
        record(item.course, by, AuditEvent.Kind.GRADE, score.student, detail)
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
def enter(item: GradeItem, student: User, points: Decimal | None, by: User) -> Score:
    """A mark given by hand, in a column that nothing else fills; None empties it.

    Raises GradebookError: a column that is graded, a locked cell, points out of range.
    """
    if not item.manual:
        raise GradebookError(_("This column is graded by Rendu: open the cell to set other points, with a reason."))
    if points is not None and not Decimal(0) <= points <= item.max_points * 2:
        raise GradebookError(_("Points from 0 to %(most)s are accepted here.") % {"most": item.max_points * 2})
    score = _locked(item, student)
    new = None if points is None else cents(points)
    if score.derived == new:
        return score
    if score.locked:
        raise GradebookError(_("This cell is locked: unlock it first."))
    old, score.derived = score.derived, new
    return _write(score, GradeEvent.Kind.ENTERED, by, old, new, "")


@transaction.atomic
def set_comment(item: GradeItem, student: User, comment: str, by: User) -> Score:
    """What the student reads beside the points."""
    score = _locked(item, student)
    if score.comment == comment.strip():
        return score
    score.comment = comment.strip()
    return _write(score, GradeEvent.Kind.COMMENT, by, score.points, score.points, score.comment)


@transaction.atomic
def set_locked(item: GradeItem, student: User, locked: bool, by: User) -> Score:
    """Freeze what counts now, or let the newest result count again. Results go on arriving under a lock."""
    score = _locked(item, student)
    if score.locked == locked:
        return score
    old = score.points
    score.locked, score.frozen = locked, score.derived if locked else None
    return _write(score, GradeEvent.Kind.LOCKED if locked else GradeEvent.Kind.UNLOCKED, by, old, score.points, "")


@transaction.atomic
def lock_column(item: GradeItem, locked: bool, by: User) -> int:
    """The same for every student of the course; how many cells changed."""
    students = [enrolment.user for enrolment in item.course.enrolments.students().select_related("user")]
    held = set(Score.objects.filter(item=item, locked=locked).values_list("student_id", flat=True))
    changed = [student for student in students if student.pk not in held]
    for student in changed:
        set_locked(item, student, locked, by)
    return len(changed)


@transaction.atomic
def set_override(item: GradeItem, student: User, points: Decimal, by: User, reason: str) -> Score:
    """Let a person's points win over the graded ones. Raises GradebookError without a reason or out of range."""
    if not reason.strip():
        raise GradebookError(_("Other points need a reason."))
    if not Decimal(0) <= points <= item.max_points * 2:
        raise GradebookError(_("Points from 0 to %(most)s are accepted here.") % {"most": item.max_points * 2})
    score = _locked(item, student)
    if score.locked:
        raise GradebookError(_("This cell is locked: unlock it first."))
    old, score.override, score.reason = score.points, cents(points), reason.strip()
    return _write(score, GradeEvent.Kind.OVERRIDE, by, old, score.override, reason.strip())


@transaction.atomic
def clear_override(item: GradeItem, student: User, by: User) -> Score:
    """Take an override back: the graded points count again."""
    score = _locked(item, student)
    if score.override is None:
        return score
    if score.locked:
        raise GradebookError(_("This cell is locked: unlock it first."))
    old, score.override, score.reason = score.override, None, ""
    return _write(score, GradeEvent.Kind.CLEARED, by, old, score.points, "")


@transaction.atomic
def set_excused(item: GradeItem, student: User, excused: bool, by: User, reason: str) -> Score:
    """Leave the item out of this student's total, or take it back in."""
    score = _locked(item, student)
    if score.excused == excused:
        return score
    score.excused = excused
    kind = GradeEvent.Kind.EXCUSED if excused else GradeEvent.Kind.UNEXCUSED
    return _write(score, kind, by, score.points, score.points, reason.strip())
