"""Courses, enrolments, people and grade items in the admin: what each role may change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course, Enrolment, Section
from exercises import actions
from gradebook.actions import set_override
from gradebook.models import GradeItem, Score

ENROL = "admin:courses_enrolment_add"


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def assistant(course: Any, alice: Any) -> Client:
    user = User.objects.create_user("dan@example.org", is_staff=True)
    Enrolment.objects.create(course=course, user=user, role="assistant")
    client = Client()
    client.force_login(user)
    return client


def change(obj: Any) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def test_it_works(teacher: Client, course: Any) -> None:
    data = {"course": course.pk, "email": "Eve@Example.org", "given_name": "Eve", "role": "student"}
    assert teacher.post(reverse(ENROL), data).status_code == 302
    eve = User.objects.get(email="eve@example.org")
    assert eve.given_name == "Eve" and not eve.has_usable_password() and not eve.is_staff
    assert Enrolment.objects.get(user=eve).role == "student"


def test_staff_may_open_the_admin_as_long_as_they_teach(teacher: Client, course: Any) -> None:
    teacher.post(reverse(ENROL), {"course": course.pk, "email": "eve@example.org", "role": "assistant"})
    eve = User.objects.get(email="eve@example.org")
    assert eve.is_staff
    teacher.post(change(Enrolment.objects.get(user=eve)), {"role": "student", "active": "on"})
    eve.refresh_from_db()
    assert not eve.is_staff


def test_who_comes_back_keeps_the_enrolment(teacher: Client, course: Any, bob: Any) -> None:
    enrolment = Enrolment.objects.get(user=bob)
    teacher.post(change(enrolment), {"role": "student"})
    enrolment.refresh_from_db()
    assert not enrolment.active
    section = Section.objects.get(course=course)
    data = {"course": course.pk, "email": "BOB@example.org", "role": "student", "section": section.pk}
    assert teacher.post(reverse(ENROL), data).status_code == 302
    again = Enrolment.objects.get(user=bob)
    assert again.pk == enrolment.pk and again.active and again.section == section


def test_nobody_is_enrolled_twice(teacher: Client, course: Any, bob: Any) -> None:
    response = teacher.post(reverse(ENROL), {"course": course.pk, "email": bob.email, "role": "student"})
    assert "takes part in the course already" in response.content.decode()


def test_assistants_appoint_nobody(assistant: Client, course: Any, bob: Any, alice: Any) -> None:
    for role in ("assistant", "instructor"):
        response = assistant.post(reverse(ENROL), {"course": course.pk, "email": "x@example.org", "role": role})
        assert "Only an instructor of the course appoints its staff" in response.content.decode()
        response = assistant.post(change(Enrolment.objects.get(user=bob)), {"role": role, "active": "on"})
        assert "Only an instructor" in response.content.decode()
    own = Enrolment.objects.get(user__email="dan@example.org")
    for enrolment in (own, Enrolment.objects.get(user=alice)):
        assert assistant.post(change(enrolment), {"role": "instructor", "active": "on"}).status_code == 403
    assert assistant.post(change(Enrolment.objects.get(user=bob)), {"role": "student"}).status_code == 302


def test_the_last_instructor_stays(teacher: Client, course: Any, alice: Any) -> None:
    url = change(Enrolment.objects.get(user=alice))
    for data in ({"role": "student", "active": "on"}, {"role": "instructor"}):
        assert "last instructor" in teacher.post(url, data).content.decode()
    teacher.post(reverse(ENROL), {"course": course.pk, "email": "eve@example.org", "role": "instructor"})
    assert teacher.post(url, {"role": "assistant", "active": "on"}).status_code == 302


def test_courses_are_changed_by_instructors_only(teacher: Client, assistant: Client, course: Any) -> None:
    data = {"title_en": "New", "title_fr": "", "time_zone": "Asia/Tokyo", "join_code": "", "slug": "moved"}
    assert assistant.post(change(course), data).status_code == 403
    assert teacher.post(change(course), data).status_code == 302
    course.refresh_from_db()
    assert (course.title_en, course.time_zone, course.slug) == ("New", "Asia/Tokyo", "course")
    response = teacher.post(change(course), data | {"time_zone": "Paris"})
    assert "is not a time zone" in response.content.decode()
    assert teacher.get(reverse("admin:courses_course_add")).status_code == 403
    assert teacher.post(reverse("admin:courses_course_delete", args=[course.pk]), {"post": "yes"}).status_code == 403
    assert Course.objects.filter(pk=course.pk).exists()


def test_two_sections_of_one_name_are_refused(teacher: Client, course: Any) -> None:
    other = Section.objects.create(course=course, name="B")
    for response in (
        teacher.post(change(other), {"name": "A"}),
        teacher.post(reverse("admin:courses_section_add"), {"course": course.pk, "name": "A"}),
    ):
        assert "a section of this name already" in response.content.decode()


def test_people_are_changed_by_superusers_only(teacher: Client, bob: Any) -> None:
    """Who may change an address may sign in as anybody."""
    assert teacher.get(change(bob)).status_code == 200
    assert teacher.post(change(bob), {"email": "alice2@example.org", "is_superuser": "on"}).status_code == 403
    assert teacher.get(reverse("admin:accounts_user_add")).status_code == 403
    root = Client()
    root.force_login(User.objects.create_superuser("root@example.org"))
    inline = {"enrolments-TOTAL_FORMS": 0, "enrolments-INITIAL_FORMS": 0}
    data = {"email": "robert@example.org", "given_name": "Robert", "is_active": "on"} | inline
    assert root.post(change(bob), data).status_code == 302
    bob.refresh_from_db()
    assert bob.email == "robert@example.org" and not bob.is_superuser
    assert root.post(reverse("admin:accounts_user_delete", args=[bob.pk]), {"post": "yes"}).status_code == 403


def test_grade_items_of_assignments_keep_what_the_assignment_says(teacher: Client, assignment: Any) -> None:
    item = assignment.item
    data = {"title_en": "Mine", "max_points": 3, "weight": "2.5", "position": 9}
    assert teacher.post(change(item), data).status_code == 302
    item.refresh_from_db()
    assert (item.title_en, item.max_points, item.weight) == ("Addition", Decimal(10), Decimal("2.5"))
    assert teacher.post(reverse("admin:gradebook_gradeitem_delete", args=[item.pk]), {"post": "yes"}).status_code == 403


def test_own_grade_items(teacher: Client, course: Any, bob: Any, alice: Any) -> None:
    data = {"course": course.pk, "slug": "oral", "title_en": "Oral", "max_points": 20, "weight": 1, "position": 0}
    data |= {"closes_at_0": "2026-12-01", "closes_at_1": "12:00"}
    course.time_zone = "Asia/Tokyo"
    course.save()
    assert teacher.post(reverse("admin:gradebook_gradeitem_add"), data).status_code == 302
    item = GradeItem.objects.get()
    assert f"{item.closes_at:%Y-%m-%d %H:%M}" == "2026-12-01 03:00"
    set_override(item, bob, Decimal(12), alice, "spoke well")
    assert teacher.post(reverse("admin:gradebook_gradeitem_delete", args=[item.pk]), {"post": "yes"}).status_code == 403


def test_scores_are_read_with_their_history(
    teacher: Client, assignment: Any, bob: Any, alice: Any, graded: Any
) -> None:
    graded(actions.submit(assignment, bob, "a = 1"))
    set_override(assignment.item, bob, Decimal(3), alice, "copied")
    score = Score.objects.get()
    content = teacher.get(change(score)).content.decode()
    assert "copied" in content and "10.00" in content and "3.00" in content and "Alice Martin" in content
    assert teacher.post(change(score), {"override": 10}).status_code == 403
