"""The exercise page with its editor, handing in, the autosaved draft, and the exercise's downloads."""

from __future__ import annotations

import json
import secrets
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.models import is_staff_of
from exercises import actions, imaging, prompting
from exercises.errors import NotText, Refused, TooLarge, TooSoon
from exercises.forms import SubmitForm
from exercises.models import Assignment, Draft, ExerciseVersion, Submission
from exercises.presentation import grading_problem, run_label, statement_language
from exercises.progress import progress_of
from exercises.views.common import assignment_of, download, fragment, page, suffix_of, user_of

LATEST = 5  # submissions listed on the exercise page
MAX_DRAFT_BODY = 8 * settings.MAX_SOURCE_BYTES  # bytes: JSON may write one byte as six characters


@page
@require_safe
def exercise(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    assignment = assignment_of(request, course, slug)
    return render(request, "exercises/exercise.html", page_context(request, assignment))


def page_context(request: HttpRequest, assignment: Assignment) -> dict[str, Any]:
    """What the exercise page shows; the same page answers a refused submission."""
    user, version = user_of(request), assignment.version
    mine = Submission.objects.filter(assignment=assignment, student=user)
    latest = mine.select_related("run").defer("source", "run__report")[:LATEST]
    draft = Draft.objects.filter(assignment=assignment, student=user).first()
    (progress,) = progress_of(user, [assignment])
    assignment = progress.assignment  # with this student's own dates
    source = _editor_text(request, assignment, draft)
    context: dict[str, Any] = {
        "course": assignment.course,
        "nav": "exercises",
        "assignment": assignment,
        "progress": progress,
        "staff": is_staff_of(user, assignment.course),
        "latest": [(submission, *run_label(submission.run)) for submission in latest],
        "source": source,
        "prompt": prompting.editor_context(version, source, mine),
        "image": imaging.editor_context(version, source),
        "draft": draft,
        "draft_version": draft.saved_at.isoformat() if draft else "",
        "key": secrets.token_urlsafe(16),
        "version": version,
        "max_bytes": settings.MAX_SOURCE_BYTES,
        "suffix": suffix_of(version),
        "read_only": not progress.is_open,
    }
    if version is None:
        newest = ExerciseVersion.objects.filter(exercise=assignment.exercise_id).first()
        return context | {"newest": newest}
    problem = grading_problem(version.queue, version.roles) if progress.is_open else ""
    return context | {"statement_language": statement_language(version), "grading_problem": problem}


def _editor_text(request: HttpRequest, assignment: Assignment, draft: Draft | None) -> str:
    """An earlier submission that was asked for; else the newer of draft and last submission; else the starter."""
    mine = Submission.objects.filter(assignment=assignment, student=user_of(request))
    if asked := _asked(request):
        earlier = mine.filter(pk=asked).values_list("source", flat=True).first()
        if earlier is not None:
            return earlier
    last = mine.only("source", "received_at").order_by("-received_at").first()
    if draft is not None and (last is None or draft.saved_at >= last.received_at):
        return draft.source
    if last is not None:
        return last.source
    return assignment.version.starter if assignment.version else ""


def _asked(request: HttpRequest) -> UUID | None:
    """The submission named by `?from=`; what is no id is ignored."""
    try:
        return UUID(request.GET.get("from", ""))
    except ValueError:
        return None


@page
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    assignment = assignment_of(request, course, slug)
    if request.method != "POST":
        # After a sign-in that had run out, or a change of language on the page of a refusal.
        messages.warning(request, _("Nothing was handed in. Look at your text and submit again."))
        return redirect("exercise", course, slug)
    form = SubmitForm(request.POST, request.FILES)
    try:
        if not form.is_valid():
            raise form.refusal or NotText(str(next(iter(form.errors.values()))[0]))
        sent = form.cleaned_data
        submission = actions.submit(
            assignment, user_of(request), sent["source"], public_only=bool(sent["public"]), key=sent["key"]
        )
    except Refused as refused:
        return _refuse(request, assignment, form, refused)
    response = redirect("submission", submission.pk)
    response.status_code = 303  # a reload of the result must never send the form again
    return response


def _refuse(request: HttpRequest, assignment: Assignment, form: SubmitForm, refused: Refused) -> HttpResponse:
    """The page again with the reason and every character that was typed."""
    context = page_context(request, assignment) | {"refused": refused.message}
    # What was read from a file stands in the editor afterwards, like what was typed.
    context["source"] = form.cleaned_data.get("source") or form.typed
    if context["prompt"]:
        context["prompt"] |= prompting.sizes(context["source"], context["prompt"]["placeholder"])
    if context["image"]:
        context["image"] |= {"characters": len(context["source"].strip())}
    response = render(request, "exercises/exercise.html", context, status=refused.status)
    if isinstance(refused, TooSoon):
        response["Retry-After"] = str(refused.retry_after)
    return response


@fragment
@require_http_methods(["GET", "HEAD", "PUT"])
def draft(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    """`{"source", "version"}`. The version is opaque: equal only when nobody saved in between."""
    assignment, user = assignment_of(request, course, slug), user_of(request)
    if request.method != "PUT":
        kept = Draft.objects.filter(assignment=assignment, student=user).first()
        if kept is None:
            return JsonResponse({"source": assignment.version.starter if assignment.version else "", "version": ""})
        return JsonResponse({"source": kept.source, "version": kept.saved_at.isoformat()})
    try:
        saved = actions.save_draft(assignment, user, _draft_source(request))
    except Refused as refused:
        return JsonResponse({"detail": refused.message}, status=refused.status)
    return JsonResponse({"version": saved.saved_at.isoformat()})


def _draft_source(request: HttpRequest) -> str:
    """The text in the body. Raises TooLarge, NotText."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_DRAFT_BODY:
        raise TooLarge(f"at most {MAX_DRAFT_BODY} bytes")
    try:
        source = json.loads(request.body)["source"]
        if not isinstance(source, str):
            raise TypeError("source is no text")
    except (ValueError, TypeError, LookupError, RecursionError):
        raise NotText('send {"source": "…"} as JSON') from None
    return source


# ---- Downloads -------------------------------------------------------------------------------------------


@page
@require_safe
def starter(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    assignment = assignment_of(request, course, slug)
    if assignment.version is None:
        raise Http404("no version is published")
    return download(assignment.version.starter.encode(), f"{assignment.slug}{suffix_of(assignment.version)}")


@page
@require_safe
def public_tests(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    assignment = assignment_of(request, course, slug)
    if assignment.version is None or not assignment.version.public_tests:
        raise Http404("no public tests")
    return download(assignment.version.public_tests.encode(), f"{assignment.slug}-public-tests.py")
