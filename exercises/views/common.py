"""What every page of the exercises starts with: who asks, and the one row that they may see; else 404."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from courses.models import Course
from courses.pages import fragment, page, user_of
from exercises.models import Assignment, ExerciseVersion, Submission

__all__ = ["assignment_of", "course_of", "download", "fragment", "page", "submission_of", "suffix_of", "user_of"]


def course_of(request: HttpRequest, slug: str) -> Course:
    return get_object_or_404(Course.objects.visible_to(request.user), slug=slug)


def assignment_of(request: HttpRequest, course: str, slug: str) -> Assignment:
    found = Assignment.objects.visible_to(request.user).select_related("course", "exercise__published", "item")
    return get_object_or_404(found, course__slug=course, slug=slug)


def submission_of(request: HttpRequest, pk: UUID) -> Submission:
    found = Submission.objects.visible_to(request.user)
    return get_object_or_404(found.select_related("run__version", "assignment__course", "student"), pk=pk)


def suffix_of(version: ExerciseVersion | None) -> str:
    """Ending of a student's file: .py for code, .txt for prompts."""
    return ".py" if version is None or version.spec.kind == "code" else ".txt"


def download(content: bytes, name: str, kind: str = "text/plain; charset=utf-8") -> HttpResponse:
    """A file to save: never shown in place, so that nothing in it can act as a page of this site."""
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    return response
