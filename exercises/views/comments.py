"""Comments on a submission, and the student's answers."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from exercises import comments
from exercises.errors import Refused
from exercises.models import may_see_everything
from exercises.views.common import page, submission_of, user_of


@page
@require_POST
def comment(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = submission_of(request, pk)
    if not may_see_everything(user_of(request), found):
        raise Http404
    try:
        comments.comment(found, user_of(request), request.POST.get("text", ""), request.POST.get("line", ""))
    except Refused as refused:
        messages.error(request, refused.message)
    return _back(found.pk)


@page
@require_POST
def answer(request: HttpRequest, pk: UUID, comment: int) -> HttpResponse:
    found = submission_of(request, pk)
    if found.student_id != user_of(request).pk:
        raise Http404
    chosen = get_object_or_404(comments.Comment, pk=comment, submission=found)
    try:
        comments.answer(chosen, request.POST.get("text", ""))
    except Refused as refused:
        messages.error(request, refused.message)
    return _back(found.pk)


def _back(pk: UUID) -> HttpResponse:
    response = redirect("submission", pk)
    response["Location"] += "#comments"
    return response
