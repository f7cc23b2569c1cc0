"""Safe Exam Browser: a quiz that asks for it is taken in nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.test import Client

from courses.models import ApiToken
from quizzes import actions
from quizzes.models import Answer, Attempt, Quiz

CONFIG, EXAM = "c" * 64, "e" * 64
SITE = "http://testserver"


def disguise(path: str, config: str = CONFIG, exam: str = "", site: str = SITE) -> dict[str, str]:
    """What the exam browser sends with a request for `path`."""
    found = {"X-SafeExamBrowser-ConfigKeyHash": hashlib.sha256((site + path + config).encode()).hexdigest()}
    if exam:
        found["X-SafeExamBrowser-RequestHash"] = hashlib.sha256((site + path + exam).encode()).hexdigest()
    return found


@pytest.fixture
def guarded(quiz: Quiz) -> Quiz:
    Quiz.objects.update(seb_config_keys=["0" * 64, CONFIG])
    quiz.refresh_from_db()
    return quiz


@pytest.fixture
def attempt(guarded: Quiz, bob: Any) -> Attempt:
    return actions.start(guarded, bob)


@pytest.fixture
def bobs(client: Client, bob: Any) -> Client:
    client.force_login(bob)
    return client


def put(client: Client, attempt: Attempt, **headers: Any) -> Any:
    body = json.dumps({"response": None, "sequence": 0, "tab": "t"})
    return client.put(f"/api/attempts/{attempt.pk}/answers/q1", body, "application/json", **headers)


def test_it_works(bobs: Client, guarded: Quiz) -> None:
    start = "/c/course/q/exam/start"
    rules = bobs.get("/c/course/q/exam/").content.decode()
    assert "can only be taken in Safe Exam Browser" in rules and 'action="/c/course/q/exam/start"' not in rules
    assert (
        'action="/c/course/q/exam/start"'
        in bobs.get("/c/course/q/exam/", headers=disguise("/c/course/q/exam/")).content.decode()
    )
    refused = bobs.post(start)
    assert refused.status_code == 403 and b"Open this quiz in Safe Exam Browser" in refused.content
    assert not Attempt.objects.filter(state="running").exists()
    begun = bobs.post(start, headers=disguise(start))
    page = begun["Location"]
    assert bobs.get(page).status_code == 403
    opened = bobs.get(page, headers=disguise(page))
    assert opened.status_code == 200 and b"SECRETLESS" in opened.content


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-SafeExamBrowser-ConfigKeyHash": CONFIG},
        {"X-SafeExamBrowser-RequestHash": "f" * 64},
        disguise("/c/course/q/exam/"),
        disguise("/a/", config="0" * 64),
    ],
    ids=["none", "the key itself", "another header", "another page", "another address"],
)
def test_another_browser_sees_no_question(bobs: Client, attempt: Attempt, headers: dict[str, str]) -> None:
    for path in (f"/a/{attempt.pk}/", f"/a/{attempt.pk}/summary", f"/api/attempts/{attempt.pk}"):
        refused = bobs.get(path, headers=headers)
        assert refused.status_code == 403 and b"SECRETLESS" not in refused.content, path
        assert "no-store" in refused["Cache-Control"]
    assert bobs.post(f"/a/{attempt.pk}/save", {"shown": "q1", "q1": "a"}, headers=headers).status_code == 403
    assert bobs.post(f"/a/{attempt.pk}/submit", headers=headers).status_code == 403
    assert put(bobs, attempt).status_code == 403
    attempt.refresh_from_db()
    assert attempt.state == "running" and not Answer.objects.exists()


def test_the_pages_script_needs_no_hash(bobs: Client, attempt: Attempt) -> None:
    page = f"/a/{attempt.pk}/?q=q2"
    assert bobs.get(page, headers=disguise(page)).status_code == 200  # the query is part of the address
    assert put(bobs, attempt).status_code == 200
    assert bobs.get(page).status_code == 403  # pages prove themselves each time


def test_a_token_is_no_way_around(attempt: Attempt, bob: Any, course: Any) -> None:
    client = Client(headers={"Authorization": f"Bearer {ApiToken.issue(bob, course)}"})
    assert put(client, attempt).status_code == 403
    assert client.get(f"/api/attempts/{attempt.pk}").status_code == 403


def test_both_keys_when_the_quiz_names_both(bobs: Client, attempt: Attempt) -> None:
    Quiz.objects.update(seb_browser_keys=[EXAM])
    page = f"/a/{attempt.pk}/"
    assert bobs.get(page, headers=disguise(page)).status_code == 403
    assert bobs.get(page, headers=disguise(page, exam=EXAM)).status_code == 200


def test_behind_a_proxy_the_address_is_the_browsers(bobs: Client, attempt: Attempt, settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.ALLOWED_HOSTS = ["quiz.example.org"]
    page, https = f"/a/{attempt.pk}/", "https://quiz.example.org"
    told = {"Host": "quiz.example.org", "X-Forwarded-Proto": "https"}
    assert bobs.get(page, headers=told | disguise(page, site=https)).status_code == 200
    assert bobs.get(page, headers=told | disguise(page, site="http://quiz.example.org")).status_code == 403


def test_the_staff_and_the_end_need_no_browser(client: Client, attempt: Attempt, alice: Any, bob: Any) -> None:
    client.force_login(alice)
    assert client.get(f"/a/{attempt.pk}/").status_code == 200
    trial = client.post("/c/course/q/exam/start")
    assert client.get(trial["Location"]).status_code == 200
    actions.submit(attempt, by=bob)
    client.force_login(bob)
    assert client.get(f"/a/{attempt.pk}/").status_code == 200
