"""What graders send is untrusted: only a signed report that agrees with the manifest counts, and only once."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from exercises import actions, reports, tokens
from exercises.models import Exercise, ExerciseVersion, LateReport, Node, Run, RunState
from gradebook.models import GradeEvent, Score
from tests.conftest import make_manifest, make_report
from workers.jobs import SCHEMA, Report


def message(run: Run, body: dict[str, Any], attempt: int = 1, **changes: Any) -> dict[str, Any]:
    token = tokens.make(str(run.pk), attempt)
    return Report(SCHEMA, str(run.pk), attempt, token, "node", "report", body).to_dict() | changes


@pytest.fixture
def run(assignment: Any, bob: Any) -> Run:
    run = actions.submit(assignment, bob, "a = 1").run
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=1)
    run.refresh_from_db()
    return run


def test_it_works(run: Run, bob: Any) -> None:
    assert reports.record_report(message(run, make_report(run.version))) == "graded"
    run.refresh_from_db()
    assert (run.state, run.verdict, run.score) == (RunState.GRADED, "passed", 10)
    score = Score.objects.get(student=bob)
    assert score.points == Decimal(10)
    assert GradeEvent.objects.filter(score=score).count() == 1


def test_five_deliveries_are_one_grade(run: Run) -> None:
    body = message(run, make_report(run.version))
    assert [reports.record_report(body) for _ in range(5)] == ["graded"] + ["late"] * 4
    assert GradeEvent.objects.count() == 1
    assert not LateReport.objects.exists()


def test_an_old_attempts_report_still_counts(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.QUEUED, attempt=2)
    assert reports.record_report(message(run, make_report(run.version), attempt=1)) == "graded"


def test_another_score_later_is_an_alarm_and_changes_nothing(run: Run, bob: Any) -> None:
    reports.record_report(message(run, make_report(run.version)))
    other = make_report(run.version, {"adds hidden numbers": "failed"})
    assert reports.record_report(message(run, other, attempt=2)) == "late"
    run.refresh_from_db()
    assert run.disputed
    assert LateReport.objects.get().differs
    assert Score.objects.get(student=bob).points == Decimal(10)


def test_the_best_submission_counts(assignment: Any, bob: Any, graded: Any) -> None:
    graded(actions.submit(assignment, bob, "a = 1"))
    worse = actions.submit(assignment, bob, "a = 2")
    graded(worse, make_report(worse.run.version, {"adds hidden numbers": "failed"}))
    assert Score.objects.get(student=bob).points == Decimal(10)


def test_public_runs_give_no_score(assignment: Any, bob: Any, graded: Any) -> None:
    submission = graded(actions.submit(assignment, bob, "a = 1", public_only=True))
    assert submission.run.score == 4
    assert submission.run.max_score == 4
    assert not Score.objects.exists()


def edit(path: str, value: Any) -> Any:
    def change(report: dict[str, Any]) -> None:
        target: Any = report
        *parents, last = path.split(".")
        for key in parents:
            target = target[int(key) if key.isdigit() else key]
        if value is None:
            del target[last]
        else:
            target[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        edit("score", 11),
        edit("score", True),
        edit("score", float("nan")),
        edit("tests.0.points", 5.0),
        edit("tests.0.points", -1),
        edit("tests.0.name", "invented"),
        edit("tests.0.public", False),
        edit("tests.0.verdict", "failed"),
        edit("tests.0.verdict", "splendid"),
        edit("tests", []),
        edit("tests", None),
        edit("verdict", "great"),
        edit("version", "0" * 64),
        edit("output", None),
        edit("sentences", [{"template": 1, "values": {}}]),
        edit("tests.0.sentences", [{"template": "x", "values": {"a": []}}]),
        edit("tests.0.difference", {"where": 1}),
        edit("tests.0.series", [{"name": "loss", "y": ["a"]}]),
        edit("tests.0.timing", {"ratio": "x"}),
        edit("tests.0.input", 5),
        lambda report: report["tests"].append(report["tests"][0]),
        lambda report: report["tests"].pop(),
    ],
)
def test_a_report_that_disagrees_with_the_manifest_gives_nothing(run: Run, change: Any) -> None:
    body = make_report(run.version)
    change(body)
    assert reports.record_report(message(run, body)) == "requeued"
    run.refresh_from_db()
    assert run.state == RunState.QUEUED
    assert run.fault
    assert not Score.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "forged"},
        {"attempt": 2},
        {"run": "00000000-0000-0000-0000-000000000000"},
        {"schema": 2},
        {"more": 1},
        {"report": "x"},
        {"attempt": "1"},
        {"attempt": True},
    ],
)
def test_a_forged_or_broken_message_changes_nothing(run: Run, changes: dict[str, Any]) -> None:
    assert reports.record_report(message(run, make_report(run.version)) | changes) == "refused"
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, {"schema": 1}])
def test_junk_is_refused(db: None, junk: Any) -> None:
    assert reports.record_report(junk) == "refused"
    assert not reports.record_beat(junk)
    assert not reports.record_hello(junk)


def test_an_oversized_report_is_refused(run: Run) -> None:
    body = make_report(run.version, output="x" * (3 << 20))
    assert reports.record_report(message(run, body)) == "refused"


def test_our_fault_is_tried_three_times_and_costs_no_try(run: Run, assignment: Any, bob: Any) -> None:
    body = make_report(run.version, verdict="error", staff="Traceback: tests.py", score=0, tests=[])
    for attempt, outcome in ((1, "requeued"), (2, "requeued"), (3, "judge_failed")):
        Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=attempt)
        assert reports.record_report(message(run, body, attempt=attempt)) == outcome
    run.refresh_from_db()
    assert run.fault == "Traceback: tests.py"
    assert actions.tries_used(assignment, bob) == 0
    assert not Score.objects.exists()


def test_a_listing_publishes_the_version(exercise: Exercise) -> None:
    files = exercise.read_files()
    files.files["statement.en.md"] = b"New text.\n"
    actions.save_files(exercise, files)
    version = actions.publish(exercise)
    assert actions.publish(exercise) == version
    exercise.refresh_from_db()
    assert exercise.published is not None
    assert exercise.published.number == 1
    run = Run.objects.get(version=version, purpose=Run.Purpose.LIST)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=1)
    manifest = make_manifest(version)
    forged = copy.deepcopy(manifest)
    forged["max_score"] = 100
    assert reports.record_report(message(run, forged)) == "requeued"
    assert reports.record_report(message(run, manifest)) == "listed"
    exercise.refresh_from_db()
    assert exercise.published == version


def test_a_broken_version_keeps_the_one_before(exercise: Exercise) -> None:
    files = exercise.read_files()
    files.files["tests.py"] = b"nonsense("
    actions.save_files(exercise, files)
    version = actions.publish(exercise)
    run = Run.objects.get(version=version)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=1)
    body = {"version": version.sha256, "ok": False, "machine": False, "fault": "tests.py: line 1"}
    assert reports.record_report(message(run, body)) == "listed"
    version.refresh_from_db()
    assert (version.state, version.fault) == (ExerciseVersion.State.BROKEN, "tests.py: line 1")
    exercise.refresh_from_db()
    assert exercise.published is not None
    assert exercise.published.number == 1


def test_what_no_database_stores_does_not_lose_the_grade(run: Run) -> None:
    body = make_report(run.version, output="a\0b\ud800")
    body["tests"][0]["series"] = [{"name": "loss", "x": None, "y": [1.0, float("nan"), float("inf")]}]
    assert reports.record_report(message(run, body)) == "graded"
    run.refresh_from_db()
    assert run.report["output"] == "a\ufffdb?"
    assert run.report["tests"][0]["series"][0]["y"] == [1.0, None, None]


def test_a_node_is_remembered(db: None) -> None:
    hello = {
        "schema": 1,
        "worker": "node/1",
        "queues": ["grade.cpu"],
        "slots": 2,
        "sandbox": "FULL",
        "devices": ["cpu"],
        "runtimes": ["numpy"],
    }
    assert reports.record_hello(hello)
    assert reports.record_hello(hello | {"slots": 3})
    assert Node.objects.get().slots == 3
    assert not reports.record_hello(hello | {"slots": 10**9})
    assert not reports.record_hello(hello | {"queues": "grade.cpu"})
