"""Submissions, runs and nodes in the admin: the whole report, readable and never editable."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exercises import actions
from exercises.models import LateReport, Node, Run
from tests.conftest import make_report


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def submission(assignment: Any, bob: Any, graded: Any) -> Any:
    """Graded, with everything that a report may carry."""
    submission = actions.submit(assignment, bob, "def add(a, b):\n    return '<b>'")
    report = make_report(submission.run.version, {"adds hidden numbers": "crashed"})
    report["tests"][1] |= {
        "staff": "Traceback: tests.py line 9 <boom>",
        "input": "add(-3, 4)",
        "output": "printed by the student",
        "difference": {"where": "[3]", "got": "-7", "expected": "1", "different": 2, "total": 9},
        "timing": {"ratio": 2.5, "low": 2.25, "high": 2.75, "at_most": 1.5, "pairs": 20},
        "sentences": [{"template": "Expected {want}.", "values": {"want": "<i>"}}],
    }
    return graded(submission, report | {"output": "loaded once", "sandbox": {"level": "REDUCED"}})


def url(obj: Any, page: str = "change") -> str:
    return reverse(f"admin:exercises_{obj._meta.model_name}_{page}", args=[obj.pk])


def test_it_works(teacher: Client, submission: Any) -> None:
    for page in (url(submission), url(submission.run)):
        content = teacher.get(page).content.decode()
        for part in (
            "adds hidden numbers",
            "crashed",
            "Traceback: tests.py line 9 &lt;boom&gt;",
            "add(-3, 4)",
            "printed by the student",
            "Expected &lt;i&gt;.",
            "2.50 × the reference",
            "loaded once",
            "REDUCED",
            str(submission.run.seed),
        ):
            assert part in content, part
        assert 'name="_save"' not in content
    assert "&lt;b&gt;" in teacher.get(url(submission)).content.decode()


def test_a_report_with_parts_missing_is_shown(teacher: Client, submission: Any) -> None:
    Run.objects.update(report={"tests": [{"sentences": [3]}, 4, {"message": "x"}]})
    assert teacher.get(url(submission)).status_code == 200
    Run.objects.update(report=None, fault="the node <vanished>")
    assert "the node &lt;vanished&gt;" in teacher.get(url(submission)).content.decode()


def test_another_score_is_said(teacher: Client, submission: Any) -> None:
    LateReport.objects.create(run=submission.run, attempt=2, verdict="failed", score=0, differs=True, report={})
    Run.objects.update(disputed=True)
    content = teacher.get(url(submission.run)).content.decode()
    assert "another score" in content and "attempt 2" in content


def test_lists_are_filtered_and_searched(teacher: Client, submission: Any, bob: Any) -> None:
    submissions, runs = (reverse(f"admin:exercises_{name}_changelist") for name in ("submission", "run"))
    course, assignment = submission.assignment.course_id, submission.assignment_id
    for page, query, found in (
        (submissions, "", 1),
        (submissions, "q=BOB@example", 1),
        (submissions, "q=alice", 0),
        (submissions, "in_state=graded&with_verdict=partial", 1),
        (submissions, "in_state=queued", 0),
        (submissions, "disputed=True", 0),
        (submissions, f"in_course={course}&of_assignment={assignment}", 1),
        (submissions, "in_course=99", 0),
        (submissions, "in_course=x", 0),
        (runs, "q=bob&with_verdict=partial&state__exact=graded", 1),
        (runs, "disputed__exact=1", 0),
    ):
        response = teacher.get(f"{page}?{query}")
        assert response.status_code == 200 and response.context["cl"].result_count == found, query


def test_nothing_is_written_here(teacher: Client, submission: Any) -> None:
    for obj in (submission, submission.run, submission.run.version):
        assert teacher.post(url(obj), {"state": "graded"}).status_code == 403
        assert teacher.post(url(obj, "delete"), {"post": "yes"}).status_code == 403
        assert teacher.get(reverse(f"admin:exercises_{obj._meta.model_name}_add")).status_code == 403


def test_nodes(teacher: Client) -> None:
    node = Node.objects.create(
        name="lab-1", queues=["grade.cpu"], slots=4, sandbox="FULL", devices=[], seen_at=timezone.now()
    )
    assert "grade.cpu" in teacher.get(url(node)).content.decode()
    assert "lab-1" in teacher.get(reverse("admin:exercises_node_changelist")).content.decode()
    assert teacher.post(url(node), {"slots": 9}).status_code == 403
