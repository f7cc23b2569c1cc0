"""A small quiz with one question of each type, for the tests of quizzes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

CHOICES = [("a", 1.0), ("b", 0.0), ("c", 0.0), ("d", 0.0)]


def text(words: str) -> dict[str, str]:
    return {"en": words, "fr": f"{words} (fr)"}


def options(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    return [
        {"id": name, "text": text(f"option {name}"), "fraction": worth, "feedback": text(f"why {name}")}
        for name, worth in pairs
    ]


CONTENTS: dict[str, dict[str, Any]] = {
    "single": {"options": options(*CHOICES)},
    "multiple": {"options": options(("a", 0.5), ("b", 0.5), ("c", 0.0), ("d", 0.0))},
    "true-false": {"type": "true_false", "options": options(("true", 1.0), ("false", 0.0))},
    "numerical": {"answers": [{"value": 7850.0, "tolerance": 0.5, "feedback": text("7,840 weights and 10 biases")}]},
    "short": {"answers": [{"text": "tokeni*ation", "fraction": 1.0}]},
    "matching": {
        "pairs": [{"id": f"p{n}", "left": text(f"left {n}"), "right": text(f"right {n}")} for n in (1, 2, 3)],
        "distractors": [{"id": "d1", "right": text("right 4")}],
    },
    "ordering": {"items": [{"id": f"i{n}", "text": text(f"item {n}")} for n in (1, 2, 3, 4)]},
}


def content(slug: str, **changes: Any) -> dict[str, Any]:
    """The JSON form of one of CONTENTS."""
    base = {"type": slug, "name": f"Question {slug}", "text": text(f"SECRETLESS {slug}"), "feedback": text("GENERAL")}
    return base | CONTENTS[slug] | changes


def add_question(course: Any, slug: str, form: dict[str, Any] | None = None, pool: str = "") -> Any:
    """A question of the course's bank, with its first version."""
    from quizzes.authoring import save_question
    from quizzes.questions import parse

    return save_question(course, slug, parse(form or content(slug)), pool).question


def add_quiz(course: Any, slug: str = "exam", **fields: Any) -> Any:
    """A quiz without slots: one hour, one attempt."""
    from gradebook.models import GradeItem
    from quizzes.models import Quiz

    item = GradeItem.objects.create(course=course, slug=slug, title_en="Exam", max_points=Decimal(20))
    return Quiz.objects.create(course=course, slug=slug, item=item, title_en="Exam", **({"seconds": 3600} | fields))


def add_slots(quiz: Any, *questions: Any) -> None:
    from quizzes.models import Slot

    first = quiz.slots.count()
    for position, question in enumerate(questions, first):
        Slot.objects.create(quiz=quiz, position=position, question=question)


def full_quiz(course: Any, **fields: Any) -> Any:
    """A quiz with one question of every type."""
    quiz = add_quiz(course, **fields)
    add_slots(quiz, *(add_question(course, slug) for slug in CONTENTS))
    return quiz


def key_of(attempt: Any, slug: str) -> str:
    """The attempt's key of the question `slug`."""
    from quizzes.models import QuestionVersion

    for entry in attempt.layout:
        if QuestionVersion.objects.get(pk=entry["version"]).question.slug == slug:
            return str(entry["key"])
    raise AssertionError(slug)


def shown(attempt: Any, key: str, response: Any) -> Any:
    """A response in the author's ids, as the student's page sends it."""
    from quizzes.contents import Names, questions_of

    entry = next(entry for entry in attempt.layout if entry["key"] == key)
    return Names.of(questions_of(attempt.layout)[key], entry["order"]).show(response)


RIGHT: dict[str, Any] = {
    "single": "a",
    "multiple": ["a", "b"],
    "true-false": "true",
    "numerical": "7 850",
    "short": "Tokenisation",
    "matching": {"p1": "p1", "p2": "p2", "p3": "p3"},
    "ordering": ["i1", "i2", "i3", "i4"],
}
WRONG: dict[str, Any] = {
    "single": "b",
    "multiple": ["a", "c"],
    "true-false": "false",
    "numerical": "784",
    "short": "embedding",
    "matching": {"p1": "p2", "p2": "d1"},
    "ordering": ["i4", "i3", "i2", "i1"],
}


def answer(attempt: Any, slug: str, response: Any, **words: Any) -> Any:
    """Save a response given in the author's ids."""
    from quizzes import actions

    key = key_of(attempt, slug)
    words = {"seen": 10**6} | words
    return actions.save_answer(attempt.pk, attempt.student, key, shown(attempt, key, response), **words)
