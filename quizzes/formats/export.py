"""What the writers share: the text of one language, shares as Moodle has them, and what a format cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext

from quizzes.formats.common import NO_PICTURES, Export, Left, Level, Pictures, Pooled, Problem
from quizzes.formats.texts import Lost, markdown_to_html, markdown_to_plain
from quizzes.questions import Question, Texts, localized

# Moodle refuses other shares: p/q with q up to 6, tenths, 1/7, 1/8, 1/9 and 1/20.
MOODLE_SHARES = sorted(
    {p / q for q in (1, 2, 3, 4, 5, 6, 10) for p in range(q + 1)} | {1 / 7, 1 / 8, 1 / 9, 1 / 20},
)


@dataclass
class Writer:
    """Writes the texts of one question and keeps what got lost on the way."""

    language: str
    lost: Lost = field(default_factory=Lost)
    pictures: Pictures = field(default_factory=dict)  # that the format can carry

    def text(self, texts: Texts) -> str:
        """The Markdown in the wished language, else in the other one, which is said."""
        if any(texts.values()) and not texts.get(self.language):
            told = gettext("A text has no version in the language “%(language)s”: the other one was written.")
            self.lost.add(told % {"language": self.language})
        return localized(texts, self.language)

    def html(self, texts: Texts) -> str:
        return markdown_to_html(self.text(texts), self.lost, self.pictures)

    def plain(self, texts: Texts) -> str:
        return markdown_to_plain(self.text(texts), self.lost)

    def cannot(self, sentence: str) -> None:
        self.lost.add(sentence)


def write_each(
    questions: Iterable[Pooled],
    language: str,
    write: Callable[[Question, Writer], str],
    heading: Callable[[str], str],
    pictures: Pictures = NO_PICTURES,
) -> Export:
    """The questions one after the other, each new pool under its heading; what cannot be written is left out."""
    export = Export()
    parts: list[str] = []
    current = ""
    for number, (pool, question) in enumerate(questions, 1):
        writer = Writer(language, pictures=pictures)
        try:
            text = write(question, writer)
        except Left as fault:
            export.problems.append(_problem(number, "error", question, fault.text))
            continue
        if pool != current:
            parts.append(heading(pool))
            current = pool
        parts.append(text)
        export.problems += [_problem(number, "warning", question, sentence) for sentence in writer.lost.sentences]
    export.text = "".join(parts)
    return export


def _problem(number: int, level: Level, question: Question, sentence: str) -> Problem:
    return Problem(number, level, f"{question.name}: {sentence}")


def moodle_shares(question: Question, writer: Writer) -> list[float]:
    """Of each option: the share that Moodle adds when it is ticked."""
    fractions = [option.fraction for option in question.options]
    if question.type == "multiple" and question.rule != "fractions":
        fractions = _shares_of_rule(question, writer)
    if any(min(abs(abs(f) - share) for share in MOODLE_SHARES) > 1e-5 for f in fractions):
        writer.cannot(gettext("Moodle knows no such share: give the options shares such as 1/2, 1/3, 1/4, 1/5, 1/10."))
    return fractions


def _shares_of_rule(question: Question, writer: Writer) -> list[float]:
    """Moodle has one rule, the sum of shares: 1/c for each of the c right options."""
    share = 1 / len(question.right)
    cost = share  # of a wrong tick: what net-correct takes
    if question.rule.startswith("dock="):
        cost = float(question.rule.removeprefix("dock="))
    elif question.rule != "net-correct":
        rule = question.rule or gettext("the quiz's")
        told = gettext("The rule “%(rule)s” has no equal in Moodle: there a wrong tick costs what a right one brings.")
        writer.cannot(told % {"rule": rule})
    return [share if option.id in question.right else -cost for option in question.options]


def percent(fraction: float) -> str:
    """A share as Moodle writes it: 100, 50, 33.33333."""
    return f"{100 * fraction:.5f}".rstrip("0").rstrip(".")


def number(value: float | str) -> str:
    """A number as short as it reads back the same."""
    return repr(float(value)).removesuffix(".0")


def say_what_is_left(question: Question, writer: Writer, kept: Sequence[str]) -> None:
    """Warn of what the format cannot hold, apart from the fields in `kept`."""
    if question.points != 1 and "points" not in kept:
        writer.cannot(gettext("The format holds no points: the question will be worth 1."))
    if question.fixed_order and "fixed_order" not in kept:
        writer.cannot(gettext("The format cannot fix the order of the options."))
    if question.units and "units" not in kept:
        writer.cannot(gettext("The format holds no units: the number alone will be asked for."))
    if question.case and "case" not in kept:
        writer.cannot(gettext("The format cannot ask for capitals: answers will be right in small letters too."))
    if any(question.feedback.values()) and "feedback" not in kept:
        writer.cannot(gettext("The format holds no feedback."))
    if question.topic and "topic" not in kept:
        writer.cannot(gettext("The format holds no topic."))
