"""Whatever happens in whatever order, the newest accepted answer counts, and none is accepted after limit and grace."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quizzes import actions
from quizzes.errors import AttemptOver
from quizzes.models import GRACE, Answer, AnswerEvent, Attempt
from quizzes.numbers import read_number
from quizzes.wildcards import matches
from tests.quizzes.quizzing import add_question, add_quiz, add_slots, answer

LIMIT = 100  # seconds

# Moments in seconds after the start: mostly around the end, and the server's clock may step back.
moments = st.integers(0, 3 * LIMIT) | st.sampled_from([LIMIT - 1, LIMIT, LIMIT + 59, LIMIT + 60, LIMIT + 61])
saves = st.tuples(
    st.just("save"), st.sampled_from("abcd") | st.none(), moments, st.sampled_from(["t1", "t2", ""]), st.integers(0, 9)
)
steps = st.one_of(
    saves,
    saves,
    st.tuples(st.just("again"), st.integers(0, 9), moments),  # an older save arrives once more, or late
    st.tuples(st.just("crash"), st.sampled_from("abcd"), moments),  # the site dies before it has committed
    st.tuples(st.just("clock"), moments),
    st.tuples(st.just("submit"), moments),
)


class Crash(Exception):
    pass


class Model:
    """What must be true of the attempt, kept beside it."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt, self.start = attempt, attempt.started_at
        self.accepted: list[str | None] = []
        self.sent: list[tuple[str | None, str, int]] = []
        self.ended = False

    def moment(self, seconds: int) -> Any:
        return self.start + timedelta(seconds=seconds)

    def save(self, choice: str | None, seconds: int, tab: str, seen: int) -> None:
        in_time = seconds <= LIMIT + GRACE.total_seconds()
        try:
            saved = answer(self.attempt, "single", choice, now=self.moment(seconds), tab=tab, seen=seen)
        except AttemptOver:
            assert self.ended or not in_time
            return
        assert in_time and not self.ended
        self.accepted.append(choice)
        assert saved.sequence == len(self.accepted)

    def crash(self, choice: str, seconds: int) -> None:
        try:
            with transaction.atomic():
                answer(self.attempt, "single", choice, now=self.moment(seconds))
                raise Crash
        except (Crash, AttemptOver):
            pass

    def step(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("save", choice, seconds, tab, seen):
                self.sent.append((choice, tab, seen))
                self.save(choice, seconds, tab, seen)
            case ("again", index, seconds) if self.sent:
                choice, tab, seen = self.sent[index % len(self.sent)]
                self.save(choice, seconds, tab, seen)
            case ("crash", choice, seconds):
                self.crash(choice, seconds)
            case ("clock", seconds):
                self.ended |= bool(actions.expire_due(self.moment(seconds)))
            case ("submit", seconds):
                actions.submit(self.attempt, by=self.attempt.student, now=self.moment(seconds))
                self.ended = True

    def check(self) -> None:
        events = AnswerEvent.objects.filter(attempt=self.attempt).order_by("sequence")
        assert [event.response for event in events] == self.accepted
        assert [event.sequence for event in events] == list(range(1, len(self.accepted) + 1))
        kept = Answer.objects.filter(attempt=self.attempt).first()
        newest = self.accepted[-1] if self.accepted else None
        assert (kept.response if kept else None) == newest
        self.attempt.refresh_from_db()
        if self.ended:
            assert self.attempt.score == (1 if newest == "a" else 0)
            assert self.attempt.ended_at <= self.moment(LIMIT)
        assert (self.attempt.state in Attempt.ENDED) == self.ended


@pytest.fixture
def quiz(course: Any) -> Any:
    quiz = add_quiz(course, seconds=LIMIT, attempts=10_000)
    add_slots(quiz, add_question(course, "single"))
    return quiz


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=12))
def test_it_works(quiz: Any, course: Any, sequence: list[tuple[Any, ...]]) -> None:
    from accounts.models import User
    from courses.models import Enrolment

    student = User.objects.create_user(f"{uuid.uuid4()}@example.org")
    Enrolment.objects.create(course=course, user=student)
    model = Model(actions.start(quiz, student))
    for step in sequence:
        model.step(step)
        model.check()
    model.step(("clock", LIMIT + 61))
    model.ended = True
    model.check()


def test_the_newest_of_many_is_what_stands_there(quiz: Any, bob: Any) -> None:
    """The model itself sees a loss: without it the property above could hold of nothing."""
    model = Model(actions.start(quiz, bob))
    model.step(("save", "a", 0, "t1", 0))
    Answer.objects.update(response="b")
    with pytest.raises(AssertionError):
        model.check()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_a_number_is_read_back(value: Any) -> None:
    plain = f"{value:f}"
    for text in (plain, plain.replace(".", ","), f"{value:,f}".replace(",", " "), plain.replace("-", "\u2212")):
        read = read_number(text)
        assert read is not None, text
        assert read[0] == value
        assert read[1] == ""


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_text_breaks_the_comparisons(typed: str, accepted: str) -> None:
    read_number(typed)
    assert matches("*", typed)
    matches(accepted, typed)
    if "*" not in typed and "\\" not in typed:
        assert matches(typed, typed)
