"""How far each student is with each column: told by the parts that own the columns, and asked for here.

Each part registers a function in its `ready`; the gradebook itself knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from courses.models import Course
from gradebook.table import Cell


@dataclass(frozen=True)
class Trace:
    """What one student has done for one column; no trace: nothing."""

    tries: int  # handed in; 0: begun only
    share: float | None  # best share of the points so far, 0 to 1; None: no result yet
    late: bool  # handed in after the due date only


Traces = dict[tuple[int, int], Trace]  # by (item's id, student's id)
Provider = Callable[[Course], Traces]  # a constant number of queries, whatever the size of the course

_providers: list[Provider] = []


def register(provider: Provider) -> None:
    if provider not in _providers:
        _providers.append(provider)


def traces_of(course: Course) -> Traces:
    found: Traces = {}
    for provider in _providers:
        found |= provider(course)
    return found


class Stage(StrEnum):
    """How far one student is with one column."""

    FULL = "full"
    PARTLY = "partly"
    TRIED = "tried"
    BEGUN = "begun"
    NOT_BEGUN = "not-begun"


# Sign and word: the sign is what a crowded table has room for, never the colour alone.
STAGES: dict[Stage, tuple[str, Any]] = {
    Stage.FULL: ("✓", _("full marks")),
    Stage.PARTLY: ("◐", _("part of the points")),
    Stage.TRIED: ("✗", _("handed in, no points")),
    Stage.BEGUN: ("…", _("begun, nothing handed in")),
    Stage.NOT_BEGUN: ("·", _("not begun")),
}
ALMOST = 1 - 1e-9
HALF = 0.5


def share_of(cell: Cell, trace: Trace | None) -> float | None:
    """What the work brought, before lateness and overrides; of a column by hand, what was entered."""
    if trace is not None and trace.tries:
        return trace.share
    if cell.points is None:
        return None
    return float(cell.points / cell.item.max_points) if cell.item.max_points else float(cell.points > Decimal(0))


def stage_of(cell: Cell, trace: Trace | None) -> Stage:
    share = share_of(cell, trace)
    if share is None:
        if trace is None:
            return Stage.NOT_BEGUN
        return Stage.TRIED if trace.tries else Stage.BEGUN
    if share >= ALMOST:
        return Stage.FULL
    return Stage.PARTLY if share > 0 else Stage.TRIED


def needs_help(cell: Cell, trace: Trace | None) -> bool:
    """Handed in, with a result below half of the points."""
    if trace is None or not trace.tries or cell.excused:
        return False
    return trace.share is not None and trace.share < HALF
