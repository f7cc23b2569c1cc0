"""Pictures of image exercises: the target, and what a student's prompt gave. Each for those who may see the page."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from exercises import imaging
from exercises.models import ExerciseVersion
from exercises.results import picture_of
from exercises.views.common import assignment_of, page, submission_of


@page
@require_safe
def target(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    """The target of the version that students answer now."""
    return _target(assignment_of(request, course, slug).version)


@page
@require_safe
def submission_target(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The target that this submission was compared with."""
    return _target(submission_of(request, pk).run.version)


@page
@require_safe
def picture(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    found = picture_of(submission_of(request, pk).run, number)
    if found is None:
        raise Http404
    return _image(found, "image/webp")


def _target(version: ExerciseVersion | None) -> HttpResponse:
    found = imaging.target_picture(version) if version is not None else None
    if found is None:
        raise Http404
    return _image(found, "image/png")


def _image(data: bytes, kind: str) -> HttpResponse:
    response = HttpResponse(data, content_type=kind)
    # It is a picture and nothing else, whatever its bytes may also be read as.
    response["X-Content-Type-Options"] = "nosniff"
    return response
