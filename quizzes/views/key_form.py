"""The part of the regrade page in which a question's key is edited: what it shows, and what it sends back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from quizzes import keys
from quizzes.errors import BadQuiz
from quizzes.questions import CHOICES, Accepted, Question
from quizzes.views.words import text_and_language

MORE = 5  # empty lines for more accepted answers
KINDS = {"numerical": "typed", "short": "typed", "matching": "pairs", "ordering": "order"}


def kind_of(question: Question) -> str:
    """Which controls the form has: choice, typed, order, or pairs, which cannot be edited."""
    return "choice" if question.type in CHOICES else KINDS[question.type]


def fields(question: Question, post: QueryDict | None = None) -> dict[str, Any]:
    """What the template shows of a question's key; with `post`, as it was sent, whether it can be read or not."""
    kind = kind_of(question)
    text, language = text_and_language(question.text)
    found: dict[str, Any] = {"kind": kind, "type": question.type, "text": text, "language": language}
    if kind == "choice":
        right = question.right if post is None else post.getlist("right")
        found["options"] = [
            {"id": option.id, "text": _local(option.text), "right": option.id in right} for option in question.options
        ]
    elif kind == "typed":
        lines = [_line(number, answer) for number, answer in enumerate(question.answers)]
        lines += [_line(len(lines) + more, None) for more in range(MORE)]
        found["answers"] = lines if post is None else [_sent(line, post) for line in lines]
    elif kind == "order":
        found["items"] = [
            {"id": item.id, "text": _local(item.text), "place": place if post is None else _place(post, item.id)}
            for place, item in enumerate(question.items, 1)
        ]
        found["places"] = range(1, len(question.items) + 1)
    else:
        found["pairs"] = [{"left": _local(pair.left), "right": _local(pair.right)} for pair in question.pairs]
    return found


def _local(texts: Any) -> str:
    return text_and_language(texts)[0]


def _line(number: int, answer: Accepted | None) -> dict[str, Any]:
    if answer is None:
        return {"number": number, "value": "", "tolerance": "", "percent": ""}
    value = answer.value if isinstance(answer.value, str) else f"{answer.value:.15g}"
    return {
        "number": number,
        "value": value,
        "tolerance": f"{answer.tolerance:.15g}",
        "percent": f"{100 * answer.fraction:.6g}",
    }


def _sent(line: dict[str, Any], post: QueryDict) -> dict[str, Any]:
    names = ("value", "tolerance", "percent")
    return line | {name: post.get(f"{name}-{line['number']}", "")[:1000] for name in names}


def read(question: Question, post: QueryDict) -> Question:
    """The question with the key that the form says. Raises BadQuiz, which says what to change."""
    kind = kind_of(question)
    if kind == "choice":
        return keys.with_right(question, post.getlist("right"))
    if kind == "order":
        return keys.with_order(question, {item.id: _place(post, item.id) for item in question.items})
    if kind == "pairs":
        return question
    lines = range(len(question.answers) + MORE)
    return keys.with_answers(question, [answer for n in lines if (answer := _accepted(question, post, n))])


def _place(post: QueryDict, name: str) -> int:
    text = post.get(f"place-{name}", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _accepted(question: Question, post: QueryDict, number: int) -> Accepted | None:
    """One line; None for an empty one. The feedback of a line that was there stays."""
    text = post.get(f"value-{number}", "")
    if not text.strip():
        return None
    known = question.answers[number] if number < len(question.answers) else Accepted("")
    percent = post.get(f"percent-{number}", "").strip() or "100"
    share = keys.typed_number(percent, _("Share")) / 100
    if not 0 <= share <= 1:
        raise BadQuiz(_("Share: from 0 to 100 %."))
    if question.type == "short":
        return replace(known, value=text.strip(), fraction=share)
    tolerance = post.get(f"tolerance-{number}", "").strip() or "0"
    return replace(
        known,
        value=keys.typed_number(text, _("Value")),
        tolerance=keys.typed_number(tolerance, _("Tolerance")),
        fraction=share,
    )
