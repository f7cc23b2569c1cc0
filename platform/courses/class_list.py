"""The class list as a CSV file: every line is shown with what it would do before anything is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from courses import roster
from courses.access import taught_course_of
from courses.pages import page, user_of
from courses.rehearsal import rehearse, role_name
from courses.signals import part_changed
from courses.staff import is_instructor_of

MOST_SHOWN = 500  # lines in the preview; all are imported
MOST_PROBLEMS = 50
LABELS = {
    "new": gettext_lazy("new person"),
    "enrolled": gettext_lazy("is enrolled"),
    "back": gettext_lazy("comes back"),
    "changed": gettext_lazy("changes"),
    "same": gettext_lazy("as it is"),
}


class RosterForm(forms.Form):
    """A file, or its text. After `is_valid`, `people` holds the roster; else `problems` says line by line why not."""

    upload = forms.FileField(label=gettext_lazy("CSV file"), required=False)
    text = forms.CharField(
        label=gettext_lazy("or its text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "code"}),
    )
    people: roster.Roster
    problems: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        upload = data.get("upload")
        if upload is not None and upload.size > roster.MAX_BYTES:
            raise ValidationError(_("The file is larger than %(size)d MB.") % {"size": roster.MAX_BYTES >> 20})
        content = upload.read() if upload is not None else data.get("text", "").encode()
        if not content.strip():
            raise ValidationError(_("Choose a file, or paste its text."))
        try:
            self.people = roster.read(content)
        except roster.RosterError as error:
            self.problems = tuple(error.problems)
            raise ValidationError(_("Nothing was imported: the file has to be changed first.")) from None
        # What was read, for the second step: the file itself is not sent again.
        data["text"] = content.decode("utf-8-sig")
        return data


@page
@require_http_methods(["GET", "HEAD", "POST"])
def class_list(request: HttpRequest, course: str) -> HttpResponse:
    """For instructors: a file may appoint staff. First a preview, then the import."""
    found, user = taught_course_of(request, course), user_of(request)
    if not is_instructor_of(user, found):
        raise Http404
    form = RosterForm(request.POST, request.FILES) if request.method == "POST" else RosterForm()
    context: dict[str, Any] = {"course": found, "nav": "gradebook", "form": form, "columns": roster.COLUMNS}
    valid = form.is_valid()
    if valid and request.POST.get("action") == "import":
        summary = roster.enrol(found, form.people)
        told = _("%(enrolled)d enrolled, %(back)d back, %(changed)d changed, %(same)d as they were.")
        numbers = {"enrolled": summary.enrolled, "back": summary.reactivated, "changed": summary.changed}
        messages.success(request, told % (numbers | {"same": summary.unchanged}))
        detail = f"CSV: {summary.enrolled} + {summary.reactivated} + {summary.changed}"
        part_changed.send(type(found), course=found, by=user, person=None, detail=detail)
        return redirect("gradebook", course=found.slug)
    if valid:
        context |= _preview_context(found, form)
    context["problems"], context["more"] = form.problems[:MOST_PROBLEMS], max(0, len(form.problems) - MOST_PROBLEMS)
    return render(request, "courses/class_list.html", context, status=400 if form.errors else 200)


def _preview_context(course: Any, form: RosterForm) -> dict[str, Any]:
    rehearsal = rehearse(course, form.people)
    # What changes stands first: nobody reads four hundred lines to find the one that does.
    order = list(LABELS)
    steps = sorted(rehearsal.steps, key=lambda step: (order.index(step.kind), step.line))
    return {
        "rows": [
            {"step": step, "label": LABELS[step.kind], "role": role_name(step.after.role)}
            for step in steps[:MOST_SHOWN]
        ],
        "total": len(steps),
        "counts": [(LABELS[kind], sum(step.kind == kind for step in steps)) for kind in LABELS],
        "notes": rehearsal.summary.notes,
        "missing": rehearsal.missing,
        "ignored": form.people.ignored,
        "text": form.cleaned_data["text"],
    }
