r"""Comparing a typed text with an accepted answer in which `*` stands for any characters (`\*` for a star)."""

from __future__ import annotations

import re
import unicodedata

_STAR = re.compile(r"(?<!\\)\*")
_QUOTES = str.maketrans("’‘ʼ´`“”«»", "'''''\"\"\"\"")


def folded(text: str, case: bool) -> str:
    """NFKC, blanks run together and cut off at both ends, one kind of quote; in small letters unless `case`."""
    text = " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).split())
    return text if case else unicodedata.normalize("NFKC", text.casefold())


def shown(pattern: str) -> str:
    """An accepted answer for a student's eyes: `…` where anything may stand."""
    return _STAR.sub("…", pattern).replace("\\*", "*")


def matches(pattern: str, text: str, *, case: bool = False) -> bool:
    """Whether `text` fits. Accents count: "degré" and "degre" differ; give both where both are right."""
    parts = [folded(part.replace("\\*", "*"), case) for part in _STAR.split(pattern)]
    given = folded(text, case)
    if len(parts) == 1:
        return given == parts[0]
    first, *middle, last = parts
    if not given.startswith(first) or not given[len(first) :].endswith(last):
        return False
    # Between its ends, each part at the leftmost place: no pattern can make this slow.
    rest = given[len(first) : len(given) - len(last)]
    position = 0
    for part in middle:
        found = rest.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return True
