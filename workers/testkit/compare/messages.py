"""The sentences that a comparison can say. Values put into them are code (types, shapes, numbers), never prose.

Those that come in two forms say where in the value the difference is, when it is not the whole value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from workers.jobs.report import Sentence
from workers.jobs.sentences import gettext_noop, sentence
from workers.testkit.compare.errors import CheckFailed
from workers.testkit.compare.rules import Place
from workers.testkit.compare.show import cut


@dataclass(frozen=True)
class Placed:
    """One statement in two forms: about the whole value, and about the part of it at {where}."""

    whole: str
    part: str

    def at(self, place: Place, **values: str | int | float) -> Sentence:
        if place.text:
            return sentence(self.part, where=cut(place.text), **values)
        return sentence(self.whole, **values)


VALUE = Placed(
    gettext_noop("Got {got}, expected {expected}."),
    gettext_noop("{where}: got {got}, expected {expected}."),
)
CELL = gettext_noop("{where} (row {row}, column {column}): got {got}, expected {expected}.")
NONE = Placed(
    gettext_noop("The function returned None. Did you forget `return`?"),
    gettext_noop("{where} is None. Was it never calculated, or is a `return` missing?"),
)
TYPE = Placed(
    gettext_noop("The type is {got}, expected {expected}."),
    gettext_noop("{where}: the type is {got}, expected {expected}."),
)
DTYPE = Placed(
    gettext_noop("The array holds values of type {got}, expected {expected}."),
    gettext_noop("{where}: the array holds values of type {got}, expected {expected}."),
)
UNKNOWN = Placed(
    gettext_noop("A value of type {got} cannot be checked; return plain values, lists, dictionaries or NumPy arrays."),
    gettext_noop("{where} is of type {got}, which cannot be checked; use plain values, lists or NumPy arrays."),
)
SHAPE = Placed(
    gettext_noop("The shape is {got}, expected {expected}."),
    gettext_noop("{where}: the shape is {got}, expected {expected}."),
)
LENGTH = Placed(
    gettext_noop("Got {got} items, expected {expected}."),
    gettext_noop("{where}: got {got} items, expected {expected}."),
)
MISSING_KEY = Placed(
    gettext_noop("The key {key} is missing."),
    gettext_noop("{where}: the key {key} is missing."),
)
EXTRA_KEY = Placed(
    gettext_noop("The key {key} is not expected."),
    gettext_noop("{where}: the key {key} is not expected."),
)
MISSING_ELEMENT = Placed(
    gettext_noop("The set lacks {element}."),
    gettext_noop("{where}: the set lacks {element}."),
)
EXTRA_ELEMENT = Placed(
    gettext_noop("The set holds {element}, which is not expected."),
    gettext_noop("{where}: the set holds {element}, which is not expected."),
)
COUNT = gettext_noop("Values that differ: {different} of {total}.")


def reject(
    sentences: list[Sentence], place: Place, got: str, expected: str, different: int = 1, total: int = 1
) -> NoReturn:
    """Raise CheckFailed with these sentences and the difference at `place`."""
    raise CheckFailed(
        sentences,
        {
            "where": cut(place.text, 200),
            "got": got,
            "expected": expected,
            "different": different,
            "total": total,
        },
    )
