"""What the staff's pages of a quiz start with: the quiz, if the person teaches its course; else 404."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from courses.access import taught_course_of
from quizzes.models import Attempt, AttemptState, Quiz


def taught_quiz_of(request: HttpRequest, course: str, slug: str) -> Quiz:
    quizzes = Quiz.objects.select_related("course", "item")
    return get_object_or_404(quizzes, course=taught_course_of(request, course), slug=slug)


def taught_attempt_of(request: HttpRequest, pk: UUID) -> Attempt:
    found = Attempt.objects.visible_to(request.user).exclude(state=AttemptState.BUILT)
    attempt = get_object_or_404(found.select_related("quiz__course", "student"), pk=pk)
    taught_course_of(request, attempt.quiz.course.slug)
    return attempt


def context_of(quiz: Quiz, **more: Any) -> dict[str, Any]:
    return {"course": quiz.course, "nav": "quizzes", "quiz": quiz} | more


def number_in(text: str | None) -> int | None:
    """A primary key or another whole number from a form; None for anything else."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def back_to(*args: Any, query: str = "") -> HttpResponse:
    """After a form: 303, so that a reload sends nothing again."""
    response = redirect(*args)
    if query:
        response["Location"] += f"?{query}"
    response.status_code = 303
    return response
