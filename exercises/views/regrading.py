"""Regrading an exercise: start one, see who moves by how much, apply, undo. For staff."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from courses.access import taught_course_of
from exercises import regrade as regrading
from exercises.models import Assignment
from exercises.regrade_models import Regrade
from exercises.views.common import fragment, page, user_of

SHOWN = 200  # students in the preview
WAIT = 3000  # ms between two looks while runs are waiting


@page
@require_http_methods(["GET", "HEAD", "POST"])
def regrade(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    assignment = _assignment(request, course, slug)
    if request.method == "POST":
        try:
            messages.success(request, _do(request, assignment))
        except regrading.RegradeError as error:
            messages.error(request, str(error))
        return redirect("regrade", course, slug)
    context = _context(assignment)
    past = Regrade.objects.filter(assignment=assignment).select_related("by")
    context["past"] = [(one, regrading.unfinished(one)) for one in past.exclude(applied_at=None, cancelled_at=None)]
    return render(request, "exercises/regrade.html", context)


@fragment
@require_safe
def preview(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    """The same preview, for the page to refresh itself while submissions are being graded."""
    context = _context(_assignment(request, course, slug))
    if context["current"] is None:
        return HttpResponse(status=204)  # decided meanwhile, in another window
    response = render(request, "exercises/_regrade.html", context)
    if context["preview"].waiting:
        response["X-Poll-After"] = str(WAIT)
    return response


def _assignment(request: HttpRequest, course: str, slug: str) -> Assignment:
    found = taught_course_of(request, course)
    assignments = Assignment.objects.select_related("course", "exercise__published", "item")
    return get_object_or_404(assignments, course=found, slug=slug)


def _context(assignment: Assignment) -> dict[str, Any]:
    current = regrading.open_regrade(assignment)
    shown = regrading.preview(current) if current else None
    return {
        "course": assignment.course,
        "nav": "exercises",
        "assignment": assignment,
        "current": current,
        "preview": shown,
        "moves": shown.moves[:SHOWN] if shown else (),
    }


def _do(request: HttpRequest, assignment: Assignment) -> str:
    """What the button says; the sentence for the person. Raises RegradeError."""
    action, by = request.POST.get("action"), user_of(request)
    if action == "start":
        kind = request.POST.get("kind", "")
        if kind not in Regrade.Kind.values:
            raise Http404
        regrading.start(assignment, kind, by, request.POST.get("reason", ""))
        return _("The regrade has begun: nothing counts before you apply it.")
    wanted = request.POST.get("regrade", "")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else 0
    chosen = get_object_or_404(Regrade, pk=number, assignment=assignment)
    if action == "apply":
        count = regrading.apply(chosen, by)
        return ngettext(
            "%(count)d submission has its new result.", "%(count)d submissions have their new results.", count
        ) % {"count": count}
    if action == "undo":
        count = regrading.undo(chosen, by)
        return ngettext(
            "%(count)d submission has its old result again.",
            "%(count)d submissions have their old results again.",
            count,
        ) % {"count": count}
    if action == "cancel":
        regrading.cancel(chosen)
        return _("The regrade was given up; nothing has changed.")
    raise Http404
