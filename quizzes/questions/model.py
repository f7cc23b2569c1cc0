"""The parts of a question in memory; their JSON form is described in quizzes.questions."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TYPES = ("single", "multiple", "true_false", "numerical", "short", "matching", "ordering")
CHOICES = ("single", "multiple", "true_false")
LANGUAGES = ("en", "fr")
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,32}")
MAX_TEXT = 50_000  # characters of one text
MAX_PARTS = 100  # options, pairs, items, accepted answers
MAX_TYPED = 1_000  # characters of a typed response

Texts = Mapping[str, str]  # by language
Response = Any  # of the forms above


class BadQuestion(ValueError):
    """The question's author has to change something: the text says where and what."""


class BadResponse(ValueError):
    """The response is not one that this question's page can send."""


@dataclass(frozen=True)
class Option:
    id: str
    text: Texts
    fraction: float = 0.0
    feedback: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Accepted:
    """An accepted answer: a number with its tolerance (numerical) or a text in which `*` is a wildcard (short)."""

    value: float | str
    tolerance: float = 0.0  # absolute; ends included
    fraction: float = 1.0
    feedback: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    id: str
    left: Texts  # empty for a distractor
    right: Texts


@dataclass(frozen=True)
class Question:
    type: str
    name: str
    text: Texts
    points: float = 1.0
    topic: str = ""
    feedback: Texts = field(default_factory=dict)
    fixed_order: bool = False
    options: tuple[Option, ...] = ()
    rule: str = ""
    answers: tuple[Accepted, ...] = ()
    units: Mapping[str, float] = field(default_factory=dict)
    unit_needed: bool = False
    case: bool = False
    pairs: tuple[Pair, ...] = ()
    distractors: tuple[Pair, ...] = ()
    items: tuple[Option, ...] = ()

    @property
    def right(self) -> frozenset[str]:
        """Ids of the right options: those that bring points; of single, those that bring all of them."""
        least = 1.0 if self.type != "multiple" else math.ulp(0.0)
        return frozenset(option.id for option in self.options if option.fraction >= least)

    @property
    def parts(self) -> tuple[str, ...]:
        """Ids of what may be shuffled: options, right sides, items."""
        parts: tuple[Option | Pair, ...] = (*self.options, *self.pairs, *self.distractors, *self.items)
        return tuple(part.id for part in parts)


def localized(texts: Texts, language: str) -> str:
    """The text in `language`, else in English, else in any; "" when there is none."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def digest(content: Mapping[str, Any]) -> str:
    """Names a content: sha256 of its JSON with sorted keys."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def missing_languages(question: Question, languages: Iterable[str]) -> list[str]:
    """Paths of texts that lack one of `languages`; a feedback may be left out, but not in one language alone."""
    texts: list[tuple[str, Texts]] = [("text", question.text), ("feedback", question.feedback)]
    for kind, options in (("options", question.options), ("items", question.items)):
        for option in options:
            texts += [(f"{kind}.{option.id}", option.text), (f"{kind}.{option.id}.feedback", option.feedback)]
    for pair in (*question.pairs, *question.distractors):
        texts += [(f"pairs.{pair.id}.left", pair.left), (f"pairs.{pair.id}.right", pair.right)]
    return [f"{path}.{language}" for path, by in texts if by for language in languages if not by.get(language)]
