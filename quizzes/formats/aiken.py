"""Aiken: a question on one line, options A. to Z. on a line each, and ANSWER: with one letter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext

from quizzes.formats.common import (
    NO_PICTURES,
    Collector,
    Export,
    Import,
    Left,
    Pictures,
    Pooled,
    decode,
    letters,
    name_of,
)
from quizzes.formats.export import Writer, say_what_is_left, write_each
from quizzes.formats.texts import escape_markdown
from quizzes.questions import MAX_TEXT, Option, Question, Texts

OPTION = re.compile(r"([A-Z])[).][ \t]?")
LIKE_OPTION = re.compile(r"\s*[A-Za-z]\s*[).:\]][ \t]")
LIKE_KEY = re.compile(r"\s*(answer|ans|réponse|reponse|correct)\s*:", re.IGNORECASE)


@dataclass
class _Draft:
    """The question whose lines are being read."""

    line: int = 0
    text: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False  # its fault is told already: what follows until its key is skipped

    @property
    def empty(self) -> bool:
        return not self.text and not self.options and not self.broken


def read(data: str | bytes, language: str = "en") -> Import:
    """The questions of an Aiken file. Never raises for what the file holds."""
    collector = Collector(language)
    text = decode(data, collector)
    draft = _Draft()
    for number, raw in enumerate((text or "").split("\n"), 1):
        line = raw.strip()
        if not line:
            continue
        if collector.full():
            return collector.finish()
        if draft.empty:
            draft.line = collector.line = number
        draft = _read_line(collector, draft, number, line)
    if not draft.empty and not draft.broken:
        collector.error(gettext("The last question has no “ANSWER:” line."), draft.line)
    return collector.finish()


def _read_line(collector: Collector, draft: _Draft, number: int, line: str) -> _Draft:
    option = OPTION.match(line)
    if draft.broken and (option or line.startswith("ANSWER:") or LIKE_KEY.match(line) or LIKE_OPTION.match(line)):
        ended = line.startswith("ANSWER:") or LIKE_KEY.match(line)
        return _Draft() if ended else draft
    if line.startswith("ANSWER:"):
        try:
            collector.add(_question(collector, draft, line))
        except Left as fault:
            collector.error(fault.text)
        return _Draft()
    if option and not draft.text:
        told = gettext("“%(start)s” begins an option, but no question stands before it: a question may not begin so.")
        collector.error(told % {"start": option[0].strip()}, number)
        return _Draft(number, broken=True)
    if option:
        draft.options.append((option[1], line[option.end() :].strip()))
        return draft
    if draft.empty:
        return _Draft(number, line)
    return _stray(collector, draft, number, line)


def _stray(collector: Collector, draft: _Draft, number: int, line: str) -> _Draft:
    """A plain line where an option or the key is due."""
    if LIKE_KEY.match(line):
        collector.error(gettext("The key is written “ANSWER: B”, in capitals and in English."), number)
        return _Draft()
    if LIKE_OPTION.match(line):
        told = gettext("This looks like an option: they begin with a capital letter and “.” or “)”, as in “B. text”.")
        collector.error(told, number)
        return _Draft(draft.line, broken=True)
    if draft.options:
        told = gettext("The question has no “ANSWER:” line before the next one begins.")
        collector.error(told, draft.line)
    elif not draft.broken:
        told = gettext("A question stands on one line, and options follow at once: join this line to the one before.")
        collector.error(told, number)
        return _Draft(draft.line, broken=True)
    collector.line = number
    return _Draft(number, line)


def _question(collector: Collector, draft: _Draft, key_line: str) -> Question:
    key = key_line.removeprefix("ANSWER:").strip()
    names = [name for name, _text in draft.options]
    if not draft.text:
        raise Left(gettext("“ANSWER:” stands here without a question before it."))
    if len(draft.options) < 2:
        raise Left(gettext("A question needs at least two options."))
    if len(set(names)) < len(names):
        raise Left(gettext("Two options have the same letter."))
    if not key or key[0] not in names:
        raise Left(gettext("The key names no option: “ANSWER: %(key)s”.") % {"key": key[:20]})
    if len(key) > 1 and not key[1:].isspace() and re.match(r"[A-Z]?[\s,;&/]*[A-Z]\b", key[1:]):
        told = gettext("Aiken has one right answer a question: of “%(key)s” the first letter was kept.")
        collector.warn(told % {"key": key[:20]})
    if max(len(text) for text in (draft.text, *(text for _letter, text in draft.options))) > MAX_TEXT:
        raise Left(gettext("A text is longer than %(most)d characters.") % {"most": MAX_TEXT})
    if any(not text for _name, text in draft.options):
        raise Left(gettext("An option is empty."))
    options = [
        Option(name, {collector.language: escape_markdown(text)}, 1.0 if letter == key[0] else 0.0)
        for name, (letter, text) in zip(letters(len(names)), draft.options, strict=True)
    ]
    text = escape_markdown(draft.text)
    return Question("single", name_of(text), {collector.language: text}, options=tuple(options))


# ---- Writing -----------------------------------------------------------------------------------------------------


def write(questions: Iterable[Pooled], language: str = "en", _pictures: Pictures = NO_PICTURES) -> Export:
    """The single-choice questions in `language`; others are left out, which is said."""
    return write_each(questions, language, _write, lambda _pool: "")


def _write(question: Question, writer: Writer) -> str:
    if question.type not in ("single", "true_false"):
        raise Left(gettext("Aiken has questions with one right option only."))
    if len(question.right) != 1:
        raise Left(gettext("Aiken has one right answer a question; this one has several."))
    if len(question.options) > 26:
        raise Left(gettext("Aiken has at most 26 options."))
    say_what_is_left(question, writer, ())
    if any(option.fraction not in (0, 1) for option in question.options):
        writer.cannot(gettext("The format holds no shares: every wrong option will bring 0."))
    if any(any(option.feedback.values()) for option in question.options):
        writer.cannot(gettext("The format holds no feedback."))
    if question.type == "true_false":
        writer.cannot(gettext("True/false became a choice between two options."))
    statement = _one_line(question.text, writer)
    if OPTION.match(statement):
        writer.cannot(gettext("The statement begins like an option; a “–” was put before it."))
        statement = f"– {statement}"
    lines = [statement]
    for index, option in enumerate(question.options):
        letter = chr(ord("A") + index)
        lines.append(f"{letter}. {_one_line(option.text, writer)}")
        if option.id in question.right:
            key = letter
    return "\n".join([*lines, f"ANSWER: {key}"]) + "\n\n"


def _one_line(texts: Texts, writer: Writer) -> str:
    text = writer.plain(texts)
    if "\n" in text:
        writer.cannot(gettext("Aiken has one line a text: line ends became spaces."))
    return " ".join(text.split())
