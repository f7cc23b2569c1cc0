"""What pages of the gradebook show of the LMS."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Q

from courses.models import Course
from gradebook.models import GradeItem
from lti.models import Context, Passback

register = template.Library()

LATE = Q(state=Passback.State.FAILED) | Q(state=Passback.State.WAITING, attempts__gt=0)


def late_of(course: Course, **which: Any) -> list[Passback]:
    rows = Passback.objects.filter(LATE, link__context__course=course, **which)
    return list(rows.select_related("link__item", "link__context__platform", "identity__user"))


@register.inclusion_tag("lti/_late.html", takes_context=True)
def lms_late(context: dict[str, Any], course: Course, student: Any, item: GradeItem | None = None) -> dict[str, Any]:
    """Grades of one student that did not arrive in the LMS, each with "Send again"."""
    which = {"identity__user": student} | ({} if item is None else {"link__item": item})
    return {"course": course, "late": late_of(course, **which), "csrf_token": context.get("csrf_token")}


@register.simple_tag
def lms_connected(course: Course) -> bool:
    return Context.objects.filter(course=course).exists()


@register.simple_tag
def lms_late_count(course: Course) -> int:
    return Passback.objects.filter(LATE, link__context__course=course).count()
