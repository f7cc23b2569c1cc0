"""What the assertions over texts counted in the running test, for its report."""

from __future__ import annotations

from typing import Any

MAX_COUNTED = 100

COUNTED: list[dict[str, Any]] = []


def count(check: str, right: int, total: int, needed: int, marks: list[dict[str, Any]]) -> None:
    """Note that `check` holds for `right` of `total` texts, and that `needed` were asked for.

    marks: for each text {"right", "expected"}; the grader keeps them for public tests alone.
    """
    if len(COUNTED) < MAX_COUNTED:
        COUNTED.append({"check": check, "right": right, "total": total, "needed": needed, "marks": marks})
