"""What every page of the exercises starts with: who asks, and the one row that they may see; else 404."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control

from courses.models import Course
from exercises.models import Assignment, ExerciseVersion, Submission

View = Callable[..., HttpResponseBase]


def page(view: View) -> View:
    """For signed-in people only; no cache keeps it, since it holds somebody's work."""
    return _no_store(login_required(view))


def fragment(view: View) -> View:
    """The same for what a script fetches: 401 instead of a redirect to a page that the script cannot use."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return HttpResponse(status=401)
        return view(request, *args, **kwargs)

    return _no_store(wrapper)


def _no_store(view: View) -> View:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, no_store=True, private=True)
        return response

    return wrapper


def user_of(request: HttpRequest) -> Any:
    """The signed-in person: `page` and `fragment` let nobody else through."""
    return request.user


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
