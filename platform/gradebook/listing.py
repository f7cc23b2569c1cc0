"""What the staff's gradebook page shows of a table: chosen, searched, sorted, and made ready to print."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from courses.models import Course, Section
from gradebook.models import GradeItem
from gradebook.table import Cell, Row, by_name, fold


@dataclass(frozen=True)
class Selection:
    """What the address asks for; nonsense in it is left out."""

    section: Section | None
    query: str
    sort: str  # "name", "email", "section", "total", or "item-<slug>"
    descending: bool

    @classmethod
    def read(cls, params: QueryDict, course: Course, items: tuple[GradeItem, ...]) -> Selection:
        wanted = params.get("section", "")
        section = course.sections.filter(pk=int(wanted)).first() if wanted.isascii() and wanted.isdigit() else None
        order = params.get("sort", "name")
        descending, key = order.startswith("-"), order.removeprefix("-")
        known = {"name", "email", "section", "total"} | {f"item-{item.slug}" for item in items}
        if key not in known:
            key, descending = "name", False
        return cls(section, params.get("q", "").strip()[:100], key, descending)


def apply(rows: tuple[Row, ...], items: tuple[GradeItem, ...], selection: Selection) -> list[Row]:
    """The rows that match, in order. Those without a value come last, whichever way the order runs."""
    words = fold(selection.query).split()
    found = [row for row in rows if all(word in _searched(row) for word in words)]
    if selection.sort == "name":
        return sorted(found, key=lambda row: by_name(row.enrolment), reverse=selection.descending)
    places = {f"item-{item.slug}": place for place, item in enumerate(items)}

    def value(row: Row) -> Any:
        if selection.sort == "email":
            return row.enrolment.user.email
        if selection.sort == "section":
            return fold(row.enrolment.section.name) if row.enrolment.section else None
        if selection.sort == "total":
            return row.total_20
        return row.cells[places[selection.sort]].points

    valued = [(value(row), row) for row in found]
    some = sorted((pair for pair in valued if pair[0] is not None), key=lambda p: p[0], reverse=selection.descending)
    return [row for _value, row in some] + [row for got, row in valued if got is None]


def _searched(row: Row) -> str:
    user = row.enrolment.user
    return fold(f"{user.family_name} {user.given_name} {user.family_name} {user.email}")


def points_text(points: Decimal | None) -> str:
    """As people read it: 7, 7.5, 7.25 (7,5 in French); a dash when there is nothing."""
    if points is None:
        return "–"
    return number_format(points.normalize() if points % 1 else points.quantize(Decimal(1)))


@dataclass(frozen=True)
class ShownRow:
    name: str
    email: str
    section: str
    cells: SafeString  # the row's cells of items, as HTML
    total_20: str


class Printer:
    """Prints rows. Cells are put together here and not by the template: 300 students × 40 items are 12,000 cells."""

    def __init__(self) -> None:
        self.texts: dict[Decimal | None, str] = {}
        self.excused_text = escape(_("exc."))
        self.comment_mark = f' <span title="{escape(_("with a comment"))}">✎</span>'
        self.excused_note = escape(_("Excused: leaves the total"))

    def row(self, row: Row) -> ShownRow:
        user = row.enrolment.user
        name = ", ".join(part for part in (user.family_name, user.given_name) if part) or user.email
        section = row.enrolment.section.name if row.enrolment.section else ""
        # Every piece of text in a cell went through escape(); slugs and ids need none.
        cells = mark_safe("".join(self.cell(cell, user.pk, cell.item.pk in row.dropped) for cell in row.cells))
        total_20 = "–" if row.total_20 is None else number_format(row.total_20, 2)
        return ShownRow(name, user.email, section, cells, total_20)

    def cell(self, cell: Cell, student: int, dropped: bool = False) -> str:
        """A link to the cell's page: the points, starred when a person set them, with the reason as its title."""
        points = cell.points
        text = self.texts.get(points)
        if text is None:
            text = self.texts[points] = escape(points_text(points))
        css, title = ("none" if points is None else ""), ""
        if cell.excused:
            css, text, title = "excused", self.excused_text, self.excused_note
        elif cell.overridden and cell.score is not None:
            css, text = "override", f"{text}*"
            title = escape(_("Override: %(reason)s") % {"reason": cell.score.reason})
        if dropped:
            text = f"({text})"
        if cell.score is not None and cell.score.comment:
            text += self.comment_mark
        shown = f' class="{css}"' if css else ""
        told = f' title="{title}"' if title else ""
        return f'<td{shown}><a href="{cell.item.slug}/{student}/"{told}>{text}</a></td>'


@dataclass(frozen=True)
class Head:
    title: str
    query: str  # of the link that sorts by this column, the other way round when it is sorted already
    order: str  # aria-sort: "ascending", "descending" or ""
    most: str  # points of the item
    slug: str = ""
    category: str = ""


def heads(params: QueryDict, selection: Selection, items: tuple[GradeItem, ...]) -> list[Head]:
    """Name, section, each item, total: numbers start with the highest."""

    def head(key: str, title: str, highest_first: bool, item: GradeItem | None = None) -> Head:
        current = selection.sort == key
        descending = not selection.descending if current else highest_first
        link = params.copy()
        link["sort"] = f"-{key}" if descending else key
        order = ("descending" if selection.descending else "ascending") if current else ""
        if item is None:
            return Head(title, link.urlencode(), order, "")
        category = item.category.title if item.category else ""
        return Head(title, link.urlencode(), order, points_text(item.max_points), item.slug, category)

    columns = [head(f"item-{item.slug}", item.title, True, item) for item in items]
    ends = [head("name", _("Student"), False), head("section", _("Section"), False)]
    return [*ends, *columns, head("total", _("Total / 20"), True)]
