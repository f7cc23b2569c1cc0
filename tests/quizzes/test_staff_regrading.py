"""The regrade page: another key, four policies, a preview, and what is applied is what was previewed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from gradebook.models import Score
from quizzes import actions
from quizzes.contents import question_of
from quizzes.models import Attempt, KeyChange, Question, Quiz
from tests.quizzes.quizzing import RIGHT, WRONG, add_question, answer, content

PAGE = "/c/course/q/exam/regrade/"


@pytest.fixture
def attempt(quiz: Quiz, bob: Any) -> Attempt:
    """Bob's, handed in with everything wrong."""
    found = actions.start(quiz, bob)
    for slug, response in WRONG.items():
        answer(found, slug, response)
    return actions.submit(found, by=bob)


@pytest.fixture
def alices(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def form(slug: str, **fields: Any) -> dict[str, Any]:
    return {"question": Question.objects.get(slug=slug).pk, "policy": "new", "action": "preview", "reason": ""} | fields


def previewed(page: str) -> str:
    found = re.search(r'name="previewed" value="(\w+)"', page)
    assert found, page
    return found[1]


def apply(client: Client, slug: str, **fields: Any) -> Any:
    """Preview, then apply with a reason; the answer to the second."""
    page = client.post(PAGE, form(slug, **fields)).content.decode()
    told = {"action": "apply", "reason": "The key was wrong.", "previewed": previewed(page)}
    return client.post(PAGE, form(slug, **fields) | told)


def score() -> float:
    return float(Attempt.objects.get(preview=False).score or 0)


def current(slug: str) -> Any:
    version = Question.objects.get(slug=slug).current
    assert version is not None
    return question_of(version)


def test_it_works(alices: Client, quiz: Quiz, attempt: Attempt, bob: Any) -> None:
    before = score()
    assert "Question single" in alices.get(PAGE).content.decode()
    page = alices.get(PAGE, {"question": form("single")["question"]}).content.decode()
    assert "option b" in page and "Nobody loses points" in page
    preview = alices.post(PAGE, form("single", right="b")).content.decode()
    assert "Up: 1. Down: 0." in preview and "Bob Durand" in preview and "+1" in preview
    assert score() == before and not KeyChange.objects.exists()
    done = apply(alices, "single", right="b")
    assert (done.status_code, done["Location"]) == (303, PAGE)
    assert score() == before + 1
    change = KeyChange.objects.get()
    assert (change.policy, change.reason, len(change.moved)) == ("new", "The key was wrong.", 1)
    assert "The key was wrong." in alices.get(PAGE).content.decode()
    assert float(Score.objects.get(student=bob).points or 0) == pytest.approx(20 * (before + 1) / 7, abs=0.01)


def test_outsiders(client: Client, quiz: Quiz, attempt: Attempt, bob: Any, charlie: Any) -> None:
    for person in (bob, charlie):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, form("single", right="b", action="apply", reason="mine")).status_code == 404
    assert not KeyChange.objects.exists()


@pytest.mark.parametrize(
    ("slug", "fields"),
    [
        ("multiple", {"right": ["a", "c"]}),
        ("true-false", {"right": "false"}),
        ("numerical", {"value-0": "7850", "tolerance-0": "0,5", "value-1": "784", "percent-1": "100"}),
        ("short", {"value-0": "tokeni*ation", "value-1": "embedding"}),
        ("ordering", {"place-i1": "4", "place-i2": "3", "place-i3": "2", "place-i4": "1"}),
    ],
)
def test_each_type_of_key(alices: Client, attempt: Attempt, slug: str, fields: dict[str, Any]) -> None:
    """Bob's wrong answer becomes the right one."""
    before = score()
    assert apply(alices, slug, **fields).status_code == 303
    assert score() > before
    assert Attempt.objects.get().answers.filter(fraction=1.0).exists()


def test_full_points_without_another_key(alices: Client, attempt: Attempt) -> None:
    """A question that cannot be saved, of a type whose key cannot be edited."""
    before = score()
    page = alices.get(PAGE, {"question": form("matching")["question"]}).content.decode()
    assert "Pairs cannot be changed" in page
    assert apply(alices, "matching", policy="full").status_code == 303
    assert score() > before
    assert KeyChange.objects.get().new.number == 2
    same = alices.post(PAGE, form("matching")).content.decode()
    refused = alices.post(
        PAGE, form("matching", action="apply", reason="again", previewed=previewed(same), policy="new")
    )
    assert refused.status_code == 400 and "nothing would change" in refused.content.decode()


def test_feedback_and_shares_stay(alices: Client, attempt: Attempt) -> None:
    apply(alices, "numerical", **{"value-0": "7850", "tolerance-0": "1", "percent-0": "100"})
    answer_, *more = current("numerical").answers
    assert not more and answer_.tolerance == 1 and answer_.feedback["en"] == "7,840 weights and 10 biases"
    apply(alices, "multiple", right=["a", "b", "c"])
    fractions = [option.fraction for option in current("multiple").options]
    assert fractions == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])


def test_what_is_applied_is_what_was_previewed(alices: Client, attempt: Attempt) -> None:
    sign = previewed(alices.post(PAGE, form("single", right="b")).content.decode())
    told = {"action": "apply", "reason": "why", "previewed": sign}
    for changed in ({"right": "c"}, {"right": "b", "policy": "full"}):
        page = alices.post(PAGE, form("single") | changed | told).content.decode()
        assert "has changed since the preview" in page and "why" in page
    page = alices.post(PAGE, form("single", right="b") | told | {"reason": " "}).content.decode()
    assert "Write why" in page
    assert not KeyChange.objects.exists()


@pytest.mark.parametrize(
    ("slug", "fields", "told"),
    [
        ("single", {}, "Tick at least one right option."),
        ("single", {"right": "zebra"}, "Tick at least one right option."),
        ("true-false", {"right": ["true", "false"]}, "exactly one of true and false is right"),
        ("numerical", {"value-0": "about 7850"}, "Value: write a number"),
        ("numerical", {"value-0": "7850", "tolerance-0": "-1"}, "answers[1].tolerance"),
        ("numerical", {"value-0": "7850", "percent-0": "120"}, "Share: from 0 to 100"),
        ("short", {}, "Write at least one accepted answer."),
        ("ordering", {"place-i1": "1", "place-i2": "1", "place-i3": "2"}, "Give each item a place of its own"),
    ],
)
def test_keys_that_are_none(alices: Client, attempt: Attempt, slug: str, fields: dict[str, Any], told: str) -> None:
    """A sentence says what to do, and what was typed stays in the form."""
    refused = alices.post(PAGE, form(slug, reason="My reason.", **fields))
    page = refused.content.decode()
    assert refused.status_code == 400 and told in page and "My reason." in page
    for typed in fields.values():
        assert not isinstance(typed, str) or typed == "zebra" or f'value="{typed}"' in page or f">{typed}<" in page


def test_bad_requests(alices: Client, quiz: Quiz, attempt: Attempt) -> None:
    stranger = add_question(quiz.course, "single-2", content("single", name="Not in the quiz"))
    for question in ("x", "0", stranger.pk):
        assert alices.get(PAGE, {"question": question}).status_code == 404
    assert alices.post(PAGE, form("single", right="b", policy="mine")).status_code == 404
    assert alices.post(PAGE, form("single", right="b", action="dance")).status_code == 404


def test_right_answers_stay_right_under_both(alices: Client, quiz: Quiz, bob: Any) -> None:
    found = actions.start(quiz, bob)
    for slug, response in RIGHT.items():
        answer(found, slug, response)
    actions.submit(found, by=bob)
    page = alices.post(PAGE, form("single", right="b", policy="both")).content.decode()
    assert "Nobody’s score moves." in page
    page = alices.post(PAGE, form("single", right="b", policy="new")).content.decode()
    assert "Up: 0. Down: 1." in page
