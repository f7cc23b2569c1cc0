"""How texts name pictures: `![description](picture:name)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from django.utils.translation import gettext

from quizzes.questions import Question, Texts
from quizzes.questions.model import Accepted, Option, Pair

# A stored name is unmistakable wherever it stands. Any other is looked for where an address can stand.
_STORED = re.compile(r"\bpicture:([0-9a-f]{32})(?![\w.])")
_ADDRESS = re.compile(
    r"(?P<before>\]\(\s*<?|^\s{0,3}\[[^\]\n]{1,100}\]:\s*<?)picture:(?P<label>[^\s<>()]{1,200})", re.M
)
_NO_WORDS = re.compile(r"!\[\s*\]\(\s*<?picture:")
_ELSEWHERE = re.compile(r"!\[[^\]\n]{0,500}\]\(\s*<?(?:https?:)?//", re.IGNORECASE)


def is_stored(label: str) -> bool:
    return _STORED.fullmatch(f"picture:{label}") is not None


def located(texts: Texts, base: str) -> dict[str, str]:
    """The texts with addresses in place of names: `base` is the folder in which the reader finds the pictures."""
    return {language: locate(text, base) for language, text in texts.items()}


def locate(text: str, base: str) -> str:
    return _STORED.sub(lambda found: base + found[1], text) if "picture:" in text else text


def found_in(question: Question, base: str) -> Question:
    """The question as somebody reads it who finds the pictures in the folder `base`."""
    return _with_texts(question, lambda texts: located(texts, base)) if names_in(question) else question


def texts_of(question: Question) -> Iterator[Texts]:
    """Every text that an author writes in Markdown."""
    yield from (question.text, question.feedback)
    for option in (*question.options, *question.items):
        yield from (option.text, option.feedback)
    for answer in question.answers:
        yield answer.feedback
    for pair in (*question.pairs, *question.distractors):
        yield from (pair.left, pair.right)


def names_in(question: Question) -> frozenset[str]:
    """Stored names."""
    return frozenset(
        found[1] for texts in texts_of(question) for text in texts.values() for found in _STORED.finditer(text)
    )


def labels_in(question: Question) -> list[str]:
    """Every name, stored or not, in the order of the texts, each once."""
    found = (
        match["label"]
        for texts in texts_of(question)
        for text in texts.values()
        if "picture:" in text
        for match in _ADDRESS.finditer(text)
    )
    return list(dict.fromkeys(found))


def renamed(question: Question, names: Mapping[str, str]) -> Question:
    """The question with other names: `names` leads from the old ones to the new ones; what is not in it stays."""
    if not names or not labels_in(question):
        return question

    def rename(match: re.Match[str]) -> str:
        return f"{match['before']}picture:{names.get(match['label'], match['label'])}"

    return _with_texts(question, lambda texts: {key: _ADDRESS.sub(rename, text) for key, text in texts.items()})


def _with_texts(question: Question, change: Callable[[Texts], Texts]) -> Question:
    def option(one: Option) -> Option:
        return replace(one, text=change(one.text), feedback=change(one.feedback))

    def pair(one: Pair) -> Pair:
        return replace(one, left=change(one.left), right=change(one.right))

    def accepted(one: Accepted) -> Accepted:
        return replace(one, feedback=change(one.feedback))

    return replace(
        question,
        text=change(question.text),
        feedback=change(question.feedback),
        options=tuple(map(option, question.options)),
        items=tuple(map(option, question.items)),
        answers=tuple(map(accepted, question.answers)),
        pairs=tuple(map(pair, question.pairs)),
        distractors=tuple(map(pair, question.distractors)),
    )


def problems_of(question: Question) -> list[str]:
    """What an author should mend in how the texts name pictures, as sentences."""
    texts = [text for by_language in texts_of(question) for text in by_language.values()]
    found = []
    if any(_NO_WORDS.search(text) for text in texts):
        told = gettext("A picture has no description: say between the brackets what those who cannot see it need.")
        found.append(told)
    if any(_ELSEWHERE.search(text) for text in texts):
        found.append(gettext("A picture of another site is not shown: add the picture itself."))
    return found
