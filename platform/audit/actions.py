"""Leaving a trace. What is only looked at is noted once an hour: a page that somebody keeps open is one look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from audit.models import AuditEvent
from courses.models import Course

ONE_LOOK = timedelta(hours=1)
LENGTH = 500


def record(course: Course, by: Any, kind: str, about: Any = None, detail: str = "") -> AuditEvent:
    """Note what somebody did. In the transaction of the change itself, so that neither stands without the other."""
    return AuditEvent.objects.create(course=course, by=by, kind=kind, about=about, detail=detail[:LENGTH])


def saw(course: Course, by: Any, kind: str, about: Any = None, detail: str = "") -> None:
    """Note that somebody looked, unless the same look stands there already."""
    recent = AuditEvent.objects.filter(course=course, at__gte=timezone.now() - ONE_LOOK)
    if not recent.filter(by=by, kind=kind, about=about, detail=detail[:LENGTH]).exists():
        record(course, by, kind, about, detail)


def on_part_changed(sender: Any, *, course: Course, by: Any, person: Any, detail: str, **rest: Any) -> None:
    record(course, by, AuditEvent.Kind.PART, person, detail)
