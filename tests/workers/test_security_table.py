"""docs/security.md lists every attack: files, attempts of the doctor and tests stay in step with it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.workers.grading import ATTACKS
from workers.grader.probes import ATTEMPTS, GROWN, STATEMENTS

HERE = Path(__file__).parent
TEXT = (HERE.parents[1] / "docs" / "security.md").read_text("utf-8")


def tables() -> list[list[list[str]]]:
    """The cells of all tables, row by row, without their heads."""
    found = re.findall(r"(?:^\|.*\|\n)+", TEXT, re.MULTILINE)
    return [[[cell.strip() for cell in row.strip("|\n").split("|")] for row in t.splitlines()[2:]] for t in found]


def test_it_works():
    assert [len(table[0]) for table in tables()[1:]] == [3, 2, 3]
    assert all(cell for table in tables() for row in table for cell in row)


def test_every_hostile_solution_has_its_row():
    rows = [row[0].strip("`") for row in tables()[1]]
    assert rows == sorted(path.stem for path in ATTACKS.glob("*.py"))


def test_every_attempt_of_the_doctor_has_its_row():
    names = [*ATTEMPTS, *STATEMENTS, GROWN]
    assert [row[0] for row in tables()[2]] == names
    assert re.findall(r"(\d+) attempts", TEXT) == [str(len(names))] * 2


def test_every_test_that_is_named_exists():
    named = re.findall(r"`(test_\w+\.py)::(\w+)`", TEXT)
    assert len(named) > 12
    for file, name in named:
        assert re.search(rf"^def {name}\(", (HERE / file).read_text("utf-8"), re.MULTILINE), f"{file}::{name}"
