"""The API of attempts: the contract's answers and codes, and nothing for outsiders."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from courses.models import ApiToken
from quizzes import actions
from quizzes.models import AnswerEvent, Attempt, AttemptEvent, Quiz
from tests.quizzes.quizzing import RIGHT, key_of, shown


class Api:
    """A program that acts with a token."""

    def __init__(self, user: Any, course: Any) -> None:
        self.token = ApiToken.issue(user, course)
        self.client = Client(headers={"Authorization": f"Bearer {self.token}"})

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/{path}")

    def send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self.client.generic(method, f"/api/{path}", json.dumps(body), "application/json")

    def start(self, **body: Any) -> Any:
        return self.send("POST", "courses/course/quizzes/exam/attempts", body)

    def save(self, attempt: Attempt, slug: str, response: Any, **body: Any) -> Any:
        key = key_of(attempt, slug)
        body = {"response": shown(attempt, key, response), "sequence": 0, "tab": "t"} | body
        return self.send("PUT", f"attempts/{attempt.pk}/answers/{key}", body)


@pytest.fixture
def api(bob: Any, course: Any, quiz: Quiz) -> Api:
    return Api(bob, course)


def test_it_works(api: Api, quiz: Quiz, bob: Any) -> None:
    answer = api.start()
    assert answer.status_code == 201
    body = answer.json()
    assert len(body["questions"]) == 7
    assert 3_590_000 < body["remaining_ms"] <= 3_600_000
    attempt = Attempt.objects.get(pk=body["id"])
    assert api.start().json()["id"] == body["id"]
    for sequence, (slug, response) in enumerate(RIGHT.items(), 1):
        saved = api.save(attempt, slug, response)
        assert saved.status_code == 200, saved.content
        assert (saved.json()["saved"], saved.json()["sequence"], saved.json()["stale"]) == (True, sequence, False)
    done = api.send("POST", f"attempts/{attempt.pk}/submit", {})
    assert done.status_code == 200
    assert (done.json()["state"], done.json()["score"], done.json()["max_score"]) == ("submitted", 7.0, 7.0)
    assert quiz.item.scores.get(student=bob).points == 20


def test_list_and_description(api: Api, quiz: Quiz) -> None:
    (found,) = api.get("courses/course/quizzes").json()
    assert (found["slug"], found["seconds"], found["attempts_left"], found["own_attempts"]) == ("exam", 3600, 1, [])
    started = api.start().json()
    (found,) = api.get("courses/course/quizzes").json()
    assert found["own_attempts"] == [{"id": started["id"], "number": 1, "state": "running"}]


def test_two_pages(api: Api) -> None:
    attempt = Attempt.objects.get(pk=api.start().json()["id"])
    api.save(attempt, "single", "a", tab="one")
    second = api.save(attempt, "single", "b", tab="two").json()
    assert (second["sequence"], second["stale"]) == (2, True)


def test_refusals(api: Api, quiz: Quiz, alice: Any) -> None:
    attempt = Attempt.objects.get(pk=api.start().json()["id"])
    key = key_of(attempt, "single")
    assert api.send("PUT", f"attempts/{attempt.pk}/answers/{key}", {"response": "z"}).status_code == 400
    assert api.send("PUT", f"attempts/{attempt.pk}/answers/q99", {"response": None}).status_code == 404
    assert api.send("PUT", "attempts/nonsense/answers/q1", {"response": None}).status_code == 404
    assert api.send("POST", f"attempts/{attempt.pk}/events", {"kind": "submitted"}).status_code == 400
    assert api.send("POST", f"attempts/{attempt.pk}/events", {"kind": "focus_lost"}).status_code == 200
    api.send("POST", f"attempts/{attempt.pk}/submit", {})
    late = api.save(attempt, "single", "a")
    assert late.status_code == 409
    assert "too late" in late.json()["detail"]
    assert api.start().status_code == 409
    assert AttemptEvent.objects.filter(kind="late").count() == 1


def test_the_clock_and_an_announcement(api: Api, quiz: Quiz, alice: Any) -> None:
    attempt = Attempt.objects.get(pk=api.start().json()["id"])
    actions.announce(quiz, "Read question 3 again.", alice)
    clock = api.get(f"attempts/{attempt.pk}/clock").json()
    assert (clock["state"], clock["sequence"]) == ("running", 0)
    assert clock["remaining_ms"] > 3_500_000
    assert [told["text"] for told in clock["announcements"]] == ["Read question 3 again."]


def test_a_page_that_comes_back_after_the_end(api: Api) -> None:
    attempt = Attempt.objects.get(pk=api.start().json()["id"])
    api.save(attempt, "single", "a")
    Attempt.objects.update(deadline=timezone.now() - timedelta(seconds=61))
    clock = api.get(f"attempts/{attempt.pk}/clock").json()
    assert (clock["state"], clock["remaining_ms"]) == ("expired", 0)
    assert api.get(f"attempts/{attempt.pk}").json()["score"] == 1


def test_an_access_code_cannot_be_guessed_for_long(api: Api, quiz: Quiz) -> None:
    call_command("createcachetable", verbosity=0)
    cache.clear()
    Quiz.objects.update(access_code="7431")
    codes = [api.start(access_code=str(number)).status_code for number in range(11)]
    assert codes == [403] * 10 + [429]
    assert api.start(access_code="7431").status_code == 201


def test_without_a_way_back(api: Api) -> None:
    Quiz.objects.update(navigation="sequential")
    body = api.start().json()
    assert [question["open"] for question in body["questions"]] == [True] + [False] * 6
    moved = api.send("POST", f"attempts/{body['id']}/next", {"key": "q1"}).json()
    assert [question["open"] for question in moved["questions"]][:2] == [False, True]
    refused = api.send("PUT", f"attempts/{body['id']}/answers/q1", {"response": None})
    assert refused.status_code == 409


def test_the_staff_takes_a_preview(course: Any, quiz: Quiz, alice: Any) -> None:
    Quiz.objects.update(visible=False, opens_at=timezone.now() + timedelta(days=1))
    body = Api(alice, course).start().json()
    assert body["preview"]


def test_outsiders_find_nothing(api: Api, quiz: Quiz, charlie: Any, other_course: Any, course: Any, bob: Any) -> None:
    attempt = Attempt.objects.get(pk=api.start().json()["id"])
    for stranger in (Api(charlie, other_course), Api(charlie, course), Api(bob, other_course)):
        assert stranger.start().status_code == 404
        assert stranger.get("courses/course/quizzes").status_code == 404
        for path in (f"attempts/{attempt.pk}", f"attempts/{attempt.pk}/clock"):
            assert stranger.get(path).status_code == 404
    stranger = Api(charlie, other_course)
    assert stranger.save(attempt, "single", "a").status_code == 404
    assert stranger.send("POST", f"attempts/{attempt.pk}/submit", {}).status_code == 404
    assert stranger.send("POST", f"attempts/{attempt.pk}/next", {"key": "q1"}).status_code == 404
    assert Client().get(f"/api/attempts/{attempt.pk}").status_code == 401
    assert not AnswerEvent.objects.exists()


def test_the_staff_may_look_and_not_touch(api: Api, course: Any, alice: Any) -> None:
    attempt = Attempt.objects.get(pk=api.start().json()["id"])
    staff = Api(alice, course)
    assert staff.get(f"attempts/{attempt.pk}").status_code == 200
    assert staff.save(attempt, "single", "a").status_code == 404
    assert staff.send("POST", f"attempts/{attempt.pk}/submit", {}).status_code == 404


def test_safe_exam_browser(api: Api) -> None:
    quiz = Quiz.objects.get()
    quiz.seb_config_keys = ["key"]
    quiz.save()
    assert api.start().status_code == 403
    url = "http://testserver/api/courses/course/quizzes/exam/attempts"
    right = hashlib.sha256(f"{url}key".encode()).hexdigest()
    api.client = Client(headers={"Authorization": f"Bearer {api.token}", "X-SafeExamBrowser-ConfigKeyHash": right})
    assert api.start().status_code == 201
