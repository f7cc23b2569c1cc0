"""Exceptions of a quiz: other dates, more time or more attempts, for a student or a section. For staff."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.actions import saw
from audit.models import AuditEvent
from courses.pages import page, user_of
from quizzes import exceptions
from quizzes.models import Attempt, Override, Quiz
from quizzes.views.override_form import OverrideForm
from quizzes.views.staff import back_to, context_of, number_in, taught_quiz_of
from quizzes.views.words import duration
from quizzes.windows import combine, extra_seconds


@page
@require_http_methods(["GET", "HEAD", "POST"])
def overrides(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    quiz = taught_quiz_of(request, course, slug)
    with timezone.override(quiz.course.zone):  # moments are typed and shown in the course's zone
        if request.method == "POST":
            form = _change(request, quiz)
            if form is None:
                return back_to("quiz-overrides", course, slug)
        else:
            form = OverrideForm(quiz=quiz, instance=_named(quiz, request.GET.get("change")))
        saw(quiz.course, user_of(request), AuditEvent.Kind.WORK_SEEN, detail=f"{quiz.slug}: exceptions")
        context = context_of(quiz, form=form, rows=_rows(quiz))
        return render(request, "quizzes/staff/overrides.html", context, status=400 if form.errors else 200)


def _named(quiz: Quiz, text: str | None) -> Override | None:
    return get_object_or_404(Override, quiz=quiz, pk=number_in(text) or 0) if text else None


def _change(request: HttpRequest, quiz: Quiz) -> OverrideForm | None:
    """Do what the button says; the form when it has to be filled in again."""
    by, found = user_of(request), _named(quiz, request.POST.get("override"))
    action = request.POST.get("action")
    if action == "remove" and found is not None:
        exceptions.remove(found, by)
        messages.success(request, _("The exception was removed."))
        return None
    if action != "save":
        raise Http404
    form = OverrideForm(request.POST, quiz=quiz, instance=found)
    if not form.is_valid():
        return form
    exceptions.save(form.override(), by)
    messages.success(request, _("Saved. It holds for attempts that are started from now on."))
    return None


def _rows(quiz: Quiz) -> list[dict[str, Any]]:
    found = list(quiz.overrides.select_related("student", "section"))
    writing = set(Attempt.objects.filter(quiz=quiz, state__in=Attempt.LIVE).values_list("student_id", flat=True))
    found.sort(key=lambda override: (override.section_id is None, str(override.section or override.student).casefold()))
    return [_row(quiz, override, override.student_id in writing) for override in found]


def _row(quiz: Quiz, override: Override, writing: bool) -> dict[str, Any]:
    more = extra_seconds(quiz.seconds, override) if quiz.seconds else 0
    window = combine(quiz, [override])
    return {
        "override": override,
        "who": override.section or override.student,
        "extra": duration(more) if more else "",
        "limit": duration(window.seconds) if more and window.seconds else "",
        "writing": writing,
    }
