"""A person's data handed over and erased; a course deleted with all that is in it."""

from __future__ import annotations

import io
import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models

from accounts.models import User
from config import people
from courses.models import ApiToken, Course, Enrolment, Role
from exercises import actions, regrade
from exercises.dates import Extension
from exercises.models import Draft, Exercise, Run, Submission
from gradebook.actions import set_comment, set_override
from gradebook.models import GradeItem, Score
from tests.quizzes.quizzing import full_quiz


@pytest.fixture
def quiz(course: Any) -> Any:
    return full_quiz(course)


@pytest.fixture
def busy(assignment: Any, alice: Any, bob: Any, graded: Any, quiz: Any) -> Any:
    """Bob has handed in, saved a draft, got an override and a comment, taken a quiz, and has a token."""
    from quizzes import actions as quiz_actions

    submission = graded(actions.submit(assignment, bob, "def add(a, b): return a + b  # café"))
    actions.save_draft(assignment, bob, "draft")
    set_override(assignment.item, bob, actions.Decimal(7), alice, "appeal")
    set_comment(assignment.item, bob, "Well done", alice)
    Extension.objects.create(assignment=assignment, student=bob, extra_tries=1)
    ApiToken.issue(bob, assignment.course)
    attempt = quiz_actions.start(quiz, bob)
    quiz_actions.submit(attempt, by=bob)
    regrade.start(assignment, "rerun", alice, "to see")
    return submission


def test_it_works(busy: Any, bob: Any) -> None:
    target = io.BytesIO()
    people.export_student(bob, target)
    with zipfile.ZipFile(target) as archive:
        names = set(archive.namelist())
        assert {"person.json", "course/grades.json", "course/results.json", "course/quizzes.json"} <= names
        assert "course/work/addition/draft.txt" in names
        [grade] = [g for g in json.loads(archive.read("course/grades.json")) if g["item"] == "addition"]
        assert (grade["points"], grade["comment"], len(grade["history"])) == ("7.00", "Well done", 3)
        [result] = json.loads(archive.read("course/results.json"))
        assert result["result"]["score"] == 10
        [quiz] = json.loads(archive.read("course/quizzes.json"))
        assert quiz["attempt"]["state"] == "submitted" and quiz["events"]
        everything = b"".join(archive.read(name) for name in names).decode()
    assert "café" in everything
    # Of a hidden test the student's own page shows no input either.
    hidden = next(test for test in result["result"]["tests"] if not test["public"])
    assert hidden["message"] is None


def test_everything_that_points_to_a_person_is_thought_of() -> None:
    """A new table about people has to be added to the export, or named here with the reason."""
    exported = {"Enrolment", "Submission", "Draft", "Attempt", "Score", "ApiToken", "Identity"}
    reasons = {
        "Run": "with its submission",
        "Extension": "its dates stand in the results",
        "Override": "its dates stand in the attempt",
        "GradeEvent": "what staff did; the student's own stand with the score",
        "AttemptEvent": "what staff did; the student's own stand with the attempt",
        "Regrade": "what staff did",
        "Check": "what staff did",
        "ExerciseCheck": "what staff did",
        "Comment": "what staff did",
        "Digest": "whether it is wanted stands in the profile",
        "AuditEvent": "what staff did",
        "KeyChange": "what staff did",
        "Announcement": "what staff did",
        "Context": "what staff did",
        "ResourceLink": "what staff did",
        "SignInCode": "a hash, spent or expired",
        "EmailAddress": "the address of the profile",
        "Authenticator": "a secret for signing in",
        "LogEntry": "what staff did",
    }
    found = {
        model.__name__
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model is User and not model._meta.auto_created
    }
    assert found - exported - set(reasons) == set()


class TestErase:
    def test_it_works(self, busy: Any, bob: Any, alice: Any) -> None:
        gone = people.erase_student(bob, really=True)
        assert gone["submission"] == 1 and gone["run"] == 2 and gone["attempt"] == 1
        assert not User.objects.filter(email="bob@example.org").exists()
        for model in (Submission, Draft, Score, ApiToken):
            assert not model.objects.exists(), model
        assert not Run.objects.filter(submission__isnull=False).exists()
        assert User.objects.filter(pk=alice.pk).exists()

    def test_it_asks_first(self, busy: Any, bob: Any) -> None:
        gone = people.erase_student(bob)
        assert gone["submission"] == 1
        assert Submission.objects.exists() and User.objects.filter(pk=bob.pk).exists()

    def test_one_course_only(self, busy: Any, bob: Any, course: Any, other_course: Any) -> None:
        Enrolment.objects.create(course=other_course, user=bob)
        people.erase_student(bob, course, really=True)
        assert list(bob.enrolments.values_list("course__slug", flat=True)) == ["other"]
        assert not Submission.objects.exists()

    def test_staff_is_refused(self, course: Any, alice: Any) -> None:
        with pytest.raises(people.PeopleError, match="on the staff"):
            people.erase_student(alice, really=True)

    def test_the_command(self, busy: Any, bob: Any) -> None:
        out = StringIO()
        call_command("erase_student", "BOB@example.org", stdout=out)
        assert "would delete" in out.getvalue() and "1 submission" in out.getvalue()
        call_command("erase_student", "bob@example.org", "--yes", stdout=out)
        assert not User.objects.filter(email="bob@example.org").exists()
        with pytest.raises(CommandError, match="nobody has the address"):
            call_command("erase_student", "bob@example.org")


class TestPurge:
    def test_it_works(self, busy: Any, course: Any, other_course: Any, bob: Any) -> None:
        course.archived = True
        course.save()
        assert people.purge_course(course)["submission"] == 1
        assert Course.objects.filter(pk=course.pk).exists()
        people.purge_course(course, really=True)
        assert list(Course.objects.values_list("slug", flat=True)) == ["other"]
        assert not Exercise.objects.exists() and not Run.objects.exists() and not GradeItem.objects.exists()
        assert User.objects.filter(pk=bob.pk).exists()

    def test_only_an_archived_course(self, course: Any) -> None:
        with pytest.raises(CommandError, match="not archived"):
            call_command("purge_course", "course", "--yes")


class TestExportCommand:
    def test_it_works(self, busy: Any, tmp_path: Path) -> None:
        target = tmp_path / "bob.zip"
        call_command("export_student", "bob@example.org", "--output", str(target), stdout=StringIO())
        with zipfile.ZipFile(target) as archive:
            assert json.loads(archive.read("person.json"))["courses"][0]["role"] == Role.STUDENT

    def test_refusals(self, bob: Any, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="nobody has the address"):
            call_command("export_student", "nobody@example.org", "--output", str(tmp_path / "x.zip"))
        with pytest.raises(CommandError, match="No such file"):
            call_command("export_student", "bob@example.org", "--output", str(tmp_path / "none" / "x.zip"))
