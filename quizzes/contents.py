"""Question versions in memory, and the names under which a student meets their parts.

A version never changes, so each process keeps those it has parsed. They are found by the content's hash, which an
attempt's layout carries: a row's number could be used again after a restore of the database.

Students see no id of the author: `right1` or an import's "the first option is the right one" would be read in the
page's source, and a pair's left and right side share their id. Options, right sides and items are named a, b, c, … in
the order in which this student sees them, left sides 1, 2, 3, …
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from quizzes.models import QuestionVersion
from quizzes.questions import BadResponse, Question, Response, check_response, parse

SHORT = 16  # characters of a content's hash that name it: 64 bits

_parsed: dict[str, Question] = {}
_MOST = 20_000


def short_hash(version: QuestionVersion) -> str:
    return version.sha256[:SHORT]


def question_of(version: QuestionVersion) -> Question:
    """The parsed content of a version."""
    return _keep(short_hash(version), version.content)


def _keep(name: str, content: Any) -> Question:
    question = _parsed.get(name)
    if question is None:
        if len(_parsed) >= _MOST:
            _parsed.clear()
        question = _parsed[name] = parse(content)
    return question


def questions_of(layout: Iterable[Mapping[str, Any]]) -> dict[str, Question]:
    """Questions of a layout by key: no query when this process has met them all, else one."""
    entries = list(layout)
    unknown = {entry["version"] for entry in entries if entry["sha"] not in _parsed}
    if unknown:
        for version in QuestionVersion.objects.filter(pk__in=unknown):
            question_of(version)
    return {entry["key"]: _parsed[entry["sha"]] for entry in entries}


@lru_cache(maxsize=200)
def letters(count: int) -> tuple[str, ...]:
    """a … z, then aa, ab, …"""
    names: list[str] = []
    for index in range(count):
        name, rest = "", index
        while True:
            name = chr(ord("a") + rest % 26) + name
            rest = rest // 26 - 1
            if rest < 0:
                break
        names.append(name)
    return tuple(names)


@dataclass(frozen=True)
class Names:
    """The student's names of a question's parts, both ways."""

    question: Question
    order: tuple[str, ...]  # author's ids of options, right sides or items, as shown
    public: Mapping[str, str]  # author's id -> shown name
    private: Mapping[str, str]
    left: Mapping[str, str]  # the same for the left sides of matching
    left_private: Mapping[str, str]

    @classmethod
    def of(cls, question: Question, order: Iterable[str]) -> Names:
        order = tuple(order)
        # Of true and false the names say what they are and the order is always the same.
        shown = order if question.type == "true_false" else letters(len(order))
        left = {pair.id: str(number) for number, pair in enumerate(question.pairs, 1)}
        public = dict(zip(order, shown, strict=True))
        return cls(
            question,
            order,
            public,
            {name: part for part, name in public.items()},
            left,
            {name: part for part, name in left.items()},
        )

    def show(self, response: Response) -> Response:
        """A stored response under the student's names."""
        match self.question.type:
            case "single" | "true_false" if response is not None:
                return self.public.get(response)
            case "multiple" | "ordering" if response is not None:
                shown = [self.public[part] for part in response if part in self.public]
                return shown if self.question.type == "ordering" else sorted(shown, key=lambda n: (len(n), n))
            case "matching" if response is not None:
                return {
                    self.left[a]: self.public[b] for a, b in response.items() if a in self.left and b in self.public
                }
        return response

    def read(self, response: object) -> Response:
        """What the student's page sent, as it is stored. Raises BadResponse."""
        try:
            return check_response(self.question, self._read(response))
        except (KeyError, TypeError):
            raise BadResponse("the response names a part that this question does not have") from None

    def _read(self, response: Any) -> object:
        if response is None:
            return None
        match self.question.type:
            case "single" | "true_false":
                return self.private[response]
            case "multiple" | "ordering":
                return [self.private[name] for name in response] if isinstance(response, list) else response
            case "matching" if isinstance(response, dict):
                return {self.left_private[a]: self.private[b] for a, b in response.items()}
        return response
