"""Pages of whole columns: marks entered by hand, locks, weights and categories."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courses.access import taught_course_of
from courses.models import Course, Enrolment
from gradebook import actions
from gradebook.forms import CategoryFormSet, ColumnForm, WeightFormSet
from gradebook.models import Category, GradeItem, Score
from gradebook.table import by_name


@dataclass
class Entry:
    """One student's line of a column."""

    enrolment: Enrolment
    score: Score | None
    typed: str  # what stands in the field
    error: str = ""

    @property
    def field(self) -> str:
        return f"points-{self.enrolment.user_id}"

    @property
    def was(self) -> str:
        """What the page was made with: a colleague's change in between is not overwritten."""
        return _plain(self.score)


def _plain(score: Score | None) -> str:
    return "" if score is None or score.derived is None else str(score.derived)


def read_points(text: str) -> Decimal | None:
    """A number with a point or a comma; None when the field is empty. Raises GradebookError."""
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise actions.GradebookError(_("A number is needed, such as 12.5.")) from None
    if not value.is_finite():
        raise actions.GradebookError(_("A number is needed, such as 12.5."))
    return value


def _entries(course: Course, item: GradeItem) -> list[Entry]:
    enrolments = Enrolment.objects.students().filter(course=course).select_related("user", "section")
    scores = {score.student_id: score for score in Score.objects.filter(item=item)}
    entries = []
    for enrolment in sorted(enrolments, key=by_name):
        score = scores.get(enrolment.user_id)
        shown = "" if score is None or score.derived is None else number_format(score.derived.normalize())
        entries.append(Entry(enrolment, score, shown))
    return entries


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def column(request: HttpRequest, course: str, item: str) -> HttpResponse:
    """One column: who has what, marks by hand where nothing else fills it, and its lock."""
    found = taught_course_of(request, course)
    items = GradeItem.objects.select_related("assignment", "quiz", "category")
    graded = get_object_or_404(items, course=found, slug=item)
    entries = _entries(found, graded)
    if request.method == "POST":
        if (action := request.POST.get("action")) in ("lock", "unlock"):
            by: Any = request.user
            count = actions.lock_column(graded, action == "lock", by)
            told = ngettext("%(count)d cell changed.", "%(count)d cells changed.", count) % {"count": count}
            messages.success(request, told)
            return redirect("gradebook-column", course=found.slug, item=graded.slug)
        if _save_entries(request, graded, entries):
            messages.success(request, _("Saved."))
            return redirect("gradebook-column", course=found.slug, item=graded.slug)
    context = {
        "course": found,
        "nav": "gradebook",
        "item": graded,
        "entries": entries,
        "wrong": sum(bool(entry.error) for entry in entries),
        "locked": bool(entries) and all(entry.score is not None and entry.score.locked for entry in entries),
    }
    return render(request, "gradebook/column.html", context, status=400 if context["wrong"] else 200)


def _save_entries(request: HttpRequest, item: GradeItem, entries: list[Entry]) -> bool:
    """Save every field that was changed; fields with an error keep what was typed. True when all is saved."""
    by: Any = request.user
    for entry in entries:
        typed = request.POST.get(entry.field)
        if typed is None:
            continue
        before = request.POST.get(f"was-{entry.enrolment.user_id}", "")
        try:
            points = read_points(typed)
            if points == (Decimal(before) if before else None):
                continue  # not touched on this page
            if entry.was != before:
                raise actions.GradebookError(
                    _("Somebody else has entered %(points)s meanwhile.") % {"points": entry.was or "–"}
                )
            entry.score = actions.enter(item, entry.enrolment.user, points, by)
            entry.typed = typed
        except (actions.GradebookError, InvalidOperation) as error:
            entry.typed, entry.error = typed, str(error)
    return not any(entry.error for entry in entries)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def weights(request: HttpRequest, course: str) -> HttpResponse:
    """Categories, what each column weighs, and new columns for marks given by hand."""
    found = taught_course_of(request, course)
    categories = Category.objects.filter(course=found)
    items = GradeItem.objects.filter(course=found).select_related("assignment", "quiz")
    action = request.POST.get("action") if request.method == "POST" else None
    data = {name: request.POST if action == name else None for name in ("categories", "weights", "column")}
    forms: dict[str, Any] = {
        "categories": CategoryFormSet(data["categories"], queryset=categories, prefix="category"),
        "weights": WeightFormSet(
            data["weights"], queryset=items, prefix="item", form_kwargs={"categories": categories}
        ),
        "column": ColumnForm(data["column"], course=found, initial={"weight": 10, "max_points": 20}),
    }
    if action in forms and forms[action].is_valid():
        _save(found, action, forms[action])
        messages.success(request, _("Saved."))
        return redirect("gradebook-weights", course=found.slug)
    if action == "delete":
        item = get_object_or_404(items, slug=request.POST.get("item", ""))
        if not item.manual or item.scores.exists():
            messages.error(request, _("Only an empty column that is filled in by hand can be deleted."))
        else:
            item.delete()
            messages.success(request, _("Deleted."))
        return redirect("gradebook-weights", course=found.slug)
    context = {"course": found, "nav": "gradebook", "forms": forms, "has_items": items.exists()}
    return render(request, "gradebook/weights.html", context, status=400 if action else 200)


@transaction.atomic
def _save(course: Course, action: str, form: Any) -> None:
    if action == "categories":
        for category in form.save(commit=False):
            category.course = course
            category.save()
        for category in form.deleted_objects:
            category.delete()
        return
    form.save()
