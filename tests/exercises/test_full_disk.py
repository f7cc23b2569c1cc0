"""The database's disk is full: a real refusal of SQLite's, at the page and at the recorder. Nothing is half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from exercises import actions, queue, reports, tokens
from exercises.models import Run, RunState, Submission
from gradebook.models import Score
from tests.conftest import make_report
from workers.jobs import SCHEMA, Report

pytestmark = pytest.mark.django_db(transaction=True)  # a full disk may take the whole transaction back
LONG = "def add(a, b):\n    return a + b\n" + "# a long remark\n" * 8000  # 128 KB: more than the file's free pages


@pytest.fixture
def disk(transactional_db: None) -> Callable[[], Any]:
    """`with disk():` the database's file cannot grow."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no limit that a test could set on its disk")

    @contextmanager
    def full() -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages}")
            try:
                yield
            finally:
                cursor.execute("PRAGMA max_page_count = 1073741823")

    return full


def test_it_works(disk: Any, assignment: Any, bob: Any) -> None:
    with disk(), pytest.raises(OperationalError, match="full"):
        actions.submit(assignment, bob, LONG, key="k")
    assert not Submission.objects.exists() and not Run.objects.exists()
    assert actions.submit(assignment, bob, LONG, key="k").run.state == RunState.QUEUED


def test_the_page_says_that_it_was_not_accepted(disk: Any, client: Client, assignment: Any, bob: Any) -> None:
    client.force_login(bob)
    client.raise_request_exception = False
    data = {"source": LONG, "key": "k"}
    with disk():
        assert client.post("/c/course/e/addition/submit", data).status_code == 500
    assert not Submission.objects.exists()
    assert client.post("/c/course/e/addition/submit", data).status_code == 303  # the same form again


def test_a_report_that_cannot_be_stored_is_graded_again(disk: Any, assignment: Any, bob: Any) -> None:
    """It is lost with the refusal; the lease ends, and the run goes out once more."""
    run = actions.submit(assignment, bob, "a").run
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=1)
    body = make_report(run.version, output=LONG)
    message = Report(SCHEMA, str(run.pk), 1, tokens.make(str(run.pk), 1), "node", "report", body).to_dict()
    with disk(), pytest.raises(OperationalError, match="full"):
        reports.record_report(message)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING and not Score.objects.exists()
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert queue.sweep_once() == 1
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=2)
    again = Report(SCHEMA, str(run.pk), 2, tokens.make(str(run.pk), 2), "node", "report", body).to_dict()
    assert reports.record_report(again) == "graded"
    assert Score.objects.get().points == 10
