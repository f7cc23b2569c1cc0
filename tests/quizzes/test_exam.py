"""The exam of the catalogue: its make-up, its form, and what its statistics say of a simulated class."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from courses.models import Enrolment
from tests.quizzes.simulation import right, simulate

EXAM = Path(__file__).resolve().parents[2] / "quizzes" / "catalog" / "exam.toml"


@pytest.fixture
def contents() -> list[Any]:
    from quizzes.catalogue import read_quiz

    return [entry.content for entry in read_quiz(EXAM).entries]


def test_it_works(contents: list[Any]) -> None:
    from quizzes.catalogue import read_quiz

    settings = read_quiz(EXAM).settings
    assert len(contents) == 30 and settings["seconds"] == 3600 and settings["attempts"] == 1
    kinds = Counter(content.type for content in contents)
    assert {"single", "multiple", "numerical", "matching"} <= set(kinds)
    assert len({content.topic for content in contents}) >= 8  # every chapter


def test_both_languages_and_feedback_that_teaches(contents: list[Any]) -> None:
    from quizzes.questions import missing_languages

    for content in contents:
        assert missing_languages(content, ("en", "fr")) == [], content.name
        assert content.feedback, content.name
        for option in content.options:
            assert option.id in content.right or option.feedback, (content.name, option.id)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_form_gives_no_answer_away(contents: list[Any], language: str) -> None:
    """The right option is the longest no more often than by chance, and nothing says "all" or "none of the above"."""
    single = [content for content in contents if content.type == "single"]
    longest = 0
    for content in single:
        lengths = {option.id: len(option.text[language]) for option in content.options}
        [key] = content.right
        longest += lengths[key] == max(lengths.values())
        assert lengths[key] <= 1.6 * sorted(lengths.values())[-2], content.name
        for option in content.options:
            words = option.text[language].lower()
            assert not any(
                phrase in words for phrase in ("of the above", "ci-dessus", "none of these", "aucune de ces")
            )
    assert longest <= len(single) / 2


def test_full_marks_are_possible(contents: list[Any]) -> None:
    from quizzes.scoring import fraction

    for content in contents:
        assert fraction(content, right(content), "net-correct") == pytest.approx(1), content.name
        assert fraction(content, None, "net-correct") == 0, content.name


def test_statistics_of_a_simulated_class(course: Any) -> None:
    """200 students: facilities over a useful range, every question tells strong from weak, the whole is reliable."""
    from quizzes.analysis import analyse
    from quizzes.catalogue import load_quiz
    from quizzes.models import Attempt, Quiz

    people = User.objects.bulk_create(User(email=f"s{n}@example.org") for n in range(200))
    Enrolment.objects.bulk_create(Enrolment(course=course, user=user) for user in people)
    load_quiz(course, EXAM, position=0, opens_at=None, closes_at=None)
    quiz = Quiz.objects.get(course=course, slug="exam")
    abilities = simulate(quiz, people)
    seen = analyse(quiz)
    assert seen.summary.n == 200 and not seen.few
    facilities = [row.item.facility for row in seen.rows]
    assert len(facilities) == 30
    assert all(0.2 <= facility <= 0.98 for facility in facilities), facilities
    assert max(facilities) - min(facilities) > 0.3
    assert all(row.item.discrimination > 10 for row in seen.rows)
    assert seen.summary.consistency > 75
    scores = {a.student_id: float(a.score) for a in Attempt.objects.filter(quiz=quiz)}
    ordered = sorted(scores, key=lambda student: abilities[student])
    weak, strong = ([scores[s] for s in part] for part in (ordered[:50], ordered[-50:]))
    assert sum(strong) / 50 > sum(weak) / 50 + 8
    assert course.grade_items.get(slug="exam").scores.count() == 200
