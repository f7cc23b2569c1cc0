"""A student's own grades; the staff's gradebook, its cells, and its exports."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from courses.access import course_of, taught_course_of
from courses.models import Enrolment, Role, enrolment_of, is_staff_of
from gradebook import actions, listing
from gradebook.export import FORMATS
from gradebook.forms import ExcuseForm, OverrideForm
from gradebook.models import GradeItem, Score
from gradebook.table import averages, build_table, mean, own_row


@require_safe
@login_required
@never_cache
def grades(request: HttpRequest, course: str) -> HttpResponse:
    """What a student has, and what of it counts."""
    found = course_of(request, course)
    if is_staff_of(request.user, found):
        return redirect("gradebook", course=found.slug)
    enrolment = enrolment_of(request.user, found)
    if enrolment is None:
        raise Http404
    return render(request, "gradebook/grades.html", {"course": found, "nav": "grades", "row": own_row(enrolment)})


@require_safe
@login_required
@never_cache
def gradebook(request: HttpRequest, course: str) -> HttpResponse:
    """All students × all items, for staff."""
    found = taught_course_of(request, course)
    table = build_table(found)
    selection = listing.Selection.read(request.GET, found, table.items)
    in_section = [r for r in table.rows if selection.section in (None, r.enrolment.section)]
    rows = listing.apply(tuple(in_section), table.items, selection)
    printer = listing.Printer()
    context = {
        "course": found,
        "nav": "gradebook",
        "selection": selection,
        "sections": found.sections.all(),
        "heads": listing.heads(request.GET, selection, table.items),
        "rows": [printer.row(row) for row in rows],
        "averages": [listing.points_text(value) for value in averages(rows, table.items)],
        "average": mean(row.total_20 for row in rows if row.total_20 is not None),
        "formats": FORMATS,
        "everybody": len(table.rows),
    }
    return render(request, "gradebook/gradebook.html", context)


@require_safe
@login_required
@never_cache
def grades_csv(request: HttpRequest, course: str) -> HttpResponse:
    """The gradebook as a file, for staff."""
    found = taught_course_of(request, course)
    name = request.GET.get("format", "plain")
    if name not in FORMATS:
        return HttpResponseBadRequest(
            f"format: one of {', '.join(FORMATS)}\n", content_type="text/plain; charset=utf-8"
        )
    section = None
    if wanted := request.GET.get("section", ""):
        section = get_object_or_404(found.sections, pk=wanted if wanted.isascii() and wanted.isdigit() else 0)
    response = HttpResponse(FORMATS[name](build_table(found, section)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}-grades-{name}.csv"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def cell(request: HttpRequest, course: str, item: str, student: int) -> HttpResponse:
    """One student's score of one item: its history, and what staff may change."""
    found = taught_course_of(request, course)
    graded = get_object_or_404(GradeItem, course=found, slug=item)
    enrolment = get_object_or_404(
        Enrolment.objects.select_related("user"), course=found, user=student, role=Role.STUDENT
    )
    form = OverrideForm(item=graded)
    if request.method == "POST":
        if request.POST.get("action") == "override":
            form = OverrideForm(request.POST, item=graded)
        if _change(request, graded, enrolment.user, form):
            messages.success(request, _("Saved."))
            return redirect("gradebook-cell", course=found.slug, item=graded.slug, student=student)
    score = Score.objects.filter(item=graded, student=student).first()
    context = {
        "course": found,
        "nav": "gradebook",
        "item": graded,
        "enrolment": enrolment,
        "score": score,
        "events": score.events.select_related("by") if score else (),
        "form": form,
        "excuse": ExcuseForm(),
        "assignment": getattr(graded, "assignment", None),
    }
    return render(request, "gradebook/cell.html", context, status=400 if form.errors else 200)


def _change(request: HttpRequest, item: GradeItem, student: User, form: OverrideForm) -> bool:
    """Do what the button says; whether it was done."""
    by: Any = request.user
    action = request.POST.get("action")
    if action == "override":
        if not form.is_valid():
            return False
        actions.set_override(item, student, form.cleaned_data["points"], by, form.cleaned_data["reason"])
    elif action == "clear":
        actions.clear_override(item, student, by)
    elif action in ("excuse", "include"):
        why = ExcuseForm(request.POST)
        reason = why.cleaned_data["why"] if why.is_valid() else ""
        actions.set_excused(item, student, action == "excuse", by, reason)
    else:
        raise Http404
    return True
