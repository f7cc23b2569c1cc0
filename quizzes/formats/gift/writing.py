"""Writes GIFT that Moodle and our own reader take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from django.utils.translation import gettext

from quizzes.formats.common import NO_PICTURES, Export, Left, Pictures, Pooled
from quizzes.formats.export import Writer, moodle_shares, number, percent, say_what_is_left, write_each
from quizzes.questions import Question, Texts

HEADER = "// GIFT\n\n"


def write(questions: Iterable[Pooled], language: str = "en", _pictures: Pictures = NO_PICTURES) -> Export:
    """The questions in `language`; what GIFT cannot hold is said by question."""
    export = write_each(questions, language, _write, lambda pool: f"$CATEGORY: $course$/top/{_escape(pool)}\n\n")
    export.text = HEADER + export.text
    return export


def _escape(text: str) -> str:
    text = re.sub(r"([\\#={}~:])", r"\\\1", text.strip())
    return text.replace("\n", "\\n")


class _Gift:
    """The texts of one question. All of them are HTML when one has markup: answers inherit the statement's format."""

    def __init__(self, question: Question, writer: Writer) -> None:
        self.question = question
        self.writer = writer
        texts = [question.text, question.feedback]
        for option in question.options:
            texts += [option.text, option.feedback]
        texts += [answer.feedback for answer in question.answers]
        texts += [pair.left for pair in question.pairs]
        self.rich = any(re.search("[<&]", writer.html(text)) for text in texts)

    def text(self, texts: Texts) -> str:
        # Without markup the HTML is the text itself, entities and all.
        return _escape(re.sub(r"\s*\n\s*", "\n", self.writer.html(texts)) if self.rich else self.writer.html(texts))

    def feedback(self, texts: Texts) -> str:
        text = self.text(texts)
        return f"#{text}" if text else ""


def _write(question: Question, writer: Writer) -> str:
    if question.type not in _WRITERS:
        raise Left(gettext("GIFT has no questions of this type (%(type)s).") % {"type": question.type})
    say_what_is_left(question, writer, ("feedback", "topic"))
    gift = _Gift(question, writer)
    answers = _WRITERS[question.type](gift)
    general = gift.text(question.feedback)
    ending = f"####{general}\n" if general else ""
    tag = f"// [tag:{question.topic}]\n" if question.topic and "]" not in question.topic else ""
    style = "[html]" if gift.rich else ""
    return f"{tag}::{_escape(question.name)}::{style}{gift.text(question.text)} {{{answers}{ending}}}\n\n"


def _choice(gift: _Gift) -> str:
    lines = []
    single = gift.question.type == "single"
    for option, share in zip(gift.question.options, moodle_shares(gift.question, gift.writer), strict=True):
        weight = "=" if single and share == 1 else f"~%{percent(share)}%" if share else "~"
        lines.append(f"\t{weight}{_guarded(gift.text(option.text), weight)}{gift.feedback(option.feedback)}\n")
    return "\n" + "".join(lines)


def _guarded(text: str, mark: str) -> str:
    """A text that begins like a weight is set off by one."""
    return f"%0%{text}" if mark == "~" and re.match(r"%-?\d{1,3}(\.\d*)?%", text) else text


def _true_false(gift: _Gift) -> str:
    options = {option.id: option for option in gift.question.options}
    right, wrong = ("true", "false") if "true" in gift.question.right else ("false", "true")
    when_wrong, when_right = gift.text(options[wrong].feedback), gift.text(options[right].feedback)
    feedback = f"#{when_wrong}" if when_wrong or when_right else ""
    feedback += f"#{when_right}" if when_right else ""
    return ("T" if right == "true" else "F") + feedback


def _short(gift: _Gift) -> str:
    lines = [
        f"\t=%{percent(answer.fraction)}%{_escape(str(answer.value))}{gift.feedback(answer.feedback)}\n"
        for answer in gift.question.answers
    ]
    return "\n" + "".join(lines)


def _numerical(gift: _Gift) -> str:
    lines = [
        f"\t=%{percent(answer.fraction)}%{number(answer.value)}:{number(answer.tolerance)}{gift.feedback(answer.feedback)}\n"
        for answer in gift.question.answers
    ]
    return "#\n" + "".join(lines)


def _matching(gift: _Gift) -> str:
    sides = [(gift.text(pair.left), pair.right) for pair in gift.question.pairs]
    sides += [("", pair.right) for pair in gift.question.distractors]
    # Moodle shows right sides as plain text, whatever the question's format.
    return "\n" + "".join(f"\t={left} -> {_escape(gift.writer.plain(right))}\n" for left, right in sides)


_WRITERS: dict[str, Callable[[_Gift], str]] = {
    "single": _choice,
    "multiple": _choice,
    "true_false": _true_false,
    "short": _short,
    "numerical": _numerical,
    "matching": _matching,
}
