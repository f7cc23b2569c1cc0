"""Comparison of any two values: tells their kinds apart, then goes into containers to the first difference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from workers.jobs.report import Sentence
from workers.jobs.sentences import gettext_noop, sentence
from workers.testkit.compare.arrays import compare_numbers
from workers.testkit.compare.causes import dtype_cause
from workers.testkit.compare.errors import BadExpectation
from workers.testkit.compare.kinds import NUMBERS, kind_of, plain, type_name
from workers.testkit.compare.messages import (
    EXTRA_ELEMENT,
    EXTRA_KEY,
    LENGTH,
    MISSING_ELEMENT,
    MISSING_KEY,
    NONE,
    TYPE,
    UNKNOWN,
    VALUE,
    reject,
)
from workers.testkit.compare.rules import Place, Rules
from workers.testkit.compare.show import WIDE, show
from workers.testkit.compare.texts import compare_bytes, compare_texts

SEQUENCES = ("list", "tuple")
MAX_DEPTH = 100
USE_ARRAY = gettext_noop("Convert the list with `np.array(…)`.")
USE_LIST = gettext_noop("Convert the array with `.tolist()`.")
USE_NUMBER = gettext_noop("A text is not a number: convert it with `float(…)` or `int(…)`.")


def compare(got: Any, want: Any, rules: Rules, place: Place, depth: int = 0) -> None:
    """Compare two values. Raises CheckFailed at the first difference, BadExpectation for an unusable `want`."""
    want_kind, got_kind = kind_of(want), kind_of(got)
    if not want_kind:
        raise BadExpectation(f"an expected value of type {type_name(want)} cannot be compared; use plain values")
    if depth > MAX_DEPTH:
        raise BadExpectation(f"the expected value is nested deeper than {MAX_DEPTH} levels")
    if not got_kind:
        reject([UNKNOWN.at(place, got=type_name(got))], place, show(got, WIDE), show(want, WIDE))
    if _both_numbers(got_kind, want_kind):
        compare_numbers(got, want, rules, place)
    elif not _same_family(got_kind, want_kind, rules.exact):
        _reject_kind(got, want, got_kind, want_kind, place)
    elif want_kind in SEQUENCES:
        _compare_sequences(got, want, rules, place, depth)
    elif want_kind == "dict":
        _compare_dicts(got, want, rules, place, depth)
    elif want_kind == "set":
        _compare_sets(got, want, place)
    elif want_kind == "str":
        compare_texts(plain(got, "str"), plain(want, "str"), place)
    elif want_kind == "bytes":
        compare_bytes(plain(got, "bytes"), plain(want, "bytes"), place)


def _both_numbers(got: str, want: str) -> bool:
    return (got in NUMBERS or got == "array") and (want in NUMBERS or want == "array")


def _same_family(got: str, want: str, exact: bool) -> bool:
    return got == want or (not exact and got in SEQUENCES and want in SEQUENCES)


def _reject_kind(got: Any, want: Any, got_kind: str, want_kind: str, place: Place) -> None:
    shown = show(got, WIDE), show(want, WIDE)
    if got_kind == "none":
        reject([NONE.at(place)], place, *shown)
    if want_kind == "none":
        reject([VALUE.at(place, got=show(got), expected="None")], place, *shown)
    cause = dtype_cause(got_kind, want_kind)
    if want_kind == "array" and got_kind in SEQUENCES:
        cause = [sentence(USE_ARRAY)]
    elif want_kind in SEQUENCES and got_kind == "array":
        cause = [sentence(USE_LIST)]
    elif want_kind in NUMBERS and got_kind == "str":
        cause = [sentence(USE_NUMBER)]
    reject([TYPE.at(place, got=type_name(got), expected=type_name(want)), *cause], place, *shown)


def _compare_sequences(got: Any, want: Any, rules: Rules, place: Place, depth: int) -> None:
    if len(got) != len(want):
        sentences = [LENGTH.at(place, got=len(got), expected=len(want))]
        reject(sentences, place, show(got, WIDE), show(want, WIDE))
    arrays = _numeric(got), _numeric(want)
    if arrays[0] is not None and arrays[1] is not None:
        compare_numbers(*arrays, rules, place)
        return
    for index, (left, right) in enumerate(zip(got, want, strict=True)):
        compare(left, right, rules, place.item(index), depth + 1)


def _numeric(values: Any) -> Any:
    """A list of floats only, or of 64-bit whole numbers only, as an array: compared at once, and counted. Else None."""
    types = set(map(type, values))
    if types == {float}:
        return np.array(values, dtype=np.float64)
    if types == {int} and min(values) >= -(2**63) and max(values) < 2**63:
        return np.array(values, dtype=np.int64)
    return None


def _compare_dicts(got: Any, want: Any, rules: Rules, place: Place, depth: int) -> None:
    got_keys, want_keys = _by_identity(got), _by_identity(want)
    missing = [key for identity, key in want_keys.items() if identity not in got_keys]
    extra = [key for identity, key in got_keys.items() if identity not in want_keys]
    sentences = _list_first(missing, MISSING_KEY, "key", place) + _list_first(extra, EXTRA_KEY, "key", place)
    if sentences:
        reject(sentences, place, show(list(got), WIDE), show(list(want), WIDE), len(missing) + len(extra), len(want))
    for identity, key in want_keys.items():
        compare(got[got_keys[identity]], want[key], rules, place.key(show(key, 40)), depth + 1)


def _compare_sets(got: Any, want: Any, place: Place) -> None:
    got_items, want_items = _by_identity(got), _by_identity(want)
    missing = [item for identity, item in want_items.items() if identity not in got_items]
    extra = [item for identity, item in got_items.items() if identity not in want_items]
    sentences = _list_first(missing, MISSING_ELEMENT, "element", place)
    sentences += _list_first(extra, EXTRA_ELEMENT, "element", place)
    if sentences:
        reject(sentences, place, show(got, WIDE), show(want, WIDE), len(missing) + len(extra), len(want))


def _list_first(items: list[Any], statement: Any, name: str, place: Place) -> list[Sentence]:
    """Sentences for at most three of the items."""
    return [statement.at(place, **{name: text}) for text in sorted(show(item) for item in items[:3])]


def _by_identity(items: Iterable[Any]) -> dict[Any, Any]:
    """Keys or elements by (kind, value): Python takes 1, 1.0 and True for one key, this comparison does not."""
    return {_identity(item): item for item in items}


def _identity(item: Any) -> Any:
    kind = kind_of(item)
    if not kind:
        return ("", type_name(item), id(item))  # of an unknown type: equal to nothing
    if kind == "tuple":
        return (kind, tuple(_identity(part) for part in item))
    if kind == "set":
        return (kind, frozenset(_identity(part) for part in item))
    value = plain(item, kind)
    return (kind, "nan" if value != value else value)
