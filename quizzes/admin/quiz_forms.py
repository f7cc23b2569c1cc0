"""Forms of a quiz: its column's points, review options as boxes, keys one a line, slots in an order of places."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import transaction
from django.db.models import F
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gradebook.actions import last_position
from quizzes import items
from quizzes.admin.forms import clean_pool
from quizzes.building import in_pool
from quizzes.models import Override, Question, Quiz, Slot

REVIEW_WORDS = {
    "attempt": _("the questions and their own responses"),
    "right": _("which responses are right"),
    "marks": _("points"),
    "feedback": _("feedback on their responses"),
    "general_feedback": _("feedback on the question"),
    "answer": _("the right answers"),
}
KEY_LINES = forms.Textarea(attrs={"rows": 3})
KEY = re.compile(r"[0-9a-f]{64}")
FAR = 1_000_000  # beyond every place: slots step aside here while they change places


def _boxes(label: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        choices=[(word, REVIEW_WORDS[word]) for word in Quiz.REVIEW],
        widget=forms.CheckboxSelectMultiple,
    )


def _named(fields: dict[str, forms.Field]) -> None:
    """A table's cells have no labels of their own: a reader of the page alone hears what a box is for."""
    for field in fields.values():
        widget: Any = getattr(field.widget, "widget", field.widget)  # inside the admin's wrapper of a foreign key
        widget.attrs["aria-label"] = str(field.label or "")


class QuizForm(forms.ModelForm[Quiz]):
    points = forms.DecimalField(
        label=_("Points"),
        max_digits=8,
        decimal_places=2,
        initial=Decimal(20),
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("Of the gradebook's column; the score is scaled to it."),
    )
    weight = forms.DecimalField(
        label=_("Weight"), max_digits=8, decimal_places=3, initial=Decimal(10), min_value=Decimal(0)
    )
    review_during = _boxes(_("During the attempt"))
    review_after = _boxes(_("After it, until the quiz closes"))
    review_closed = _boxes(_("Once the quiz has closed"))
    config_keys = forms.CharField(
        label=_("Configuration keys"),
        required=False,
        widget=KEY_LINES,
        help_text=_("One a line."),
    )
    browser_keys = forms.CharField(
        label=_("Browser exam keys"),
        required=False,
        widget=KEY_LINES,
        help_text=_("One a line."),
    )

    class Meta:
        model = Quiz
        exclude = ("item", "review", "seb_config_keys", "seb_browser_keys")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quiz = self.instance
        review = quiz.review if quiz.pk else {"after": ["attempt", "marks"], "closed": list(Quiz.REVIEW)}
        for phase in Quiz.PHASES:
            self.initial.setdefault(f"review_{phase}", review.get(phase, []))
        self.initial.setdefault("config_keys", "\n".join(quiz.seb_config_keys))
        self.initial.setdefault("browser_keys", "\n".join(quiz.seb_browser_keys))
        if quiz.pk:
            self.initial.update(points=quiz.item.max_points, weight=quiz.item.weight)
        self.fields["position"].required = False
        self.fields["position"].help_text = _("Of the list and of the gradebook's columns. Empty: the last.")
        if not quiz.pk:
            self.initial["position"] = None
        # The admin's date and time are two boxes, to neither of which the label belongs.
        _named({name: field for name, field in self.fields.items() if name in ("opens_at", "closes_at")})
        if "seconds" in self.fields:
            self.fields["seconds"].help_text = _("3600 is one hour; empty: no limit.")

    def clean_config_keys(self) -> list[str]:
        return _keys(self.cleaned_data["config_keys"])

    def clean_browser_keys(self) -> list[str]:
        return _keys(self.cleaned_data["browser_keys"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        opens, closes = data.get("opens_at"), data.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", _("The closing must come after the opening."))
        quiz = self.instance
        if data.get("position") is None and (course := data.get("course") or (quiz.course if quiz.pk else None)):
            data["position"] = last_position(course)
        quiz.review = {phase: data[f"review_{phase}"] for phase in Quiz.PHASES if data.get(f"review_{phase}")}
        quiz.seb_config_keys = data.get("config_keys") or []
        quiz.seb_browser_keys = data.get("browser_keys") or []
        if not quiz.pk and data.get("course") and data.get("slug"):
            self._check_free(data)
        return data

    def _check_free(self, data: dict[str, Any]) -> None:
        if Quiz.objects.filter(course=data["course"], slug=data["slug"]).exists():
            return  # the model's own rule says it
        try:
            items.free_item(Quiz(course=data["course"], slug=data["slug"]))
        except ValidationError as error:
            self.add_error(None, error)


def _keys(text: str) -> list[str]:
    keys = [line.strip().lower() for line in text.splitlines() if line.strip()]
    if not all(KEY.fullmatch(key) for key in keys):
        raise ValidationError(gettext("A key has 64 hexadecimal digits: copy it from Safe Exam Browser's settings."))
    return keys


# ---- Slots -------------------------------------------------------------------------------------------------------


class QuestionChoice(forms.ModelChoiceField[Question]):
    def label_from_instance(self, obj: Any) -> str:
        name = obj.current.content.get("name", "") if obj.current else ""
        return " · ".join(filter(None, (obj.pool, obj.slug, name if name != obj.slug else "")))[:120]


class SlotForm(forms.ModelForm[Slot]):
    """A question or a pool; `place` orders the slots and may be anything that sorts."""

    place = forms.DecimalField(label=_("Place"), required=False, widget=forms.NumberInput(attrs={"step": "any"}))

    class Meta:
        model = Slot
        fields = ("question", "pool", "count", "points")
        field_classes: ClassVar[dict[str, type[forms.Field]]] = {"question": QuestionChoice}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["place"] = self.instance.position + 1
        _named(self.fields)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        question, pool = data.get("question"), clean_pool(data.get("pool", ""))
        data["pool"] = pool
        if bool(question) == bool(pool):
            self.add_error("question", _("Choose a question, or write the name of a pool: one of the two."))
        elif pool:
            self._check_pool(pool, data.get("count") or 1)
        return data

    def _check_pool(self, pool: str, count: int) -> None:
        there = Question.objects.filter(
            in_pool(pool), course=self.instance.quiz.course_id, archived=False, current__isnull=False
        ).count()
        if there < count:
            told = gettext("The pool holds %(there)d questions; %(count)d are to be drawn.")
            self.add_error("pool", told % {"there": there, "count": count})


class NamedFormSet(BaseInlineFormSet[Any, Quiz, Any]):
    """Rows whose box for deletion has a name too."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        _named({name: field for name, field in form.fields.items() if name == "DELETE"})


class SlotFormSet(NamedFormSet):
    """Saves slots in the order of their places. A slot keeps its row: attempts name it."""

    def _construct_form(self, i: int, **kwargs: Any) -> SlotForm:
        form: SlotForm = super()._construct_form(i, **kwargs)  # type: ignore[misc]  # left out by the stubs
        form.instance.quiz = self.instance  # its course is asked for while the form is checked
        return form

    @transaction.atomic
    def save(self, commit: bool = True) -> list[Slot]:
        changed = super().save(commit=False)
        for slot in self.deleted_objects:
            slot.delete()
        kept = [form for form in self.forms if self._stays(form)]
        # Without a place: at the end.
        kept.sort(key=lambda form: FAR if form.cleaned_data.get("place") is None else form.cleaned_data["place"])
        Slot.objects.filter(quiz=self.instance).update(position=F("position") + FAR)
        slots = [form.instance for form in kept]
        # Somebody else's, added since the page was opened.
        slots += Slot.objects.filter(quiz=self.instance).exclude(pk__in=[slot.pk for slot in slots if slot.pk])
        for position, slot in enumerate(slots):
            slot.position = position
            slot.save()
        return changed

    def _stays(self, form: SlotForm) -> bool:
        if form in self.deleted_forms:
            return False
        return bool(form.instance.pk) or form.has_changed()


# ---- Exceptions --------------------------------------------------------------------------------------------------


class OverrideForm(forms.ModelForm[Override]):
    class Meta:
        model = Override
        fields = (
            "student",
            "section",
            "opens_at",
            "closes_at",
            "extra_percent",
            "extra_seconds",
            "attempts",
            "reason",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _named(self.fields)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if bool(data.get("student")) == bool(data.get("section")):
            self.add_error("student", _("Choose a student or a section: one of the two."))
        opens, closes = data.get("opens_at"), data.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", _("The closing must come after the opening."))
        return data
