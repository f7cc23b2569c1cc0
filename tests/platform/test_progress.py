"""The class at a glance: stages from exercises, quizzes and columns by hand, counts, filters, and who may look."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from courses.models import Course, Enrolment, Section
from exercises import actions
from exercises.dates import Extension
from exercises.models import Assignment
from gradebook import actions as grades
from gradebook.models import GradeItem
from gradebook.progress import Stage, needs_help, stage_of, traces_of
from gradebook.table import build_table
from quizzes.models import Attempt, AttemptState
from tests.conftest import make_report
from tests.quizzes.quizzing import full_quiz

PAGE = "/c/course/progress/"
FAILED = {"adds small numbers": "failed", "adds hidden numbers": "failed"}
PARTLY = {"adds hidden numbers": "failed"}


def person(course: Course, name: str, section: Section | None = None) -> User:
    user = User.objects.create_user(f"{name}@example.org", given_name=name.title(), family_name=name.title())
    Enrolment.objects.create(course=course, user=user, section=section)
    return user


@pytest.fixture
def hand_in(assignment: Assignment, graded: Any) -> Any:
    def send(student: User, failing: dict[str, str], hours: float = 0) -> Any:
        with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
            submission = actions.submit(assignment, student, "a = 1")
            return graded(submission, make_report(submission.run.version, failing))

    return send


def stages(course: Course) -> dict[str, list[str]]:
    """By given name, what each cell says."""
    traces = traces_of(course)
    found = {}
    for row in build_table(course).rows:
        told = []
        for cell in row.cells:
            trace = traces.get((cell.item.pk, row.enrolment.user_id))
            late, stuck = trace is not None and trace.late, needs_help(cell, trace)
            told.append(f"{stage_of(cell, trace)}{' late' * late}{' help' * stuck}")
        found[row.enrolment.user.given_name] = told
    return found


def test_it_works(client: Client, assignment: Assignment, alice: Any, bob: Any, hand_in: Any) -> None:
    for name, failing in (("dana", FAILED), ("emil", PARTLY), ("fay", {})):
        hand_in(person(assignment.course, name), failing)
    actions.save_draft(assignment, bob, "draft")
    person(assignment.course, "gil")
    assert stages(assignment.course) == {
        "Bob": ["begun"],
        "Dana": ["tried help"],
        "Emil": ["partly help"],
        "Fay": ["full"],
        "Gil": ["not-begun"],
    }
    client.force_login(alice)
    response = client.get(PAGE)
    page = response.content.decode()
    assert "no-store" in response.headers["Cache-Control"] and "5 of 5 students" in page
    fay = User.objects.get(given_name="Fay").pk
    assert f'<td class="s-full"><a href="../gradebook/addition/{fay}/" aria-label="full marks">✓</a></td>' in page
    assert "handed in, no points, may need help" in page
    assert '/c/course/e/addition/insight/#stuck">2</a>' in page
    assert client.get(f"/c/course/gradebook/addition/{fay}/").status_code == 200
    for other in ("/c/course/gradebook/", "/c/course/e/addition/insight/"):
        assert PAGE in client.get(other).content.decode()


def test_public_tests_alone_are_no_hand_in(assignment: Assignment, bob: Any, graded: Any) -> None:
    graded(actions.submit(assignment, bob, "a = 1", public_only=True))
    assert stages(assignment.course) == {"Bob": ["begun"]}


def test_work_that_waits(assignment: Assignment, bob: Any) -> None:
    actions.submit(assignment, bob, "a = 1")
    assert stages(assignment.course) == {"Bob": ["tried"]}  # nobody knows yet whether help is needed


def test_late(assignment: Assignment, bob: Any, hand_in: Any) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(
        due_at=timezone.now() + timedelta(hours=1), closes_at=timezone.now() + timedelta(days=3)
    )
    assignment.refresh_from_db()
    dana, emil, section = person(assignment.course, "dana"), person(assignment.course, "emil"), Section.objects.get()
    hand_in(bob, {}, hours=5)
    hand_in(dana, PARTLY)
    hand_in(dana, {}, hours=5)  # the first one came in time
    hand_in(emil, {}, hours=5)
    Enrolment.objects.filter(user=emil).update(section=section)
    Extension.objects.create(assignment=assignment, section=section, due_at=timezone.now() + timedelta(days=1))
    assert stages(assignment.course) == {"Bob": ["full late"], "Dana": ["full"], "Emil": ["full"]}


def test_quizzes(course: Course, alice: Any, bob: Any) -> None:
    quiz = full_quiz(course)
    dana, emil, fay = (person(course, name) for name in ("dana", "emil", "fay"))
    common = {"quiz": quiz, "number": 1, "max_score": 7}
    Attempt.objects.create(student=bob, state=AttemptState.BUILT, **common)
    Attempt.objects.create(student=dana, state=AttemptState.RUNNING, **common)
    Attempt.objects.create(student=emil, state=AttemptState.EXPIRED, score=3, **common)
    Attempt.objects.create(student=fay, state=AttemptState.SUBMITTED, score=7, **common)
    Attempt.objects.create(quiz=quiz, student=alice, number=0, preview=True, state=AttemptState.SUBMITTED, score=7)
    assert stages(course) == {
        "Bob": ["not-begun"],
        "Dana": ["begun"],
        "Emil": ["partly help"],
        "Fay": ["full"],
    }


def test_columns_by_hand_and_what_people_set(course: Course, alice: Any, bob: Any) -> None:
    oral = GradeItem.objects.create(course=course, slug="oral", title_en="Oral", max_points=20)
    assert stages(course) == {"Bob": ["not-begun"]}
    for points, stage in ((0, Stage.TRIED), (12, Stage.PARTLY), (20, Stage.FULL)):
        grades.enter(oral, bob, Decimal(points), alice)
        assert stages(course) == {"Bob": [stage]}


def test_the_sign_follows_the_work_not_the_grade(assignment: Assignment, alice: Any, bob: Any, hand_in: Any) -> None:
    hand_in(bob, {})
    grades.set_override(assignment.item, bob, Decimal(1), alice, "oral explanation missing")
    assert stages(assignment.course) == {"Bob": ["full"]}


def test_excused(client: Client, assignment: Assignment, alice: Any, bob: Any, hand_in: Any) -> None:
    hand_in(bob, FAILED)
    grades.set_excused(assignment.item, bob, True, alice, "ill")
    client.force_login(alice)
    page = client.get(PAGE).content.decode()
    assert 'class="excused"' in page and "No student matches." not in page
    assert "No student matches." in client.get(f"{PAGE}?help=1").content.decode()


def shown(client: Client, query: str) -> list[str]:
    page = client.get(PAGE + query).content.decode()
    return re.findall(r'<th scope="row" title="(\w+)@', page)


def test_filters(client: Client, assignment: Assignment, alice: Any, bob: Any, hand_in: Any) -> None:
    section = Section.objects.get(course=assignment.course)
    dana, emil = person(assignment.course, "dana", section), person(assignment.course, "emil", section)
    hand_in(dana, FAILED)
    hand_in(emil, {})
    client.force_login(alice)
    assert shown(client, "") == ["dana", "bob", "emil"]  # by family name: Dana, Durand, Emil
    assert shown(client, f"?section={section.pk}") == ["dana", "emil"]
    assert shown(client, "?help=1") == ["dana"]
    assert shown(client, "?q=EMIL") == ["emil"]
    assert shown(client, "?section=x%00&help=2&q=") == ["dana", "bob", "emil"]
    page = client.get(f"{PAGE}?section={section.pk}").content.decode()
    counted = re.findall(r"full marks: </span>(\d+)", page)
    assert counted == ["1"]  # of those shown


def test_queries_do_not_grow(
    client: Client, assignment: Assignment, alice: Any, hand_in: Any, course: Course, exercise: Any
) -> None:
    client.force_login(alice)
    client.get(PAGE)  # the look is noted once

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(PAGE).status_code == 200
        return len(found)

    Extension.objects.create(
        assignment=assignment, section=Section.objects.get(), due_at=timezone.now() + timedelta(days=9)
    )
    hand_in(person(course, "dana"), FAILED)
    few = count()
    for number in range(6):
        item = GradeItem.objects.create(course=course, slug=f"e{number}", title_en="Exercise", position=number)
        given = Assignment.objects.create(course=course, exercise=exercise, slug=f"e{number}", item=item)
        Extension.objects.create(
            assignment=given, section=Section.objects.get(), due_at=timezone.now() + timedelta(days=9)
        )
        someone = person(course, f"student{number}", Section.objects.get())
        hand_in(someone, FAILED)
        actions.save_draft(given, someone, "draft")
    assert count() == few


def test_empty(client: Client, course: Course, alice: Any) -> None:
    client.force_login(alice)
    assert "There is no exercise, quiz or column yet." in client.get(PAGE).content.decode()


def test_it_is_audited_and_for_staff(
    client: Client, assignment: Assignment, alice: Any, bob: Any, charlie: Any
) -> None:
    for user in (bob, charlie):
        client.force_login(user)
        assert client.get(PAGE).status_code == 404
    client.force_login(alice)
    client.get(PAGE)
    assert AuditEvent.objects.get(kind=AuditEvent.Kind.GRADES_SEEN).detail == "progress"
    client.logout()
    assert client.get(PAGE).status_code == 302
