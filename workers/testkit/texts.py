"""Assertions over texts that a model wrote: one verdict for all rows, with counts.

    outputs = solution.complete(rows)
    assert_labels(outputs, expected, labels=["positive", "negative"], at_least=0.8)

Each takes a list of texts and says for each whether it holds; `at_least` is the share that must. An empty text never
holds, whatever is asked of it. Most read a text in one of two ways: strict (the answer and nothing else) or not (the
answer is looked for in the text). A wrong use raises BadExpectation: the exercise is at fault then, not the student.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from workers.jobs.report import Sentence
from workers.jobs.sentences import gettext_noop, sentence
from workers.testkit.compare import BadExpectation, CheckFailed
from workers.testkit.compare.show import show
from workers.testkit.counted import count

LEAST_ROWS = 30  # fewer say nothing about a share: one lucky row would be worth a grade
SHARE = gettext_noop("{right} of {total} answers are as asked; {needed} are needed.")
EMPTY = gettext_noop("{count} of {total} answers are empty.")
FIRST = gettext_noop("Number {row} is the first that is not:")
WHY_EMPTY = gettext_noop("it is empty.")
WHY_EQUAL = gettext_noop("{expected} was expected.")
WHY_CONTAINS = gettext_noop("it does not contain {expected}.")
WHY_PATTERN = gettext_noop("it has not the form that is asked for.")
WHY_NO_NUMBER = gettext_noop("it holds no number.")
WHY_NUMBER_ONLY = gettext_noop("it is not a number and nothing else.")
WHY_LABEL_ONLY = gettext_noop("it is not one of {labels} and nothing else.")
WHY_NO_LABEL = gettext_noop("it holds none of {labels}.")
WHY_LABELS = gettext_noop("it holds several of {labels}.")
WHY_NO_JSON = gettext_noop("it is no JSON: {error}")
WHY_SCHEMA = gettext_noop("its JSON is not as asked: {error}")
WHY_FIELD = gettext_noop("{field} is {got}, {expected} was expected.")
WHY_LENGTH = gettext_noop("its length is {count} ({unit}), {limit} was asked for.")
WHY_FORBIDDEN = gettext_noop("it contains {text}.")

NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:[,\u202f\u00a0]\d{3})+|\d+)(?:[.,]\d+)?(?:[eE][-+]?\d+)?|[-+]?\.\d+")
FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
EDGES = " \t\r\n.,;:!?\"'`*«»“”‘’()[]"
UNITS: dict[str, Callable[[str], int]] = {
    "characters": len,
    "words": lambda text: len(text.split()),
    "lines": lambda text: len(text.strip().splitlines()),
    "sentences": lambda text: len([part for part in re.split(r"[.!?…]+(?:\s|$)", text) if part.strip()]),
}
Verdict = Sentence | None  # None: it holds; else why not


def assert_exact(
    outputs: Iterable[str], expected: Sequence[str], *, at_least: float = 1.0, ignore_case: bool = False
) -> None:
    """Each text equals its expected one, spaces around both left out."""
    wanted = _paired(outputs, expected, "assert_exact")

    def same(text: str) -> str:
        return text.strip().casefold() if ignore_case else text.strip()

    def holds(index: int, text: str) -> Verdict:
        return None if same(text) == same(wanted[index]) else sentence(WHY_EQUAL, expected=repr(wanted[index]))

    _decide("exact", outputs, holds, at_least, expected=wanted)


def assert_contains(
    outputs: Iterable[str],
    expected: Sequence[str | Sequence[str]],
    *,
    at_least: float = 1.0,
    ignore_case: bool = True,
) -> None:
    """Each text contains what is expected of it: one text, or all of several."""
    wanted = _paired(outputs, expected, "assert_contains")

    def holds(index: int, text: str) -> Verdict:
        parts = [wanted[index]] if isinstance(wanted[index], str) else list(wanted[index])
        held = text.casefold() if ignore_case else text
        lacking = [part for part in parts if (part.casefold() if ignore_case else part) not in held]
        return sentence(WHY_CONTAINS, expected=repr(lacking[0])) if lacking else None

    _decide("contains", outputs, holds, at_least, expected=wanted)


def assert_regex(outputs: Iterable[str], pattern: str, *, at_least: float = 1.0, whole: bool = True) -> None:
    """Each text has the form of `pattern`; as a whole (spaces around it left out), or somewhere in it."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise BadExpectation(f"assert_regex: {pattern!r} is no pattern: {error}") from None

    def holds(index: int, text: str) -> Verdict:
        found = compiled.fullmatch(text.strip()) if whole else compiled.search(text)
        return None if found else sentence(WHY_PATTERN)

    _decide("regex", outputs, holds, at_least)


def assert_number(
    outputs: Iterable[str],
    expected: Sequence[float],
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    strict: bool = False,
    at_least: float = 1.0,
) -> None:
    """Each text gives its number within atol + rtol * |expected|. strict: the text is a number and nothing else;
    otherwise its last number counts."""
    wanted = [float(value) for value in _paired(outputs, expected, "assert_number")]

    def holds(index: int, text: str) -> Verdict:
        number = read_number(text, strict)
        if number is None:
            return sentence(WHY_NUMBER_ONLY if strict else WHY_NO_NUMBER)
        near = abs(number - wanted[index]) <= atol + rtol * abs(wanted[index])
        return None if near else sentence(WHY_EQUAL, expected=f"{wanted[index]:g}")

    _decide("number", outputs, holds, at_least, expected=wanted)


def assert_json(
    outputs: Iterable[str],
    schema: Mapping[str, Any],
    expected: Sequence[Mapping[str, Any]] | None = None,
    *,
    strict: bool = True,
    at_least: float = 1.0,
) -> None:
    """Each text is JSON that obeys the JSON schema and, where given, holds the expected fields (texts compared without
    case and spaces around them). strict: the text is JSON and nothing else; otherwise it may stand in a code fence or
    between other words."""
    wanted = _paired(outputs, expected, "assert_json") if expected is not None else None
    validator = _validator(schema)

    def holds(index: int, text: str) -> Verdict:
        try:
            value = read_json(text, strict)
        except ValueError as error:
            return sentence(WHY_NO_JSON, error=str(error)[:200])
        problem = next(iter(validator.iter_errors(value)), None)
        if problem is not None:
            return sentence(WHY_SCHEMA, error=problem.message[:200])
        return _field_difference(value, wanted[index]) if wanted is not None else None

    _decide("json", outputs, holds, at_least, expected=wanted)


def assert_labels(
    outputs: Iterable[str],
    expected: Sequence[str],
    labels: Sequence[str],
    *,
    at_least: float = 0.8,
    strict: bool = False,
    least_rows: int = LEAST_ROWS,
) -> None:
    """The share of texts that name their label is `at_least`. strict: the label and nothing else (case, punctuation and
    quotes around it do not count); otherwise the one label that the text holds as a word."""
    wanted = _paired(outputs, expected, "assert_labels")
    if any(label not in labels for label in wanted) or len(set(labels)) < 2:
        raise BadExpectation("assert_labels: labels: all expected ones are needed, and two at least")
    if len(wanted) < least_rows:
        raise BadExpectation(f"assert_labels: {len(wanted)} rows; {least_rows} are needed, or chance decides")
    listed = ", ".join(labels)

    def holds(index: int, text: str) -> Verdict:
        found = read_labels(text, labels, strict)
        if len(found) != 1:
            why = WHY_LABELS if found else WHY_LABEL_ONLY if strict else WHY_NO_LABEL
            return sentence(why, labels=listed)
        return None if found == [wanted[index]] else sentence(WHY_EQUAL, expected=repr(wanted[index]))

    _decide("labels", outputs, holds, at_least, expected=wanted)


def assert_length(
    outputs: Iterable[str], *, most: int | None = None, least: int = 1, unit: str = "words", at_least: float = 1.0
) -> None:
    """Each text has from `least` to `most` words, characters, lines or sentences."""
    if unit not in UNITS or least < 0 or (most is not None and most < least):
        raise BadExpectation(f"assert_length: unit is one of {', '.join(UNITS)}, and least <= most")
    limit = f"{least}–{most}" if most is not None else f"≥ {least}"

    def holds(index: int, text: str) -> Verdict:
        length = UNITS[unit](text)
        inside = least <= length and (most is None or length <= most)
        return None if inside else sentence(WHY_LENGTH, count=length, unit=unit, limit=limit)

    _decide("length", outputs, holds, at_least)


def assert_without(outputs: Iterable[str], forbidden: Sequence[str], *, at_least: float = 1.0) -> None:
    """No text contains one of `forbidden`; case does not count."""
    if isinstance(forbidden, str) or not all(isinstance(text, str) and text for text in forbidden):
        raise BadExpectation("assert_without: a list of texts is needed")

    def holds(index: int, text: str) -> Verdict:
        found = [part for part in forbidden if part.casefold() in text.casefold()]
        return sentence(WHY_FORBIDDEN, text=repr(found[0])) if found else None

    _decide("without", outputs, holds, at_least)


# ---- reading a text --------------------------------------------------------------------------------------------------


def read_number(text: str, strict: bool = False) -> float | None:
    """The number that a text gives: all of it (strict), or its last one. A comma before one to two or more than three
    digits is a decimal comma; before three digits it separates thousands."""
    found = [NUMBER.fullmatch(text.strip(EDGES.replace(".", "") + "$€%"))] if strict else list(NUMBER.finditer(text))
    if not found or found[-1] is None:
        return None
    digits = re.sub(r"[\u202f\u00a0]", "", found[-1][0])
    if re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits):
        digits = digits.replace(",", "")
    value = float(digits.replace(",", "."))
    return value if math.isfinite(value) else None


def read_labels(text: str, labels: Sequence[str], strict: bool = False) -> list[str]:
    """The labels that a text names, each once: as a whole (strict), or as words in it."""
    if strict:
        bare = text.strip(EDGES).casefold()
        return [label for label in labels if label.casefold() == bare]
    return [label for label in labels if re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text, re.IGNORECASE)]


def read_json(text: str, strict: bool = True) -> Any:
    """The JSON value of a text. Raises ValueError."""
    if strict:
        return json.loads(text, parse_constant=_no_constant)
    fence = FENCE.search(text)
    body = fence[1] if fence else text
    start = min((place for place in (body.find("{"), body.find("[")) if place >= 0), default=-1)
    if start < 0:
        raise ValueError("there is no { or [")
    return json.JSONDecoder(parse_constant=_no_constant).raw_decode(body[start:])[0]


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _field_difference(value: Any, wanted: Mapping[str, Any]) -> Verdict:
    for field, want in wanted.items():
        got = value.get(field) if isinstance(value, dict) else None
        if _bare(got) != _bare(want) or isinstance(got, bool) != isinstance(want, bool):
            return sentence(WHY_FIELD, field=field, got=show(got), expected=show(want))
    return None


def _bare(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    return [_bare(item) for item in value] if isinstance(value, list) else value


# ---- deciding --------------------------------------------------------------------------------------------------------


def _validator(schema: Mapping[str, Any]) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        raise BadExpectation(f"assert_json: the schema cannot be used: {error.message}") from None
    return Draft202012Validator(dict(schema))


def _paired(outputs: Iterable[str], expected: Sequence[Any], name: str) -> list[Any]:
    wanted = list(expected) if not isinstance(expected, str) else []
    if len(wanted) != len(_texts(outputs)):
        raise BadExpectation(f"{name}: {len(wanted)} expected values for {len(_texts(outputs))} texts")
    return wanted


def _texts(outputs: Iterable[str]) -> list[str]:
    texts = list(outputs) if not isinstance(outputs, str) else []
    if not texts or not all(isinstance(text, str) for text in texts):
        raise BadExpectation("a list of texts is needed, such as what solution.complete gives")
    return texts


def _decide(
    name: str,
    outputs: Iterable[str],
    holds: Callable[[int, str], Verdict],
    at_least: float,
    expected: Sequence[Any] | None = None,
) -> None:
    """Count, note the count, and raise CheckFailed when too few texts are as asked."""
    texts = _texts(outputs)
    if isinstance(at_least, bool) or not 0 < at_least <= 1:
        raise BadExpectation(f"at_least: a share from 0 to 1 is needed, not {at_least!r}")
    reasons = [holds(index, text) if text.strip() else sentence(WHY_EMPTY) for index, text in enumerate(texts)]
    wrong = [index for index, reason in enumerate(reasons) if reason is not None]
    total, right = len(texts), len(texts) - len(wrong)
    needed = max(1, math.ceil(at_least * total - 1e-9))
    shown = [show(value) for value in expected] if expected is not None else [""] * total
    marks = [{"right": why is None, "expected": want} for why, want in zip(reasons, shown, strict=True)]
    count(name, right, total, needed, marks)
    if right >= needed:
        return
    first = wrong[0]
    empty = sum(not text.strip() for text in texts)
    told = [sentence(SHARE, right=right, total=total, needed=needed)]
    told += [sentence(EMPTY, count=empty, total=total)] if empty else []
    reason = reasons[first]
    assert reason is not None
    raise CheckFailed(
        [*told, *_first(first + 1, reason)],
        {
            "where": f"[{first}]",
            "got": show(texts[first]),
            "expected": shown[first],
            "different": len(wrong),
            "total": total,
        },
    )


def _first(row: int, reason: Sentence) -> list[Sentence]:
    """Two sentences, each translated by itself: a translated reason cannot be put into another template."""
    return [sentence(FIRST, row=row), reason]
