"""An exercise's folder as pages show it: files as coloured text, and what differs between two folders."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from exercises.highlighting import LANGUAGES, highlighted
from exercises.models import Bundle, ExerciseVersion
from workers.jobs import BadExercise, unpack

MOST_LINES = 5000  # of a file that is compared line by line: the comparison's time grows faster than the file


@dataclass(frozen=True)
class ShownFile:
    path: str
    size: int  # bytes
    markup: SafeString | None  # None: not a text


@dataclass(frozen=True)
class Pair:
    """One file before and after, for a comparison side by side."""

    path: str
    size: int  # bytes, after
    change: str  # "new", "gone" or "changed"
    before: str
    after: str
    diff: str | None  # unified; None: too large, or no text
    language: str  # of the editor


def files_of(version: ExerciseVersion) -> dict[str, bytes]:
    """The version's files; empty when its bundle is gone or damaged."""
    data = Bundle.objects.filter(sha256=version.sha256).values_list("data", flat=True).first()
    try:
        return dict(unpack(bytes(data), version.sha256).files) if data else {}
    except BadExercise:
        return {}


def text_of(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def show(path: str, content: bytes) -> ShownFile:
    text = text_of(content)
    markup = None if text is None else highlighted(text, PurePosixPath(path).suffix)
    return ShownFile(path, len(content), markup)


def compare(before: dict[str, bytes], after: dict[str, bytes]) -> list[Pair]:
    """The files that differ, in the order of their paths."""
    pairs = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        change = "new" if old is None else "gone" if new is None else "changed"
        a, b = text_of(old or b""), text_of(new or b"")
        diff = None if a is None or b is None else unified(a, b)
        language = LANGUAGES.get(PurePosixPath(path).suffix, "text")
        pairs.append(Pair(path, len(new or b""), change, a or "", b or "", diff, language))
    return pairs


def unified(old: str, new: str) -> str | None:
    """The unified diff; None for texts too long to compare."""
    a, b = old.splitlines(), new.splitlines()
    if max(len(a), len(b)) > MOST_LINES:
        return None
    return "\n".join(difflib.unified_diff(a, b, gettext("before"), gettext("after"), lineterm="")) + "\n"


def differences(before: dict[str, bytes], after: dict[str, bytes]) -> list[ShownFile]:
    """For each file that differs, its unified diff as markup."""
    return [
        ShownFile(pair.path, pair.size, None if pair.diff is None else highlighted(pair.diff, ".diff"))
        for pair in compare(before, after)
    ]
