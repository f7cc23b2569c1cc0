"""The wall: what a student's view of an attempt holds in each phase, and never before."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from quizzes import actions
from quizzes.models import Attempt, Override, Quiz
from quizzes.results import attempt_view
from tests.quizzes.quizzing import RIGHT, answer, key_of, shown

EVERYTHING = list(Quiz.REVIEW)
EXTRAS = ("verdict", "points", "feedback", "general_feedback", "answer")


@pytest.fixture
def attempt(quiz: Quiz, bob: Any) -> Attempt:
    attempt = actions.start(quiz, bob)
    answer(attempt, "single", "a")
    answer(attempt, "multiple", ["a"])
    return attempt


def view(attempt: Attempt, user: Any, now: Any = None) -> dict[str, Any]:
    found = Attempt.objects.select_related("quiz__course").get(pk=attempt.pk)
    body = attempt_view(found, user, now)
    json.dumps(body)
    return body


def of(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(question for question in body["questions"] if question["type"] == kind)


def test_it_works(attempt: Attempt, bob: Any) -> None:
    body = view(attempt, bob)
    assert (body["phase"], body["state"], body["score"], len(body["questions"])) == ("during", "running", None, 7)
    text = json.dumps(body)
    for secret in ("fraction", "why a", "GENERAL", "tolerance", "7850", "tokeni", '"p1"', '"i1"', "weights"):
        assert secret not in text
    for question in body["questions"]:
        assert not set(EXTRAS) & set(question)
    single = of(body, "single")
    assert {option["id"] for option in single["options"]} == {"a", "b", "c", "d"}
    assert single["response"] == shown(attempt, single["key"], "a")


def test_names_tell_nothing(quiz: Quiz, bob: Any, course: Any) -> None:
    """The author's right option is called a; the student's is whatever stands first."""
    from accounts.models import User
    from courses.models import Enrolment

    names = set()
    for number in range(12):
        user = User.objects.create_user(f"s{number}@example.org")
        Enrolment.objects.create(course=course, user=user)
        attempt = actions.start(quiz, user)
        names.add(shown(attempt, key_of(attempt, "single"), "a"))
        pairs = shown(attempt, key_of(attempt, "matching"), RIGHT["matching"])
        assert set(pairs) == {"1", "2", "3"}
        assert set(pairs.values()) < set("abcd")
    assert len(names) > 1


@pytest.mark.parametrize("phase", ["after", "closed"])
@pytest.mark.parametrize("kind", Quiz.REVIEW)
def test_each_option_adds_its_part_and_no_other(attempt: Attempt, bob: Any, phase: str, kind: str) -> None:
    now = timezone.now()
    closes = now - timedelta(seconds=1) if phase == "closed" else None
    other = "after" if phase == "closed" else "closed"
    Quiz.objects.update(review={phase: ["attempt", kind], other: []}, closes_at=closes)
    actions.submit(attempt, by=bob)
    body = view(attempt, bob, now)
    assert body["phase"] == phase
    adds = {
        "attempt": set(),
        "right": {"verdict"},
        "marks": {"points"},
        "feedback": {"feedback"},
        "general_feedback": {"general_feedback"},
        "answer": {"answer"},
    }
    for question in body["questions"]:
        assert set(question) & set(EXTRAS) == adds[kind]
    assert (body["score"] is not None) == (kind == "marks")


def test_everything(attempt: Attempt, bob: Any) -> None:
    Quiz.objects.update(review={"after": EVERYTHING})
    actions.submit(attempt, by=bob)
    body = view(attempt, bob)
    single, several, matching = of(body, "single"), of(body, "multiple"), of(body, "matching")
    assert (body["score"], single["verdict"], single["points"]) == (1.0, "right", 1.0)
    assert (several["verdict"], matching["verdict"]) == ("wrong", "blank")
    assert single["answer"] == [single["response"]]
    assert single["feedback"][0]["text"]["en"] == "why a"
    assert matching["answer"] == shown(attempt, matching["key"], RIGHT["matching"])
    assert of(body, "numerical")["answer"] == [{"value": 7850.0, "tolerance": 0.5}]
    assert of(body, "ordering")["general_feedback"]["en"] == "GENERAL"


def test_the_default_shows_the_score_and_no_question(attempt: Attempt, bob: Any) -> None:
    actions.submit(attempt, by=bob)
    body = view(attempt, bob)
    assert (body["score"], body["questions"]) == (1.0, [])


def test_nothing_is_closed_while_somebody_may_still_write(attempt: Attempt, bob: Any, course: Any) -> None:
    from accounts.models import User
    from courses.models import Enrolment

    carol = User.objects.create_user("carol@example.org")
    Enrolment.objects.create(course=course, user=carol)
    other = actions.start(attempt.quiz, carol)
    actions.submit(attempt, by=bob)
    now = timezone.now()
    Quiz.objects.update(closes_at=now - timedelta(seconds=1))
    assert view(attempt, bob, now)["phase"] == "after"
    actions.submit(other, by=carol)
    assert view(attempt, bob, now)["phase"] == "closed"
    Override.objects.create(quiz=attempt.quiz, student=carol, closes_at=now + timedelta(hours=1))
    assert view(attempt, bob, now)["phase"] == "after"


def test_a_pause_hides_the_questions(attempt: Attempt, bob: Any, alice: Any) -> None:
    actions.pause([attempt], alice)
    assert view(attempt, bob)["questions"] == []
    assert len(view(attempt, alice)["questions"]) == 7


def test_the_staff_sees_everything(attempt: Attempt, alice: Any, charlie: Any) -> None:
    assert of(view(attempt, alice), "single")["verdict"] == "right"
    assert "answer" not in of(view(attempt, charlie), "single")  # not that views would ever ask for an outsider


def test_a_preview_shows_what_its_student_would_see(quiz: Quiz, alice: Any) -> None:
    body = view(actions.start_preview(quiz, alice), alice)
    assert body["preview"]
    assert not any(set(EXTRAS) & set(question) for question in body["questions"])
