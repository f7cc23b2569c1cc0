"""Every test that the page on complaints names exists, and every line names one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "complaints.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([a-z]+/test_\w+\.py)::((?:\w+::)?test_\w+)`")


def names_in(path: Path) -> set[str]:
    """The names of a file's tests, those of a class behind its name."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return found


def rows() -> list[str]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    return [line for line in lines if not line.startswith(("| ---", "| elsewhere"))]


def test_it_works() -> None:
    assert len(rows()) >= 25
    missing = [
        f"{file}::{name}"
        for file, name in NAMED.findall(PAGE)
        if not (ROOT / "tests" / file).exists() or name not in names_in(ROOT / "tests" / file)
    ]
    assert missing == []


def test_every_line_names_a_test() -> None:
    assert [row for row in rows() if not NAMED.search(row.split("|")[3])] == []
