"""What a class does with an exercise: rates, distribution, tries, groups of failures, who is stuck."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.models import Enrolment
from exercises import actions
from exercises.insight import cause, insight
from tests.conftest import make_report

SMALL, HIDDEN = "adds small numbers", "adds hidden numbers"


@pytest.fixture
def class_of_four(assignment: Any, bob: Any, graded: Any) -> dict[str, Any]:
    """Bob: 4, 6, then 10 of 10 in two hours. Dana: 0 twice. Emil: a draft. Fay: nothing."""
    people = {"bob": bob}
    for name in ("dana", "emil", "fay"):
        people[name] = User.objects.create_user(f"{name}@example.org", given_name=name.title())
        Enrolment.objects.create(course=assignment.course, user=people[name])
    start = timezone.now() - timedelta(days=1)
    plan = [
        ("bob", 0, {HIDDEN: "failed"}),
        ("bob", 60, {SMALL: "failed"}),
        ("bob", 120, {}),
        ("dana", 10, {SMALL: "failed", HIDDEN: "failed"}),
        ("dana", 20, {SMALL: "failed", HIDDEN: "crashed"}),
    ]
    for name, minutes, failing in plan:
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            submission = actions.submit(assignment, people[name], "a")
            report = make_report(submission.run.version, failing)
            for test in report["tests"]:
                test["message"] = f"row {minutes}: got {minutes}.5, expected 3" if not test["points"] else ""
            graded(submission, report)
    actions.save_draft(assignment, people["emil"], "draft")
    return people


def test_it_works(class_of_four: Any, assignment: Any) -> None:
    seen = insight(assignment)
    assert (seen.students, seen.started, seen.handed_in, seen.full) == (4, 3, 2, 1)
    assert [(rate.name, rate.passed, rate.ever, rate.share) for rate in seen.tests] == [
        (SMALL, 1, 1, 50.0),
        (HIDDEN, 1, 1, 50.0),
    ]
    assert seen.distribution.lines[0].y == [1.0, *[0.0] * 8, 1.0]
    assert (seen.median_tries, seen.tries_to_full.lines[0].y) == (3, [0.0, 0.0, 1.0])
    assert (seen.median_time, seen.median_time_text) == (timedelta(hours=2), "2 hours")


def test_failures_of_one_cause_stand_together(class_of_four: Any, assignment: Any) -> None:
    groups = {group.test: group for group in insight(assignment).groups}
    assert (groups[SMALL].students, groups[SMALL].submissions) == (2, 3)
    assert groups[SMALL].message == "row 60: got 60.5, expected 3"  # of the newest
    assert len(insight(assignment).groups) == 2


def test_who_is_stuck(class_of_four: Any, assignment: Any) -> None:
    stuck = [(row.student.given_name, row.submissions, row.best) for row in insight(assignment).stuck]
    assert stuck == [("Dana", 2, 0.0), ("Emil", 0, None)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("row 3, column 1: got 0.25, expected 0.1966", "row 7, column 0: got -1e-05, expected 2"),
        ("NameError: name 'x' is not defined", "NameError: name 'yy' is not defined"),
        ("shape [3, 4]", "shape [5]"),
    ],
)
def test_what_differs_is_left_out(one: str, other: str) -> None:
    assert cause(one) == cause(other) != cause("something else")


def test_page(client: Client, class_of_four: Any, alice: Any) -> None:
    client.force_login(alice)
    page = client.get("/c/course/e/addition/insight/").content.decode()
    for text in ("Dana", "Emil", "What fails alike", "median tries to full marks: 3", "1 (50 %)"):
        assert text in page
    assert "insight/" in client.get("/c/course/e/addition/").content.decode()


def test_empty_class(client: Client, assignment: Any, alice: Any) -> None:
    client.force_login(alice)
    assert "Nothing handed in yet" in client.get("/c/course/e/addition/insight/").content.decode()


def test_outsiders(client: Client, class_of_four: Any, bob: Any, charlie: Any) -> None:
    for person in (bob, charlie):
        client.force_login(person)
        assert client.get("/c/course/e/addition/insight/").status_code == 404
