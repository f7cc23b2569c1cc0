"""Handing in from the page: text or file, with and without JavaScript, and nothing lost when it is refused."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from exercises import actions
from exercises.models import Assignment, Submission
from tests.pages import editor_text

URL = "/c/course/e/addition/submit"
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 4,
    "metadata": {},
    "cells": [{"cell_type": "code", "metadata": {}, "source": "%pylab\nx = 1", "outputs": [], "execution_count": 1}],
}


def send(client: Any, user: Any, **fields: Any) -> Any:
    client.force_login(user)
    return client.post(URL, {"source": "def add(a, b):\r\n    return a + b\r\n", "key": "k", **fields})


def test_it_works(client: Any, assignment: Any, bob: Any) -> None:
    response = send(client, bob)
    submission = Submission.objects.get()
    assert response.status_code == 303
    assert response["Location"] == f"/s/{submission.pk}/"
    assert submission.source == "def add(a, b):\n    return a + b\n"
    assert not submission.public_only


def test_a_double_click_is_one_submission(client: Any, assignment: Any, bob: Any) -> None:
    assert send(client, bob)["Location"] == send(client, bob)["Location"]
    assert Submission.objects.count() == 1


def test_the_other_button_runs_the_public_tests(client: Any, assignment: Any, bob: Any) -> None:
    send(client, bob, public="1")
    assert Submission.objects.get().public_only


@pytest.mark.parametrize(
    ("name", "data", "source"),
    [
        ("a.py", b"\xef\xbb\xbfx = 1\r\n", "x = 1\n"),
        ("a.ipynb", json.dumps(NOTEBOOK).encode(), "# %pylab\nx = 1\n"),
        ("A.IPYNB", json.dumps(NOTEBOOK).encode(), "# %pylab\nx = 1\n"),
    ],
)
def test_a_file_replaces_the_text(client: Any, assignment: Any, bob: Any, name: str, data: bytes, source: str) -> None:
    assert send(client, bob, upload=SimpleUploadedFile(name, data)).status_code == 303
    assert Submission.objects.get().source == source


@pytest.mark.parametrize(
    ("name", "data", "status", "word"),
    [
        ("a.py", b"\xff\xfe", 400, "UTF-8"),
        ("a.py", b"", 400, "nothing to hand in"),
        ("a.py", b"x" * (256 * 1024 + 1), 413, "too large"),
        ("a.ipynb", b"{", 400, "not a notebook"),
    ],
)
def test_a_bad_file_keeps_what_was_typed(
    client: Any, assignment: Any, bob: Any, name: str, data: bytes, status: int, word: str
) -> None:
    response = send(client, bob, upload=SimpleUploadedFile(name, data))
    html = response.content.decode()
    assert response.status_code == status
    assert word in html
    assert editor_text(html) == "def add(a, b):\n    return a + b\n"
    assert not Submission.objects.exists()


def test_closed_is_409_and_keeps_the_text(client: Any, assignment: Any, bob: Any) -> None:
    Assignment.objects.update(due_at=timezone.now() - datetime.timedelta(days=1))
    response = send(client, bob, source="late work <b>")
    assert response.status_code == 409
    assert editor_text(response.content.decode()) == "late work <b>"


def test_no_tries_left_is_409(client: Any, assignment: Any, bob: Any, graded: Any) -> None:
    Assignment.objects.update(tries=1)
    graded(actions.submit(assignment, bob, "x"))
    response = send(client, bob, source="once more")
    assert response.status_code == 409
    assert editor_text(response.content.decode()) == "once more"


def test_too_soon_is_429_with_a_time(client: Any, assignment: Any, bob: Any, settings: Any) -> None:
    settings.SUBMIT_INTERVAL_SECONDS = 60
    send(client, bob)
    response = send(client, bob, key="another", source="soon")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60
    assert editor_text(response.content.decode()) == "soon"


def test_too_large_is_413_and_keeps_the_text(client: Any, assignment: Any, bob: Any) -> None:
    source = "y" * (256 * 1024 + 1)
    response = send(client, bob, source=source)
    assert response.status_code == 413
    assert editor_text(response.content.decode()) == source


@pytest.mark.parametrize("source", ["", "  \n", "a\0b"])
def test_what_is_no_text_is_400(client: Any, assignment: Any, bob: Any, source: str) -> None:
    assert send(client, bob, source=source).status_code == 400
    assert not Submission.objects.exists()


def test_a_key_that_is_too_long_is_refused_not_cut(client: Any, assignment: Any, bob: Any) -> None:
    assert send(client, bob, key="k" * 101).status_code == 400
    assert not Submission.objects.exists()


def test_it_asks_for_the_token(assignment: Any, bob: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    response = client.post(URL, {"source": "x", "key": "k"})
    assert response.status_code == 403
    assert b"send it again" in response.content


def test_an_outsider_gets_404(client: Any, assignment: Any, charlie: Any) -> None:
    assert send(client, charlie).status_code == 404
    assert not Submission.objects.exists()


def test_get_leads_back_to_the_exercise_and_says_so(client: Any, assignment: Any, bob: Any) -> None:
    """Where a sign-in that had run out, or the language switch on a refusal, leads."""
    client.force_login(bob)
    response = client.get(URL, follow=True)
    assert response.redirect_chain == [("/c/course/e/addition/", 302)]
    assert "Nothing was handed in." in response.content.decode()
