"""Comparison of texts and bytes: exact, with what the eye cannot see pointed out."""

from __future__ import annotations

import unicodedata

from workers.jobs.report import Sentence
from workers.jobs.sentences import gettext_noop, sentence
from workers.testkit.compare.messages import VALUE, Placed, reject
from workers.testkit.compare.rules import Place
from workers.testkit.compare.show import WIDE, show

NEAR = 20  # characters shown around the first difference of long texts
FIRST = gettext_noop("The first difference is at character {index} (line {line}): {got} instead of {expected}.")
FIRST_BYTE = gettext_noop("The first difference is at byte {index}.")
STOPS = gettext_noop("It stops too early, after {count} characters.")
GOES_ON = gettext_noop("It goes on after the expected end, at character {index}.")
CASE = gettext_noop("Only upper and lower case differ.")
SPACES = gettext_noop("Only spaces, tabs or line ends differ.")
LINE_ENDS = gettext_noop("Only the line ends differ (\\r\\n against \\n).")
INVISIBLE = gettext_noop("It holds an invisible character, {name} at character {index}.")
COMPOSED = gettext_noop("They look alike, but accents are written differently (one character against two).")
LOOKALIKE = gettext_noop("{got} is the character {got_name}, {expected} is {expected_name}.")
LONG = Placed(
    gettext_noop("Around the first difference: got {got}, expected {expected}."),
    gettext_noop("{where}, around the first difference: got {got}, expected {expected}."),
)


def compare_texts(got: str, want: str, place: Place) -> None:
    """Compare two texts exactly. Raises CheckFailed."""
    if got == want:
        return
    index = _first_difference(got, want)
    sentences = [_statement(got, want, index, place), *_position(got, want, index), *_causes(got, want, index)]
    reject(sentences, place, show(got, WIDE), show(want, WIDE))


def compare_bytes(got: bytes, want: bytes, place: Place) -> None:
    """Compare two byte strings exactly. Raises CheckFailed."""
    if got == want:
        return
    statement = VALUE.at(place, got=show(got), expected=show(want))
    index = _first_difference(got, want)
    reject([statement, sentence(FIRST_BYTE, index=index)], place, show(got, WIDE), show(want, WIDE))


def _first_difference(got: str | bytes, want: str | bytes) -> int:
    """Index of the first difference; the shorter length when one is the other's beginning. By halving: fast in C."""
    low, high = 0, min(len(got), len(want))
    while low < high:
        middle = (low + high + 1) // 2
        if got[low:middle] == want[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _statement(got: str, want: str, index: int, place: Place) -> Sentence:
    if max(len(got), len(want)) <= 60:
        return VALUE.at(place, got=repr(got), expected=repr(want))
    start = max(0, index - NEAR)
    near = [repr(text[start : index + NEAR]) for text in (got, want)]
    return LONG.at(place, got=near[0], expected=near[1])


def _position(got: str, want: str, index: int) -> list[Sentence]:
    if index == len(got):
        return [sentence(STOPS, count=index)]
    if index == len(want):
        return [sentence(GOES_ON, index=index)]
    if len(want) < 10:
        return []
    line = got.count("\n", 0, index) + 1
    return [sentence(FIRST, index=index, line=line, got=repr(got[index]), expected=repr(want[index]))]


def _causes(got: str, want: str, index: int) -> list[Sentence]:
    """At most one likely cause."""
    if got.replace("\r\n", "\n") == want.replace("\r\n", "\n"):
        return [sentence(LINE_ENDS)]
    for position in range(index, min(len(got), index + 4)):
        if _invisible(got[position]) and got[position] not in want[index : index + 4]:
            return [sentence(INVISIBLE, name=_name(got[position]), index=position)]
    if unicodedata.normalize("NFC", got) == unicodedata.normalize("NFC", want):
        return [sentence(COMPOSED)]
    if got.casefold() == want.casefold():
        return [sentence(CASE)]
    if "".join(got.split()) == "".join(want.split()):
        return [sentence(SPACES)]
    if index < min(len(got), len(want)) and not (got[index].isascii() and want[index].isascii()):
        names = {"got_name": _name(got[index]), "expected_name": _name(want[index])}
        return [sentence(LOOKALIKE, got=repr(got[index]), expected=repr(want[index]), **names)]
    return []


def _invisible(character: str) -> bool:
    """Neither ink nor a plain space or line end: zero-width marks, odd spaces, control characters."""
    return character not in " \n\t\r" and unicodedata.category(character) in ("Cf", "Cc", "Zs", "Zl", "Zp")


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
