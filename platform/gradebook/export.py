"""The gradebook as CSV: quoted by RFC 4180, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal

from gradebook.table import Table

BOM = "\ufeff"  # without it Excel reads UTF-8 as the local code page
# Where a cell begins for a spreadsheet: at the start, and after a semicolon or a line break inside the text too. Excel
# in French splits a comma file at the semicolons, whatever quotes stand around them: `x;=HYPERLINK(…)` would run.
FORMULA = re.compile(r"(\A|[;\r\n])(?=[=+\-@\t\r\0＝＋－＠])")


def safe_cell(text: str) -> str:
    """Prefix text that a spreadsheet would run as a formula with an apostrophe."""
    return FORMULA.sub(r"\1'", text)


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


def plain_csv(table: Table) -> str:
    """One row per enrolled student: e-mail, names, section, one column per item, total, total_20."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    slugs = [safe_cell(item.slug) for item in table.items]
    writer.writerow(["email", "family_name", "given_name", "section", *slugs, "total", "total_20"])
    for row in table.rows:
        user, section = row.enrolment.user, row.enrolment.section
        people = [user.email, user.family_name, user.given_name, section.name if section else ""]
        numbers = [_number(cell.points) for cell in row.cells]
        writer.writerow([*map(safe_cell, people), *numbers, _number(row.total), _number(row.total_20)])
    return BOM + out.getvalue()


# Every format that pages, the API and the command line offer.
FORMATS: dict[str, Callable[[Table], str]] = {"plain": plain_csv}
