"""The gradebook as a table: read once, used by the pages and by every export."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from courses.models import Course, Enrolment, Section
from gradebook.actions import cents
from gradebook.models import GradeItem, Score


@dataclass(frozen=True)
class Cell:
    item: GradeItem
    score: Score | None

    @property
    def points(self) -> Decimal | None:
        return None if self.score is None else self.score.points

    @property
    def excused(self) -> bool:
        return self.score is not None and self.score.excused

    @property
    def overridden(self) -> bool:
        return self.score is not None and self.score.override is not None

    @property
    def counts(self) -> bool:
        """Whether the item stands in the divisor: handed in, or closed; never when excused."""
        return not self.excused and (self.points is not None or self.item.closed)


@dataclass(frozen=True)
class Row:
    enrolment: Enrolment
    cells: tuple[Cell, ...]
    total: Decimal  # sum of weight × points / max_points over what counts
    divisor: Decimal  # sum of the weights of what counts

    @property
    def total_20(self) -> Decimal | None:
        """Out of 20; None while nothing counts."""
        return cents(20 * self.total / self.divisor) if self.divisor else None


@dataclass(frozen=True)
class Table:
    course: Course
    items: tuple[GradeItem, ...]
    rows: tuple[Row, ...]


def row_of(enrolment: Enrolment, items: tuple[GradeItem, ...], scores: dict[int, Score]) -> Row:
    """One student's row from the scores by item id."""
    cells = tuple(Cell(item, scores.get(item.pk)) for item in items)
    counted = [cell for cell in cells if cell.counts]
    total = sum((c.item.weight * (c.points or Decimal(0)) / c.item.max_points for c in counted), Decimal(0))
    return Row(enrolment, cells, cents(total), sum((c.item.weight for c in counted), Decimal(0)))


def build_table(course: Course, section: Section | None = None) -> Table:
    """Three queries, whatever the size: enrolled students by family name then e-mail, items, scores."""
    enrolments = Enrolment.objects.students().filter(course=course).select_related("user", "section")
    if section is not None:
        enrolments = enrolments.filter(section=section)
    ordered = sorted(enrolments, key=lambda e: (e.user.family_name.casefold(), e.user.email))
    items = tuple(GradeItem.objects.filter(course=course))
    scores: dict[int, dict[int, Score]] = {}
    for score in Score.objects.filter(item__course=course):
        scores.setdefault(score.student_id, {})[score.item_id] = score
    return Table(course, items, tuple(row_of(e, items, scores.get(e.user_id, {})) for e in ordered))
