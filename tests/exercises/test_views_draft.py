"""The autosaved draft."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from exercises import actions
from exercises.models import Assignment, Draft, Submission

URL = "/c/course/e/addition/draft"


def put(client: Any, body: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.put(URL, data, content_type="application/json")


def test_it_works(client: Any, assignment: Any, bob: Any) -> None:
    client.force_login(bob)
    assert client.get(URL).json() == {"source": "def add(a, b):\n    ...\n", "version": ""}
    first = put(client, {"source": "a"}).json()["version"]
    assert client.get(URL).json() == {"source": "a", "version": first}
    assert put(client, {"source": "b"}).json()["version"] != first
    assert Draft.objects.get().source == "b"


def test_it_is_kept_after_closing(client: Any, assignment: Any, bob: Any) -> None:
    Assignment.objects.update(due_at=timezone.now() - datetime.timedelta(days=1))
    client.force_login(bob)
    assert put(client, {"source": "a"}).status_code == 200


def test_a_save_after_the_closing_leaves_what_was_handed_in(client: Any, assignment: Any, bob: Any) -> None:
    submission = actions.submit(assignment, bob, "on time")
    Assignment.objects.update(due_at=timezone.now() - datetime.timedelta(days=1))
    client.force_login(bob)
    put(client, {"source": "too late"})
    submission.refresh_from_db()
    assert submission.source == "on time" and Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no json", 400),
        (b"\xff", 400),
        ([], 400),
        ({}, 400),
        ({"source": 1}, 400),
        ({"source": "a\0"}, 400),
        ({"source": "\ud800"}, 400),
        ({"source": "x" * (256 * 1024 + 1)}, 413),
        (b"[" * (3 << 20), 413),
        (b"[" * 200_000, 400),
    ],
)
def test_what_is_no_draft_is_refused(client: Any, assignment: Any, bob: Any, body: Any, status: int) -> None:
    client.force_login(bob)
    response = put(client, body)
    assert response.status_code == status
    assert response.json()["detail"]
    assert not Draft.objects.exists()


def test_each_has_their_own(client: Any, assignment: Any, alice: Any, bob: Any) -> None:
    client.force_login(alice)
    put(client, {"source": "alice's"})
    client.force_login(bob)
    assert "alice" not in client.get(URL).json()["source"]


def test_it_asks_for_the_token(assignment: Any, bob: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert put(client, {"source": "a"}).status_code == 403


def test_a_script_is_never_sent_to_the_sign_in_page(client: Any, assignment: Any, charlie: Any) -> None:
    assert client.get(URL).status_code == 401
    client.force_login(charlie)
    assert client.get(URL).status_code == 404
    assert put(client, {"source": "a"}).status_code == 404
