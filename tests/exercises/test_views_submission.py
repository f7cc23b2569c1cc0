"""The page of one submission: waiting, running, graded, replaced, or our fault."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from exercises import actions
from exercises.models import Assignment, Node, Run, RunState
from tests.conftest import make_report


@pytest.fixture
def node(db: None) -> Any:
    return Node.objects.create(name="n", queues=["grade.cpu"], slots=1, sandbox="FULL", seen_at=timezone.now())


@pytest.fixture
def submission(assignment: Any, bob: Any) -> Any:
    return actions.submit(assignment, bob, "def add(a, b):\n    return '<script>' < 1\n")


def get(client: Any, user: Any, submission: Any, part: str = "") -> Any:
    client.force_login(user)
    response = client.get(f"/s/{submission.pk}/{part}")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response


def html(client: Any, user: Any, submission: Any, part: str = "") -> str:
    return str(get(client, user, submission, part).content.decode())


def spoil(report: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    """The report with one test changed."""
    report["tests"] = [test | changes if test["name"] == name else test for test in report["tests"]]
    return report


def test_it_works(client: Any, submission: Any, bob: Any, graded: Any) -> None:
    graded(submission)
    page = html(client, bob, submission)
    assert 'aria-label="10 out of 10"' in page
    assert "All correct" in page
    assert "2 of 2 tests passed." in page
    assert "adds hidden numbers" in page
    assert "&lt;script&gt;" in page
    assert "style=" not in page


def test_it_confirms_when_it_was_received(client: Any, submission: Any, bob: Any, course: Any) -> None:
    local = submission.received_at.astimezone(course.zone)
    page = html(client, bob, submission)
    assert f"{local:%H:%M:%S}</time> (Paris)" in page


def test_waiting_moves_to_the_result_without_a_reload(
    client: Any, submission: Any, bob: Any, node: Any, graded: Any
) -> None:
    page = html(client, bob, submission)
    assert f'data-poll-url="/s/{submission.pk}/status"' in page
    assert "Next in the queue" in page
    waiting = get(client, bob, submission, "status")
    assert 100 <= int(waiting["X-Poll-After"]) <= 300
    Run.objects.filter(pk=submission.run_id).update(state=RunState.RUNNING)
    assert "Being graded" in html(client, bob, submission, "status")
    graded(submission)
    final = get(client, bob, submission, "status")
    assert "X-Poll-After" not in final
    assert "All correct" in final.content.decode()
    assert "<html" not in final.content.decode()


@pytest.mark.parametrize(("age", "delay"), [(0, 150), (2, 300), (5, 600), (10, 1000), (30, 2000), (300, 5000)])
def test_the_server_asks_for_longer_pauses_with_age(
    client: Any, submission: Any, bob: Any, node: Any, age: int, delay: int
) -> None:
    queued = timezone.now() - datetime.timedelta(seconds=age)
    Run.objects.filter(pk=submission.run_id).update(state=RunState.RUNNING, queued_at=queued)
    assert int(get(client, bob, submission, "status")["X-Poll-After"]) == delay


def test_a_long_queue_is_told_and_polled_slowly(
    client: Any, assignment: Any, submission: Any, alice: Any, bob: Any, node: Any
) -> None:
    first = Run.objects.get(pk=submission.run_id)
    Run.objects.bulk_create(
        Run(
            purpose=Run.Purpose.SUBMIT,
            version=first.version,
            student=alice,
            queue=first.queue,
            queued_at=first.queued_at - datetime.timedelta(seconds=1),
            seed=1,
        )
        for _ in range(40)
    )
    response = get(client, bob, submission, "status")
    assert "Number 41 in the queue" in response.content.decode()
    assert "about" in response.content.decode()
    assert int(response["X-Poll-After"]) > 1000


def test_without_a_node_it_says_so_and_why_to_the_staff(client: Any, submission: Any, alice: Any, bob: Any) -> None:
    page = html(client, bob, submission)
    assert "Grading starts when a grading node is back" in page
    assert "grade.cpu" not in page
    assert "grade.cpu" in html(client, alice, submission)


def test_a_failed_public_test_is_explained(client: Any, submission: Any, bob: Any, graded: Any) -> None:
    report = make_report(submission.run.version, {"adds small numbers": "failed"})
    difference = {"where": "[3, 1]", "got": "1.25", "expected": "3.5", "different": 7, "total": 9}
    series = [{"name": "loss a", "x": None, "y": [2.0, 1.0]}, {"name": "loss b", "x": None, "y": [3.0, 1.5]}]
    graded(
        submission,
        spoil(report, "adds small numbers", difference=difference, output="printed <i>\n", series=series)
        | {"output": "loaded"},
    )
    page = html(client, bob, submission)
    for text in ("got 1, expected 3", "[3, 1]", "1.25", "3.5", "7 of 9 values differ", "Use +.", "add(1, 2)"):
        assert text in page
    assert "printed &lt;i&gt;" in page
    assert page.count("data-plot>") == 1
    assert "loaded" in page


def test_timing_is_shown_for_public_tests(client: Any, submission: Any, bob: Any, graded: Any) -> None:
    timing = {"ratio": 1.461, "low": 1.3, "high": 1.62, "at_most": 1.5, "pairs": 40}
    graded(submission, spoil(make_report(submission.run.version), "adds small numbers", timing=timing))
    page = html(client, bob, submission)
    assert "1.46 × the reference" in page
    assert "40 pairs" in page


def test_what_did_not_load_says_why(client: Any, submission: Any, bob: Any, graded: Any) -> None:
    report = make_report(submission.run.version) | {"tests": [], "score": 0.0, "verdict": "rejected"}
    graded(submission, report | {"message": "SyntaxError: line 1"})
    page = html(client, bob, submission)
    assert "Your file could not be loaded" in page
    assert "SyntaxError: line 1" in page


def test_a_hostile_report_breaks_no_page(client: Any, submission: Any, alice: Any, bob: Any, graded: Any) -> None:
    """The recorder refuses such a report; the page must stand all the same, should one be stored."""
    changes: dict[str, Any] = {
        "series": [{"name": 1, "y": "x"}, 5, {"name": "<b>", "x": ["a", None], "y": [True, "z", 1.0]}],
        "timing": "soon",
        "difference": [1],
        "message": "</pre><script>x</script>",
        "output": "\x1b[31m\u202e</script>",
        "seconds": "long",
    }
    report = spoil(make_report(submission.run.version), "adds small numbers", **changes)
    graded(submission)
    Run.objects.filter(pk=submission.run_id).update(report=report)
    for user in (bob, alice):
        page = html(client, user, submission)
        assert "<script>x" not in page


def test_public_runs_say_that_they_do_not_count(client: Any, assignment: Any, bob: Any, graded: Any) -> None:
    run = graded(actions.submit(assignment, bob, "x", public_only=True))
    page = html(client, bob, run)
    assert "used no try" in page
    assert 'aria-label="4 out of 4"' in page


def test_tries_are_numbered(client: Any, assignment: Any, bob: Any, graded: Any) -> None:
    Assignment.objects.update(tries=5)
    failed = actions.submit(assignment, bob, "a")
    Run.objects.filter(pk=failed.run_id).update(state=RunState.JUDGE_FAILED)
    graded(actions.submit(assignment, bob, "b"))
    second = graded(actions.submit(assignment, bob, "c"))
    assert "This was try 2 of 5." in html(client, bob, second)


def test_replaced_points_to_the_newer_one(client: Any, assignment: Any, bob: Any) -> None:
    first, second = actions.submit(assignment, bob, "a"), actions.submit(assignment, bob, "b")
    response = get(client, bob, first)
    assert "Replaced by a newer one" in response.content.decode()
    assert f'href="/s/{second.pk}/"' in response.content.decode()
    assert "data-poll-url" not in response.content.decode()


def test_our_fault_is_said_and_explained_to_the_staff(client: Any, submission: Any, alice: Any, bob: Any) -> None:
    Run.objects.filter(pk=submission.run_id).update(
        state=RunState.JUDGE_FAILED, fault="the node died", worker="node-7", seed=4711
    )
    page = html(client, bob, submission)
    assert "your try was not counted" in page
    for secret in ("the node died", "node-7", "4711"):
        assert secret not in page
        assert secret in html(client, alice, submission)


def test_the_source_is_a_download(client: Any, submission: Any, bob: Any) -> None:
    response = get(client, bob, submission, "source")
    assert response.content.decode() == submission.source
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Content-Type"].startswith("text/plain")


def test_a_poll_is_cheap(client: Any, submission: Any, bob: Any, node: Any, django_assert_max_num_queries: Any) -> None:
    client.force_login(bob)
    with django_assert_max_num_queries(12):
        client.get(f"/s/{submission.pk}/status")


def test_a_poll_without_a_session_is_401(client: Any, submission: Any) -> None:
    assert client.get(f"/s/{submission.pk}/status").status_code == 401
    assert client.get(f"/s/{submission.pk}/").status_code == 302
