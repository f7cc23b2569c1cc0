"""The quizzes of a course, the page before the start, and Start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from courses.access import course_of
from courses.models import is_staff_of
from courses.pages import page, user_of
from quizzes import actions, seb
from quizzes.contents import question_of
from quizzes.ending import counting
from quizzes.errors import Refused, TooOften, WrongBrowser, WrongCode
from quizzes.models import Attempt, AttemptState, Quiz
from quizzes.results import allowed, phase_of
from quizzes.scoring import grade
from quizzes.views.common import quiz_of
from quizzes.views.words import CHIPS, after_the_end, counts_label, duration, text_and_language
from quizzes.windows import Window

SOON = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """Where a student stands with one quiz."""

    quiz: Quiz
    window: Window
    attempts: list[Attempt]  # started ones, oldest first
    now: datetime

    @property
    def running(self) -> Attempt | None:
        return next((a for a in self.attempts if a.state in Attempt.LIVE), None)

    @property
    def left(self) -> int:
        return max(0, self.window.attempts - sum(not a.preview for a in self.attempts))

    @property
    def is_open(self) -> bool:
        return self.window.is_open(self.now)

    @property
    def opens_later(self) -> bool:
        return not self.window.opened(self.now)

    @property
    def closed(self) -> bool:
        return self.window.closed(self.now)

    @property
    def closes_soon(self) -> bool:
        closes = self.window.closes_at
        return self.is_open and closes is not None and closes - self.now < SOON

    @property
    def limit(self) -> str:
        return duration(self.window.seconds) if self.window.seconds else ""

    @property
    def chip(self) -> str:
        return self._state[0]

    @property
    def label(self) -> str:
        return self._state[1]

    @property
    def _state(self) -> tuple[str, str]:
        """Class and words of the chip."""
        if self.running is not None:
            return CHIPS[AttemptState(self.running.state)], self.running.get_state_display()
        if self.opens_later:
            return "closed", pgettext("quiz", "not open yet")
        if any(not attempt.preview for attempt in self.attempts):
            return "passed", pgettext("quiz", "handed in")
        if self.closed:
            return "closed", pgettext("quiz", "closed")
        return "todo", pgettext("quiz", "open")

    @property
    def counted(self) -> Attempt | None:
        """The attempt that counts, once its points may be seen."""
        found = counting(self.quiz, self.attempts)
        return found if found is not None and shows_marks(found, self.now) else None

    @property
    def points(self) -> Any:
        return self.counted.score if self.counted else None

    @property
    def max_points(self) -> Any:
        return self.counted.max_score if self.counted else None


def shows_marks(attempt: Attempt, now: datetime) -> bool:
    return "marks" in allowed(attempt.quiz, phase_of(attempt, now))


def standing_of(quiz: Quiz, user: Any, now: datetime) -> Standing:
    mine = Attempt.objects.filter(quiz=quiz, student=user).exclude(state=AttemptState.BUILT).defer("layout")
    attempts = [actions.settle(attempt, now) for attempt in mine.select_related("quiz").order_by("number")]
    return Standing(quiz, actions.window_of(quiz, user), attempts, now)


@page
@require_safe
def quizzes(request: HttpRequest, course: str) -> HttpResponse:
    found, user, now = course_of(request, course), user_of(request), timezone.now()
    shown = Quiz.objects.visible_to(user).filter(course=found).select_related("course")
    context = {
        "course": found,
        "nav": "quizzes",
        "rows": [standing_of(quiz, user, now) for quiz in shown],
        "staff": is_staff_of(user, found),
    }
    return render(request, "quizzes/list.html", context)


@page
@require_safe
def quiz(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    return render(request, "quizzes/start.html", page_context(request, quiz_of(request, course, slug)))


def page_context(request: HttpRequest, found: Quiz) -> dict[str, Any]:
    """What the page before the start shows; the same page answers a refused Start."""
    user = user_of(request)
    standing = standing_of(found, user, timezone.now())
    window, running = standing.window, standing.running
    instructions = {"en": found.instructions_en, "fr": found.instructions_fr}
    text, language = text_and_language({name: words for name, words in instructions.items() if words})
    extra = (window.seconds or 0) - (found.seconds or 0)
    count, most = size_of(found)
    staff = is_staff_of(user, found.course)
    return {
        "course": found.course,
        "nav": "quizzes",
        "quiz": found,
        "staff": staff,
        "window": window,
        "left": standing.left,
        "limit": standing.limit,
        "extra": duration(extra) if window.seconds and extra > 0 else "",
        "count": count,
        "max_score": most,
        "counts": counts_label(found),
        "after": after_the_end(found),
        "instructions": text,
        "instructions_language": language,
        "running": running,
        "running_left": _left(running),
        "can_start": not staff and standing.is_open and standing.left > 0,
        "why_not": _why_not(standing, staff),
        "attempts": [_row(attempt, standing.now) for attempt in standing.attempts],
        "needs_browser": not staff and _wrong_browser(request, found),
    }


def _left(attempt: Attempt | None) -> str:
    seconds = None if attempt is None else attempt.remaining()
    return "" if seconds is None else duration(seconds)


def _why_not(standing: Standing, staff: bool) -> str:
    """Why nothing can be started, as a sentence."""
    if staff:
        return _("You are on the staff of this course: try the quiz as a student would. A trial counts nowhere.")
    if standing.opens_later:
        return _("This quiz is not open yet. Load this page again then.")
    if standing.left == 0:
        return _("You have used every attempt at this quiz.")
    return _("This quiz is closed: it can no longer be started.")


def _wrong_browser(request: HttpRequest, found: Quiz) -> bool:
    try:
        seb.check(found, request)
    except WrongBrowser:
        return True
    return False


def size_of(found: Quiz) -> tuple[int, float | None]:
    """Number of questions and of points; None when questions that are drawn bring different points."""
    count, points, known = 0, 0.0, True
    for slot in found.slots.select_related("question__current"):
        count += slot.count if slot.pool else 1
        if slot.points is not None:
            points += float(slot.points) * (slot.count if slot.pool else 1)
        elif slot.question is not None and slot.question.current is not None:
            points += question_of(slot.question.current).points
        else:
            known = False
    return count, points if known else None


def _row(attempt: Attempt, now: datetime) -> dict[str, Any]:
    shown = attempt.state in Attempt.ENDED and shows_marks(attempt, now) and attempt.score is not None
    of_20 = None
    if shown and attempt.score is not None and attempt.max_score:
        of_20 = grade(attempt.score, attempt.max_score)
    return {
        "attempt": attempt,
        "chip": CHIPS[AttemptState(attempt.state)],
        "label": attempt.get_state_display(),
        "score": attempt.score if shown else None,
        "max_score": attempt.max_score,
        "of_20": of_20,
    }


@page
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    """Begin, or go on with the attempt under way; staff: a preview."""
    found, user = quiz_of(request, course, slug), user_of(request)
    if request.method != "POST":
        # After a sign-in that had run out, or a change of language on the page of a refusal.
        messages.warning(request, _("Nothing was started. Look at the page and press Start again."))
        return redirect("quiz", course, slug)
    code = request.POST.get("access_code", "")
    try:
        attempt = _start(request, found, user, code)
    except WrongBrowser:
        return render(request, "quizzes/browser.html", browser_context(request, found), status=403)
    except Refused as refused:
        return _refuse(request, found, code, refused)
    response = redirect("attempt", attempt.pk)
    response.status_code = 303
    return response


def _start(request: HttpRequest, found: Quiz, user: Any, code: str) -> Attempt:
    if is_staff_of(user, found.course):
        return actions.start_preview(found, user)
    seb.check(found, request)
    seb.count_codes(found, request, code)
    return actions.start(found, user, access_code=code, facts=seb.facts_of(request))


def _refuse(request: HttpRequest, found: Quiz, code: str, refused: Refused) -> HttpResponse:
    context = page_context(request, found)
    context |= {"refused": refused.message, "code": code, "code_wrong": isinstance(refused, WrongCode | TooOften)}
    response = render(request, "quizzes/start.html", context, status=refused.status)
    if isinstance(refused, TooOften):
        response["Retry-After"] = str(refused.retry_after)
    return response


def browser_context(request: HttpRequest, found: Quiz) -> dict[str, Any]:
    """For the page that says how to open the quiz in Safe Exam Browser."""
    names = (seb.CONFIG_HEADER, seb.BROWSER_HEADER)
    seen = any(name in request.headers for name in names) or "SEB/" in request.headers.get("User-Agent", "")
    return {"course": found.course, "nav": "quizzes", "quiz": found, "seen": seen}
