"""How views find a course: a course that is not the person's does not exist."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from courses.models import Course


def course_of(request: HttpRequest, slug: str) -> Course:
    """The course, when the person takes part in it; else 404."""
    return get_object_or_404(Course.objects.visible_to(request.user), slug=slug)


def taught_course_of(request: HttpRequest, slug: str) -> Course:
    """The course, when the person teaches it; else 404."""
    return get_object_or_404(Course.objects.taught_by(request.user), slug=slug)
