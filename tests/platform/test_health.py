"""/healthz, /readyz and /metrics."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from exercises import actions
from exercises.models import Node


@pytest.fixture
def client() -> Client:
    return Client()


def test_it_works(client: Client, db: None) -> None:
    assert client.get("/healthz").content == b"ok\n"


def test_readyz_names_what_is_missing(client: Client, db: None, settings: Any) -> None:
    settings.REDIS_URL = "redis+socket:///nowhere/broker.sock"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["problems"]) == {"broker", "graders"}


def test_readyz_says_why_a_node_cannot_grade(client: Client, db: None) -> None:
    Node.objects.create(name="n", slots=1, sandbox="NONE: no user namespaces", seen_at=timezone.now())
    assert client.get("/readyz").json()["problems"]["graders"] == "NONE: no user namespaces"


def test_metrics_count_the_queue(client: Client, assignment: Any, bob: Any) -> None:
    actions.submit(assignment, bob, "a = 1")
    Node.objects.create(name="n", queues=["grade.cpu"], slots=3, sandbox="FULL", seen_at=timezone.now())
    text = client.get("/metrics").content.decode()
    assert 'rendu_runs{queue="grade.cpu",state="queued"} 1.0' in text
    assert 'rendu_oldest_run_seconds{queue="grade.cpu"}' in text
    assert 'rendu_grading_slots{queue="grade.cpu"} 3.0' in text


def test_a_probe_that_finds_the_site_not_ready_is_no_error_in_the_log(client: Client, db: None, capfd: Any) -> None:
    assert client.get("/readyz").status_code == 503
    assert client.get("/c/nowhere/", HTTP_HOST="localhost").status_code in (302, 404)
    assert "readyz" not in capfd.readouterr().err
