"""The types of Moodle's questions that have an equal here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from django.utils.translation import gettext

from quizzes.formats.common import Collector, Left, check_fractions, letters, matching, true_false
from quizzes.questions import Accepted, Option, Question


class Item:
    """What a reader of a type needs of a <question>; `reading.XmlItem` is one."""

    collector: Collector
    element: Element
    value: Callable[..., str]
    flag: Callable[..., bool]
    number: Callable[..., float]
    share: Callable[..., float]
    texts: Callable[..., dict[str, str]]
    own_texts: Callable[..., dict[str, str]]
    plain_texts: Callable[..., dict[str, str]]
    child: Callable[..., Element | None]


def _options(item: Item) -> tuple[Option, ...]:
    answers = item.element.findall("answer")
    options = []
    for key, answer in zip(letters(len(answers)), answers, strict=True):
        text = item.own_texts(answer)
        if not text:
            raise Left(gettext("An answer is empty."))
        options.append(Option(key, text, item.share(answer), item.texts("feedback", answer)))
    return tuple(options)


def _choice(item: Item, text: dict[str, str], name: str) -> Question:
    options = _options(item)
    fixed = not item.flag("shuffleanswers", "false")
    if item.flag("single", "true"):
        return Question("single", name, text, options=options, fixed_order=fixed)
    check_fractions(item.collector, options)
    return Question("multiple", name, text, options=options, fixed_order=fixed, rule="fractions")


def _set(item: Item, text: dict[str, str], name: str, rule: str) -> Question:
    """Types of Moodle plugins in which an option is right or wrong and the type itself scores."""
    fixed = not item.flag("shuffleanswers", "false")
    return Question("multiple", name, text, options=_options(item), fixed_order=fixed, rule=rule)


def _true_false(item: Item, text: dict[str, str], name: str) -> Question:
    answers = item.element.findall("answer")
    if len(answers) != 2:
        raise Left(gettext("A true/false question has two answers, “true” and “false”."))
    words = [item.value("text", "", answer).lower() for answer in answers]
    true, false = answers if words != ["false", "true"] else reversed(answers)
    if sorted(words) != ["false", "true"]:
        item.collector.warn(gettext("The answers are not called “true” and “false”: the first was taken for true."))
    feedback = (item.texts("feedback", true), item.texts("feedback", false))
    return true_false(text, name, item.share(true) > item.share(false), feedback)


def _short(item: Item, text: dict[str, str], name: str) -> Question:
    accepted = []
    for answer in item.element.findall("answer"):
        words = item.value("text", "", answer) or (answer.text or "").strip()
        if not words.strip("*"):
            item.collector.warn(gettext("“*” alone accepts any answer; it was left out with its feedback."))
            continue
        accepted.append(Accepted(words, 0.0, max(0.0, item.share(answer)), item.texts("feedback", answer)))
    return Question("short", name, text, answers=tuple(accepted), case=item.flag("usecase", "0"))


def _numerical(item: Item, text: dict[str, str], name: str) -> Question:
    accepted = []
    for answer in item.element.findall("answer"):
        words = item.value("text", "", answer) or (answer.text or "").strip()
        if words in ("*", ""):
            item.collector.warn(gettext("“*” alone accepts any answer; it was left out with its feedback."))
            continue
        tolerance = item.number(item.value("tolerance", "0", answer), "tolerance")
        value = item.number(words, "answer")
        accepted.append(Accepted(value, abs(tolerance), max(0.0, item.share(answer)), item.texts("feedback", answer)))
    units = _units(item)
    needed = bool(units) and item.value("unitgradingtype", "0") in ("1", "2")
    if needed:
        item.collector.warn(gettext("Without its unit an answer will be wrong; Moodle takes a part of the points."))
    return Question("numerical", name, text, answers=tuple(accepted), units=units, unit_needed=needed)


def _units(item: Item) -> dict[str, float]:
    """Moodle's multiplier turns the value into the unit (1 m is 100 cm); our factor turns the unit into the value."""
    units = {}
    for unit in item.element.iterfind("units/unit"):
        multiplier = item.number(item.value("multiplier", "1", unit), "multiplier")
        label = item.value("unit_name", "", unit)
        if not label or multiplier <= 0:
            raise Left(gettext("A unit needs a name and a multiplier above 0."))
        units[label] = _clean(1 / multiplier)
    return units


def _clean(factor: float) -> float:
    """1/0.001 as 1000, not 999.9999999999999."""
    return float(f"{factor:.12g}")


def _matching(item: Item, text: dict[str, str], name: str) -> Question:
    sides: list[Any] = []
    for pair in item.element.findall("subquestion"):
        right = item.child("answer", pair)
        texts = {} if right is None else item.plain_texts("answer", pair)
        if not any(texts.values()):
            raise Left(gettext("A pair has no right side."))
        sides.append((item.own_texts(pair), texts))
    question = matching(text, name, sides)
    fixed = not item.flag("shuffleanswers", "false")
    return Question("matching", name, text, pairs=question.pairs, distractors=question.distractors, fixed_order=fixed)


def _ordering(item: Item, text: dict[str, str], name: str) -> Question:
    answers = item.element.findall("answer")
    if all(re.fullmatch(r"\d+(\.\d+)?", answer.get("fraction", "")) for answer in answers):
        answers.sort(key=lambda answer: float(answer.get("fraction", "0")))
    if any(item.texts("feedback", answer) for answer in answers):
        item.collector.warn(gettext("The feedback of the items was left out."))
    items = tuple(Option(f"i{number}", item.own_texts(answer)) for number, answer in enumerate(answers, 1))
    if item.value("selecttype", "0") not in ("0", "ALL", ""):
        item.collector.warn(gettext("Moodle would show some of the items only; here all are shown."))
    return Question("ordering", name, text, items=items)


READERS: dict[str, Callable[[Any, dict[str, str], str], Question]] = {
    "multichoice": _choice,
    "multichoiceset": lambda item, text, name: _set(item, text, name, "all-or-nothing"),
    "oumultiresponse": lambda item, text, name: _set(item, text, name, "oumultiresponse"),
    "truefalse": _true_false,
    "shortanswer": _short,
    "numerical": _numerical,
    "matching": _matching,
    "match": _matching,
    "ordering": _ordering,
}
