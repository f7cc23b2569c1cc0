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
from audit.actions import record, saw
from audit.models import AuditEvent
from courses.access import course_of, taught_course_of
from courses.models import Enrolment, Role, enrolment_of, is_staff_of
from courses.staff import is_instructor_of
from gradebook import actions, listing
from gradebook.export import FORMATS
from gradebook.forms import CommentForm, ExcuseForm, OverrideForm
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
    saw(found, request.user, AuditEvent.Kind.GRADES_SEEN)
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
        "instructor": is_instructor_of(request.user, found),  # type: ignore[arg-type]  # signed in: a User
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
    chosen = FORMATS[name]
    record(found, request.user, AuditEvent.Kind.EXPORTED, detail=f"{name}{f', {section}' if section else ''}")
    response = HttpResponse(chosen.write(build_table(found, section)), content_type=chosen.content_type)
    response["Content-Disposition"] = f'attachment; filename="{found.slug}-grades-{name}.{chosen.suffix}"'
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
    action = request.POST.get("action", "") if request.method == "POST" else ""
    data = {name: request.POST if action == name else None for name in ("override", "comment", "excuse", "include")}
    form = OverrideForm(data["override"], item=graded)
    comment = CommentForm(data["comment"])
    excuse = ExcuseForm(data["excuse"] or data["include"])
    if request.method == "POST":
        chosen = {"override": form, "comment": comment, "excuse": excuse, "include": excuse}.get(action)
        try:
            if chosen is None or chosen.is_valid():
                _change(request, graded, enrolment.user, action, chosen.cleaned_data if chosen else {})
                messages.success(request, _("Saved."))
                return redirect("gradebook-cell", course=found.slug, item=graded.slug, student=student)
        except actions.GradebookError as error:
            messages.error(request, str(error))
    score = Score.objects.filter(item=graded, student=student).first()
    context = {
        "course": found,
        "nav": "gradebook",
        "item": graded,
        "enrolment": enrolment,
        "score": score,
        "events": score.events.select_related("by") if score else (),
        "form": form,
        "excuse": excuse,
        "comment": comment if comment.is_bound else CommentForm(initial={"comment": score.comment if score else ""}),
        "assignment": getattr(graded, "assignment", None),
    }
    return render(request, "gradebook/cell.html", context, status=400 if request.method == "POST" else 200)


def _change(request: HttpRequest, item: GradeItem, student: User, action: str, values: dict[str, Any]) -> None:
    """Do what the button says. Raises GradebookError."""
    by: Any = request.user
    if action == "override":
        actions.set_override(item, student, values["points"], by, values["reason"])
    elif action == "clear":
        actions.clear_override(item, student, by)
    elif action in ("lock", "unlock"):
        actions.set_locked(item, student, action == "lock", by)
    elif action == "comment":
        actions.set_comment(item, student, values["comment"], by)
    elif action in ("excuse", "include"):
        actions.set_excused(item, student, action == "excuse", by, values["why"])
    else:
        raise Http404
