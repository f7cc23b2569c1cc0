"""Scoring a question of an attempt with every later change of its key applied.

A layout names the version that the student saw. A regrade (KeyChange) says what a response to it is worth now:
`both` the better of before and the new key, `new` the new key, `full` everything, `none` what it was worth before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from quizzes.contents import question_of
from quizzes.models import KeyChange, Quiz
from quizzes.questions import Question, Response
from quizzes.scoring import fraction


@dataclass(frozen=True)
class Change:
    """A KeyChange, without the database."""

    number: int  # of the version whose key it brings; concerns layouts with an older one
    policy: str
    new: Question


@dataclass(frozen=True)
class Marker:
    """What responses to a quiz's questions are worth."""

    rule: str
    # By version as it stands in layouts: the changes that concern it, oldest first.
    changes: Mapping[int, tuple[Change, ...]]

    @classmethod
    def of(cls, quiz: Quiz) -> Self:
        """With every regrade of the quiz: one query, two when there was one."""
        found = list(quiz.key_changes.select_related("new__question").order_by("at", "pk"))
        changes: dict[int, list[Change]] = {}
        for change in found:
            new = Change(change.new.number, change.policy, question_of(change.new))
            older = change.new.question.versions.filter(number__lt=change.new.number)
            for version in older.values_list("pk", flat=True):
                changes.setdefault(version, []).append(new)
        return cls(quiz.rule, {version: tuple(items) for version, items in changes.items()})

    def with_change(self, versions: Iterable[int], change: Change) -> Marker:
        """The same after one more change, which concerns `versions`: for a preview."""
        more = {version: (*self.changes.get(version, ()), change) for version in versions}
        return Marker(self.rule, {**self.changes, **more})

    def fraction(self, entry: Mapping[str, Any], question: Question, response: Response) -> float:
        """Share of the points of one entry of a layout; `question` is the version that the student saw."""
        worth = fraction(question, response, self.rule)
        for change in self.changes.get(entry["version"], ()):
            if change.policy == KeyChange.Policy.FULL:
                worth = 1.0
            elif change.policy == KeyChange.Policy.NEW:
                worth = fraction(change.new, response, self.rule)
            elif change.policy == KeyChange.Policy.BOTH:
                worth = max(worth, fraction(change.new, response, self.rule))
        return worth

    def key_of(self, entry: Mapping[str, Any], question: Question) -> Question:
        """The question whose key is shown as right: the newest one that a regrade took over."""
        taken = [c.new for c in self.changes.get(entry["version"], ()) if c.policy != KeyChange.Policy.NONE]
        return taken[-1] if taken else question
