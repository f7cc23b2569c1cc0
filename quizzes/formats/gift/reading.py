"""Reads GIFT as Moodle does, and says where that is hardly what the author meant.

A block is looked at through its *mask*: the same text with every escaped character blanked out, so that places in the
mask are places in the text and a `{`, `~`, `=`, `#` or `:` found there is a mark and no text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext

from quizzes.formats.common import Collector, Import, Left, decode, name_of, pool_of
from quizzes.formats.gift.answers import READERS, Piece, kind_of
from quizzes.formats.texts import (
    MAX_HTML,
    BadText,
    Lost,
    by_language,
    check_length,
    html_to_markdown,
    marks_to_dollars,
    plain_to_markdown,
)
from quizzes.questions import Question

ESCAPED = re.compile(r"\\([\\:#={}~n])")
FORMATS = ("moodle", "plain", "html", "markdown")
# LaTeX commands that begin with n: GIFT reads "\n" as a line's end.
LATEX_N = re.compile(
    r"\\n(?:abla|atural|e|earrow|eg|eq|exists|geq|gtr|i|leq|less|mid|olimits|onumber|orm|ormalsize|ot|otin|parallel"
    r"|prec|rightarrow|subseteq|succ|u|um|warrow|ewline)(?![A-Za-z])"
)
LATEX_BRACE = re.compile(r"(?:\\[A-Za-z]+(?:\[[^\]]*\])?|[_^]|\\[A-Za-z]+\s*\})\s*\Z")
MAX_BLOCK = 4 * MAX_HTML  # characters of one question
HTML_MARK = re.compile(r"</?[A-Za-z][^<>]*>|&#?\w+;")


def read(data: str | bytes, language: str = "en") -> Import:
    """The questions of a GIFT file, texts in `language`. Never raises for what the file holds."""
    collector = Collector(language)
    text = decode(data, collector)
    for first, lines in _blocks(text or ""):
        collector.line = first
        if collector.full():
            break
        try:
            _read_block(collector, first, lines)
        except (Left, BadText) as fault:
            collector.error(str(fault), getattr(fault, "line", 0) or None)
    return collector.finish()


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, lines) of each block: what stands between blank lines."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


@dataclass
class Block:
    """One question's text and mask, and what its texts are written in."""

    collector: Collector
    text: str
    line: int  # of the file, at which the text begins
    style: str = "moodle"  # one of FORMATS

    def __post_init__(self) -> None:
        self.mask = mask_of(self.text)

    @property
    def whole(self) -> Piece:
        return Piece(self.text, self.mask, 0)

    def line_at(self, place: int) -> int:
        return self.line + self.text.count("\n", 0, place)

    def warn(self, text: str, piece: Piece | None = None) -> None:
        self.collector.warn(text, self.line_at(piece.start) if piece else None)

    def plain(self, piece: Piece) -> str:
        """The piece with its escapes resolved."""
        text = LATEX_N.sub(self._keep_command(piece), piece.text)
        text = ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text)
        return text.strip()

    def _keep_command(self, piece: Piece) -> Callable[[re.Match[str]], str]:
        def keep(found: re.Match[str]) -> str:
            before = piece.text[: found.start()]
            if (len(before) - len(before.rstrip("\\"))) % 2:
                return found[0]  # "\\nu": a backslash, then letters
            told = gettext(
                "“%(command)s” begins with GIFT's sign for a line's end; it was read as the LaTeX command. "
                "Write “\\%(command)s”."
            )
            self.warn(told % {"command": found[0]}, piece)
            return "\\" + found[0]

        return keep

    def texts(self, piece: Piece) -> dict[str, str]:
        """The piece as Markdown by language; it may name its own format, as in [html]<b>x</b>."""
        text, style = self.styled(piece)
        return self.markdown(text, style)

    def styled(self, piece: Piece) -> tuple[str, str]:
        """The piece without the name of its format, and the format."""
        stripped = piece.strip()
        named = re.match(r"\[(\w+)\]", stripped.text)
        if named and named[1] in FORMATS:
            return self.plain(stripped.cut(named.end())), named[1]
        return self.plain(stripped), self.style

    def markdown(self, text: str, style: str) -> dict[str, str]:
        if not text:
            return {}
        lost = Lost()
        if style == "markdown":
            texts = {self.collector.language: marks_to_dollars(text)}
        elif style == "plain" or not (HTML_MARK.search(text) or "{mlang" in text):
            texts = {self.collector.language: plain_to_markdown(text)}
        else:
            html = text if style == "html" else text.replace("\n", "<br>")
            parts = by_language(html, self.collector.language)
            texts = {language: html_to_markdown(part, lost) for language, part in parts.items()}
        for sentence in lost.sentences:
            self.collector.warn(sentence)
        return {language: markdown for language, markdown in texts.items() if markdown}


def mask_of(text: str) -> str:
    return ESCAPED.sub("\0\0", text)


def _read_block(collector: Collector, first: int, lines: list[str]) -> None:
    tags = [tag for line in lines if line.strip().startswith("//") for tag in re.findall(r"\[tag:([^\]]*)\]", line)]
    kept = [" " if line.strip().startswith("//") else line for line in lines]
    while kept and not kept[0].strip():
        kept.pop(0)
        first += 1
    text = "\n".join(kept).strip()
    if not text:
        return
    collector.line = first
    if text.startswith("$CATEGORY:"):
        _read_category(collector, first, text)
        return
    check_length(text, MAX_BLOCK)
    question = _read_question(Block(collector, text, first), tags[0].strip() if tags else "")
    if len(tags) > 1:
        collector.warn(gettext("A question has one topic here: of its tags, the first one was kept."))
    collector.add(question)


def _read_category(collector: Collector, first: int, text: str) -> None:
    category, *rest = text.removeprefix("$CATEGORY:").split("\n")
    collector.pool = pool_of(ESCAPED.sub(r"\1", category.strip()))
    if any(line.strip() for line in rest):
        told = gettext("Leave a blank line after $CATEGORY: Moodle would take the next lines for the category's name.")
        collector.warn(told, first)
        _read_block(collector, first + 1, rest)


def _read_question(block: Block, topic: str) -> Question:
    piece, name = _named(block)
    statement, answers = _split(block, piece)
    ending = answers.mask.rfind("####")
    general = answers.cut(ending + 4) if ending >= 0 else Piece("", "", 0)
    answers = (answers.cut(0, ending) if ending >= 0 else answers).strip()
    text, block.style = block.styled(statement)
    texts = block.markdown(text, block.style)
    if not texts:
        raise Left(gettext("The question has no statement: write it before the “{”."))
    feedback = block.texts(general)
    kind = kind_of(answers)
    name = name or name_of(next(iter(texts.values())))
    question = READERS[kind](block, texts, name, answers)
    return replace(question, feedback=feedback, topic=topic[:200])


def _named(block: Block) -> tuple[Piece, str]:
    """The block without its ::name::, and the name."""
    piece = block.whole
    if not piece.mask.startswith("::"):
        return piece, ""
    end = piece.mask.find("::", 2)
    if end < 0:
        block.warn(gettext("No second “::” ends the question's name: it was read as the statement's beginning."))
        return piece.cut(2), ""
    name = " ".join(block.plain(piece.cut(2, end)).split())
    if len(name) > 200:
        block.warn(gettext("The question's name was cut at 200 characters."))
    return piece.cut(end + 2).strip(), name[:200].strip()


def _split(block: Block, piece: Piece) -> tuple[Piece, Piece]:
    """The statement (with _____ in the place of answers amid the text), and what stands in the braces."""
    start, end = piece.mask.find("{"), piece.mask.find("}")
    if start < 0 and end < 0:
        raise Left(gettext("There are no answers in braces: a text without a question is left out."))
    if start < 0 or 0 <= end < start:
        raise Left(
            gettext("A “}” has no “{” before it. Remove blank lines inside the question, and write \\} in a text."),
            block.line_at(piece.start + max(end, 0)),
        )
    where = block.line_at(piece.start + start)
    if LATEX_BRACE.search(piece.text[max(0, start - 200) : start]):
        raise Left(gettext("The first “{” belongs to a formula: write \\{ and \\} in texts, also in LaTeX."), where)
    if end < 0:
        raise Left(
            gettext("No “}” ends the answers. Remove blank lines inside the question, and write \\} in a text."), where
        )
    before, inner, after = piece.cut(0, start), piece.cut(start + 1, end), piece.cut(end + 1)
    if "{" in after.mask or "}" in after.mask:
        raise Left(
            gettext(
                "There are more braces after the answers. Part questions by a blank line, "
                "and write \\{ and \\} in texts, also in LaTeX."
            ),
            block.line_at(after.start),
        )
    if not after.text.strip():
        return before.strip(), inner
    gap = "\\_\\_\\_\\_\\_" if _is_markdown(before) else "_____"
    # The mask of the joined statement is made anew: the gap holds no mark.
    text = before.text + gap + after.text
    return Piece(text, mask_of(text), before.start), inner


def _is_markdown(piece: Piece) -> bool:
    return piece.text.lstrip().startswith("[markdown]")
