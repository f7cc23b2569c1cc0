"""The class at a glance: students × columns, each cell a sign of how far the student is; counts in the margins."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.actions import saw
from audit.models import AuditEvent
from courses.access import taught_course_of
from courses.models import Course
from gradebook import listing
from gradebook.models import GradeItem
from gradebook.progress import STAGES, Stage, Traces, needs_help, stage_of, traces_of
from gradebook.table import Cell, Row, build_table


@dataclass(frozen=True)
class Count:
    """A number in a margin."""

    stage: str  # its class
    sign: str
    word: str
    number: int


@dataclass(frozen=True)
class ShownRow:
    name: str
    email: str
    student: int
    section: str
    cells: SafeString
    counts: list[Count]


@dataclass(frozen=True)
class Column:
    title: str
    slug: str  # of the assignment or quiz
    kind: str  # "assignment", "quiz", or "" for a column by hand
    counts: list[Count]
    late: int
    help: int  # students who may need it


class Printer:
    """Prints cells, and counts them by row and column. Each cell is put together once for its kind: 300 students × 40
    items are 12,000 cells, of some twenty kinds."""

    def __init__(self, items: tuple[GradeItem, ...], traces: Traces) -> None:
        self.traces = traces
        self.marks: dict[tuple[Stage, bool, bool, bool], tuple[str, str]] = {}
        self.by_item = {item.pk: Counter[str]() for item in items}

    def row(self, row: Row) -> ShownRow:
        user, counted = row.enrolment.user, Counter[str]()
        cells = "".join(self.cell(cell, user.pk, counted) for cell in row.cells)
        name = ", ".join(part for part in (user.family_name, user.given_name) if part) or user.email
        section = row.enrolment.section.name if row.enrolment.section else ""
        # Every piece of text in a cell went through escape(); slugs and ids need none.
        return ShownRow(name, user.email, user.pk, section, mark_safe(cells), counts_of(counted))

    def cell(self, cell: Cell, student: int, counted: Counter[str]) -> str:
        trace = self.traces.get((cell.item.pk, student))
        stage, late, stuck = stage_of(cell, trace), trace is not None and trace.late, needs_help(cell, trace)
        if not cell.excused:
            told = [stage.value, *["late"] * late, *["help"] * stuck]
            counted.update(told)
            self.by_item[cell.item.pk].update(told)
        key = (stage, late, stuck, cell.excused)
        if key not in self.marks:
            self.marks[key] = self.mark(*key)
        opening, closing = self.marks[key]
        return f'{opening}<a href="../gradebook/{cell.item.slug}/{student}/"{closing}'

    def mark(self, stage: Stage, late: bool, stuck: bool, excused: bool) -> tuple[str, str]:
        """The cell before and after its address."""
        if excused:
            return '<td class="excused">', f' aria-label="{escape(_("excused"))}">{escape(_("exc."))}</a></td>'
        sign, word = STAGES[stage]
        told = ", ".join(str(part) for part in (word, *[_("late")] * late, *[_("may need help")] * stuck))
        css = f"s-{stage}{' stuck' if stuck else ''}"
        return f'<td class="{css}">', f' aria-label="{escape(told)}">{sign}{"◷" if late else ""}</a></td>'


def counts_of(counted: Counter[str]) -> list[Count]:
    return [Count(stage.value, sign, str(word), counted[stage.value]) for stage, (sign, word) in STAGES.items()]


@require_safe
@login_required
@never_cache
def progress(request: HttpRequest, course: str) -> HttpResponse:
    """All students × all columns, for staff; `?help=1`: only those who may need help."""
    found = taught_course_of(request, course)
    saw(found, request.user, AuditEvent.Kind.GRADES_SEEN, detail="progress")
    table, traces = build_table(found), traces_of(found)
    selection = listing.Selection.read(request.GET, found, table.items)
    helped = request.GET.get("help") == "1"
    chosen = [row for row in table.rows if selection.section in (None, row.enrolment.section)]
    if helped:
        chosen = [row for row in chosen if any(needs_help(c, traces.get(_key(c, row))) for c in row.cells)]
    rows = listing.apply(tuple(chosen), table.items, selection)
    printer = Printer(table.items, traces)
    shown = [printer.row(row) for row in rows]
    context = {
        "course": found,
        "nav": "gradebook",
        "selection": selection,
        "helped": helped,
        "sections": found.sections.all(),
        "stages": counts_of(Counter()),
        "columns": _columns(found, printer),
        "rows": shown,
        "everybody": len(table.rows),
    }
    return render(request, "gradebook/progress.html", context)


def _key(cell: Cell, row: Row) -> tuple[int, int]:
    return cell.item.pk, row.enrolment.user_id


def _columns(course: Course, printer: Printer) -> list[Column]:
    """In the order of the table's items, with what fills them."""
    columns = []
    for item in GradeItem.objects.filter(course=course).select_related("assignment", "quiz"):
        kind = next((kind for kind in ("assignment", "quiz") if hasattr(item, kind)), "")
        counted = printer.by_item[item.pk]
        slug = getattr(item, kind).slug if kind else item.slug
        columns.append(Column(item.title, slug, kind, counts_of(counted), counted["late"], counted["help"]))
    return columns
