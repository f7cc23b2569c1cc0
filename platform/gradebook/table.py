"""The gradebook as a table: read once, used by the pages and by every export."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from courses.models import Course, Enrolment, Section
from gradebook.closings import Closings, own_closings
from gradebook.models import Category, GradeItem, Score, has_passed

NOTHING = Fraction(0)


def rounded(value: Fraction) -> Decimal:
    """Two decimals, half up. From fractions, because 10 × 1/3 + 10 × 2/3 in decimals is not quite 10."""
    return Decimal(math.floor(value * 100 + Fraction(1, 2))).scaleb(-2)


@dataclass(frozen=True)
class Cell:
    item: GradeItem
    score: Score | None
    closes_at: datetime | None  # for this student
    closed: bool

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
        return not self.excused and (self.points is not None or self.closed)


@dataclass(frozen=True)
class Row:
    enrolment: Enrolment
    cells: tuple[Cell, ...]
    earned: Fraction  # sum of weight × share of the points over what counts, exact
    divisor: Fraction  # sum of the weights of what counts
    dropped: frozenset[int] = frozenset()  # ids of items that a category leaves out

    @property
    def total(self) -> Decimal:
        return rounded(self.earned)

    @property
    def counted(self) -> Decimal:
        """What the total is out of."""
        return rounded(self.divisor)

    @property
    def total_20(self) -> Decimal | None:
        """Out of 20; None while nothing counts. From the exact sum: rounding twice could move it by a hundredth."""
        return rounded(20 * self.earned / self.divisor) if self.divisor else None


@dataclass(frozen=True)
class Table:
    course: Course
    items: tuple[GradeItem, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Column:
    """An item with what every row needs of it, worked out once."""

    item: GradeItem
    weight: Fraction
    most: Fraction
    closed: bool

    @classmethod
    def of(cls, item: GradeItem) -> Column:
        return cls(item, Fraction(item.weight), Fraction(item.max_points), item.closed)


def columns_of(course: Course) -> tuple[Column, ...]:
    return tuple(Column.of(item) for item in GradeItem.objects.filter(course=course).select_related("category"))


def row_of(enrolment: Enrolment, columns: Iterable[Column], scores: dict[int, Score], closings: Closings) -> Row:
    """One student's row from the scores by item id.

    A category counts with its own weight, as the weighted mean of its columns that count, its lowest left out.
    """
    cells = []
    earned = divisor = NOTHING
    grouped: dict[Category, list[tuple[Fraction, Column]]] = {}
    for column in columns:
        score = scores.get(column.item.pk)
        cell = _cell(column, score, (column.item.pk, enrolment.user_id), closings)
        cells.append(cell)
        points = None if score is None else score.points
        if (score is not None and score.excused) or (points is None and not cell.closed):
            continue
        share = Fraction(points) / column.most if points else NOTHING
        category = column.item.category
        if category is not None:
            grouped.setdefault(category, []).append((share, column))
            continue
        divisor += column.weight
        earned += column.weight * share
    dropped: set[int] = set()
    for category, counted in grouped.items():
        kept = without_lowest(counted, category.drop_lowest)
        dropped |= {column.item.pk for _share, column in counted} - {column.item.pk for _share, column in kept}
        weights = sum((column.weight for _share, column in kept), NOTHING)
        if weights:
            divisor += Fraction(category.weight)
            mean_share = sum((column.weight * share for share, column in kept), NOTHING) / weights
            earned += Fraction(category.weight) * mean_share
    return Row(enrolment, tuple(cells), earned, divisor, frozenset(dropped))


def _cell(column: Column, score: Score | None, key: tuple[int, int], closings: Closings) -> Cell:
    if key not in closings:
        return Cell(column.item, score, column.item.closes_at, column.closed)
    own = closings[key]
    return Cell(column.item, score, own, has_passed(own))


def without_lowest(counted: list[tuple[Fraction, Column]], number: int) -> list[tuple[Fraction, Column]]:
    """All but the `number` lowest shares; one always stays. Of equal shares, the lighter column goes first."""
    leave = min(number, len(counted) - 1)
    return sorted(counted, key=lambda pair: (pair[0], pair[1].weight))[leave:]


def fold(text: str) -> str:
    """For searching and sorting: without case and accents, so that Émile stands before Zoé."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def by_name(enrolment: Enrolment) -> tuple[str, str, str]:
    """Order by family name, then by e-mail. Names that differ by an accent only stay apart."""
    user = enrolment.user
    return fold(user.family_name), user.family_name.casefold(), user.email


def build_table(course: Course, section: Section | None = None) -> Table:
    """A few queries, whatever the size: enrolled students by family name then e-mail, items, scores, extensions."""
    enrolments = Enrolment.objects.students().filter(course=course).select_related("user", "section")
    if section is not None:
        enrolments = enrolments.filter(section=section)
    columns = columns_of(course)
    scores: dict[int, dict[int, Score]] = {}
    for score in Score.objects.filter(item__course=course):
        scores.setdefault(score.student_id, {})[score.item_id] = score
    ordered = sorted(enrolments, key=by_name)
    closings = own_closings(course)
    rows = tuple(row_of(enrolment, columns, scores.get(enrolment.user_id, {}), closings) for enrolment in ordered)
    return Table(course, tuple(column.item for column in columns), rows)


def own_row(enrolment: Enrolment) -> Row:
    """One student's own row: a few queries."""
    columns = columns_of(enrolment.course)
    scores = {s.item_id: s for s in Score.objects.filter(item__course=enrolment.course_id, student=enrolment.user_id)}
    return row_of(enrolment, columns, scores, own_closings(enrolment.course, enrolment.user_id))


def mean(values: Iterable[Decimal]) -> Decimal | None:
    """The average, two decimals half up; None of nothing."""
    numbers = [Fraction(value) for value in values]
    return rounded(sum(numbers, NOTHING) / len(numbers)) if numbers else None


def averages(rows: Iterable[Row], items: tuple[GradeItem, ...]) -> list[Decimal | None]:
    """Per item, over those for whom it counts; nothing handed in is 0 then."""
    columns: list[list[Decimal]] = [[] for _item in items]
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            if cell.counts:
                column.append(cell.points or Decimal(0))
    return [mean(column) for column in columns]
