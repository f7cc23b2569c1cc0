"""Checks as background jobs: started once, behind live work, brought back, their results taken with suspicion."""

from __future__ import annotations

import copy
import datetime
from typing import Any

import pytest
from django.utils import timezone

from exercises import actions, checks, queue, reports, tokens
from exercises.models import Bundle, Exercise, ExerciseCheck, Node, Run, RunState
from workers.check.job import check_in_time
from workers.jobs import SCHEMA, ExerciseFiles, Job, Report

RESULT: dict[str, Any] = {
    "exercise": "exercise",
    "outcome": "failed",
    "why": "",
    "problems": [{"step": "mutants", "file": "tests.py", "text": "the tests notice 1 of 2 mutants"}],
    "warnings": [],
    "steps": ["folder", "listing", "reference", "starter", "wrong", "mutants"],
    "tests": 2,
    "max_score": 10.0,
    "seeds": [1, 2, 3],
    "reference_passed": 3,
    "reference_seconds": 0.01,
    "starter_score": 0.0,
    "wrong": [{"file": "wrong/minus.py", "expected": "0/10", "got": "4/10 partial", "ok": False}],
    "ratios": {},
    "mutants": {
        "total": 2,
        "killed": 1,
        "strength": 0.5,
        "needed": 0.95,
        "survivors": [{"id": "solution.py:2: a + b -> a - b", "diff": "-    a + b\n+    a - b", "reason": ""}],
        "equivalent": [],
        "seconds": 1.0,
    },
    "seconds": 2.5,
}


class Pipe:
    """Takes jobs as the broker does."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def publish(self, job: Job, name: str) -> None:
        self.jobs.append(job)


@pytest.fixture
def pipe() -> Any:
    return Pipe()


@pytest.fixture
def node(db: None) -> Node:
    return Node.objects.create(
        name="node", queues=["grade.cpu", "grade.bulk"], slots=2, sandbox="FULL", seen_at=timezone.now()
    )


@pytest.fixture
def check(exercise: Exercise, alice: Any) -> ExerciseCheck:
    return checks.start_check(exercise, alice)


def message(check: ExerciseCheck, body: dict[str, Any], attempt: int = 1) -> dict[str, Any]:
    """A report for the check's run, as a node sends it; the run is put under way first."""
    run = str(check.run.pk)
    Run.objects.filter(pk=run).update(state=RunState.RUNNING, attempt=attempt)
    return Report(SCHEMA, run, attempt, tokens.make(run, attempt), "node", "report", body).to_dict()


def test_it_works(check: ExerciseCheck, alice: Any, node: Node, pipe: Any) -> None:
    assert queue.dispatch_once(pipe) == 1
    (job,) = pipe.jobs
    assert (job.purpose, job.version, job.source) == ("check", check.sha256, "")
    assert reports.record_report(message(check, RESULT | {"version": check.sha256})) == "checked"
    check = ExerciseCheck.objects.select_related("run").get(pk=check.pk)
    assert (check.outcome, check.by, check.run.state) == ("failed", alice, RunState.GRADED)
    assert check.result["wrong"][0]["got"] == "4/10 partial" and check.result["mutants"]["strength"] == 0.5
    assert not Exercise.objects.filter(published=None).exists()  # a check publishes and breaks nothing


def test_a_report_delivered_twice_counts_once(check: ExerciseCheck) -> None:
    report = message(check, RESULT | {"version": check.sha256})
    assert reports.record_report(report) == "checked"
    assert reports.record_report(report) == "late"


def test_files_that_are_no_version_are_checked_as_they_stood(exercise: Exercise, alice: Any) -> None:
    files = exercise.read_files().files | {"tests.py": b"# draft\n"}
    actions.save_files(exercise, ExerciseFiles(files))
    check = checks.start_check(exercise, alice)
    actions.save_files(exercise, ExerciseFiles(files | {"tests.py": b"# later\n"}))
    assert check.sha256 == ExerciseFiles(files).version
    assert Bundle.objects.filter(sha256=check.sha256).exists()
    assert exercise.versions.count() == 1


def test_a_second_click_makes_no_second_check(exercise: Exercise, check: ExerciseCheck, alice: Any) -> None:
    assert checks.start_check(exercise, alice) == check
    actions.save_files(exercise, ExerciseFiles(exercise.read_files().files | {"data/x": b"1"}))
    newer = checks.start_check(exercise, alice)
    assert newer != check
    assert Run.objects.get(gate=check).state == RunState.SUPERSEDED
    assert Run.objects.get(gate=newer).state == RunState.QUEUED


def test_bundles_that_nothing_names_go(exercise: Exercise, alice: Any) -> None:
    published = exercise.read_files()
    shas = []
    for number in range(3):
        files = ExerciseFiles(published.files | {"data/x": str(number).encode()})
        actions.save_files(exercise, files)
        check = checks.start_check(exercise, alice)
        shas.append(check.sha256)
        reports.record_report(message(check, RESULT | {"version": check.sha256}))
    assert set(Bundle.objects.values_list("sha256", flat=True)) == {published.version, shas[-1]}
    assert exercise.checks.count() == 3


def test_it_runs_behind_live_work_and_before_regrades(
    check: ExerciseCheck, assignment: Any, bob: Any, exercise: Exercise, node: Node, pipe: Any
) -> None:
    early = timezone.now() - datetime.timedelta(hours=1)
    for _ in range(3):
        Run.objects.create(
            purpose=Run.Purpose.REGRADE, version=exercise.published, queue="grade.bulk", seed=1, queued_at=early
        )
    actions.submit(assignment, bob, "a = 1")
    assert queue.dispatch_once(pipe) == 5
    assert [job.purpose for job in pipe.jobs] == ["submit", "check", "regrade", "regrade", "regrade"]


def test_students_keep_half_of_the_slots(course: Any, exercise: Exercise, alice: Any, node: Node, pipe: Any) -> None:
    for number in range(4):
        other = Exercise.objects.create(course=course, slug=f"e{number}")
        actions.save_files(other, exercise.read_files())
        checks.start_check(other, alice)
    assert queue.dispatch_once(pipe) == 1
    Node.objects.update(slots=4)
    assert queue.dispatch_once(pipe) == 1


def test_what_needs_a_model_waits_for_a_node_with_one(exercise: Exercise, alice: Any) -> None:
    toml = b'title = { en = "A", fr = "A" }\nkind = "prompt"\n'
    actions.save_files(exercise, ExerciseFiles({"exercise.toml": toml}))
    assert Run.objects.get(gate=checks.start_check(exercise, alice)).queue == "grade.llm"
    actions.save_files(exercise, ExerciseFiles({"exercise.toml": b"nonsense"}))
    assert Run.objects.get(gate=checks.start_check(exercise, alice)).queue == "grade.bulk"


def test_a_node_that_dies_gives_the_check_back(check: ExerciseCheck, node: Node, pipe: Any) -> None:
    for attempt in (1, 2, 3):
        assert queue.dispatch_once(pipe) == 1
        job = pipe.jobs[-1]
        beat = {"schema": 1, "run": job.run, "attempt": attempt, "token": job.token, "worker": "node"}
        assert reports.record_beat(beat)
        Run.objects.filter(gate=check).update(lease_until=timezone.now() - datetime.timedelta(seconds=5))
        assert queue.sweep_once() == 1
        state = Run.objects.get(gate=check).state
        assert state == (RunState.QUEUED if attempt < 3 else RunState.JUDGE_FAILED)


def test_a_fault_of_the_machine_is_tried_three_times(check: ExerciseCheck) -> None:
    body = {"version": check.sha256, "outcome": "machine", "why": "no user namespaces"}
    for attempt, outcome in ((1, "requeued"), (2, "requeued"), (3, "judge_failed")):
        assert reports.record_report(message(check, body, attempt)) == outcome
    run = Run.objects.get(gate=check)
    assert run.fault == "no user namespaces"
    assert ExerciseCheck.objects.get(pk=check.pk).result is None


def broken(path: str, value: Any) -> Any:
    """RESULT with another value at a path such as "wrong.0.ok"; ... leaves it out."""
    body: Any = copy.deepcopy(RESULT)
    *parents, last = path.split(".")
    target = body
    for key in parents:
        target = target[int(key) if key.isdigit() else key]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("outcome", "splendid"),
        ("outcome", "held"),
        ("why", None),
        ("problems", "none"),
        ("problems.0.text", 5),
        ("warnings", ...),
        ("steps", [1]),
        ("steps", ["a"]),
        ("seeds", 3),
        ("seeds", [0] * 2000),
        ("tests", -1),
        ("tests", True),
        ("max_score", float("nan")),
        ("seconds", "2"),
        ("starter_score", "none"),
        ("wrong.0.ok", "yes"),
        ("wrong.0.got", ...),
        ("mutants", []),
        ("mutants.strength", 2),
        ("mutants.killed", None),
        ("mutants.survivors.0.diff", ["x"]),
        ("mutants.equivalent", ...),
        ("version", "0" * 64),
    ],
)
def test_what_is_no_result_is_not_accepted(check: ExerciseCheck, path: str, value: Any) -> None:
    body = {"version": check.sha256} | broken("why", "")
    body = {"version": check.sha256} | broken(path, value) if path != "version" else body | {"version": value}
    assert reports.record_report(message(check, body)) == "requeued"
    assert ExerciseCheck.objects.get(pk=check.pk).result is None


def test_nothing_else_that_comes_with_it_is_kept(check: ExerciseCheck) -> None:
    body = RESULT | {"version": check.sha256, "more": "x" * 1000, "ratios": {"a": [1.0]}}
    body["problems"] = [RESULT["problems"][0] | {"html": "<b>"}]
    assert reports.record_report(message(check, body)) == "checked"
    result = ExerciseCheck.objects.get(pk=check.pk).result
    assert "more" not in result and "html" not in result["problems"][0]


def test_long_lists_and_texts_are_cut(check: ExerciseCheck) -> None:
    body = RESULT | {"version": check.sha256, "problems": [RESULT["problems"][0] | {"text": "x" * 30_000}]}
    body |= {"warnings": [RESULT["problems"][0]] * 3000}
    assert reports.record_report(message(check, body)) == "checked"
    result = ExerciseCheck.objects.get(pk=check.pk).result
    assert len(result["problems"][0]["text"]) == checks.MOST_TEXT
    assert len(result["warnings"]) == checks.MOST_LINES


def test_a_forged_token_changes_nothing(check: ExerciseCheck) -> None:
    body = message(check, RESULT | {"version": check.sha256}) | {"token": "forged"}
    assert reports.record_report(body) == "refused"
    assert Run.objects.get(gate=check).state == RunState.RUNNING


# ---- The node's side ---------------------------------------------------------------------------------------------


@pytest.mark.sandbox
def test_what_a_node_finds_is_accepted(check: ExerciseCheck, exercise: Exercise) -> None:
    """The real check of the small exercise, and what it says arrives as it was said."""
    body = check_in_time(exercise.read_files())
    assert reports.record_report(message(check, body)) == "checked"
    kept = ExerciseCheck.objects.get(pk=check.pk)
    assert kept.outcome == "held", kept.result
    assert kept.result["wrong"] == [{"file": "wrong/minus.py", "expected": "0/10", "got": "0/10 failed", "ok": True}]
    assert kept.result["mutants"]["strength"] == 1


@pytest.mark.sandbox
def test_a_broken_exercise_is_said_to_be_broken(exercise: Exercise, alice: Any) -> None:
    files = exercise.read_files().files | {"solution.py": b"def add(a, b):\n    return a * b\n"}
    actions.save_files(exercise, ExerciseFiles(files))
    check = checks.start_check(exercise, alice)
    assert reports.record_report(message(check, check_in_time(exercise.read_files()))) == "checked"
    kept = ExerciseCheck.objects.get(pk=check.pk)
    assert kept.outcome == "failed" and kept.result["reference_passed"] == 0
    assert any("the reference does not pass test" in finding["text"] for finding in kept.result["problems"])


@pytest.mark.sandbox
def test_a_check_that_takes_too_long_says_so(exercise: Exercise) -> None:
    result = check_in_time(exercise.read_files(), seconds=-1)
    assert result["outcome"] == "not checked" and "it was stopped" in result["why"]
    assert not checks.result_problem(result, exercise.read_files().version)
