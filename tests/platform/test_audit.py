"""The audit: every change that matters leaves a line, and nobody takes one away."""

from __future__ import annotations

import datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from audit.actions import saw
from audit.models import AuditEvent
from courses.models import ApiToken, Enrolment, Role
from exercises import actions, regrade
from exercises.models import Run, RunState
from gradebook.actions import set_derived, set_excused, set_override
from tests.conftest import make_report

URL = "/c/course/audit/"


def lines() -> list[tuple[str, Any, Any, str]]:
    return [(event.kind, event.by, event.about, event.detail) for event in AuditEvent.objects.order_by("pk")]


def test_it_works(client: Client, assignment: Any, alice: Any, bob: Any) -> None:
    set_derived(assignment.item, bob, Decimal(4), "run")  # the graders' work is no line
    set_override(assignment.item, bob, Decimal(7), alice, "appeal")
    set_excused(assignment.item, bob, True, alice, "ill")
    assert lines() == [
        ("grade", alice, bob, "addition: override, 4.00 → 7.00 appeal"),
        ("grade", alice, bob, "addition: excused, 7.00 → 7.00 ill"),
    ]
    client.force_login(alice)
    page = client.get(URL).content.decode()
    assert "4.00 → 7.00 appeal" in page and "Bob Durand" in page
    assert "appeal" not in client.get(f"{URL}?kind=exported").content.decode()


def test_looks_are_noted_once_an_hour(client: Client, course: Any, alice: Any) -> None:
    client.force_login(alice)
    for _time in range(3):
        client.get("/c/course/gradebook/")
    assert lines() == [("grades_seen", alice, None, "")]
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=61)):
        saw(course, alice, AuditEvent.Kind.GRADES_SEEN)
    assert len(lines()) == 2


def test_a_look_at_work(client: Client, assignment: Any, alice: Any, bob: Any, graded: Any) -> None:
    submission = graded(actions.submit(assignment, bob, "def add(a, b): return a + b"))
    client.force_login(bob)
    client.get(f"/s/{submission.pk}/")
    assert lines() == []
    client.force_login(alice)
    client.get(f"/s/{submission.pk}/")
    client.get(f"/s/{submission.pk}/source")
    assert lines() == [("work_seen", alice, bob, "addition")]


def test_every_way_out_is_noted(client: Client, course: Any, alice: Any, bob: Any) -> None:
    client.force_login(alice)
    client.get("/c/course/grades.csv?format=moodle")
    token = ApiToken.issue(alice, course)
    Client().get("/api/courses/course/grades.csv", headers={"Authorization": f"Bearer {token}"})
    call_command("exportgrades", "course", stdout=StringIO())
    assert [(kind, by, detail) for kind, by, _about, detail in lines()] == [
        ("exported", alice, "moodle"),
        ("exported", alice, "plain, API"),
        ("exported", None, "plain, command line"),
    ]


def test_a_change_of_role(client: Client, course: Any, alice: Any, bob: Any) -> None:
    client.force_login(alice)
    enrolment = Enrolment.objects.get(user=bob)
    url = f"/admin/courses/enrolment/{enrolment.pk}/change/"
    assert client.post(url, {"role": Role.ASSISTANT, "active": "on"}).status_code == 302
    assert lines() == [("part", alice, bob, "assistant, –")]


def test_regrades(assignment: Any, alice: Any, bob: Any, graded: Any) -> None:
    graded(actions.submit(assignment, bob, "a"), make_report(assignment.version, {"adds small numbers": "failed"}))
    started = regrade.start(assignment, "rerun", alice, "a test was wrong")
    Run.objects.filter(purpose=Run.Purpose.REGRADE).update(
        state=RunState.GRADED, score=10, max_score=10, report=make_report(assignment.version)
    )
    regrade.apply(started, alice)
    regrade.undo(started, alice)
    assert [detail for _kind, _by, _about, detail in lines()] == [
        "addition: a test was wrong",
        "addition: undone (a test was wrong)",
    ]


def test_lines_are_for_ever(course: Any, alice: Any) -> None:
    saw(course, alice, AuditEvent.Kind.GRADES_SEEN)
    event = AuditEvent.objects.get()
    for change in (event.save, event.delete):
        with pytest.raises(TypeError, match="never changed"):
            change()


def test_for_instructors_only(client: Client, course: Any, alice: Any, bob: Any, charlie: Any) -> None:
    Enrolment.objects.filter(user=alice).update(role=Role.ASSISTANT)
    for person in (alice, bob, charlie):
        client.force_login(person)
        assert client.get(URL).status_code == 404
    assert client.get("/c/course/gradebook/").status_code == 404  # Charlie
