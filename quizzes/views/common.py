"""The one row that a page is about, if the asking person may see it; else 404."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from courses.pages import user_of
from quizzes.actions import settle
from quizzes.models import Attempt, AttemptState, Quiz


def quiz_of(request: HttpRequest, course: str, slug: str) -> Quiz:
    found = Quiz.objects.visible_to(user_of(request)).select_related("course", "item")
    return get_object_or_404(found, course__slug=course, slug=slug)


def attempt_of(request: HttpRequest, pk: UUID) -> Attempt:
    """The attempt, ended if its time is over."""
    found = Attempt.objects.visible_to(user_of(request)).exclude(state=AttemptState.BUILT)
    return settle(get_object_or_404(found.select_related("quiz__course", "student"), pk=pk))


def own_attempt_of(request: HttpRequest, pk: UUID) -> Attempt:
    """The same for what only its student may do."""
    found = attempt_of(request, pk)
    if found.student_id != user_of(request).pk:
        raise Http404("somebody else's attempt")
    return found
