"""The log of one attempt for the staff: answers, saves and events as facts."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEvent
from quizzes import actions
from quizzes.models import Attempt, Quiz
from quizzes.views.log import in_words
from tests.quizzes.quizzing import RIGHT, answer


@pytest.fixture
def attempt(quiz: Quiz, bob: Any) -> Attempt:
    return actions.start(quiz, bob, facts={"address": "10.0.0.1", "browser": "Firefox"})


@pytest.fixture
def alices(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def log(client: Client, attempt: Attempt) -> str:
    response = client.get(f"/a/{attempt.pk}/log/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_works(alices: Client, quiz: Quiz, attempt: Attempt, alice: Any, bob: Any) -> None:
    for slug, response in RIGHT.items():
        answer(attempt, slug, response, tab="window")
    actions.note(attempt, "opened", {"facts": {"address": "10.0.0.2", "browser": "Firefox"}})
    actions.extend([attempt], 600, alice)
    page = log(alices, attempt)
    assert "option a" in page and "7 850" in page and "left 1 → right 1" in page and "item 1" in page
    assert "before: 10.0.0.1, Firefox; now: 10.0.0.2, Firefox" in page
    assert "+10 minutes" in page and "Alice Martin" in page and "7 saves" in page
    assert 'class="verdict' not in page  # nothing is scored before the end
    actions.submit(attempt, by=bob)
    page = log(alices, attempt)
    assert page.count('class="verdict passed"') == 7 and "7 of 7 points" in page
    assert AuditEvent.objects.get(kind=AuditEvent.Kind.WORK_SEEN).about == bob


def test_outsiders(client: Client, attempt: Attempt, bob: Any, charlie: Any) -> None:
    for person in (bob, charlie):
        client.force_login(person)
        assert client.get(f"/a/{attempt.pk}/log/").status_code == 404
    client.logout()
    assert client.get(f"/a/{attempt.pk}/log/").status_code == 302


def test_an_attempt_that_nobody_has_started(alices: Client, quiz: Quiz, bob: Any) -> None:
    built = actions.build_attempt(quiz, bob)
    assert alices.get(f"/a/{built.pk}/log/").status_code == 404


def test_every_kind_of_event_has_its_words(alices: Client, quiz: Quiz, attempt: Attempt, alice: Any, bob: Any) -> None:
    for kind in ("focus_lost", "focus_back", "offline", "online"):
        actions.note(attempt, kind, {"facts": "not a dictionary"})
    actions.pause([attempt], alice)
    actions.resume([attempt], alice)
    answer(attempt, "single", "a", tab="one", seen=0)
    answer(attempt, "single", "b", tab="two", seen=0)
    actions.submit(attempt, by=bob)
    actions.reopen(attempt, None, alice)
    page = log(alices, attempt)
    for words in ("page left", "connection lost", "paused", "1 hour left", "reopened"):
        assert words in page
    assert "without a time limit" in page and "had not seen the save before" in page
    assert "two pages changed one answer" in page and "question q" in page


def test_own_preview(alices: Client, quiz: Quiz, alice: Any) -> None:
    preview = actions.start_preview(quiz, alice)
    answer(preview, "single", "a")
    actions.submit(preview, by=alice)
    assert "Preview" in log(alices, preview)


def test_responses_in_words() -> None:
    assert in_words({"type": "single", "options": []}, None) == []
    part = {"id": "a", "text": {"en": "yes"}}
    assert in_words({"type": "multiple", "options": [part]}, ["a", "z"]) == ["yes", "z"]
