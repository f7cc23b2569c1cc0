"""Regrades: nothing counts before it is applied; overrides survive; undo brings every cell back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from exercises import actions, queue, regrade, reports, tokens
from exercises.models import ExerciseVersion, Run, RunState, Submission
from exercises.regrade_models import Regrade
from exercises.results import student_view
from gradebook.actions import set_override
from gradebook.models import GradeEvent, Score
from tests.conftest import EXERCISE_FILES, make_manifest, make_report
from workers.jobs import SCHEMA, ExerciseFiles, Report

HALF = {"adds hidden numbers": "failed"}  # 4 of 10


def send(run: Run, report: dict[str, Any]) -> str:
    """Let a grader's report for any run arrive."""
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=1)
    message = Report(SCHEMA, str(run.pk), 1, tokens.make(str(run.pk), 1), "node", "report", report)
    return reports.record_report(message.to_dict())


@pytest.fixture
def handed_in(assignment: Any, bob: Any, graded: Any) -> Any:
    """Bob's submission, 4 of 10."""
    submission = actions.submit(assignment, bob, "def add(a, b): return 3")
    return graded(submission, make_report(submission.run.version, HALF))


def publish_again(exercise: Any, **points: float) -> ExerciseVersion:
    """A new version whose tests have other points."""
    files = dict(EXERCISE_FILES) | {"tests.py": EXERCISE_FILES["tests.py"] + b"\n# another version\n"}
    actions.save_files(exercise, ExerciseFiles(files))
    version = actions.publish(exercise)
    manifest = make_manifest(version)
    for entry in manifest["tests"]:
        entry["points"] = points.get(entry["name"].split()[1], entry["points"])
    manifest["max_score"] = sum(entry["points"] for entry in manifest["tests"])
    version.manifest, version.max_score, version.state = manifest, manifest["max_score"], ExerciseVersion.State.READY
    version.save()
    exercise.published = version
    exercise.save()
    return version


class TestRerun:
    def test_it_works(self, handed_in: Any, assignment: Any, alice: Any, bob: Any) -> None:
        started = regrade.start(assignment, "rerun", alice, "a test was wrong")
        run = Run.objects.get(purpose=Run.Purpose.REGRADE)
        assert (run.queue, run.seed, run.state) == ("grade.bulk", handed_in.run.seed, RunState.QUEUED)
        assert regrade.preview(started).waiting == 1
        with pytest.raises(regrade.RegradeError, match="still being graded"):
            regrade.apply(started, alice)
        assert send(run, make_report(run.version)) == "graded"
        assert Score.objects.get().points == 4  # nothing counts yet
        [move] = regrade.preview(started).moves
        assert (move.student, move.old, move.new, move.change) == (bob, 4, 10, 6)
        assert regrade.apply(started, alice) == 1
        handed_in.refresh_from_db()
        assert handed_in.run == run and student_view(handed_in.run)["score"] == 10
        assert Score.objects.get().points == 10

    def test_undo(self, handed_in: Any, assignment: Any, alice: Any) -> None:
        started = regrade.start(assignment, "rerun", alice, "a test was wrong")
        run = Run.objects.get(purpose=Run.Purpose.REGRADE)
        send(run, make_report(run.version))
        regrade.apply(started, alice)
        assert regrade.undo(started, alice) == 1
        handed_in.refresh_from_db()
        assert handed_in.run != run and Score.objects.get().points == 4
        assert [event.new for event in GradeEvent.objects.order_by("pk")] == [4, 10, 4]
        with pytest.raises(regrade.RegradeError, match="can be undone"):
            regrade.undo(started, alice)

    def test_overrides_survive(self, handed_in: Any, assignment: Any, alice: Any, bob: Any) -> None:
        set_override(assignment.item, bob, Decimal(7), alice, "appeal")
        started = regrade.start(assignment, "rerun", alice, "a test was wrong")
        run = Run.objects.get(purpose=Run.Purpose.REGRADE)
        send(run, make_report(run.version))
        [move] = regrade.preview(started).moves
        assert move.overridden
        regrade.apply(started, alice)
        score = Score.objects.get()
        assert (score.points, score.derived) == (7, 10)

    def test_what_cannot_be_graded_keeps_its_result(self, handed_in: Any, assignment: Any, alice: Any) -> None:
        started = regrade.start(assignment, "rerun", alice, "a test was wrong")
        Run.objects.filter(purpose=Run.Purpose.REGRADE).update(state=RunState.JUDGE_FAILED)
        assert regrade.preview(started).failed == 1
        assert regrade.apply(started, alice) == 0
        assert Score.objects.get().points == 4

    def test_a_flaky_exercise_is_told(self, handed_in: Any, assignment: Any, alice: Any) -> None:
        started = regrade.start(assignment, "rerun", alice, "to see")
        run = Run.objects.get(purpose=Run.Purpose.REGRADE)
        send(run, make_report(run.version))
        assert regrade.preview(started).flaky == 1

    def test_another_version_may_differ(self, handed_in: Any, assignment: Any, exercise: Any, alice: Any) -> None:
        publish_again(exercise)
        assignment.refresh_from_db()
        started = regrade.start(assignment, "rerun", alice, "a test was wrong")
        run = Run.objects.get(purpose=Run.Purpose.REGRADE)
        send(run, make_report(run.version))
        assert regrade.preview(started).flaky == 0

    def test_a_submission_made_meanwhile_is_left_alone(
        self, handed_in: Any, assignment: Any, alice: Any, bob: Any, graded: Any
    ) -> None:
        started = regrade.start(assignment, "rerun", alice, "a test was wrong")
        run = Run.objects.get(purpose=Run.Purpose.REGRADE)
        later = actions.submit(assignment, bob, "better")
        graded(later, make_report(later.run.version))
        send(run, make_report(run.version, HALF))
        regrade.apply(started, alice)
        assert Score.objects.get().points == 10

    def test_giving_it_up(self, handed_in: Any, assignment: Any, alice: Any) -> None:
        started = regrade.start(assignment, "rerun", alice, "a test was wrong")
        regrade.cancel(started)
        assert Run.objects.get(purpose=Run.Purpose.REGRADE).state == RunState.SUPERSEDED
        with pytest.raises(regrade.RegradeError, match="decided already"):
            regrade.apply(started, alice)
        regrade.start(assignment, "rerun", alice, "again")

    def test_it_waits_behind_live_work(self, handed_in: Any, assignment: Any, alice: Any, bob: Any) -> None:
        regrade.start(assignment, "rerun", alice, "a test was wrong")
        live = actions.submit(assignment, bob, "live")
        Run.objects.filter(purpose=Run.Purpose.REGRADE).update(state=RunState.RUNNING)
        assert [run.pk for run in queue.waiting("grade.cpu")] == [live.run_id]
        assert queue.waiting("grade.cpu").get().load == 1  # a regrade under way does not count against its student

    def test_tries_and_pages_do_not_see_it(self, handed_in: Any, assignment: Any, alice: Any, bob: Any) -> None:
        before = actions.tries_used(assignment, bob)
        regrade.start(assignment, "rerun", alice, "a test was wrong")
        assert actions.tries_used(assignment, bob) == before
        assert Submission.objects.count() == 1

    @pytest.mark.parametrize("reason", ["", "   "])
    def test_a_reason_is_needed(self, handed_in: Any, assignment: Any, alice: Any, reason: str) -> None:
        with pytest.raises(regrade.RegradeError, match="needs a reason"):
            regrade.start(assignment, "rerun", alice, reason)

    def test_one_at_a_time(self, handed_in: Any, assignment: Any, alice: Any) -> None:
        regrade.start(assignment, "rerun", alice, "one")
        with pytest.raises(regrade.RegradeError, match="under way"):
            regrade.start(assignment, "rerun", alice, "two")

    def test_nothing_to_regrade(self, assignment: Any, alice: Any) -> None:
        with pytest.raises(regrade.RegradeError, match="Nothing has been graded"):
            regrade.start(assignment, "rerun", alice, "one")


class TestRescore:
    def test_it_works(self, handed_in: Any, assignment: Any, exercise: Any, alice: Any) -> None:
        publish_again(exercise, small=9.0, hidden=1.0)
        assignment.refresh_from_db()
        started = regrade.start(assignment, "rescore", alice, "the weights were wrong")
        assert regrade.preview(started).waiting == 0
        [move] = regrade.preview(started).moves
        assert (move.old, move.new) == (4, 9)
        regrade.apply(started, alice)
        handed_in.refresh_from_db()
        assert (handed_in.run.score, handed_in.run.max_score, handed_in.run.verdict) == (9, 10, "partial")
        assert [test["points"] for test in student_view(handed_in.run)["tests"]] == [9, 0]
        assert Score.objects.get().points == 9

    def test_other_tests_need_a_rerun(self, handed_in: Any, assignment: Any, exercise: Any, alice: Any) -> None:
        version = publish_again(exercise)
        version.manifest["tests"][0]["name"] = "another test"
        version.save()
        assignment.refresh_from_db()
        with pytest.raises(regrade.RegradeError, match="run the submissions again"):
            regrade.start(assignment, "rescore", alice, "the weights were wrong")
        assert not Regrade.objects.exists() and not Run.objects.filter(purpose=Run.Purpose.REGRADE).exists()


class TestPage:
    URL = "/c/course/e/addition/regrade/"

    def test_it_works(self, client: Client, handed_in: Any, alice: Any) -> None:
        client.force_login(alice)
        assert "A new regrade" in client.get(self.URL).content.decode()
        client.post(self.URL, {"action": "start", "kind": "rerun", "reason": "a test was wrong"})
        fragment = client.get(f"{self.URL}preview")
        assert "1 of 1 submissions are still being graded." in fragment.content.decode()
        assert int(fragment.headers["X-Poll-After"]) > 0
        run = Run.objects.get(purpose=Run.Purpose.REGRADE)
        send(run, make_report(run.version))
        page = client.get(self.URL).content.decode()
        assert "Bob Durand" in page and "+6" in page and "X-Poll-After" not in client.get(f"{self.URL}preview").headers
        started = Regrade.objects.get()
        client.post(self.URL, {"action": "apply", "regrade": started.pk})
        assert Score.objects.get().points == 10
        client.post(self.URL, {"action": "undo", "regrade": started.pk})
        assert Score.objects.get().points == 4
        assert "undone" in client.get(self.URL).content.decode()
        assert client.get(f"{self.URL}preview").status_code == 204

    def test_refusals_are_told(self, client: Client, handed_in: Any, alice: Any) -> None:
        client.force_login(alice)
        page = client.post(self.URL, {"action": "start", "kind": "rerun", "reason": ""}, follow=True)
        assert "needs a reason" in page.content.decode()
        for data in ({"action": "start", "kind": "x"}, {"action": "apply", "regrade": "x"}, {}):
            assert client.post(self.URL, data).status_code == 404

    def test_outsiders(self, client: Client, handed_in: Any, bob: Any, charlie: Any) -> None:
        for person in (bob, charlie):
            client.force_login(person)
            assert client.get(self.URL).status_code == 404
            assert client.get(f"{self.URL}preview").status_code == 404
            assert client.post(self.URL, {"action": "start", "kind": "rerun", "reason": "x"}).status_code == 404
        assert not Regrade.objects.exists()
