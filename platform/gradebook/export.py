"""The gradebook as a file: plain CSV, CSV for Moodle and Canvas, xlsx. Text cells are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from gradebook.models import GradeItem
from gradebook.table import Cell, Row, Table

BOM = "\ufeff"  # without it Excel reads UTF-8 as the local code page
# Where a cell begins for a spreadsheet: at the start, and after a semicolon or a line break inside the text too. Excel
# in French splits a comma file at the semicolons, whatever quotes stand around them: `x;=HYPERLINK(…)` would run.
FORMULA = re.compile(r"(\A|[;\r\n])(?=[=+\-@\t\r\0＝＋－＠])")
# Headers that Canvas does not take for an assignment: totals, which it drops without a word wherever they stand in the
# name; overrides of its own; and whole names that mean one of its columns.
CANVAS_DROPS = re.compile(
    r"(current|final|unposted current|unposted final|override) (score|points|grade|status)"
    r"|\A\s*(student|id|sis user id|sis login id|integration id|root account|section|notes|lastname|firstname)\s*\Z",
    re.IGNORECASE,
)
# Behind a name Canvas reads a number in round brackets as the id of one of its assignments.
CANVAS_ID = re.compile(r"\((\d+)\)\s*\Z")
# What XML, and so xlsx, cannot hold.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def safe_cell(text: str) -> str:
    """Prefix text that a spreadsheet would run as a formula with an apostrophe."""
    return FORMULA.sub(r"\1'", text)


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _csv(rows: Iterable[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def plain_csv(table: Table) -> str:
    """One row per enrolled student: e-mail, names, section, one column per item, total, total_20."""
    slugs = [safe_cell(item.slug) for item in table.items]
    rows = [["email", "family_name", "given_name", "section", *slugs, "total", "total_20"]]
    for row in table.rows:
        numbers = [_number(cell.points) for cell in row.cells]
        rows.append([*map(safe_cell, _people(row)), *numbers, _number(row.total), _number(row.total_20)])
    return BOM + _csv(rows)


def _people(row: Row) -> list[str]:
    user, section = row.enrolment.user, row.enrolment.section
    return [user.email, user.family_name, user.given_name, section.name if section else ""]


def moodle_csv(table: Table) -> str:
    """For Moodle's grade import, matched by e-mail address; an empty cell leaves Moodle's grade alone.

    No byte order mark: Moodle would read it into the first header. Excused is empty: Moodle has no sign for it here.
    """
    header = ["First name", "Surname", "Email address"]
    # A title may read like the feedback of another one.
    taken = {*header, *(f"Feedback: {item.title}" for item in table.items)}
    for name in _unique((item.title for item in table.items), "{name} ({number})", taken):
        header += [safe_cell(name), safe_cell(f"Feedback: {name}")]
    rows = [header]
    for row in table.rows:
        email, family, given, _section = _people(row)
        cells: list[str] = []
        for cell in row.cells:
            comment = cell.score.comment if cell.score else ""
            cells += ["" if cell.excused else _number(cell.points), safe_cell(comment)]
        rows.append([*map(safe_cell, (given, family, email)), *cells])
    return _csv(rows)


def canvas_csv(table: Table) -> str:
    """For Canvas's gradebook import. Canvas never matches by e-mail: the address stands as SIS Login ID.

    The second row gives the points possible; EX is excused.
    """
    names = _unique((_canvas_name(item) for item in table.items), "{name} [{number}]")
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *map(safe_cell, names)],
        ["Points Possible", "", "", "", "", *(_number(item.max_points) for item in table.items)],
    ]
    for row in table.rows:
        email, family, given, section = _people(row)
        name = ", ".join(part for part in (family, given) if part) or email
        cells = ["EX" if cell.excused else _number(cell.points) for cell in row.cells]
        rows.append([safe_cell(name), "", "", safe_cell(email), safe_cell(section), *cells])
    return BOM + _csv(rows)


def _canvas_name(item: GradeItem) -> str:
    return item.slug if CANVAS_DROPS.search(item.title) else CANVAS_ID.sub(r"[\1]", item.title)


def _unique(names: Iterable[str], numbered: str, taken: Iterable[str] = ()) -> list[str]:
    """The names, a second one of a kind `numbered`: importers take columns by their header."""
    seen, found = set(taken), []
    for name in names:
        number, one = 1, name
        while one in seen:
            number += 1
            one = numbered.format(name=name, number=number)
        seen.add(one)
        found.append(one)
    return found


def xlsx(table: Table) -> bytes:
    """A workbook: numbers are numbers, text is text (never a formula), the head and the names stay in sight."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "grades"
    head = ["email", "family_name", "given_name", "section", *(item.slug for item in table.items), "total", "total_20"]
    rows: list[list[Decimal | str | None]] = [[*head]]
    rows += [[*_people(row), *map(_value, row.cells), row.total, row.total_20] for row in table.rows]
    for number, values in enumerate(rows, 1):
        for place, value in enumerate(values, 1):
            cell = sheet.cell(number, place)
            if isinstance(value, str):
                cell.value = CONTROL.sub("", value)
                cell.data_type = "s"  # or openpyxl would write "=1+1" as a formula
            else:
                cell.value = value
                cell.number_format = "0.00"
            if number == 1:
                cell.font = Font(bold=True)
    for place in range(1, len(head) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 28 if place == 1 else 16
    sheet.freeze_panes = "D2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _value(cell: Cell) -> Decimal | str | None:
    return "EX" if cell.excused else cell.points


@dataclass(frozen=True)
class Format:
    title: str
    write: Callable[[Table], bytes]
    suffix: str
    content_type: str


def _text(write: Callable[[Table], str]) -> Callable[[Table], bytes]:
    return lambda table: write(table).encode()


CSV = "text/csv; charset=utf-8"
# Every format that pages, the API and the command line offer.
FORMATS = {
    "plain": Format("CSV", _text(plain_csv), "csv", CSV),
    "moodle": Format("Moodle", _text(moodle_csv), "csv", CSV),
    "canvas": Format("Canvas", _text(canvas_csv), "csv", CSV),
    "xlsx": Format("Excel", xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
