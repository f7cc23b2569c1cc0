"""Assignments in the admin: dates are civil dates of the course's zone, and the gradebook's column follows."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exercises import actions
from exercises.models import Assignment
from gradebook.models import GradeItem

ADD = "admin:exercises_assignment_add"


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def posted(exercise: Any, **changes: Any) -> dict[str, Any]:
    data = {
        "exercise": exercise.pk,
        "slug": "",
        "position": 0,
        "visible": "on",
        "points": 10,
        "weight": 10,
        "tries": "",
        "counts": "best",
    }
    for inline in ("credit_steps", "extensions"):
        data |= {f"{inline}-TOTAL_FORMS": 0, f"{inline}-INITIAL_FORMS": 0}
    for name in ("opens_at", "due_at", "closes_at"):
        day, time = changes.pop(name, ("", ""))
        data |= {f"{name}_0": day, f"{name}_1": time}
    return data | changes


def test_it_works(teacher: Client, exercise: Any) -> None:
    response = teacher.post(
        reverse(ADD), posted(exercise, due_at=("2026-07-01", "23:59"), points="7.5", weight=2, tries=3)
    )
    assert response.status_code == 302
    assignment = Assignment.objects.get()
    assert (assignment.slug, assignment.course, assignment.tries) == ("addition", exercise.course, 3)
    item = GradeItem.objects.get()
    assert assignment.item == item and item.closes_at == assignment.last_minute
    assert (item.max_points, item.weight, item.title_fr) == (Decimal("7.5"), Decimal(2), "Addition")


@pytest.mark.parametrize(("zone", "server"), [("America/New_York", "Europe/Paris"), ("Pacific/Auckland", "UTC")])
def test_dates_are_those_of_the_course(teacher: Client, exercise: Any, settings: Any, zone: str, server: str) -> None:
    settings.TIME_ZONE = server
    exercise.course.time_zone = zone
    exercise.course.save()
    # Clocks change in between: the hour that people read stays.
    teacher.post(reverse(ADD), posted(exercise, opens_at=("2026-10-20", "08:00"), due_at=("2026-11-05", "08:00")))
    assignment = Assignment.objects.get()
    local = [moment.astimezone(exercise.course.zone) for moment in (assignment.opens_at, assignment.due_at)]
    assert [f"{moment:%m-%d %H:%M}" for moment in local] == ["10-20 08:00", "11-05 08:00"]
    if zone == "America/New_York":
        assert assignment.due_at - assignment.opens_at == datetime.timedelta(days=16, hours=1)
    content = teacher.get(reverse("admin:exercises_assignment_change", args=[assignment.pk])).content.decode()
    assert content.count('value="08:00:00"') == 2 and 'value="2026-11-05"' in content
    assert f"Time of {zone}." in content
    assert "2026-11-05 08:00" in teacher.get(reverse("admin:exercises_assignment_changelist")).content.decode()


def test_saving_again_moves_no_date(teacher: Client, exercise: Any) -> None:
    exercise.course.time_zone = "Asia/Tokyo"
    exercise.course.save()
    teacher.post(reverse(ADD), posted(exercise, due_at=("2026-03-29", "02:30")))
    before = Assignment.objects.get()
    url = reverse("admin:exercises_assignment_change", args=[before.pk])
    teacher.post(url, posted(exercise, due_at=("2026-03-29", "02:30:00"), tries=5))
    after = Assignment.objects.get()
    assert after.due_at == before.due_at and after.tries == 5


def test_an_hour_that_does_not_exist_is_refused(teacher: Client, exercise: Any) -> None:
    response = teacher.post(reverse(ADD), posted(exercise, due_at=("2026-03-29", "02:30")))  # Paris skips it
    content = response.content.decode()
    assert "couldn’t be interpreted in time zone Europe/Paris" in content
    assert not Assignment.objects.exists()


def test_dates_out_of_order_are_refused(teacher: Client, exercise: Any) -> None:
    dates = {"opens_at": ("2026-07-02", "08:00"), "due_at": ("2026-07-01", "08:00")}
    response = teacher.post(reverse(ADD), posted(exercise, **dates))
    assert "must follow one another" in response.content.decode()
    assert not Assignment.objects.exists()


def test_a_taken_name_is_refused(teacher: Client, exercise: Any) -> None:
    actions.assign(exercise)
    response = teacher.post(reverse(ADD), posted(exercise))
    assert "an assignment with this short name already" in response.content.decode()
    GradeItem.objects.create(course=exercise.course, slug="oral", title_en="Oral").scores.create(
        student=exercise.course.enrolments.get().user
    )
    response = teacher.post(reverse(ADD), posted(exercise, slug="oral"))
    assert "The gradebook has a column" in response.content.decode()


def test_points_are_changed_with_the_scores(teacher: Client, assignment: Any, bob: Any, graded: Any) -> None:
    graded(actions.submit(assignment, bob, "a = 1"))
    url = reverse("admin:exercises_assignment_change", args=[assignment.pk])
    assert teacher.post(url, posted(assignment.exercise, points=4)).status_code == 302
    assert assignment.item.scores.get().derived == Decimal(4)


def test_deletion_only_before_the_first_submission(teacher: Client, assignment: Any, bob: Any) -> None:
    url = reverse("admin:exercises_assignment_delete", args=[assignment.pk])
    actions.submit(assignment, bob, "a = 1")
    assert teacher.post(url, {"post": "yes"}).status_code == 403
    assignment.submissions.all().delete()
    assert teacher.post(url, {"post": "yes"}).status_code == 302
    assert not Assignment.objects.exists() and not GradeItem.objects.exists()
