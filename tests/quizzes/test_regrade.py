"""A wrong key: four policies, the preview, running attempts, one regrade after another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gradebook import actions as gradebook
from quizzes import actions, regrade
from quizzes.analysis import analyse
from quizzes.errors import BadQuiz
from quizzes.models import Attempt, AttemptEvent, KeyChange, Question, Quiz
from quizzes.questions import parse
from quizzes.results import attempt_view
from tests.quizzes.quizzing import add_question, add_quiz, add_slots, answer, content, options, shown

POLICY = KeyChange.Policy


def key(right: str) -> Any:
    """The question with another right option."""
    return parse(content("single", options=options(*((name, float(name == right)) for name in "abcd"))))


@pytest.fixture
def asked(course: Any) -> Quiz:
    """Two questions of one point, twenty points in the gradebook; the key of the first says a."""
    quiz = add_quiz(course)
    add_slots(quiz, add_question(course, "single"), add_question(course, "true-false"))
    return quiz


@pytest.fixture
def question(asked: Quiz) -> Question:
    return Question.objects.get(slug="single")


@pytest.fixture
def trio(asked: Quiz, course: Any) -> dict[str, Attempt]:
    """Three students, who ticked a, b and nothing, all right on the other question."""
    from accounts.models import User
    from courses.models import Enrolment

    attempts = {}
    for name, choice in (("anna", "a"), ("bert", "b"), ("cleo", None)):
        student = User.objects.create_user(f"{name}@example.org")
        Enrolment.objects.create(course=course, user=student)
        attempt = actions.start(asked, student)
        answer(attempt, "single", choice)
        answer(attempt, "true-false", "true")
        attempts[name] = actions.submit(attempt, by=student)
    return attempts


def scores(trio: dict[str, Attempt]) -> dict[str, int]:
    return {name: int(Attempt.objects.get(pk=attempt.pk).score or 0) for name, attempt in trio.items()}


def test_it_works(asked: Quiz, question: Question, trio: dict[str, Attempt], alice: Any) -> None:
    seen = regrade.preview(asked, question, key("b"), POLICY.NEW)
    assert {(move.student.email[:4], move.by) for move in seen.moves} == {("anna", -1), ("bert", 1)}
    assert (seen.asked, seen.up, seen.down) == (3, 1, 1)
    assert scores(trio) == {"anna": 2, "bert": 1, "cleo": 1}
    change = regrade.apply(asked, question, key("b"), POLICY.NEW, "the key was wrong", alice)
    assert scores(trio) == {"anna": 1, "bert": 2, "cleo": 1}
    assert (change.old.number, change.new.number, len(change.moved)) == (1, 2, 2)
    assert asked.item.scores.get(student=trio["bert"].student).derived == 20
    assert AttemptEvent.objects.filter(kind="rescored").count() == 2
    assert analyse(asked).rows[0].item.facility == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("policy", "after"),
    [
        (POLICY.BOTH, {"anna": 2, "bert": 2, "cleo": 1}),
        (POLICY.NEW, {"anna": 1, "bert": 2, "cleo": 1}),
        (POLICY.FULL, {"anna": 2, "bert": 2, "cleo": 2}),
        (POLICY.NONE, {"anna": 2, "bert": 1, "cleo": 1}),
    ],
)
def test_the_four_policies(
    asked: Quiz, question: Question, trio: dict[str, Attempt], alice: Any, policy: str, after: dict[str, int]
) -> None:
    seen = regrade.preview(asked, question, key("b"), policy)
    before = scores(trio)
    change = regrade.apply(asked, question, key("b"), policy, "why", alice)
    assert scores(trio) == after
    moved = {str(move.attempt): {"old": str(move.old), "new": str(move.new)} for move in seen.moves}
    assert {move["attempt"]: {"old": move["old"], "new": move["new"]} for move in change.moved} == moved
    assert len(moved) == sum(before[name] != after[name] for name in after)


def test_a_running_attempt_ends_under_the_new_key(asked: Quiz, question: Question, bob: Any, alice: Any) -> None:
    attempt = actions.start(asked, bob)
    answer(attempt, "single", "b")
    regrade.apply(asked, question, key("b"), POLICY.BOTH, "why", alice)
    assert actions.submit(attempt, by=bob).score == 1


def test_one_regrade_after_another(asked: Quiz, question: Question, trio: dict[str, Attempt], alice: Any) -> None:
    for right, policy, after in (
        ("b", POLICY.BOTH, {"anna": 2, "bert": 2, "cleo": 1}),
        ("c", POLICY.NONE, {"anna": 2, "bert": 2, "cleo": 1}),
        ("d", POLICY.FULL, {"anna": 2, "bert": 2, "cleo": 2}),
        ("b", POLICY.NEW, {"anna": 1, "bert": 2, "cleo": 1}),
    ):
        question.refresh_from_db()
        regrade.apply(asked, question, key(right), policy, "why", alice)
        assert scores(trio) == after


def test_new_attempts_use_the_new_version_alone(asked: Quiz, question: Question, bob: Any, alice: Any) -> None:
    regrade.apply(asked, question, key("b"), POLICY.FULL, "why", alice)
    attempt = actions.start(asked, bob)
    answer(attempt, "single", "a")
    assert actions.submit(attempt, by=bob).score == 0


def test_another_quiz_keeps_its_scores(asked: Quiz, question: Question, bob: Any, alice: Any) -> None:
    other = add_quiz(asked.course, "other")
    add_slots(other, question)
    attempt = actions.start(other, bob)
    answer(attempt, "single", "a")
    actions.submit(attempt, by=bob)
    regrade.apply(asked, question, key("b"), POLICY.NEW, "why", alice)
    attempt.refresh_from_db()
    assert attempt.score == 1


def test_an_override_survives(asked: Quiz, question: Question, trio: dict[str, Attempt], alice: Any) -> None:
    bert = trio["bert"].student
    gradebook.set_override(asked.item, bert, Decimal(12), alice, "oral")
    regrade.apply(asked, question, key("b"), POLICY.NEW, "why", alice)
    cell = asked.item.scores.get(student=bert)
    assert (cell.derived, cell.points) == (20, 12)


def test_the_review_shows_the_key_that_counts(
    asked: Quiz, question: Question, trio: dict[str, Attempt], alice: Any
) -> None:
    regrade.apply(asked, question, key("b"), POLICY.BOTH, "why", alice)
    attempt = Attempt.objects.get(pk=trio["anna"].pk)
    shown_single = next(q for q in attempt_view(attempt, alice)["questions"] if q["type"] == "single")
    assert shown_single["answer"] == [shown(attempt, shown_single["key"], "b")]
    assert shown_single["verdict"] == "right"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (content("true-false"), "same type"),
        (content("single", options=options(("a", 1.0), ("b", 0.0), ("c", 0.0))), "parts d"),
        (content("single"), "nothing would change"),
    ],
)
def test_what_cannot_be_a_new_key(
    asked: Quiz, question: Question, trio: dict[str, Attempt], alice: Any, form: Any, said: str
) -> None:
    with pytest.raises(BadQuiz, match=said):
        regrade.apply(asked, question, parse(form), POLICY.NEW, "why", alice)
    with pytest.raises(BadQuiz, match="why"):
        regrade.apply(asked, question, key("b"), POLICY.NEW, " ", alice)
    assert not KeyChange.objects.exists()
    assert question.versions.count() == 1
