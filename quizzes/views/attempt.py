"""Taking a quiz: the page of an attempt, its form for readers without scripts, the summary, the end."""

from __future__ import annotations

import json
import secrets
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.pages import page, user_of
from quizzes import actions
from quizzes.errors import AttemptOver, BadAnswer, NotHere, Refused
from quizzes.models import Attempt, AttemptState, Quiz
from quizzes.results import attempt_view
from quizzes.views.common import attempt_of, own_attempt_of
from quizzes.views.questions import on_page
from quizzes.views.reading import flagged_in, response_of
from quizzes.views.review import review
from quizzes.views.words import duration

MOST_OUTSTANDING = 500  # answers that come with a submission


@page
@require_safe
def attempt(request: HttpRequest, attempt: UUID) -> HttpResponse:
    """The questions while it runs, the review afterwards (and for the staff, at any time)."""
    found = attempt_of(request, attempt)
    if found.state in Attempt.ENDED or found.student_id != user_of(request).pk:
        return review(request, found)
    view = attempt_view(found, user_of(request))
    context = live_context(found, view) | _place(request, found, view)
    return render(request, "quizzes/attempt.html", context)


def live_context(found: Attempt, view: dict[str, Any]) -> dict[str, Any]:
    """What every page of a running attempt shows."""
    left = found.remaining()
    zone = found.quiz.course.zone
    told = [entry | {"moment": parse_datetime(entry["at"])} for entry in reversed(view["announcements"])]
    return {
        "course": found.quiz.course,
        "nav": "quizzes",
        "quiz": found.quiz,
        "attempt": found,
        "sequence": view["sequence"],
        "mode": mode_of(found.quiz),
        "count": len(found.layout),
        "answered": sum(bool(q.get("answered")) for q in view["questions"]),
        "announcements": [entry | {"time": f"{entry['moment'].astimezone(zone):%H:%M}"} for entry in told],
        "remaining_ms": view["remaining_ms"],
        "total_ms": _total_ms(found),
        "left": None if left is None else duration(left),
        "deadline": found.deadline,
    }


def mode_of(quiz: Quiz) -> str:
    """sequential; all (on one page); one (at a time)."""
    if quiz.navigation == Quiz.Navigation.SEQUENTIAL:
        return "sequential"
    return "all" if quiz.one_page else "one"


def _total_ms(found: Attempt) -> int | None:
    if found.deadline is None or found.started_at is None:
        return None
    return int((found.deadline - found.started_at).total_seconds() * 1000)


def _place(request: HttpRequest, found: Attempt, view: dict[str, Any]) -> dict[str, Any]:
    """The questions of the page, and which of them is in view."""
    questions = [on_page(q) for q in view["questions"] if q["open"]]
    keys = [q["key"] for q in questions]
    asked = request.GET.get("q", "")
    current = asked if asked in keys else next(iter(keys), "")
    for question in questions:
        question["shown"] = mode_of(found.quiz) != "one" or question["key"] == current
    index = keys.index(current) if current else 0
    return {
        "questions": questions,
        "tab": secrets.token_hex(8),
        "previous": keys[index - 1] if index else "",
        "next": keys[index + 1] if index + 1 < len(keys) else "",
        "last": current == found.layout[-1]["key"],
    }


@page
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: HttpRequest, attempt: UUID) -> HttpResponseBase:
    """Without scripts: save the questions of the page that was sent, then go where its button says."""
    found = own_attempt_of(request, attempt)
    if request.method != "POST":
        messages.warning(request, _("Nothing was saved by this page. Look at your answers."))
        return redirect("attempt", attempt)
    saved = 0
    try:
        saved = _save_shown(request, found)
        address = _go(request, found)
    except Refused as refused:
        messages.error(request, refused.message)
        address = reverse("attempt", args=[attempt])
    if saved:
        messages.success(request, _("Saved."))
    response = redirect(address)
    response.status_code = 303
    return response


def _save_shown(request: HttpRequest, found: Attempt) -> int:
    """Save what has changed; returns how many answers that was. Raises AttemptOver, NotHere, BadAnswer."""
    user, post, count = user_of(request), request.POST, 0
    view = attempt_view(found, user)
    if found.state != AttemptState.RUNNING:
        raise AttemptOver(_("The attempt has ended or is paused: what this page held was not saved."))
    for question in view["questions"]:
        if question["key"] not in post.getlist("shown"):
            continue
        if not question["open"]:
            raise NotHere(_("You have left this question: its answer cannot be changed."))
        response = None if post.get("clear") == question["key"] else response_of(post, question)
        flagged = flagged_in(post, question)
        if (response, flagged) == (question["response"], question["flagged"]):
            continue
        saved = actions.save_answer(
            found.pk,
            user,
            question["key"],
            response,
            seen=_number(post.get("sequence")),
            tab=post.get("tab", ""),
            flagged=flagged,
        )
        count += 1
        if saved.stale:
            messages.warning(
                request,
                _("This question was also answered in another window. The answer shown here came last: it counts."),
            )
    return count


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 16 else 0


def _go(request: HttpRequest, found: Attempt) -> str:
    """The address that the pressed button means."""
    go, clear = request.POST.get("go", ""), request.POST.get("clear", "")
    shown = request.POST.getlist("shown")
    if go == "summary":
        return reverse("attempt-summary", args=[found.pk])
    if go == "advance" and shown:
        actions.advance(found.pk, user_of(request), shown[0])
        return reverse("attempt", args=[found.pk])
    here = clear or (shown[0] if shown else "")
    wanted, _sign, anchor = go.partition("#")
    key = wanted if wanted not in ("", "here") else here
    known = {entry["key"] for entry in found.layout}
    address = reverse("attempt", args=[found.pk])
    if mode_of(found.quiz) == "all":
        return f"{address}#{anchor or clear}" if (anchor or clear) in known else address
    return f"{address}?q={key}" if key in known else address


@page
@require_safe
def summary(request: HttpRequest, attempt: UUID) -> HttpResponse:
    """What is unanswered and flagged, before handing in."""
    found = own_attempt_of(request, attempt)
    if found.state != AttemptState.RUNNING:
        return redirect("attempt", attempt)
    view = attempt_view(found, user_of(request))
    context = live_context(found, view)
    context["empty"] = [question for question in view["questions"] if not question["answered"]]
    context["flagged"] = [question for question in view["questions"] if question.get("flagged")]
    return render(request, "quizzes/summary.html", context)


@page
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, attempt: UUID) -> HttpResponseBase:
    """Hand in, with the answers that had not reached the server yet."""
    found, user = own_attempt_of(request, attempt), user_of(request)
    if request.method != "POST":
        messages.warning(request, _("Nothing was handed in by this page. Press the button again."))
        return redirect("attempt-summary", attempt)
    outcome = _save_outstanding(request, found)
    if found.state != AttemptState.PAUSED:
        found = actions.submit(found, by=user)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(outcome | {"state": found.state})
    response = redirect("attempt", attempt)
    response.status_code = 303
    return response


def _save_outstanding(request: HttpRequest, found: Attempt) -> dict[str, list[str]]:
    """Keys of the answers that came along, by what became of them."""
    outcome: dict[str, list[str]] = {"saved": [], "late": [], "refused": []}
    for entry in _outstanding(request):
        key, flagged = str(entry.get("key", "")), entry.get("flagged")
        try:
            actions.save_answer(
                found.pk,
                user_of(request),
                key,
                entry.get("response"),
                seen=_number(request.POST.get("sequence")),
                tab=request.POST.get("tab", ""),
                flagged=flagged if isinstance(flagged, bool) else None,
            )
        except AttemptOver:
            outcome["late"].append(key)
        except (BadAnswer, NotHere, Http404):
            outcome["refused"].append(key)
        else:
            outcome["saved"].append(key)
    return outcome


def _outstanding(request: HttpRequest) -> list[dict[str, Any]]:
    """The answers in the form; what is no such list is none."""
    try:
        found = json.loads(request.POST.get("answers") or "[]")
    except (ValueError, RecursionError):
        return []
    entries = found[:MOST_OUTSTANDING] if isinstance(found, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]
