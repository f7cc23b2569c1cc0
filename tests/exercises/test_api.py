"""The API of exercises: the contract's answers and codes, and nothing for outsiders."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from courses.models import ApiToken
from exercises import actions
from exercises.models import Submission
from tests.conftest import make_report


class Api:
    """A program that acts with a token."""

    def __init__(self, user: Any, course: Any) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {ApiToken.issue(user, course)}"})

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/{path}")

    def send(self, method: str, path: str, body: dict[str, Any], **headers: str) -> Any:
        return self.client.generic(method, f"/api/{path}", json.dumps(body), "application/json", headers=headers)

    def submit(self, source: str, key: str = "", **body: Any) -> Any:
        path = "courses/course/assignments/addition/submissions"
        return self.send("POST", path, {"source": source} | body, **({"Idempotency-Key": key} if key else {}))


@pytest.fixture
def api(bob: Any, course: Any, assignment: Any) -> Api:
    return Api(bob, course)


def test_it_works(api: Api, graded: Any) -> None:
    answer = api.submit("def add(a, b): return a + b")
    assert answer.status_code == 201
    assert answer.json()["status"] == "queued"
    assert answer.json()["position"] == 1
    path = f"submissions/{answer.json()['id']}"
    assert api.get(path).json()["status"] == "queued"
    submission = Submission.objects.get()
    report = make_report(submission.run.version, {"adds hidden numbers": "timeout"})
    report["tests"][1]["message"] = report["tests"][1]["input"] = "SECRET"
    graded(submission, report)
    body = api.get(path).json()
    assert (body["status"], body["score"], body["max_score"], body["verdict"]) == ("graded", 4, 10, "partial")
    hidden = body["tests"][1]
    assert hidden["verdict"] == "failed"
    assert hidden["message"] is hidden["seconds"] is hidden["timing"] is None
    assert hidden["hint"] == "Think of negatives."
    assert "SECRET" not in json.dumps(body)


def test_the_same_key_gives_the_same_answer(api: Api) -> None:
    first, second = api.submit("a = 1", key="k"), api.submit("a = 1", key="k")
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert Submission.objects.count() == 1


def test_refusals_have_their_codes(api: Api, assignment: Any, settings: Any) -> None:
    assert api.submit("x" * 300_000).status_code == 413
    assert api.submit("a\0b").status_code == 400
    assert api.submit("a = 1").status_code == 201
    settings.SUBMIT_INTERVAL_SECONDS = 30
    answer = api.submit("a = 2")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assignment.due_at = assignment.due_at.replace(year=2020)
    assignment.save()
    assert api.submit("a = 3").status_code == 409


def test_assignments_say_what_is_open(api: Api) -> None:
    (only,) = api.get("courses/course/assignments").json()
    assert (only["slug"], only["open"], only["best_score"], only["max_score"]) == ("addition", True, None, 10)
    assert only["limits"]["seconds"] == 5
    one = api.get("courses/course/assignments/addition").json()
    assert "add(a, b)" in one["statements"]["fr"]


def test_drafts_are_kept(api: Api) -> None:
    path = "courses/course/assignments/addition/draft"
    assert "def add" in api.get(path).json()["source"]
    assert api.send("PUT", path, {"source": "é = 1"}).status_code == 200
    assert api.get(path).json()["source"] == "é = 1"
    assert api.send("PUT", path, {"source": "x" * 300_000}).status_code == 413
    assert api.get(path).json()["source"] == "é = 1"


def test_outsiders_get_404(assignment: Any, bob: Any, charlie: Any, other_course: Any) -> None:
    submission = actions.submit(assignment, bob, "a = 1")
    outsider = Api(charlie, other_course)
    assert outsider.submit("a = 1").status_code == 404
    for path in (
        "courses/course/assignments",
        "courses/course/assignments/addition",
        "courses/course/assignments/addition/draft",
        "courses/course/grades.csv",
        "courses/none/assignments",
        f"submissions/{submission.pk}",
        "submissions/00000000-0000-0000-0000-000000000000",
        "submissions/nonsense",
    ):
        assert outsider.get(path).status_code == 404, path


def test_a_token_opens_one_course(assignment: Any, bob: Any, other_course: Any) -> None:
    from courses.models import Enrolment

    Enrolment.objects.create(course=other_course, user=bob)
    submission = actions.submit(assignment, bob, "a = 1")
    elsewhere = Api(bob, other_course)
    assert elsewhere.get(f"submissions/{submission.pk}").status_code == 404
    assert elsewhere.get("courses/course/assignments").status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic x"])
def test_without_a_valid_token_401(assignment: Any, header: str) -> None:
    client = Client(headers={"Authorization": header} if header else {})
    assert client.get("/api/courses/course/assignments").status_code == 401


def test_grades_are_for_staff(api: Api, alice: Any, course: Any) -> None:
    assert api.get("courses/course/grades.csv").status_code == 404
    answer = Api(alice, course).get("courses/course/grades.csv?format=plain")
    assert answer.status_code == 200
    assert answer.content.decode().startswith("\ufeffemail,family_name")
    assert Api(alice, course).get("courses/course/grades.csv?format=nope").status_code == 400


def test_a_browser_needs_the_csrf_token(bob: Any, course: Any, assignment: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/courses/course/assignments").status_code == 200
    path = "/api/courses/course/assignments/addition/submissions"
    assert client.post(path, {"source": "a"}, content_type="application/json").status_code == 403


def test_answers_are_not_cached_and_the_schema_is_there(api: Api) -> None:
    assert "no-store" in api.get("courses/course/assignments")["Cache-Control"]
    paths = api.client.get("/api/openapi.json").json()["paths"]
    assert "/api/submissions/{submission}" in paths
    assert api.client.get("/api/docs").status_code == 200
