"""The form of one question: its place in the bank, and its content, part by part or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from quizzes.admin.display import pretty
from quizzes.admin.editor import Draft, Result, Shown, read, shown
from quizzes.admin.forms import clean_pool
from quizzes.admin.templates import template
from quizzes.models import Picture, Question
from quizzes.pictures import BadPicture, PictureFile, keep, labels_in, missing, read_picture
from quizzes.pictures.files import MAX_BYTES
from quizzes.questions import BadQuestion, dump, parse
from quizzes.questions import Question as Content

if TYPE_CHECKING:
    from django.http import QueryDict

SHELF = 12  # pictures of the course to choose from, newest first


class QuestionForm(forms.ModelForm[Question]):
    """`_do` names a button that changes the form and saves nothing: more rows, the other way to edit, a picture.

    What was typed stays, whether it can be read or not. Without `q.mode` the content is JSON.
    """

    content = forms.CharField(label=_("Content"), required=False, strip=False)
    picture = forms.FileField(label=_("Picture"), required=False)
    parsed: Content

    class Meta:
        model = Question
        fields = ("course", "slug", "pool", "archived")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = self.instance.current if self.instance.pk else None
        self.before = parse(current.content) if current else None
        self.mode = self.data.get("q.mode", "json") if self.is_bound else "form"
        self.action = self.data.get("_do", "") if self.is_bound else ""
        self.draft = Draft.of(self.before or parse(template(self.initial.get("type", "single"))))
        if self.before is None and not self.is_bound:
            self.draft.fields["name"] = ""
        self.json_text = self.data.get("content", "") if self.is_bound else ""
        self.result = Result()
        self.json_errors: list[str] = []
        self.picture_errors: list[str] = []
        self.added: PictureFile | None = None

    # ---- Reading ----

    def full_clean(self) -> None:
        super().full_clean()
        if self.action:  # a half-filled form is no fault yet
            self._errors = ErrorDict()

    def is_valid(self) -> bool:
        return super().is_valid() and not self.action

    def clean_pool(self) -> str:
        return clean_pool(self.cleaned_data["pool"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        course = self.course()
        self._take_picture(course)
        sent = Draft.sent(cast("QueryDict", self.data)) if self.mode == "form" else None
        if sent is not None:
            self.draft = sent
            self._change_draft()
        question = self._read()
        if question is not None and course is not None and not self.action:
            question = self._with_pictures(question, course)
        if question is None:
            self.add_error(None, ValidationError(gettext("The question cannot be saved like this."), "question"))
        else:
            self.parsed = question
            self._change_mode(question)
        return data

    def course(self) -> Course | None:
        """The question's, or the one that is chosen for it."""
        return self.instance.course if self.instance.pk else self.cleaned_data.get("course")

    def _read(self) -> Content | None:
        if self.mode == "form":
            self.result = read(self.draft, self.before, self._taken())
            return self.result.question
        try:
            return parse(json.loads(self.json_text))
        except json.JSONDecodeError as error:
            told = gettext("This is no JSON: %(fault)s in line %(line)d, column %(column)d.")
            self.json_errors = [told % {"fault": error.msg, "line": error.lineno, "column": error.colno}]
        except BadQuestion as error:
            self.json_errors = [str(error)]
        except RecursionError:
            self.json_errors = [gettext("The JSON is nested too deeply.")]
        return None

    def _taken(self) -> set[str]:
        """Names that parts of this question have had: answers to them are stored under these."""
        if not self.instance.pk:
            return set()
        versions = self.instance.versions.values_list("content", flat=True)
        return {str(part.get("id")) for content in versions for part in _parts_of(content)}

    def _with_pictures(self, question: Content, course: Course) -> Content | None:
        """The question, when the course has every picture that it names."""
        unknown = [label for label in labels_in(question) if missing(course, [label])]
        if not unknown:
            return question
        told = gettext("The course has no picture “%(label)s”: add it, and put its mark in the text.")
        self._fail(told % {"label": unknown[0][:80]})
        return None

    def _fail(self, told: str) -> None:
        if self.mode == "form":
            self.result.fail("", told)
        else:
            self.json_errors.append(told)

    # ---- Buttons that save nothing ----

    def _change_draft(self) -> None:
        if self.action.startswith("more."):
            name = self.action.removeprefix("more.")
            if name in self.draft.rows:
                self.draft.add_rows(name)
        elif self.action == "type" and (kind := self.data.get("q.retype")) in ("single", "multiple"):
            self.draft = self.draft.retyped(kind)

    def _change_mode(self, question: Content) -> None:
        """To the other way of editing, with what stands in the form now."""
        if self.action == "json":
            self.mode, self.json_text = "json", pretty(dump(question))
        elif self.action == "form":
            self.mode, self.draft = "form", Draft.of(question)

    def _take_picture(self, course: Course | None) -> None:
        sent = self.files.get("picture")
        if not sent:
            if self.action == "picture":
                self.picture_errors = [gettext("Choose a file first.")]
            return
        try:
            self.added = take_picture(course, sent)
        except BadPicture as fault:
            self.picture_errors = [str(fault)]
            self.add_error(None, ValidationError(str(fault), "picture"))

    # ---- Showing ----

    @property
    def editor(self) -> Shown:
        # Another button than "save" is no time to complain, but for what it could not do.
        errors = {} if self.action and self.action != "json" else self.result.errors
        return shown(self.draft, errors)

    def shelf(self, course: Course | None) -> list[Picture]:
        """The newest pictures of the course."""
        return (
            [] if course is None else list(Picture.objects.filter(course=course).defer("data").order_by("-pk")[:SHELF])
        )


def _parts_of(content: Any) -> list[Any]:
    lists = [content.get(name, []) for name in ("options", "pairs", "distractors", "items")]
    return [part for found in lists for part in found]


def take_picture(course: Course | None, file: Any) -> PictureFile:
    """Keep a file that was sent as a picture of the course. Raises BadPicture."""
    if course is None:
        raise BadPicture(gettext("Choose the course first."))
    # The size before the content: a larger one lies on the disk and is not read.
    if file.size > MAX_BYTES:
        raise BadPicture(gettext("The picture is larger than %(most)d MiB.") % {"most": MAX_BYTES >> 20})
    picture = read_picture(file.read())
    keep(course, [picture])
    return picture
