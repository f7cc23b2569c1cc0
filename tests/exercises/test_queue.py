"""The dispatcher's choices, claims and the sweeper, on the database alone."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from courses.models import Enrolment
from exercises import actions, queue, reports
from exercises.models import ExerciseVersion, Node, Run, RunState
from workers.jobs import Job


class Pipe:
    """Takes jobs as the broker does, and can be down."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.down = False

    def publish(self, job: Job, name: str) -> None:
        if self.down:
            raise ConnectionError("down")
        self.jobs.append(job)


@pytest.fixture
def pipe() -> Any:
    return Pipe()


@pytest.fixture
def node(db: None) -> Node:
    return Node.objects.create(
        name="node", queues=["grade.cpu", "grade.bulk"], slots=2, sandbox="FULL", seen_at=timezone.now()
    )


def student(course: Any, number: int) -> User:
    user = User.objects.create_user(f"s{number}@example.org")
    Enrolment.objects.create(course=course, user=user)
    return user


def test_it_works(assignment: Any, bob: Any, node: Node, pipe: Any) -> None:
    submission = actions.submit(assignment, bob, "a = 1")
    assert queue.dispatch_once(pipe) == 1
    submission.run.refresh_from_db()
    assert submission.run.state == RunState.SENT
    assert submission.run.attempt == 1
    assert submission.run.lease_until > timezone.now()
    (job,) = pipe.jobs
    assert (job.source, job.purpose, job.version) == ("a = 1", "submit", submission.run.version.sha256)
    assert queue.dispatch_once(pipe) == 0


def test_the_pipe_stays_short(assignment: Any, course: Any, node: Node, pipe: Any) -> None:
    for number in range(10):
        actions.submit(assignment, student(course, number), "a = 1")
    assert queue.dispatch_once(pipe) == 4
    assert queue.dispatch_once(pipe) == 0


def test_without_a_usable_node_all_waits(assignment: Any, bob: Any, node: Node, pipe: Any) -> None:
    submission = actions.submit(assignment, bob, "a = 1")
    Node.objects.update(sandbox="NONE: no user namespaces")
    assert queue.dispatch_once(pipe) == 0
    assert queue.expected_wait(submission.run) is None
    Node.objects.update(sandbox="FULL", seen_at=timezone.now() - datetime.timedelta(minutes=5))
    assert queue.dispatch_once(pipe) == 0


def test_a_student_who_floods_does_not_hold_up_the_others(
    assignment: Any, course: Any, exercise: Any, node: Node, pipe: Any
) -> None:
    """Twenty exercises at once by one student, then one submission by another: that one is second, not last."""
    flooder, other = student(course, 1), student(course, 2)
    for _ in range(20):
        Run.objects.create(
            purpose=Run.Purpose.SUBMIT, version=exercise.published, student=flooder, queue="grade.cpu", seed=1
        )
    actions.submit(assignment, other, "a = 1")
    order = [run.student_id for run in queue.waiting("grade.cpu")]
    assert order[:2] == [flooder.pk, other.pk]
    Node.objects.update(slots=1)
    assert queue.dispatch_once(pipe) == 2
    assert Run.objects.get(student=other).state == RunState.SENT


def test_of_two_dispatchers_one_claims(assignment: Any, bob: Any, node: Node) -> None:
    run = actions.submit(assignment, bob, "a = 1").run
    stale = Run.objects.get(pk=run.pk)
    assert queue.claim(run) is not None
    assert queue.claim(stale) is None


def test_a_broker_that_is_down_costs_no_attempt(assignment: Any, bob: Any, node: Node, pipe: Any) -> None:
    run = actions.submit(assignment, bob, "a = 1").run
    pipe.down = True
    with pytest.raises(ConnectionError):
        queue.dispatch_once(pipe)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.lease_until) == (RunState.QUEUED, 0, None)


def test_a_version_that_is_not_listed_waits_and_its_listing_goes_first(
    assignment: Any, bob: Any, node: Node, pipe: Any
) -> None:
    actions.submit(assignment, bob, "a = 1")
    ExerciseVersion.objects.update(manifest=None)
    Run.objects.create(purpose=Run.Purpose.LIST, version=assignment.version, queue="grade.cpu", seed=0)
    assert queue.dispatch_once(pipe) == 1
    assert pipe.jobs[0].purpose == "list"


def test_regrades_run_behind_live_work(assignment: Any, bob: Any, exercise: Any, node: Node, pipe: Any) -> None:
    Run.objects.create(purpose=Run.Purpose.REGRADE, version=exercise.published, queue="grade.bulk", seed=1)
    ExerciseVersion.objects.update(manifest=None)  # so that the live one waits
    actions.submit(assignment, bob, "a = 1")
    assert queue.dispatch_once(pipe) == 0
    Run.objects.filter(queue="grade.cpu").update(state=RunState.SUPERSEDED)
    ExerciseVersion.objects.update(manifest={})
    assert queue.dispatch_once(pipe) == 1


def test_the_sweeper_brings_back_and_gives_up_after_three(assignment: Any, bob: Any, node: Node, pipe: Any) -> None:
    run = actions.submit(assignment, bob, "a = 1").run
    for attempt in (1, 2, 3):
        assert queue.dispatch_once(pipe) == 1
        assert queue.sweep_once() == 0
        Run.objects.filter(pk=run.pk).update(
            state=RunState.RUNNING, lease_until=timezone.now() - datetime.timedelta(seconds=5)
        )
        assert queue.sweep_once() == 1
        run.refresh_from_db()
        assert run.attempt == attempt
        assert run.state == (RunState.QUEUED if attempt < 3 else RunState.JUDGE_FAILED)
    assert actions.tries_used(assignment, bob) == 0


def test_waiting_in_the_pipe_is_no_attempt(assignment: Any, bob: Any, node: Node, pipe: Any) -> None:
    run = actions.submit(assignment, bob, "a = 1").run
    for _ in range(5):
        queue.dispatch_once(pipe)
        Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=5))
        assert queue.sweep_once() == 1
    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.QUEUED, 0)


def test_a_beat_prolongs_the_lease(assignment: Any, bob: Any, node: Node, pipe: Any) -> None:
    run = actions.submit(assignment, bob, "a = 1").run
    queue.dispatch_once(pipe)
    (job,) = pipe.jobs
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() + datetime.timedelta(seconds=1))
    beat = {"schema": 1, "run": job.run, "attempt": 1, "token": job.token, "worker": "node"}
    assert reports.record_beat(beat)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert run.lease_until > timezone.now() + datetime.timedelta(seconds=30)
    assert not reports.record_beat(beat | {"token": "forged"})
    assert not reports.record_beat(beat | {"attempt": 2})


def test_position_and_wait(assignment: Any, course: Any, node: Node) -> None:
    runs = [actions.submit(assignment, student(course, n), "a = 1").run for n in range(3)]
    assert [queue.position(run) for run in runs] == [1, 2, 3]
    wait = queue.expected_wait(runs[2])
    assert wait is not None
    assert wait > 0


def test_an_idle_dispatcher_asks_one_question(db: None, pipe: Any) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        queue.dispatch_once(pipe)
    assert len(queries) == 1
