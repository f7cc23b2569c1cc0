"""When a column closes for one student: extensions are known to the parts that own the columns, and asked for here.

Each part registers a function in its `ready`; the gradebook itself knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from courses.models import Course

Closings = dict[tuple[int, int], datetime | None]  # by (item's id, student's id); None: never closes
Provider = Callable[[Course, int | None], Closings]  # the course, and one student's id or None for all

_providers: list[Provider] = []


def register(provider: Provider) -> None:
    if provider not in _providers:
        _providers.append(provider)


def own_closings(course: Course, student_id: int | None = None) -> Closings:
    """Of the students whose closing differs from their column's."""
    found: Closings = {}
    for provider in _providers:
        found |= provider(course, student_id)
    return found
