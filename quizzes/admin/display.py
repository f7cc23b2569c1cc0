"""Questions as their authors see them: every text in both languages, with what each part is worth."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from quizzes.models import QuestionVersion
from quizzes.pictures.texts import found_in
from quizzes.questions import LANGUAGES, Question, Texts
from quizzes.templatetags.pictures import staff_place

TYPES = {
    "single": _("one right option"),
    "multiple": _("several right options"),
    "true_false": _("true or false"),
    "numerical": _("a number"),
    "short": _("a short text"),
    "matching": _("matching"),
    "ordering": _("ordering"),
}


@dataclass(frozen=True)
class Part:
    mark: str  # what it is worth, or its place
    right: bool
    text: str  # Markdown
    other: str = ""  # the right side of a pair, Markdown
    feedback: str = ""  # Markdown


@dataclass(frozen=True)
class Reading:
    """The question in one language."""

    language: str
    text: str
    parts: tuple[Part, ...]
    feedback: str


@dataclass(frozen=True)
class Shown:
    question: Question
    kind: Any
    readings: tuple[Reading, ...]
    facts: tuple[str, ...]


def show(question: Question, course: Course) -> Shown:
    """The question with its pictures where the course's staff finds them."""
    question = found_in(question, staff_place(course))
    readings = tuple(
        Reading(language, text, tuple(_parts(question, language)), question.feedback.get(language, ""))
        for language in LANGUAGES
        if (text := question.text.get(language))
    )
    return Shown(question, TYPES[question.type], readings, tuple(_facts(question)))


def _facts(question: Question) -> Iterable[str]:
    yield gettext("points: %(points)s") % {"points": f"{question.points:g}"}
    if question.topic:
        yield gettext("topic: %(topic)s") % {"topic": question.topic}
    if question.type == "multiple":
        yield gettext("rule: %(rule)s") % {"rule": question.rule or gettext("the quiz's")}
    if question.fixed_order:
        yield gettext("never shuffled")
    if question.units:
        units = ", ".join(f"{unit} × {factor:g}" for unit, factor in question.units.items())
        yield gettext("units: %(units)s") % {"units": units}
    if question.unit_needed:
        yield gettext("a unit is needed")
    if question.case:
        yield gettext("capitals matter")


def _in(texts: Texts, language: str) -> str:
    return texts.get(language, "") or "–"


def _parts(question: Question, language: str) -> Iterable[Part]:
    for option in question.options:
        mark = f"{100 * option.fraction:.4g} %"
        right = option.id in question.right
        yield Part(mark, right, _in(option.text, language), "", option.feedback.get(language, ""))
    for answer in question.answers:
        mark = f"{100 * answer.fraction:.4g} %"
        value = f"`{answer.value}`" if isinstance(answer.value, str) else f"{answer.value:g}"
        spread = f" ± {answer.tolerance:g}" if answer.tolerance else ""
        yield Part(mark, answer.fraction == 1, value + spread, "", answer.feedback.get(language, ""))
    for pair in question.pairs:
        yield Part("", True, _in(pair.left, language), _in(pair.right, language))
    for pair in question.distractors:
        yield Part("", False, "–", _in(pair.right, language))
    for place, item in enumerate(question.items, 1):
        yield Part(f"{place}.", True, _in(item.text, language))


def pretty(content: Any) -> str:
    """The JSON form as people edit it."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True)
class Change:
    version: QuestionVersion
    when: str  # in the course's zone
    diff: str  # unified, with the version before; "" for the first


def changes(versions: Iterable[QuestionVersion], zone: tzinfo) -> list[Change]:
    """What each version changed, newest first."""
    newest_first = list(versions)
    return [
        Change(version, f"{version.created_at.astimezone(zone):%Y-%m-%d %H:%M}", _diff(older, version))
        for version, older in zip(newest_first, [*newest_first[1:], None], strict=True)
    ]


def _diff(old: QuestionVersion | None, new: QuestionVersion) -> str:
    if old is None:
        return ""
    lines = difflib.unified_diff(pretty(old.content).splitlines(), pretty(new.content).splitlines(), lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))
