"""A question with another key, from the small form of the regrade page. Texts and ids stay: students have seen them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from quizzes.errors import BadQuiz
from quizzes.questions import Accepted, BadQuestion, Option, Question, dump, parse


def with_right(question: Question, right: Sequence[str]) -> Question:
    """The choice question whose right options are `right`.

    Of a single choice each of them brings all of the points; of several right ones, which are scored by a rule, equal
    shares. Options that are no longer right bring nothing; the others stay as they are. Raises BadQuiz.
    """
    chosen = [option.id for option in question.options if option.id in right]
    if not chosen or set(right) - set(chosen):
        raise BadQuiz(_("Tick at least one right option."))
    if set(chosen) == question.right:
        return question  # unequal shares of an author stay
    share = 1 / len(chosen) if question.type == "multiple" else 1.0

    def worth(option: Option) -> float:
        if option.id in chosen:
            return share
        return 0.0 if option.id in question.right else option.fraction

    options = tuple(replace(option, fraction=worth(option)) for option in question.options)
    return _checked(replace(question, options=options))


def with_answers(question: Question, answers: Sequence[Accepted]) -> Question:
    """The typed question that accepts `answers`. Raises BadQuiz."""
    if not answers:
        raise BadQuiz(_("Write at least one accepted answer."))
    return _checked(replace(question, answers=tuple(answers)))


def with_order(question: Question, places: Mapping[str, int]) -> Question:
    """The ordering whose items stand at `places`, 1, 2, … by id. Raises BadQuiz."""
    if sorted(places) != sorted(question.parts) or sorted(places.values()) != list(range(1, len(places) + 1)):
        raise BadQuiz(_("Give each item a place of its own, from 1 on."))
    return replace(question, items=tuple(sorted(question.items, key=lambda item: places[item.id])))


def _checked(question: Question) -> Question:
    """The question as it would be read again, or what its author has to change."""
    try:
        return parse(dump(question))
    except BadQuestion as error:
        raise BadQuiz(str(error)) from None


def typed_number(text: str, what: str) -> float:
    """A number as people write it, with a point or a comma. Raises BadQuiz, which names the field."""
    try:
        value = float(text.strip().replace(" ", "").replace("\u202f", "").replace(",", ".").replace("−", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadQuiz(_("%(what)s: write a number, such as 7850 or 0.5.") % {"what": what})
    return value
