"""Forms of the question bank: a file to import, a choice to export."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from quizzes.formats import FORMATS
from quizzes.formats.common import MAX_BYTES, MAX_POOL

LANGUAGE_CHOICES = [("en", "English"), ("fr", "français")]


def clean_pool(pool: str) -> str:
    """A pool's path without empty levels: " a //b/" is "a/b"."""
    return "/".join(part.strip() for part in pool.split("/") if part.strip())


class CourseForm(forms.Form):
    """Of one of the courses that the person teaches."""

    course = forms.ModelChoiceField(Course.objects.none(), label=_("course"))

    def __init__(self, courses: Iterable[int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["course"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Course.objects.filter(pk__in=set(courses))
        if field.queryset.count() == 1:
            field.initial = field.queryset.get()


class ImportForm(CourseForm):
    """A file, or its text."""

    file = forms.FileField(label=_("File"), required=False)
    text = forms.CharField(
        label=_("or its text"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 12, "class": "code"})
    )
    kind = forms.ChoiceField(
        label=_("Format"),
        required=False,
        choices=[("", _("guess it")), *((key, kind.name) for key, kind in FORMATS.items())],
    )
    language = forms.ChoiceField(
        label=_("Language of its texts"),
        choices=LANGUAGE_CHOICES,
        help_text=_("Of formats that do not say it themselves."),
    )
    pool = forms.CharField(
        label=_("Pool"),
        required=False,
        max_length=MAX_POOL // 2,
        help_text=_("Categories of the file become pools below it."),
    )

    def clean_pool(self) -> str:
        return clean_pool(self.cleaned_data["pool"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        file, text = data.get("file"), data.get("text", "")
        if bool(file) == bool(text.strip()):
            raise ValidationError(gettext("Choose a file or paste its text: one of the two."))
        if file and file.size > MAX_BYTES:
            self.add_error(
                "file", gettext("The file is larger than %(most)d MiB: split it.") % {"most": MAX_BYTES >> 20}
            )
        return data


class ExportForm(CourseForm):
    """Which questions, in which format."""

    pool = forms.CharField(
        label=_("Pool"), required=False, help_text=_("With the pools below it; empty: all questions of the course.")
    )
    kind = forms.ChoiceField(
        label=_("Format"), choices=[(key, kind.name) for key, kind in FORMATS.items() if kind.write is not None]
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[*LANGUAGE_CHOICES, ("both", _("both (Moodle XML and JSON)"))], initial="en"
    )
    archived = forms.BooleanField(label=_("archived questions too"), required=False)

    def clean_pool(self) -> str:
        return clean_pool(self.cleaned_data["pool"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("language") == "both" and data.get("kind") not in ("moodle-xml", "json"):
            self.add_error("language", gettext("This format holds one language: choose which."))
        return data
