"""Real processes, real kills: every submission ends final with one score."""

from __future__ import annotations

import time
from typing import Any

import pytest

from accounts.models import User
from courses.models import Enrolment
from exercises import actions
from exercises.models import LateReport, Run, RunState
from gradebook.models import GradeEvent, Score

pytestmark = [
    pytest.mark.faults,
    pytest.mark.sandbox,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(240),
]

RIGHT = "def add(a, b):\n    return a + b\n"
SLOW = "import time\n\n\ndef add(a, b):\n    time.sleep(0.8)\n    return a + b\n"


@pytest.fixture
def hand_in(assignment: Any, course: Any) -> Any:
    """`hand_in(n, source)`: n students hand in the same source."""
    made = [0]

    def send(count: int, source: str) -> list[Any]:
        submissions = []
        for _ in range(count):
            made[0] += 1
            student = User.objects.create_user(f"student{made[0]}@example.org")
            Enrolment.objects.create(course=course, user=student)
            submissions.append(actions.submit(assignment, student, source))
        return submissions

    return send


def check_all_final(submissions: list[Any], points: float = 10) -> None:
    """The invariant: final, one score each, one event each."""
    for submission in submissions:
        run = Run.objects.get(pk=submission.run_id)
        assert run.state == RunState.GRADED, (run.state, run.fault)
        assert run.score == points
        assert Score.objects.filter(student=submission.student).count() == 1
        assert GradeEvent.objects.filter(score__student=submission.student).count() == 1


def test_it_works(installation: Any, hand_in: Any) -> None:
    installation.start()
    submissions = hand_in(5, RIGHT)
    installation.wait_final(5)
    check_all_final(submissions)


def test_a_pool_process_killed_while_it_grades(installation: Any, hand_in: Any) -> None:
    installation.start()
    submissions = hand_in(3, SLOW)
    installation.wait(lambda: Run.objects.filter(state=RunState.RUNNING).exists(), "a run is running")
    time.sleep(0.3)
    for child in installation.pool_children():
        child.kill()
    installation.wait_final(3)
    check_all_final(submissions)
    assert Run.objects.filter(attempt__gte=2).exists()


def test_a_worker_killed_with_a_backlog(installation: Any, hand_in: Any) -> None:
    installation.start()
    submissions = hand_in(12, SLOW)
    installation.wait(lambda: Run.objects.filter(state=RunState.RUNNING).exists(), "a run is running")
    installation.kill("worker")
    time.sleep(1)
    installation.start("worker")
    installation.wait_final(12)
    check_all_final(submissions)


def test_the_broker_wiped_with_fifty_queued(installation: Any, hand_in: Any) -> None:
    installation.start()
    submissions = hand_in(50, RIGHT)
    installation.wait(lambda: Run.objects.exclude(state=RunState.QUEUED).exists(), "the first one is sent")
    installation.client().flushall()
    installation.wait_final(50)
    check_all_final(submissions)


def test_the_broker_killed_and_started_again(installation: Any, hand_in: Any) -> None:
    installation.start()
    before = hand_in(3, SLOW)
    installation.kill("broker")
    during = hand_in(3, RIGHT)  # a submission never needs the broker
    time.sleep(2)
    assert not Run.objects.filter(submission__in=[s.pk for s in during], state=RunState.GRADED).exists()
    installation.start("broker")
    installation.wait_final(6)
    check_all_final(before + during)


def test_the_dispatcher_killed_between_claim_and_publish(installation: Any, hand_in: Any, settings: Any) -> None:
    """What such a kill leaves is a claimed run that is in no pipe. A real claim, then no publish."""
    from exercises import queue

    settings.LEASE_SECONDS = 3
    installation.start("broker", "recorder", "worker")
    (submission,) = hand_in(1, RIGHT)
    assert queue.claim(submission.run) is not None
    installation.start("dispatcher")
    installation.wait_final(1)
    check_all_final([submission])
    assert Run.objects.get(pk=submission.run_id).attempt == 1  # it never started, so no attempt is used up


def test_the_dispatcher_killed_at_any_moment(installation: Any, hand_in: Any) -> None:
    installation.start()
    submissions = hand_in(10, RIGHT)
    for _ in range(3):
        time.sleep(0.4)
        installation.kill("dispatcher")
        installation.dispatcher()
    installation.wait_final(10)
    check_all_final(submissions)


def test_two_dispatchers_grade_nothing_twice(installation: Any, hand_in: Any) -> None:
    installation.start()
    first = installation.processes.pop("dispatcher")
    installation.dispatcher()
    installation.processes["dispatcher 2"] = first
    try:
        submissions = hand_in(20, RIGHT)
        installation.wait_final(20)
        check_all_final(submissions)
        assert not Run.objects.filter(attempt__gt=1).exists()
    finally:
        installation.kill("dispatcher 2")


def test_the_recorder_is_away_when_the_reports_arrive(installation: Any, hand_in: Any) -> None:
    installation.start()
    submissions = hand_in(4, RIGHT)
    installation.wait(lambda: Run.objects.exclude(state=RunState.QUEUED).exists(), "the first one is sent")
    installation.kill("recorder")
    time.sleep(1)
    installation.recorder()
    installation.wait_final(4)
    check_all_final(submissions)


def test_the_broker_holds_no_job_that_is_running(installation: Any, hand_in: Any) -> None:
    """What it held as unacknowledged it would send again after a time, to run beside the first for long jobs."""
    installation.start()
    hand_in(1, SLOW.replace("0.8", "2"))
    client = installation.client()

    def held() -> bool:
        jobs = [*client.hvals("unacked"), *client.lrange("grade.cpu", 0, -1)]  # the recorder's messages are there too
        return any(b"grade.run" in job for job in jobs)

    def running() -> bool:
        return Run.objects.filter(state=RunState.RUNNING).exists()

    installation.wait(running, "it is running")
    installation.wait(lambda: not held(), "the broker has forgotten it")
    assert running()
    client.close()
    installation.wait_final(1)


def test_one_report_delivered_five_times(installation: Any, hand_in: Any) -> None:
    """The report is taken from the real broker while the recorder is away, and put back five times."""
    installation.start()
    installation.kill("recorder")
    (submission,) = hand_in(1, RIGHT)
    client = installation.client()

    def report() -> bytes | None:
        return next((raw for raw in client.lrange("record", 0, -1) if b"record.report" in raw), None)

    installation.wait(lambda: report() is not None, "the report lies in the broker", 30)
    raw = report()
    assert raw is not None
    for _ in range(4):
        client.lpush("record", raw)
    installation.recorder()
    installation.wait_final(1)
    installation.wait(lambda: not client.llen("record"), "all of them are read")
    check_all_final([submission])
    assert not LateReport.objects.exists()
    client.close()


def test_a_submission_that_always_outlives_its_lease_is_given_up(installation: Any, hand_in: Any) -> None:
    """A job that takes its node down each time: after three attempts a person looks at it; others are graded."""
    installation.start()
    (poison,) = hand_in(1, SLOW)
    for attempt in (1, 2, 3):
        installation.wait(
            lambda n=attempt: Run.objects.filter(pk=poison.run_id, state=RunState.RUNNING, attempt=n).exists(),
            f"attempt {attempt} runs",
        )
        for child in installation.pool_children():
            child.kill()
    installation.wait_final(1)
    run = Run.objects.get(pk=poison.run_id)
    assert run.state == RunState.JUDGE_FAILED
    assert actions.tries_used(poison.assignment, poison.student) == 0
    others = hand_in(3, RIGHT)
    installation.wait_final(4)
    check_all_final(others)


def test_a_version_is_listed_and_published_by_a_real_node(installation: Any, exercise: Any, hand_in: Any) -> None:
    installation.start()
    files = exercise.read_files()
    files.files["statement.en.md"] = b"Another text.\n"
    actions.save_files(exercise, files)
    version = actions.publish(exercise)
    installation.wait(lambda: not Run.objects.filter(version=version, state__in=Run.OPEN).exists(), "it is listed")
    exercise.refresh_from_db()
    assert exercise.published == version
    assert [test["name"] for test in exercise.published.manifest["tests"]] == [
        "adds small numbers",
        "adds hidden numbers",
    ]
    submissions = hand_in(1, RIGHT)
    installation.wait_final(1)
    check_all_final(submissions)
