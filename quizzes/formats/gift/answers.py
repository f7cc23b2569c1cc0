"""What stands in a GIFT question's braces, by kind of question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from quizzes.formats.common import Left, bring, check_fractions, letters, matching, true_false
from quizzes.formats.texts import plain_to_markdown
from quizzes.questions import MAX_PARTS, Accepted, Option, Question

if TYPE_CHECKING:
    from quizzes.formats.gift.reading import Block

WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d*)?)%")
LIKE_WEIGHT = re.compile(r"%\s*[-+]?[\d.,]+\s*%")
WORDS = {"t": True, "true": True, "f": False, "false": False}


@dataclass(frozen=True)
class Piece:
    """Part of a block: its text, its mask, and where it begins in the block."""

    text: str
    mask: str
    start: int

    def cut(self, start: int, end: int | None = None) -> Piece:
        return Piece(self.text[start:end], self.mask[start:end], self.start + start)

    def strip(self) -> Piece:
        left = len(self.text) - len(self.text.lstrip())
        return Piece(self.text.strip(), self.mask[left : left + len(self.text.strip())], self.start + left)


def kind_of(answers: Piece) -> str:
    """Moodle's order of asking: the first that fits."""
    mask = answers.mask
    if not answers.text:
        return "essay"
    if mask.startswith("#"):
        return "numerical"
    if "~" in mask:
        return "choice"
    if "=" in mask and "->" in mask:
        return "matching"
    word = mask.split("#")[0].strip() if mask.find("#") > 0 else mask.strip()
    return "true_false" if word in ("T", "TRUE", "F", "FALSE") else "short"


def _parts(answers: Piece, marks: str) -> Iterator[tuple[str, Piece]]:
    """(mark, what follows) of each answer; the mark is "" for a text before the first mark."""
    places = [found.start() for found in re.finditer(f"[{marks}]", answers.mask)]
    if len(places) > MAX_PARTS:
        raise Left(gettext("A question has at most %(most)d answers.") % {"most": MAX_PARTS})
    before = answers.cut(0, places[0] if places else None).strip()
    if before.text:
        yield "", before
    for place, end in zip(places, [*places, None][1:], strict=True):
        yield answers.mask[place], answers.cut(place + 1, end).strip()


def _weighted(block: Block, piece: Piece, default: float) -> tuple[float, Piece]:
    """The share that the answer brings, and the answer without it."""
    found = WEIGHT.match(piece.text)
    if not found:
        if LIKE_WEIGHT.match(piece.text):
            told = gettext(
                "“%(weight)s” is no weight that GIFT knows, so it was read as text: write it as %%33.33333%%."
            )
            block.warn(told % {"weight": LIKE_WEIGHT.match(piece.text)[0]}, piece)  # type: ignore[index]  # just matched
        return default, piece
    percent = float(found[1])
    if not -100 <= percent <= 100:
        told = gettext("The weight %(weight)s is not between -100 and 100 percent.")
        raise Left(told % {"weight": found[0]}, block.line_at(piece.start))
    return bring(percent / 100), piece.cut(found.end()).strip()


def _with_feedback(block: Block, piece: Piece) -> tuple[Piece, dict[str, str]]:
    place = piece.mask.find("#")
    if place < 0:
        return piece, {}
    return piece.cut(0, place).strip(), block.texts(piece.cut(place + 1))


def _doubtful_equals(block: Block, answers: Piece) -> None:
    """Of several =, one amid a text is more often a formula's than the beginning of an answer."""
    if answers.mask.count("=") < 2:
        return
    for found in re.finditer("=", answers.mask):
        before, after = answers.mask[: found.start()], answers.mask[found.end() :]
        line = before.rsplit("\n", 1)[-1]
        if not line.strip():
            continue
        if not before[-1].isspace() or after[:1].isspace():
            told = gettext("The “=” here begins another answer: write \\= if it belongs to a text or a formula.")
            block.warn(told, answers.cut(found.start()))


def _choice(block: Block, texts: dict[str, str], name: str, answers: Piece) -> Question:
    _doubtful_equals(block, answers)
    single = "=" in answers.mask
    options = []
    parts = list(_parts(answers, "~="))
    for (mark, piece), key in zip(parts, letters(len(parts)), strict=True):
        if not mark:
            told = gettext("A text stands before the first “~” or “=”; it was read as a wrong answer, as Moodle does.")
            block.warn(told, piece)
        fraction, rest = _weighted(block, piece, 1.0 if mark == "=" else 0.0)
        if mark == "=" and rest is not piece:
            told = gettext(
                "In a multiple choice Moodle reads a weight after “=” as text: write “~%50%” for a share, or “=” alone."
            )
            block.warn(told, piece)
        rest, feedback = _with_feedback(block, rest)
        options.append(Option(key, _needed(block, rest), fraction, feedback))
    if len(options) < 2:
        raise Left(gettext("A multiple choice needs at least two answers."))
    if single:
        rights = sum(option.fraction == 1 for option in options)
        if rights > 1:
            told = gettext(
                "%(count)d answers begin with “=”: each is right on its own. Write \\= where it belongs to a text; "
                "for boxes to be ticked together give shares, such as ~%%50%%."
            )
            block.warn(told % {"count": rights})
        return Question("single", name, texts, options=tuple(options))
    check_fractions(block.collector, options)
    return Question("multiple", name, texts, options=tuple(options), rule="fractions")


def _needed(block: Block, piece: Piece) -> dict[str, str]:
    texts = block.texts(piece)
    if not texts:
        raise Left(gettext("An answer is empty: write it, or remove its mark."), block.line_at(piece.start))
    return texts


def _matching(block: Block, texts: dict[str, str], name: str, answers: Piece) -> Question:
    sides = []
    for _mark, piece in _parts(answers, "="):
        arrow = piece.mask.find("->")
        if arrow < 0:
            raise Left(
                gettext("Each pair of a matching question is written “=left -> right”: a “->” is missing."),
                block.line_at(piece.start),
            )
        right = plain_to_markdown(block.plain(piece.cut(arrow + 2)))
        if not right:
            raise Left(gettext("A pair has no right side after “->”."), block.line_at(piece.start))
        sides.append((block.texts(piece.cut(0, arrow)), {block.collector.language: right}))
    return matching(texts, name, sides)


def _true_false(block: Block, texts: dict[str, str], name: str, answers: Piece) -> Question:
    parts = []
    rest = answers
    for _ in range(2):
        place = rest.mask.find("#")
        parts.append(rest.cut(0, place) if place >= 0 else rest)
        rest = rest.cut(place + 1) if place >= 0 else Piece("", "", 0)
    right = parts[0].text.strip() in ("T", "TRUE")
    when_wrong, when_right = block.texts(parts[1]), block.texts(rest)
    return true_false(texts, name, right, (when_right, when_wrong) if right else (when_wrong, when_right))


def _short(block: Block, texts: dict[str, str], name: str, answers: Piece) -> Question:
    if answers.mask.split("#")[0].strip().lower() in (*WORDS, "vrai", "faux", "v"):
        told = gettext("This was read as a short answer: true/false is written {T} or {F}, in capitals.")
        block.warn(told, answers)
    accepted = []
    for _mark, piece in _parts(answers, "="):
        fraction, rest = _weighted(block, piece, 1.0)
        rest, feedback = _with_feedback(block, rest)
        text = block.plain(rest)
        if not text:
            raise Left(gettext("An answer is empty: write it, or remove its mark."), block.line_at(piece.start))
        if fraction < 0:
            raise Left(gettext("A typed answer cannot take points away."), block.line_at(piece.start))
        if text.strip("*") == "":
            told = gettext("“*” alone accepts any answer; it was left out with its feedback.")
            block.warn(told, piece)
        else:
            accepted.append(Accepted(text, 0.0, fraction, feedback))
    return Question("short", name, texts, answers=tuple(accepted))


# ---- Numbers -----------------------------------------------------------------------------------------------------


def _numerical(block: Block, texts: dict[str, str], name: str, answers: Piece) -> Question:
    answers = answers.cut(1).strip()
    wrong = answers.mask.find("~")
    if wrong >= 0:
        told = gettext("The feedback for every other number, after “~#”, was left out: feedback belongs to an answer.")
        block.warn(told, answers.cut(wrong))
        answers = answers.cut(0, wrong).strip()
    accepted = []
    for _mark, piece in _parts(answers, "="):
        fraction, rest = _weighted(block, piece, 1.0)
        rest, feedback = _with_feedback(block, rest)
        text = block.plain(rest)
        if text == "*":
            block.warn(gettext("“*” alone accepts any answer; it was left out with its feedback."), piece)
            continue
        if fraction < 0:
            raise Left(gettext("A typed answer cannot take points away."), block.line_at(piece.start))
        value, tolerance = _number_and_tolerance(block, rest, text)
        accepted.append(Accepted(value, tolerance, fraction, feedback))
    if not accepted:
        raise Left(gettext("After “#” a number is missing, such as {#3.14:0.01}."))
    return Question("numerical", name, texts, answers=tuple(accepted))


def _number_and_tolerance(block: Block, piece: Piece, text: str) -> tuple[float, float]:
    line = block.line_at(piece.start)
    if text.find("..") > 0:
        low, high = (_number(part, line) for part in text.split("..", 1))
        if low > high:
            raise Left(gettext("In the range %(range)s the first number is the larger one.") % {"range": text}, line)
        middle = (low + high) / 2
        return float(middle), float(high - middle)
    value, colon, tolerance = text.partition(":")
    spread = _number(tolerance, line) if colon else Decimal(0)
    if spread < 0:
        raise Left(gettext("The tolerance in %(text)s is below 0.") % {"text": text}, line)
    return float(_number(value, line)), float(spread)


def _number(text: str, line: int) -> Decimal:
    try:
        number = Decimal(text.strip()) if re.fullmatch(r"[-+0-9.eE ]{1,60}", text.strip()) else None
    except InvalidOperation:
        number = None
    # Beyond these a float is 0 or infinite.
    if number is None or (number and not -300 < number.adjusted() < 300):
        told = gettext("“%(text)s” is no number. Numbers are written 3.14 or 6.02e23, with a point.")
        raise Left(told % {"text": text.strip()[:40]}, line)
    return number


def _essay(block: Block, texts: dict[str, str], name: str, answers: Piece) -> Question:
    raise Left(gettext("Empty braces ask for an essay, which a person has to read: such questions are left out."))


Reader = Callable[["Block", dict[str, str], str, Piece], Question]
READERS: dict[str, Reader] = {
    "choice": _choice,
    "matching": _matching,
    "true_false": _true_false,
    "short": _short,
    "numerical": _numerical,
    "essay": _essay,
}
