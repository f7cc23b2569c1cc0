"""The page on which an instructor copies a course to the next year."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.coursecopy import MOST_DAYS, CannotCopy, copy_course
from courses.access import taught_course_of
from courses.models import Course
from courses.pages import page, user_of
from courses.staff import is_instructor_of

WEEKS_52 = 364  # days: the same day of the week a year later


class CopyForm(forms.ModelForm[Course]):
    """Names of the copy, and how far its dates move."""

    shift_days = forms.IntegerField(
        label=gettext_lazy("Dates move by so many days"),
        min_value=-MOST_DAYS,
        max_value=MOST_DAYS,
        initial=WEEKS_52,
        help_text=gettext_lazy("364 keeps the day of the week. The time on the clock stays the same."),
    )

    class Meta:
        model = Course
        fields = ("slug", "title_en", "title_fr")


@page
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: HttpRequest, course: str) -> HttpResponse:
    """For instructors: the one who copies is the copy's first instructor."""
    old, user = taught_course_of(request, course), user_of(request)
    if not is_instructor_of(user, old):
        raise Http404
    initial = {"title_en": old.title_en, "title_fr": old.title_fr}
    form = CopyForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = copy_course(old, by=user, **{name: data[name] for name in form.fields})
        except CannotCopy as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The course is copied. Students see nothing of it yet."))
            return redirect("course", course=made.slug)
    context: dict[str, Any] = {"course": old, "form": form, "first": first_date(old)}
    return render(request, "courses/copy.html", context)


def first_date(course: Course) -> datetime | None:
    """The earliest date of an assignment or a quiz, to count the days from; None without any."""
    dates = [
        *course.assignments.values_list("opens_at", "due_at"),
        *course.quizzes.values_list("opens_at", "closes_at"),
    ]
    return min((moment for pair in dates for moment in pair if moment is not None), default=None)
