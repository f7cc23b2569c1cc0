"""Beside the form of a question: the marks of pictures, and the preview as a student."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override

from courses.models import Course
from quizzes.admin.editor.shown import LANGUAGE_NAMES
from quizzes.admin.question_form import QuestionForm
from quizzes.building import order_of
from quizzes.questions import Question
from quizzes.results import sample_view
from quizzes.templatetags.pictures import staff_place
from quizzes.views.questions import on_page


@dataclass(frozen=True)
class Mark:
    """A picture that can be put into a text."""

    url: str
    mark: str  # as it stands in Markdown


def mark_of(course: Course | None, name: str, words: str) -> Mark:
    """`words` say what it shows; the brackets around them are Markdown's."""
    safe = " ".join(words.replace("[", "(").replace("]", ")").split())
    return Mark(staff_place(course) + name if course else "", f"![{safe}](picture:{name})")


def preview(request: HttpRequest, form: QuestionForm) -> HttpResponse:
    """What stands in the form as a student meets it, in each of its languages; or what is to be mended first."""
    question: Question | None = getattr(form, "parsed", None)
    context: dict[str, Any] = {"count": 1, "mode": "one", "name": "", "faults": _faults(form)}
    if question is not None:
        course = form.course()
        place = staff_place(course) if course else ""
        languages = [name for name in LANGUAGE_NAMES if question.text.get(name, "").strip()]
        context["name"] = question.name
        context["previews"] = [_in(question, place, language) for language in languages]
    return render(request, "admin/quizzes/question/preview.html", context)


def _in(question: Question, place: str, language: str) -> dict[str, Any]:
    """One page's question; its names differ by language, for both stand on one page."""
    order = order_of(question, shuffle=False)
    with override(language):
        view = sample_view(question, order, place) | {"key": f"q-{language}"}
        return {"language": language, "name": LANGUAGE_NAMES[language], "q": on_page(view) | {"shown": True}}


def _faults(form: QuestionForm) -> list[str]:
    """Everything that the form would say beside its fields."""
    if form.mode != "form":
        return form.json_errors
    return [told for tolds in form.result.errors.values() for told in tolds]
