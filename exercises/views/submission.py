"""One submission: where it stands, its result, its source."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.actions import saw
from audit.models import AuditEvent
from exercises import imaging, prompting
from exercises.models import Run, RunState, Submission, may_see_everything
from exercises.presentation import headline, plots, verdict_label, wait_in_words, waiting
from exercises.progress import NOT_A_TRY
from exercises.results import staff_view, student_view, summary, translate
from exercises.views.common import download, fragment, page, submission_of, suffix_of, user_of


@page
@require_safe
def submission(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = submission_of(request, pk)
    _note_look(request, found)
    return render(request, "exercises/submission.html", page_context(request, found))


@fragment
@require_safe
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that moves. `X-Poll-After` says in how many milliseconds to ask again; absent: final."""
    context = page_context(request, submission_of(request, pk))
    response = render(request, "exercises/_status.html", context)
    if context["waiting"]:
        response["X-Poll-After"] = str(context["waiting"].poll_after)
    return response


@page
@require_safe
def source(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = submission_of(request, pk)
    _note_look(request, found)
    kind = "public" if found.public_only else "submission"
    name = f"{found.assignment.slug}-{kind}-{found.number}{suffix_of(found.run.version)}"
    return download(found.source.encode(), name)


def _note_look(request: HttpRequest, found: Submission) -> None:
    """Somebody else's work: the staff's look at it is noted."""
    if found.student_id != user_of(request).pk:
        course, student = found.assignment.course, found.student
        saw(course, user_of(request), AuditEvent.Kind.WORK_SEEN, student, found.assignment.slug)


def page_context(request: HttpRequest, found: Submission) -> dict[str, Any]:
    """The result as the asking person may see it. Templates get the view, and the report only for staff."""
    run, user = found.run, user_of(request)
    staff = may_see_everything(user, found)
    view = student_view(run)
    for test in view["tests"]:
        test["label"] = verdict_label(test["verdict"])
        test["lines"] = "\n" in (test["message"] or "").strip()  # such as a traceback: its spaces matter
    if "prompt" in view:
        prompting.dress(view)
    if "image" in view:
        imaging.dress(view)
    context: dict[str, Any] = {
        "prompt": "prompt" in view,
        "image": "image" in view,
        "course": found.assignment.course,
        "nav": "exercises",
        "submission": found,
        "assignment": found.assignment,
        "version": run.version,
        "state": run.state,
        "view": view,
        "own": found.student_id == user.pk,
        "comments": found.comments.select_related("by", "submission"),
        "may_comment": staff and found.student_id != user.pk,
        "staff": staff_view(run) | _staff_facts(run) if staff else None,
        "waiting": waiting(run) if run.is_open else None,
        "suffix": suffix_of(run.version),
    }
    if context["waiting"]:
        context["wait"] = wait_in_words(context["waiting"].seconds)
    if run.state == RunState.GRADED:
        full = bool(view["max_score"]) and view["score"] >= view["max_score"] - 1e-9
        context |= {"headline": headline(view), "summary": summary(view), "plots": plots(view), "full": full}
        context |= {"try_number": try_number(found)}
    if run.state == RunState.SUPERSEDED:
        context["newer"] = _newer(found)
    return context


def try_number(found: Submission) -> int:
    """Which try this is; 0 for a run of the public tests."""
    if found.public_only:
        return 0
    tries = Submission.objects.filter(assignment=found.assignment, student=found.student_id, public_only=False)
    return tries.filter(number__lte=found.number).exclude(run__state__in=NOT_A_TRY).count()


def _newer(found: Submission) -> Submission | None:
    same = Submission.objects.filter(assignment=found.assignment, student=found.student_id)
    return same.filter(public_only=found.public_only, number__gt=found.number).order_by("number").first()


def _staff_facts(run: Run) -> dict[str, Any]:
    return {
        "node": run.worker,
        "attempt": run.attempt,
        "verdict_full": verdict_label(run.verdict),
        "state": run.get_state_display(),
        "calls": prompting.staff_calls(run.report),
        "tests": [_told(test) for test in (run.report or {}).get("tests", [])],
    }


def _told(test: dict[str, Any]) -> dict[str, Any]:
    """A test of the whole report, in the language of the page."""
    said = translate(test.get("sentences") or []) or test.get("message")
    return test | {"label": verdict_label(test["verdict"]), "message": said}
