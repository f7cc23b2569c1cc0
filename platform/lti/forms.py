"""Forms of the instructor: what a connected course of the LMS gives."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from lti.models import Context


class PartsForm(forms.Form):
    """Whom the connection lets in."""

    students = forms.BooleanField(
        label=_("Students of the LMS’s course enter as students"),
        required=False,
        initial=True,
        help_text=_("Off: only those who are enrolled here already."),
    )
    staff_role = forms.ChoiceField(
        label=_("Teachers of the LMS’s course"),
        required=False,
        choices=Context.StaffRole.choices,
        help_text=_("Who has a part here already keeps it."),
    )


class ConnectForm(PartsForm):
    course = forms.ChoiceField(label=_("Course of Rendu"))
    field_order = ("course", "students", "staff_role")

    def __init__(self, *args: Any, courses: list[Course], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._courses = {course.slug: course for course in courses}
        field: Any = self.fields["course"]
        field.choices = [(course.slug, course.title) for course in courses]

    @property
    def chosen_course(self) -> Course:
        return self._courses[self.cleaned_data["course"]]
