"""The API of quizzes and attempts. It calls the same actions as the pages and shows the same views."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status

from courses.models import ApiToken, Course, is_staff_of
from quizzes import actions, seb
from quizzes.models import Attempt, AttemptState, Quiz
from quizzes.results import attempt_view, clock_view

router = Router(tags=["quizzes"])


class StartIn(Schema):
    access_code: str = ""


class AnswerIn(Schema):
    response: Any = None
    sequence: int = 0  # the last one that the page has seen
    tab: str = ""
    flagged: bool | None = None
    seconds: float = 0


class NextIn(Schema):
    key: str


class EventIn(Schema):
    kind: str
    detail: dict[str, Any] = {}


class Problem(Schema):
    detail: str


def quiz_of(request: HttpRequest, course: str, slug: str) -> Quiz:
    """The quiz, or 404: the same for one that does not exist and one that is not this person's."""
    found = Quiz.objects.visible_to(request.user)
    auth = getattr(request, "auth", None)
    if isinstance(auth, ApiToken):
        found = found.filter(course=auth.course)
    return get_object_or_404(found.select_related("course", "item"), course__slug=course, slug=slug)


def attempt_of(request: HttpRequest, attempt: str) -> Attempt:
    """The attempt, ended if its time is over; or 404."""
    found = Attempt.objects.visible_to(request.user)
    auth = getattr(request, "auth", None)
    if isinstance(auth, ApiToken):
        found = found.filter(quiz__course=auth.course)
    return actions.settle(get_object_or_404(found.select_related("quiz__course", "student"), pk=_uuid(attempt)))


def own_attempt_of(request: HttpRequest, attempt: str) -> Attempt:
    """The same for what only its student may do."""
    found = attempt_of(request, attempt)
    if found.student_id != request.user.pk:
        raise Http404
    return found


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


def describe(quiz: Quiz, user: Any) -> dict[str, Any]:
    """One quiz as its student sees it before starting."""
    window = actions.window_of(quiz, user)
    mine = quiz.attempt_set.filter(student=user, preview=False).exclude(state=AttemptState.BUILT).order_by("number")
    return {
        "slug": quiz.slug,
        "title": {"en": quiz.title_en, "fr": quiz.title_fr or quiz.title_en},
        "opens_at": window.opens_at,
        "closes_at": window.closes_at,
        "seconds": window.seconds,
        "attempts": window.attempts,
        "attempts_left": actions.attempts_left(quiz, user, window),
        "access_code": bool(quiz.access_code),
        "own_attempts": [{"id": str(a.pk), "number": a.number, "state": a.state} for a in mine],
    }


@router.get("/courses/{course}/quizzes", summary="The quizzes that I may know of")
def list_quizzes(request: HttpRequest, course: str) -> list[dict[str, Any]]:
    courses = Course.objects.visible_to(request.user)
    auth = getattr(request, "auth", None)
    if isinstance(auth, ApiToken):
        courses = courses.filter(pk=auth.course_id)
    found = Quiz.objects.visible_to(request.user).filter(course=get_object_or_404(courses, slug=course))
    return [describe(quiz, request.user) for quiz in found]


@router.post(
    "/courses/{course}/quizzes/{slug}/attempts",
    summary="Start an attempt, or go on with the running one (staff: a preview)",
    response={201: dict, 403: Problem, 409: Problem, 429: Problem},
)
def start_attempt(request: HttpRequest, course: str, slug: str, body: StartIn | None = None) -> Status[dict[str, Any]]:
    quiz = quiz_of(request, course, slug)
    user: Any = request.user
    if is_staff_of(user, quiz.course):
        attempt = actions.start_preview(quiz, user)
    else:
        seb.check(quiz, request)
        code = body.access_code if body else ""
        seb.count_codes(quiz, request, code)
        attempt = actions.start(quiz, user, access_code=code, facts=seb.facts_of(request))
    return Status(201, attempt_view(attempt, user))


@router.get("/attempts/{attempt}", summary="An attempt: its questions, my answers, what the review shows")
def get_attempt(request: HttpRequest, attempt: str) -> dict[str, Any]:
    return attempt_view(attempt_of(request, attempt), request.user)


@router.get("/attempts/{attempt}/clock", summary="Remaining time, state and announcements")
def get_clock(request: HttpRequest, attempt: str) -> dict[str, Any]:
    user: Any = request.user
    found = attempt_of(request, attempt)
    actions.seen(found, user)
    return clock_view(found)


@router.put(
    "/attempts/{attempt}/answers/{key}",
    summary="Save one answer",
    response={200: dict, 400: Problem, 409: Problem},
)
def put_answer(request: HttpRequest, attempt: str, key: str, body: AnswerIn) -> dict[str, Any]:
    user: Any = request.user
    saved = actions.save_answer(
        _uuid(attempt),
        user,
        key,
        body.response,
        seen=body.sequence,
        tab=body.tab,
        flagged=body.flagged,
        seconds=body.seconds,
    )
    return {"saved": True, "sequence": saved.sequence, "stale": saved.stale, "saved_at": saved.saved_at}


@router.post(
    "/attempts/{attempt}/next",
    summary="Leave a question for good, in a quiz without a way back",
    response={200: dict, 409: Problem},
)
def next_question(request: HttpRequest, attempt: str, body: NextIn) -> dict[str, Any]:
    user: Any = request.user
    return attempt_view(actions.advance(_uuid(attempt), user, body.key), user)


@router.post("/attempts/{attempt}/events", summary="What the page reports", response={200: dict, 400: Problem})
def post_event(request: HttpRequest, attempt: str, body: EventIn) -> dict[str, Any]:
    found = own_attempt_of(request, attempt)
    detail = body.detail | ({"facts": seb.facts_of(request)} if body.kind == "opened" else {})
    actions.note(found, body.kind, detail)
    return {"noted": True}


@router.post("/attempts/{attempt}/submit", summary="Hand in; again: the same result")
def submit_attempt(request: HttpRequest, attempt: str) -> dict[str, Any]:
    user: Any = request.user
    return attempt_view(actions.submit(own_attempt_of(request, attempt), by=user), user)
