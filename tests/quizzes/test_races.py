"""Things that happen at the same instant, with threads on a real database: whoever is first, nothing is lost or done
twice. Runs on SQLite here, and on PostgreSQL by way of test_postgres.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from quizzes import actions, regrade
from quizzes.errors import AttemptOver, NoAttemptsLeft
from quizzes.models import GRACE, Answer, AnswerEvent, Attempt, AttemptEvent, KeyChange, Question
from quizzes.questions import parse
from tests.quizzes.quizzing import add_question, add_quiz, add_slots, answer, content, options

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of `works` gave or raised; they begin at the same moment."""
    gate, results = threading.Barrier(len(works)), [None] * len(works)

    def run(index: int, work: Callable[[], Any]) -> None:
        try:
            gate.wait(20)
            results[index] = work()
        except Exception as error:  # given back to the test
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def small(course: Any) -> Any:
    quiz = add_quiz(course)
    add_slots(quiz, add_question(course, "single"), add_question(course, "true-false"))
    return quiz


@pytest.fixture
def attempt(small: Any, bob: Any) -> Attempt:
    return actions.start(small, bob)


def test_it_works(attempt: Attempt) -> None:
    """Saves at once: every one has its own number, and the one that came last is what stands there."""
    saves = at_once(*(lambda choice=choice: answer(attempt, "single", choice) for choice in "abcdabcd"))
    assert sorted(saved.sequence for saved in saves) == list(range(1, 9))
    events = AnswerEvent.objects.filter(attempt=attempt).order_by("sequence")
    assert len(events) == 8
    kept = Answer.objects.get(attempt=attempt)
    assert (kept.sequence, kept.response) == (8, events[7].response)


def test_two_starts(small: Any, bob: Any) -> None:
    begun = at_once(*(lambda: actions.start(small, bob) for _click in range(4)))
    assert len({attempt.pk for attempt in begun}) == 1
    assert AttemptEvent.objects.filter(kind="started").count() == 1
    assert Attempt.objects.get().deadline == begun[0].deadline


def test_two_starts_of_a_built_attempt(small: Any, bob: Any) -> None:
    built = actions.build_attempt(small, bob)
    begun = at_once(*(lambda: actions.start(small, bob) for _click in range(4)))
    assert {attempt.pk for attempt in begun} == {built.pk}
    assert AttemptEvent.objects.filter(kind="started").count() == 1


def test_starting_and_submitting_in_a_loop_uses_no_more_attempts_than_there_are(small: Any, bob: Any) -> None:
    def go() -> str:
        try:
            return str(actions.submit(actions.start(small, bob), by=bob).number)
        except NoAttemptsLeft:
            return "none left"

    numbers = at_once(*[go] * 4)
    assert set(numbers) <= {"1", "none left"}
    assert Attempt.objects.exclude(state="built").count() == 1


def test_start_against_an_edit(small: Any, bob: Any) -> None:
    actions.build_attempt(small, bob)
    begun, _edited = at_once(lambda: actions.start(small, bob), lambda: small.save())
    assert begun.state == "running"
    assert Attempt.objects.get().pk == begun.pk


def test_save_against_submit(attempt: Attempt, bob: Any) -> None:
    answer(attempt, "true-false", "true")
    saved, done = at_once(lambda: answer(attempt, "single", "a"), lambda: actions.submit(attempt, by=bob))
    attempt.refresh_from_db()
    if isinstance(saved, AttemptOver):
        assert attempt.score == 1
        assert AttemptEvent.objects.filter(kind="late").count() == 1
    else:
        assert (saved.sequence, attempt.score) == (2, 2)
    assert done.score == attempt.score


def test_submit_against_the_clock(attempt: Attempt, bob: Any) -> None:
    answer(attempt, "single", "a")
    after = attempt.deadline + GRACE + timedelta(seconds=1)
    at_once(
        lambda: actions.submit(attempt, by=bob, now=after),
        lambda: actions.expire_due(after),
        lambda: actions.expire_due(after),
        lambda: actions.settle(attempt, after),
    )
    attempt.refresh_from_db()
    assert (attempt.state, attempt.score, attempt.ended_at) == ("expired", 1, attempt.deadline)
    assert AttemptEvent.objects.filter(kind__in=("submitted", "expired")).count() == 1
    assert attempt.quiz.item.scores.get(student=bob).events.count() == 1


def test_a_save_in_the_last_instant_against_the_clock(attempt: Attempt) -> None:
    last = attempt.deadline + GRACE
    saved, _ended = at_once(
        lambda: answer(attempt, "single", "a", now=last),
        lambda: actions.expire_due(last + timedelta(microseconds=1)),
    )
    attempt.refresh_from_db()
    assert attempt.state == "expired"
    assert attempt.score == (0 if isinstance(saved, AttemptOver) else 1)


def test_more_time_against_the_clock(attempt: Attempt, alice: Any) -> None:
    after = attempt.deadline + GRACE + timedelta(seconds=1)
    given, ended = at_once(lambda: actions.extend([attempt], 3600, alice, now=after), lambda: actions.expire_due(after))
    attempt.refresh_from_db()
    assert given + ended == 1
    assert attempt.state == ("running" if given else "expired")


def test_a_regrade_against_a_submit(attempt: Attempt, bob: Any, alice: Any) -> None:
    answer(attempt, "single", "b")
    key = parse(content("single", options=options(("a", 0.0), ("b", 1.0), ("c", 0.0), ("d", 0.0))))
    question = Question.objects.get(slug="single")
    change, _done = at_once(
        lambda: regrade.apply(attempt.quiz, question, key, KeyChange.Policy.NEW, "why", alice),
        lambda: actions.submit(attempt, by=bob),
    )
    attempt.refresh_from_db()
    assert isinstance(change, KeyChange), change
    assert attempt.score == 1  # whichever was first


def test_builders_at_once(small: Any, bob: Any) -> None:
    at_once(*[lambda: actions.build_attempts(small)] * 3, lambda: actions.build_attempt(small, bob))
    assert Attempt.objects.count() == 1
    assert actions.start(small, bob, now=timezone.now()).number == 1


def test_two_previews(small: Any, alice: Any) -> None:
    at_once(*[lambda: actions.start_preview(small, alice)] * 3)
    assert Attempt.objects.filter(preview=True).count() == 1
