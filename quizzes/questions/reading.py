"""Reads the JSON form of a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext

from quizzes.questions.model import (
    IDENTIFIER,
    LANGUAGES,
    MAX_PARTS,
    MAX_TEXT,
    MAX_TYPED,
    TYPES,
    Accepted,
    BadQuestion,
    Option,
    Pair,
    Question,
)
from quizzes.rules import BadRule, find_rule

MAX_UNIT = 32  # characters
_COMMON = {"type", "name", "text", "points", "topic", "feedback", "fixed_order"}
_OF_TYPE = {
    "single": {"options"},
    "multiple": {"options", "rule"},
    "true_false": {"options"},
    "numerical": {"answers", "units", "unit_needed"},
    "short": {"answers", "case"},
    "matching": {"pairs", "distractors"},
    "ordering": {"items"},
}


def parse(content: object) -> Question:
    """Read the JSON form. Raises BadQuestion, which names the key."""
    if not isinstance(content, Mapping):
        raise BadQuestion(gettext("a question is a JSON object"))
    kind = content.get("type")
    if kind not in TYPES:
        raise _bad("type", gettext("%(value)s is not one of %(known)s"), value=repr(kind)[:60], known=", ".join(TYPES))
    unknown = sorted(str(key) for key in content if key not in _COMMON | _OF_TYPE[kind])
    if unknown:
        raise _bad(ascii(unknown[0])[1:-1][:60], gettext("a question of the type %(kind)s has no such key"), kind=kind)
    question = Question(
        type=kind,
        name=_string(content, "name", 200, needed=True),
        text=_texts(content.get("text"), "text", needed=True),
        points=_number(content.get("points", 1.0), "points", 0.01, 1000),
        topic=_string(content, "topic", 200),
        feedback=_texts(content.get("feedback", {}), "feedback"),
        fixed_order=_flag(content, "fixed_order"),
        options=_options(content.get("options", []), "options"),
        rule=_string(content, "rule", 32),
        answers=_accepted(content.get("answers", []), kind),
        units=_units(content.get("units", {})),
        unit_needed=_flag(content, "unit_needed"),
        case=_flag(content, "case"),
        pairs=_pairs(content.get("pairs", []), "pairs", left=True),
        distractors=_pairs(content.get("distractors", []), "distractors", left=False),
        items=_options(content.get("items", []), "items"),
    )
    _whole(question)
    return question


def _bad(path: str, told: str, **values: object) -> BadQuestion:
    """The error at `path`; `told` is translated and has places for `values`."""
    return BadQuestion(f"{path}: {told % values if values else told}")


def _string(content: Mapping[str, Any], key: str, most: int, needed: bool = False) -> str:
    value = content.get(key, "")
    if not isinstance(value, str) or len(value) > most or (needed and not value.strip()):
        told = gettext("a text of %(least)d to %(most)d characters is needed")
        raise _bad(key, told, least=1 if needed else 0, most=most)
    return _clean(value, key)


def _clean(value: str, path: str) -> str:
    # PostgreSQL refuses NUL; a lone surrogate cannot be sent to a browser.
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise _bad(path, gettext("holds a character that is not text"))
    return value


def _flag(content: Mapping[str, Any], key: str) -> bool:
    value = content.get(key, False)
    if not isinstance(value, bool):
        raise _bad(key, gettext("true or false is needed"))
    return value


def _texts(value: object, path: str, needed: bool = False) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(
        key in LANGUAGES and isinstance(text, str) and len(text) <= MAX_TEXT for key, text in value.items()
    ):
        raise _bad(path, gettext('texts by language are needed, such as {"en": "…", "fr": "…"}'))
    if needed and not any(text.strip() for text in value.values()):
        raise _bad(path, gettext("a text in at least one language is needed"))
    return {key: _clean(text, f"{path}.{key}") for key, text in value.items()}


def _number(value: object, path: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        told = gettext("a number from %(low)g to %(high)g is needed, not %(value)s")
        raise _bad(path, told, low=low, high=high, value=repr(value)[:60])
    return float(value)


def _list(value: object, path: str, known: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value) or len(value) > MAX_PARTS:
        raise _bad(path, gettext("a list of at most %(most)d objects is needed"), most=MAX_PARTS)
    for number, item in enumerate(value, 1):
        unknown = sorted(ascii(key) for key in item if key not in known.split())
        if unknown:
            told = gettext("%(key)s is not known here; known are %(known)s")
            raise _bad(f"{path}[{number}]", told, key=unknown[0][:60], known=known.replace(" ", ", "))
    return value


def _identifier(item: Mapping[str, Any], path: str) -> str:
    value = item.get("id")
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        told = gettext("1 to 32 letters, digits, - or _ are needed, not %(value)s")
        raise _bad(f"{path}.id", told, value=repr(value)[:60])
    return value


def _options(value: object, path: str) -> tuple[Option, ...]:
    found = []
    for number, item in enumerate(_list(value, path, "id text fraction feedback"), 1):
        where = f"{path}[{number}]"
        found.append(
            Option(
                _identifier(item, where),
                _texts(item.get("text"), f"{where}.text", needed=True),
                _number(item.get("fraction", 0.0), f"{where}.fraction", -1, 1),
                _texts(item.get("feedback", {}), f"{where}.feedback"),
            )
        )
    return tuple(found)


def _accepted(value: object, kind: str) -> tuple[Accepted, ...]:
    found = []
    known = "value tolerance fraction feedback" if kind == "numerical" else "text fraction feedback"
    for number, item in enumerate(_list(value, "answers", known), 1):
        where = f"answers[{number}]"
        fraction = _number(item.get("fraction", 1.0), f"{where}.fraction", 0, 1)
        feedback = _texts(item.get("feedback", {}), f"{where}.feedback")
        if kind == "numerical":
            number_ = _number(item.get("value"), f"{where}.value", -1e300, 1e300)
            tolerance = _number(item.get("tolerance", 0.0), f"{where}.tolerance", 0, 1e300)
            found.append(Accepted(number_, tolerance, fraction, feedback))
        else:
            found.append(Accepted(_string(item, "text", MAX_TYPED, needed=True), 0.0, fraction, feedback))
    return tuple(found)


def _units(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping) or not all(
        isinstance(key, str) and key.strip() and len(key) <= MAX_UNIT for key in value
    ):
        raise _bad("units", gettext('write {"W": 1, "kW": 1000}'))
    return {_clean(key, "units"): _number(factor, f"units.{key}", 1e-300, 1e300) for key, factor in value.items()}


def _pairs(value: object, path: str, left: bool) -> tuple[Pair, ...]:
    found = []
    for number, item in enumerate(_list(value, path, "id left right" if left else "id right"), 1):
        where = f"{path}[{number}]"
        found.append(
            Pair(
                _identifier(item, where),
                _texts(item.get("left"), f"{where}.left", needed=True) if left else {},
                _texts(item.get("right"), f"{where}.right", needed=True),
            )
        )
    return tuple(found)


def _whole(question: Question) -> None:
    """What holds of the question as a whole."""
    ids = question.parts
    if len(set(ids)) != len(ids):
        raise BadQuestion(gettext("two parts have the same id"))
    problem = _PROBLEMS[question.type](question)
    if problem:
        raise BadQuestion(problem)


def _choice_problem(question: Question) -> str:
    if len(question.options) < 2:
        return "options: " + gettext("at least two are needed")
    if question.type == "true_false" and set(question.parts) != {"true", "false"}:
        return "options: " + gettext('true_false has the ids "true" and "false"')
    if question.type == "true_false" and len(question.right) != 1:
        return "options: " + gettext("exactly one of true and false is right (fraction 1)")
    if not question.right:
        if question.type == "multiple":
            return "options: " + gettext("no option is right; give at least one a fraction above 0")
        return "options: " + gettext("no option is right; give at least one the fraction 1")
    return _rule_problem(question.rule) if question.rule else ""


def _rule_problem(rule: str) -> str:
    try:
        find_rule(rule)
    except BadRule as error:
        return str(error)
    return ""


def _answers_problem(question: Question) -> str:
    if not any(answer.fraction == 1 for answer in question.answers):
        return "answers: " + gettext("at least one must have the fraction 1")
    if question.unit_needed and not question.units:
        return "units: " + gettext("unit_needed asks for at least one unit")
    return ""


_PROBLEMS: dict[str, Callable[[Question], str]] = {
    "single": _choice_problem,
    "multiple": _choice_problem,
    "true_false": _choice_problem,
    "numerical": _answers_problem,
    "short": _answers_problem,
    "matching": lambda question: "" if len(question.pairs) >= 2 else "pairs: " + gettext("at least two are needed"),
    "ordering": lambda question: "" if len(question.items) >= 2 else "items: " + gettext("at least two are needed"),
}
