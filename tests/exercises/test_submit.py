"""Accepting a source: one transaction, idempotent, never the broker."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from exercises import actions
from exercises.errors import NotOpen, NoTriesLeft, NotText, TooLarge, TooSoon
from exercises.models import Run, RunState, Submission


def test_it_works(assignment: Any, bob: Any) -> None:
    submission = actions.submit(assignment, bob, "def add(a, b): return a + b")
    assert submission.run.state == RunState.QUEUED
    assert submission.run.submission == submission
    assert submission.number == 1


def test_the_same_key_gives_the_same_submission(assignment: Any, bob: Any) -> None:
    first = actions.submit(assignment, bob, "a = 1", key="k")
    assert actions.submit(assignment, bob, "a = 2", key="k") == first
    assert Submission.objects.count() == 1


def test_a_new_one_supersedes_the_queued_one_and_keeps_its_place(assignment: Any, bob: Any) -> None:
    first = actions.submit(assignment, bob, "a = 1")
    second = actions.submit(assignment, bob, "a = 2")
    first.run.refresh_from_db()
    assert first.run.state == RunState.SUPERSEDED
    assert second.run.queued_at == first.run.queued_at
    assert second.number == 2
    assert actions.tries_used(assignment, bob) == 1


def test_a_running_one_is_never_superseded(assignment: Any, bob: Any) -> None:
    first = actions.submit(assignment, bob, "a = 1")
    Run.objects.filter(pk=first.run_id).update(state=RunState.RUNNING)
    actions.submit(assignment, bob, "a = 2")
    first.run.refresh_from_db()
    assert first.run.state == RunState.RUNNING


def test_public_runs_cost_no_try_and_do_not_supersede_submissions(assignment: Any, bob: Any) -> None:
    assignment.tries = 1
    assignment.save()
    first = actions.submit(assignment, bob, "a = 1")
    actions.submit(assignment, bob, "a = 2", public_only=True)
    first.run.refresh_from_db()
    assert first.run.state == RunState.QUEUED
    assert actions.tries_left(assignment, bob) == 0


def test_tries_end(assignment: Any, bob: Any, graded: Any) -> None:
    assignment.tries = 1
    assignment.save()
    graded(actions.submit(assignment, bob, "a = 1"))
    with pytest.raises(NoTriesLeft):
        actions.submit(assignment, bob, "a = 2")


def test_a_try_that_could_not_be_graded_is_given_back(assignment: Any, bob: Any) -> None:
    assignment.tries = 1
    assignment.save()
    first = actions.submit(assignment, bob, "a = 1")
    Run.objects.filter(pk=first.run_id).update(state=RunState.JUDGE_FAILED)
    assert actions.tries_left(assignment, bob) == 1
    actions.submit(assignment, bob, "a = 2")


def test_the_deadlines_minute_counts(assignment: Any, bob: Any) -> None:
    now = timezone.now()
    assignment.due_at = now.replace(second=0, microsecond=0)
    assert assignment.is_open(assignment.due_at + datetime.timedelta(seconds=59))
    assert not assignment.is_open(assignment.due_at + datetime.timedelta(seconds=60))
    assert not assignment.is_late(assignment.due_at + datetime.timedelta(seconds=59))


def test_closed_and_not_yet_open_are_refused(assignment: Any, bob: Any) -> None:
    day = datetime.timedelta(days=1)
    assignment.opens_at = timezone.now() + day
    with pytest.raises(NotOpen):
        actions.submit(assignment, bob, "a = 1")
    assignment.opens_at, assignment.due_at = None, timezone.now() - day
    with pytest.raises(NotOpen):
        actions.submit(assignment, bob, "a = 1")
    assignment.closes_at = timezone.now() + day
    assert actions.submit(assignment, bob, "a = 1").late


@pytest.mark.parametrize(
    ("source", "error"), [("x" * (256 * 1024 + 1), TooLarge), ("a\0b", NotText), ("\ud800", NotText), (" \n", NotText)]
)
def test_what_is_no_source_is_refused(assignment: Any, bob: Any, source: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        actions.submit(assignment, bob, source)
    assert not Submission.objects.exists()


def test_too_soon_says_when(assignment: Any, bob: Any, settings: Any) -> None:
    settings.SUBMIT_INTERVAL_SECONDS = 60
    actions.submit(assignment, bob, "a = 1")
    with pytest.raises(TooSoon) as caught:
        actions.submit(assignment, bob, "a = 2")
    assert 0 < caught.value.retry_after <= 60
    actions.submit(assignment, bob, "a = 2", public_only=True)  # the other kind is not held up
