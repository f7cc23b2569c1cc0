"""Pictures in questions: for whom may see the question at this moment, and for the course's staff."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from courses.access import taught_course_of
from courses.pages import user_of
from quizzes.models import Picture
from quizzes.results import shows_picture
from quizzes.views.common import attempt_of

HOUR = 3600  # seconds that the reader's own browser keeps a picture: turning pages in a hall costs no traffic


def _picture(view: Callable[..., Picture]) -> Callable[..., HttpResponseBase]:
    """The picture that `view` finds, as an answer; 404 for whoever may not see it, as for one that does not exist."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return HttpResponse(status=401)
        picture = view(request, *args, **kwargs)
        response = HttpResponse(bytes(picture.data), content_type=picture.mime)
        # Of a stranger's file nothing but its pixels may come to life, also when it is opened on its own.
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        # Kept by this browser for this session's cookie; no cache between keeps it.
        patch_cache_control(response, private=True, max_age=HOUR, immutable=True)
        patch_vary_headers(response, ["Cookie"])
        return response

    return require_safe(answer)


@_picture
def of_attempt(request: HttpRequest, attempt: UUID, name: str) -> Picture:
    found = attempt_of(request, attempt)
    if not shows_picture(found, user_of(request), name):
        raise Http404
    return get_object_or_404(Picture, course=found.quiz.course_id, name=name)


@_picture
def of_course(request: HttpRequest, course: str, name: str) -> Picture:
    """For those who write the questions and look at the results."""
    return get_object_or_404(Picture, course=taught_course_of(request, course), name=name)
