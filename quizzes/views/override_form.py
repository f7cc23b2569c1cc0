"""The form of an exception."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.models import Enrolment
from gradebook.forms import PointsField
from gradebook.table import by_name
from quizzes.models import Override, Quiz
from quizzes.windows import third_of

MOMENT = "%Y-%m-%dT%H:%M"
MOST_MINUTES = 7 * 24 * 60


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(format=MOMENT, attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, required=False, widget=widget)


class OverrideForm(forms.Form):
    """For a new exception, or with `instance` for one that is there, which stays its student's or section's."""

    whom = forms.ChoiceField(
        label=_("For whom"),
        error_messages={"invalid_choice": _("Choose a student or a section without an exception.")},
    )
    extra = forms.ChoiceField(
        label=_("Extra time"),
        choices=(
            ("none", _("none")),
            ("third", _("one third more")),
            ("minutes", _("in minutes")),
            ("percent", _("in percent")),
        ),
    )
    amount = PointsField(
        label=_("How much"),
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(MOST_MINUTES),
        max_digits=8,
        decimal_places=2,
        help_text=_("Minutes or percent; empty for none and for one third."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    opens_at = _moment(_("Opens"))
    closes_at = _moment(_("Last moment to start"))
    attempts = forms.IntegerField(label=_("Attempts"), required=False, min_value=1, max_value=1000)
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, data: Any = None, *, quiz: Quiz, instance: Override | None) -> None:
        self.quiz, self.instance = quiz, instance
        super().__init__(data, initial=_initial(quiz, instance) if instance else {"extra": "none"})
        if instance is not None:
            del self.fields["whom"]
            return
        field: Any = self.fields["whom"]
        field.choices = _people(quiz)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        opens, closes = data.get("opens_at"), data.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", gettext("The closing must come after the opening."))
        self._check_time(data.get("extra", ""), data.get("amount"))
        given = [opens, closes, data.get("attempts"), data.get("extra") not in (None, "none")]
        if not self.errors and not any(given):
            self.add_error(None, gettext("Nothing is excepted: give more time, other dates or a number of attempts."))
        return data

    def _check_time(self, extra: str, amount: Decimal | None) -> None:
        if extra in ("minutes", "percent") and amount is None and "amount" not in self.errors:
            self.add_error("amount", gettext("How much?"))
        if extra == "percent" and amount is not None and amount != int(amount):
            self.add_error("amount", gettext("A whole number of percent."))
        if extra not in ("", "none") and self.quiz.seconds is None:
            self.add_error("extra", gettext("The quiz has no time limit."))

    def override(self) -> Override:
        """The exception as the valid form says, not saved."""
        data = self.cleaned_data
        found = self.instance or Override(quiz=self.quiz, **_about(data["whom"]))
        extra, amount = data["extra"], data["amount"]
        found.extra_percent = int(amount) if extra == "percent" else None
        found.extra_seconds = None
        if extra == "minutes":
            found.extra_seconds = round(60 * amount)
        elif extra == "third":
            found.extra_seconds = third_of(self.quiz.seconds or 0)
        found.opens_at, found.closes_at = data["opens_at"], data["closes_at"]
        found.attempts, found.reason = data["attempts"], data["reason"]
        return found


def _about(whom: str) -> dict[str, int]:
    """The field of one of the form's choices, such as student:3 or section:3."""
    kind, _colon, pk = whom.partition(":")
    return {f"{kind}_id": int(pk)}


def _people(quiz: Quiz) -> list[Any]:
    """Sections, then students by name, who have no exception yet."""
    taken = set(quiz.overrides.values_list("student", "section"))
    students, sections = {student for student, _none in taken}, {section for _none, section in taken}
    enrolments = Enrolment.objects.students().filter(course=quiz.course_id).select_related("user")
    people = [
        (f"student:{e.user_id}", f"{e.user} · {e.user.email}")
        for e in sorted(enrolments, key=by_name)
        if e.user_id not in students
    ]
    groups = [(f"section:{s.pk}", s.name) for s in quiz.course.sections.all() if s.pk not in sections]
    found: list[Any] = [("", gettext("– choose –"))]
    if groups:
        found.append((gettext("Sections"), groups))
    return [*found, (gettext("Students"), people)]


def _initial(quiz: Quiz, override: Override) -> dict[str, Any]:
    extra, amount = "none", ""
    if override.extra_percent is not None:
        extra, amount = "percent", str(override.extra_percent)
    elif override.extra_seconds is not None:
        if quiz.seconds and override.extra_seconds == third_of(quiz.seconds):
            extra = "third"
        else:
            extra, amount = "minutes", f"{override.extra_seconds / 60:.2f}".rstrip("0").rstrip(".")
    return {
        "extra": extra,
        "amount": amount,
        "opens_at": _local(override.opens_at),
        "closes_at": _local(override.closes_at),
        "attempts": override.attempts,
        "reason": override.reason,
    }


def _local(moment: datetime | None) -> datetime | None:
    return timezone.localtime(moment) if moment else None
