"""What is new stands last, in the lists and among the gradebook's columns, unless its author says otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exercises.models import Assignment
from gradebook.actions import last_position
from gradebook.models import GradeItem
from quizzes.models import Quiz
from tests.exercises.test_admin_assignment import posted
from tests.quizzes.test_admin_quiz import ADD, form_of


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def columns(course: Any) -> None:
    for slug, position in (("zebra", 0), ("ape", 4)):
        GradeItem.objects.create(course=course, slug=slug, title_en=slug, position=position)


def order(course: Any) -> list[str]:
    return list(GradeItem.objects.filter(course=course).values_list("slug", flat=True))


def test_it_works(teacher: Client, course: Any, other_course: Any, columns: None, exercise: Any) -> None:
    assert last_position(course) == 5 and last_position(other_course) == 0
    add = reverse("admin:exercises_assignment_add")
    assert 'name="position" value' not in teacher.get(add).content.decode()
    assert teacher.post(add, posted(exercise, position="")).status_code == 302
    assert Assignment.objects.get().position == 5 and order(course) == ["zebra", "ape", "addition"]


def test_a_place_that_is_given_is_kept(teacher: Client, course: Any, columns: None, exercise: Any) -> None:
    teacher.post(reverse("admin:exercises_assignment_add"), posted(exercise, position="2"))
    assert order(course) == ["zebra", "addition", "ape"]


def test_a_quiz(teacher: Client, course: Any, columns: None) -> None:
    data = form_of(teacher, reverse(ADD)) | {"course": course.pk, "slug": "exam", "title_en": "Exam"}
    assert data.get("position", "") == ""
    teacher.post(reverse(ADD), data)
    assert Quiz.objects.get().position == 5 and order(course) == ["zebra", "ape", "exam"]


def test_a_column_by_hand(teacher: Client, course: Any, columns: None) -> None:
    data = {"action": "column", "title_en": "Oral", "slug": "aaa", "max_points": "20", "weight": "1"}
    assert teacher.post("/c/course/weights/", data).status_code == 302
    assert order(course) == ["zebra", "ape", "aaa"]
