"""Quizzes in the admin: rules, review boxes, slots, exceptions, and trying it as a student."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEvent
from courses.models import Course, Enrolment, Section
from gradebook.models import GradeItem
from quizzes import actions
from quizzes.models import Attempt, Override, Quiz, Slot
from tests.quizzes.quizzing import add_question, add_quiz, add_slots

ADD = "admin:quizzes_quiz_add"
LIST = "admin:quizzes_quiz_changelist"


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def page(quiz: Any, name: str = "change") -> str:
    return reverse(f"admin:quizzes_quiz_{name}", args=[quiz.pk])


def form_of(client: Client, url: str) -> dict[str, Any]:
    """What a browser would post from the page, nothing changed."""
    context = client.get(url).context
    data: dict[str, Any] = {}
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for name in form.fields:
            value = form[name].value()
            if name == "DELETE" or value is None or value is False:
                continue
            parts = [value] if not hasattr(value, "astimezone") else [value.date(), value.time()]
            names = [form.add_prefix(name)] if len(parts) == 1 else [form.add_prefix(f"{name}_{n}") for n in (0, 1)]
            for key, part in zip(names, parts, strict=True):
                data[key] = part if isinstance(part, list) else "on" if part is True else str(part)
    return data


def test_it_works(teacher: Client, course: Any) -> None:
    data = form_of(teacher, reverse(ADD)) | {"course": course.pk, "slug": "exam", "title_en": "Exam", "points": "12"}
    response = teacher.post(reverse(ADD), data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    quiz = Quiz.objects.get()
    assert quiz.item.max_points == 12 and quiz.item.title_en == "Exam"
    assert quiz.review == {"after": ["attempt", "marks"], "closed": list(Quiz.REVIEW)}
    assert "exam" in teacher.get(reverse(LIST)).content.decode()


def test_an_untouched_form_changes_nothing(teacher: Client, quiz: Any) -> None:
    before = list(quiz.slots.values_list("pk", "position", "question", "pool", "points"))
    response = teacher.post(page(quiz), form_of(teacher, page(quiz)))
    assert response.status_code == 302
    assert list(quiz.slots.values_list("pk", "position", "question", "pool", "points")) == before
    after = Quiz.objects.get(pk=quiz.pk)
    assert (after.review, after.seconds, after.item.max_points) == ({}, 3600, Decimal(20))


def test_rules_and_review_are_saved(teacher: Client, quiz: Any) -> None:
    changes = {"rule": "net-correct", "review_during": ["attempt"], "review_closed": ["marks", "answer"]}
    keys = "AB" * 32 + "\r\n\r\n" + "0" * 64
    teacher.post(page(quiz), form_of(teacher, page(quiz)) | changes | {"config_keys": keys, "points": "10"})
    quiz = Quiz.objects.get(pk=quiz.pk)
    assert quiz.rule == "net-correct" and quiz.item.max_points == 10
    assert quiz.review == {"during": ["attempt"], "closed": ["marks", "answer"]}
    assert quiz.seb_config_keys == ["ab" * 32, "0" * 64]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rule": "unheard-of"}, "not known"),
        ({"config_keys": "abc"}, "64 hexadecimal digits"),
        ({"review_after": ["everything"]}, "Select a valid choice"),
        (
            {
                "opens_at_0": "2026-01-02",
                "opens_at_1": "10:00",
                "closes_at_0": "2026-01-02",
                "closes_at_1": "09:00",
            },
            "must come after",
        ),
        ({"slots-0-pool": "x"}, "one of the two"),
        ({"slots-7-pool": "Nothing", "slots-7-count": "2"}, "holds 0 questions"),
        ({"overrides-0-reason": "x"}, "a student or a section"),
    ],
)
def test_what_the_form_refuses(teacher: Client, quiz: Any, changes: dict[str, Any], told: str) -> None:
    response = teacher.post(page(quiz), form_of(teacher, page(quiz)) | changes)
    assert response.status_code == 200 and told in response.content.decode()
    assert Quiz.objects.get(pk=quiz.pk).rule == "all-or-nothing" and quiz.slots.count() == 7


def test_a_taken_column_is_refused(teacher: Client, course: Any) -> None:
    item = GradeItem.objects.create(course=course, slug="exam", title_en="Oral exam", max_points=20)
    from gradebook.actions import set_override

    bob = User.objects.create_user("b@example.org")
    Enrolment.objects.create(course=course, user=bob)
    set_override(item, bob, Decimal(3), User.objects.get(email="alice@example.org"), "oral")
    data = form_of(teacher, reverse(ADD)) | {"course": course.pk, "slug": "exam", "title_en": "Exam"}
    response = teacher.post(reverse(ADD), data)
    assert response.status_code == 200 and "column with this short name" in response.content.decode()


def test_slots_follow_their_places(teacher: Client, course: Any) -> None:
    quiz = add_quiz(course)
    questions = [add_question(course, slug) for slug in ("single", "short", "ordering")]
    add_slots(quiz, *questions)
    add_question(course, "matching", None, "Pool/Deep")
    rows = {slot.question.slug: slot.pk for slot in quiz.slots.all()}
    changes = {"slots-0-place": "3.5", "slots-1-DELETE": "on", "slots-3-pool": "Pool", "slots-3-place": "0"}
    changes |= {"slots-3-count": "1", "slots-2-points": "2.5"}
    response = teacher.post(page(quiz), form_of(teacher, page(quiz)) | changes)
    assert response.status_code == 302
    slots = [(slot.pool or slot.question.slug, slot.position) for slot in quiz.slots.all()]
    assert slots == [("Pool", 0), ("ordering", 1), ("single", 2)]
    assert quiz.slots.get(question__slug="single").pk == rows["single"]  # attempts name the row
    assert quiz.slots.get(question__slug="ordering").points == Decimal("2.5")


def test_an_exception_is_saved_and_noted(teacher: Client, quiz: Any, bob: Any) -> None:
    changes = {"overrides-0-student": bob.pk, "overrides-0-extra_percent": "33", "overrides-0-reason": "tiers temps"}
    assert teacher.post(page(quiz), form_of(teacher, page(quiz)) | changes).status_code == 302
    assert Override.objects.get().student == bob
    assert "tiers temps" in AuditEvent.objects.get(kind=AuditEvent.Kind.DATES).detail


def test_an_edit_throws_unstarted_attempts_away(teacher: Client, quiz: Any, bob: Any) -> None:
    actions.build_attempts(quiz)
    assert Attempt.objects.count() == 1
    teacher.post(page(quiz), form_of(teacher, page(quiz)) | {"slots-0-DELETE": "on"})
    assert not Attempt.objects.exists() and quiz.slots.count() == 6


def test_trying_it_as_a_student(teacher: Client, quiz: Any, alice: Any) -> None:
    assert teacher.get(page(quiz, "try")).status_code == 405
    response = teacher.post(page(quiz, "try"))
    attempt = Attempt.objects.get()
    assert response.url == reverse("attempt", args=[attempt.pk]) and attempt.preview and attempt.student == alice
    assert teacher.get(response.url).status_code == 200


def test_a_quiz_without_questions_cannot_be_tried(teacher: Client, course: Any) -> None:
    quiz = add_quiz(course)
    response = teacher.post(page(quiz, "try"), follow=True)
    assert "no questions yet" in response.content.decode() and not Attempt.objects.exists()


def test_deletion_until_somebody_has_started(teacher: Client, quiz: Any, bob: Any) -> None:
    attempt = actions.start(quiz, bob)
    assert teacher.post(page(quiz, "delete"), {"post": "yes"}).status_code == 403
    Attempt.objects.filter(pk=attempt.pk).delete()
    assert teacher.post(page(quiz, "delete"), {"post": "yes"}).status_code == 302
    assert not Quiz.objects.exists() and not GradeItem.objects.exists()


# ---- Who may -----------------------------------------------------------------------------------------------------


@pytest.fixture
def secret(alice: Any) -> Any:
    """A quiz of a course that Alice does not teach, its student, section and question."""
    course = Course.objects.create(slug="zephyr", title_en="ZEPHYR course")
    quiz = add_quiz(course, "zephyr-exam")
    Quiz.objects.filter(pk=quiz.pk).update(title_en="ZEPHYR")
    add_slots(quiz, add_question(course, "single", None, "ZEPHYR"))
    emil = User.objects.create_user("emil@zephyr.example", family_name="ZEPHYR")
    Enrolment.objects.create(course=course, user=emil)
    Section.objects.create(course=course, name="ZEPHYR")
    return quiz


def test_another_courses_quiz_does_not_exist(teacher: Client, quiz: Any, secret: Any) -> None:
    for name in ("change", "delete", "history", "try"):
        for response in (teacher.get(page(secret, name)), teacher.post(page(secret, name), {"post": "yes"})):
            assert response.status_code in (302, 405)
            assert response.status_code == 405 or response.url == reverse("admin:index")
    for url in (reverse(LIST), reverse(ADD), page(quiz), reverse(LIST) + "?q=zephyr"):
        assert "ZEPHYR" not in teacher.get(url).content.decode(), url
    assert not Attempt.objects.exists() and Quiz.objects.count() == 2


def test_another_courses_parts_cannot_be_chosen(teacher: Client, quiz: Any, secret: Any) -> None:
    emil, section = User.objects.get(email="emil@zephyr.example"), Section.objects.get(name="ZEPHYR")
    foreign = Slot.objects.get(quiz=secret).question_id
    for changes in (
        {"slots-7-question": foreign},
        {"overrides-0-student": emil.pk},
        {"overrides-0-section": section.pk},
    ):
        response = teacher.post(page(quiz), form_of(teacher, page(quiz)) | changes)
        assert response.status_code == 200 and "Select a valid choice" in response.content.decode()
    assert quiz.slots.count() == 7 and not Override.objects.exists()


def test_a_foreign_pool_is_empty(teacher: Client, quiz: Any, secret: Any) -> None:
    response = teacher.post(page(quiz), form_of(teacher, page(quiz)) | {"slots-7-pool": "ZEPHYR"})
    assert "holds 0 questions" in response.content.decode()


def test_students_find_nothing(client: Client, quiz: Any, bob: Any, charlie: Any) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    for user in (User.objects.get(pk=bob.pk), charlie):
        client.force_login(user)
        for url in (reverse(LIST), reverse(ADD), page(quiz), page(quiz, "try")):
            for response in (client.get(url), client.post(url)):
                assert response.status_code in (302, 403, 404, 405), url
    assert not Attempt.objects.exists()
