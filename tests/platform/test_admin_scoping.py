"""No page of the admin shows anything of a course that the reader does not teach."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Course, Enrolment, Section
from exercises import actions
from exercises.models import Assignment, Exercise, ExerciseVersion, Run, Submission
from gradebook.actions import set_derived, set_override
from gradebook.models import GradeItem, Score
from tests.conftest import EXERCISE_FILES, make_report
from workers.jobs import ExerciseFiles

MARK = "ZEPHYR"  # stands in every name and text of the course that nobody else may see
SCOPED = (Course, Section, Enrolment, User, GradeItem, Score, Exercise, ExerciseVersion, Assignment, Submission, Run)
PAGES = ("change", "delete", "history")


@pytest.fixture
def secret(alice: Any, graded: Any) -> dict[type, Any]:
    """One object of every kind in a course that Dora teaches, each with MARK in it."""
    course = Course.objects.create(slug="zephyr", title_en=f"{MARK} course", join_code=MARK)
    section = Section.objects.create(course=course, name=f"{MARK} section")
    dora = User.objects.create_user("dora@zephyr.example", family_name=MARK, is_staff=True)
    Enrolment.objects.create(course=course, user=dora, role="instructor")
    emil = User.objects.create_user("emil@zephyr.example", family_name=MARK)
    enrolment = Enrolment.objects.create(course=course, user=emil, section=section)
    exercise = Exercise.objects.create(course=course, slug="zephyr-sum")
    texts = {path: content + f"\n# {MARK}\n".encode() for path, content in EXERCISE_FILES.items()}
    actions.save_files(exercise, ExerciseFiles(texts))
    version = actions.publish(exercise)
    report = make_report(version)
    manifest = {"tests": [{"name": t["name"], "points": t["points"], "public": t["public"]} for t in report["tests"]]}
    ExerciseVersion.objects.filter(pk=version.pk).update(state="ready", manifest=manifest, max_score=10)
    Exercise.objects.filter(pk=exercise.pk).update(published=version)
    assignment = actions.assign(
        Exercise.objects.get(pk=exercise.pk), due_at=timezone.now() + datetime.timedelta(days=1)
    )
    submission = graded(actions.submit(assignment, emil, f"# {MARK}"), report)
    score = set_override(assignment.item, emil, Decimal(1), dora, MARK)
    objects = (course, section, enrolment, emil, assignment.item, score, exercise, version, assignment, submission)
    return {type(obj): obj for obj in objects} | {Run: submission.run, "dora": dora}


def names(pattern_name: str) -> list[str]:
    """Every named page of the admin that ends so: a model registered later is walked without being listed here."""

    def walk(patterns: Any) -> Any:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            elif isinstance(pattern, URLPattern) and pattern.name:
                yield pattern.name

    resolver = next(r for r in get_resolver().url_patterns if getattr(r, "namespace", None) == "admin")
    return sorted({f"admin:{name}" for name in walk(resolver.url_patterns) if name.endswith(pattern_name)})


def as_person(client: Client, user: Any) -> Client:
    client.logout()
    client.force_login(user)
    return client


def address(obj: Any, page: str) -> str:
    meta = obj._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=[obj.pk])


def assert_no_leak(response: Any, where: str) -> None:
    text = response.content.decode()
    assert MARK not in text and "zephyr" not in text.replace(where, ""), where


def test_it_works(client: Client, secret: Any) -> None:
    """The teacher of that course sees all of it: the marks are really on the pages."""
    as_person(client, secret["dora"])
    for model in SCOPED:
        lists = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert "zephyr" in client.get(lists).content.decode().lower(), model
        assert client.get(address(secret[model], "change")).status_code == 200
        assert client.get(address(secret[model], "history")).status_code == 200
    assert {model for model, _admin in admin.site._registry.items() if model._meta.app_label != "account"} >= set(
        SCOPED
    )


def test_every_page_of_another_courses_objects(client: Client, secret: Any, alice: Any, exercise: Any) -> None:
    as_person(client, alice)
    for model in SCOPED:
        for page in PAGES:
            url = address(secret[model], page)
            for response in (client.get(url), client.post(url, {"post": "yes"})):
                assert response.status_code in (302, 403, 404), url
                assert_no_leak(response, url)
                if response.status_code == 302:
                    assert response.url == reverse("admin:index"), url
    for page in ("preview", "export", "import"):
        response = client.get(address(secret[Exercise], page))
        assert response.status_code == 302 and response.url == reverse("admin:index")
    # The message that follows names the id that was asked for, nothing more.
    assert_no_leak(client.get(reverse("admin:index")), "")
    for model in SCOPED:
        assert model._default_manager.filter(pk=secret[model].pk).exists(), model


def test_every_list_and_form(client: Client, secret: Any, alice: Any, assignment: Any) -> None:
    as_person(client, alice)
    pages = names("_changelist") + names("_add")
    assert len(pages) > 20
    for name in pages:
        for query in ("", "?q=zephyr", f"?in_course={secret[Course].pk}", f"?course={secret[Course].pk}"):
            response = client.get(reverse(name) + query)
            assert response.status_code in (200, 302, 403), name
            text = response.content.decode().replace("zephyr", "") if "q=" in query else response.content.decode()
            assert MARK not in text and "zephyr" not in text, (name, query)
    for app in ("courses", "accounts", "exercises", "gradebook"):
        assert_no_leak(client.get(reverse("admin:app_list", args=[app])), "")


def test_autocompletes(client: Client, secret: Any, alice: Any) -> None:
    as_person(client, alice)
    url = reverse("admin:autocomplete")
    asked = 0
    for model in admin.site._registry:
        for field in model._meta.get_fields():
            if not (field.many_to_one or field.one_to_one) or field.auto_created:
                continue
            query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
            for term in ("", "zephyr"):
                response = client.get(url, query | {"term": term})
                assert response.status_code in (200, 403, 404), query
                if response.status_code == 200:  # else an error's page, whose forms repeat the address
                    assert_no_leak(response, "")
                asked += response.status_code == 200
    assert asked


def test_another_courses_objects_cannot_be_chosen(client: Client, secret: Any, alice: Any, course: Any) -> None:
    as_person(client, alice)
    foreign = secret[Course].pk
    attempts: list[tuple[type, dict[str, Any]]] = [
        (Section, {"course": foreign, "name": "x"}),
        (Enrolment, {"course": foreign, "email": "alice@example.org", "role": "instructor"}),
        (GradeItem, {"course": foreign, "slug": "x", "title_en": "x", "max_points": 1, "weight": 1, "position": 0}),
        (Exercise, {"course": foreign, "slug": "x"}),
        (Assignment, {"exercise": secret[Exercise].pk, "slug": "x", "position": 0, "points": 1, "weight": 1}),
        (Enrolment, {"course": course.pk, "email": "x@example.org", "role": "student", "section": secret[Section].pk}),
    ]
    for model, data in attempts:
        before = model._default_manager.count()
        response = client.post(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"), data)
        assert response.status_code == 200 and "Select a valid choice" in response.content.decode(), model
        assert model._default_manager.count() == before


def test_a_person_of_two_courses_shows_one(client: Client, secret: Any, alice: Any, course: Any) -> None:
    bob = User.objects.create_user("both@example.org")
    Enrolment.objects.create(course=course, user=bob)
    Enrolment.objects.create(course=secret[Course], user=bob)
    response = as_person(client, alice).get(address(bob, "change"))
    assert response.status_code == 200 and "Course" in response.content.decode()
    assert_no_leak(response, "")


def test_hashes_cannot_be_asked_for(client: Client, alice: Any) -> None:
    response = as_person(client, alice).get(reverse("admin:accounts_user_changelist") + "?password__startswith=p")
    assert response.status_code in (302, 400)


def test_students_and_former_teachers_find_nothing(client: Client, secret: Any, alice: Any, bob: Any) -> None:
    Enrolment.objects.filter(user=alice).update(active=False)
    User.objects.filter(pk=bob.pk).update(is_staff=True)  # the flag alone opens no course
    for user in (alice, User.objects.get(pk=bob.pk)):
        as_person(client, user)
        for name in names("_changelist") + names("_add"):
            assert client.get(reverse(name)).status_code == 403, name
    User.objects.filter(pk=bob.pk).update(is_staff=False)
    as_person(client, User.objects.get(pk=bob.pk))
    for name in ["admin:index", *names("_changelist")]:
        assert client.get(reverse(name)).status_code in (302, 404), name


def test_a_superuser_sees_all_courses(client: Client, secret: Any) -> None:
    root = User.objects.create_superuser("root@example.org")
    as_person(client, root)
    for model in SCOPED:
        assert client.get(address(secret[model], "change")).status_code == 200, model
    for name in names("_changelist") + names("_add"):
        assert client.get(reverse(name)).status_code in (200, 403), name


def test_no_page_holds_inline_code(client: Client, alice: Any, assignment: Any, bob: Any, graded: Any) -> None:
    """The policy forbids it, so such a page would look or work wrongly."""
    submission = graded(actions.submit(assignment, bob, "a = 1"))
    set_derived(assignment.item, bob, Decimal(3), "test")
    as_person(client, alice)
    objects = [assignment, assignment.exercise, assignment.item, submission, submission.run, alice, Score.objects.get()]
    objects += [submission.run.version, assignment.course, Enrolment.objects.get(user=bob)]
    urls = [address(obj, "change") for obj in objects] + [reverse(name) for name in names("_changelist")]
    for url in [*urls, reverse("admin:index"), address(assignment.exercise, "import")]:
        response = client.get(url)
        if response.status_code == 403:
            continue
        text = response.content.decode()
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son\w+=\"", text), url
        assert "script-src 'self'" in response["Content-Security-Policy"]
