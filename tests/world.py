"""One of everything in a course, and everybody who may come to it: for tests that go through every address."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from accounts import digests
from accounts.models import Digest, User
from courses.models import Course, Enrolment, Section
from exercises import actions as exercising
from exercises import comments
from exercises.models import Assignment, Draft, Node
from gradebook import actions as grading
from gradebook.models import Category, GradeItem
from lti.models import Identity, Platform
from quizzes import actions as quizzing
from tests.browser.quiz_contents import CHART, rich_quiz
from tests.conftest import deliver, make_exercise, make_person, make_report
from workers.testkit import CheckFailed, assert_close

# What everything that an address calls `slug` is called: the assignment and the quiz.
SLUG = "one"


@dataclass
class World:
    """`people` by the name of their part, `values` of the addresses' parameters by name."""

    course: Course
    people: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def build() -> World:
    """Bob's work in Alice's course: what every address of a submission, an attempt or a cell speaks of is his."""
    course = Course.objects.create(slug="course", title_en="Course", title_fr="Cours", time_zone="Europe/Paris")
    other = Course.objects.create(slug="other", title_en="Other", title_fr="Autre")
    section = Section.objects.create(course=course, name="A")
    world = World(course, _people(course, other))
    world.values |= {"course": course.slug, "slug": SLUG, "app_label": "courses", "url": "nowhere"}
    world.values |= {"courses.course": course.pk, "courses.section": section.pk}
    bob = world.people["student"]
    world.values |= {"student": bob.pk, "accounts.user": bob.pk}
    world.values["courses.enrolment"] = Enrolment.objects.get(user=bob).pk
    world.values |= {"content_type_id": ContentType.objects.get_for_model(Course).pk, "object_id": course.pk}
    _account(world)
    _exercise(world)
    _column(world)
    _quiz(world)
    return world


def _people(course: Course, other: Course) -> dict[str, Any]:
    return {
        "student": make_person("bob@example.org", "Bob", "Durand", course, "student"),
        "classmate": make_person("dana@example.org", "Dana", "Noir", course, "student"),
        "stranger": make_person("charlie@example.org", "Charlie", "Petit", other, "student"),
        "assistant": make_person("emil@example.org", "Emil", "Roux", course, "assistant", is_staff=True),
        "instructor": make_person("alice@example.org", "Alice", "Martin", course, "instructor", is_staff=True),
        "colleague": make_person("oscar@example.org", "Oscar", "Blanc", other, "instructor", is_staff=True),
        "superuser": User.objects.create_superuser("root@example.org", given_name="Root"),
    }


def _account(world: World) -> None:
    """Of somebody who plays no part: a second factor changes what its owner's pages show."""
    root = User.objects.create_superuser("second@example.org", given_name="Second")
    address = EmailAddress.objects.create(user=root, email=root.email)
    factor = Authenticator.objects.create(user=root, type=Authenticator.Type.TOTP, data={"secret": "SECOND-FACTOR"})
    world.values |= {"account.emailaddress": address.pk, "mfa.authenticator": factor.pk}
    urls = {name: f"https://lms.example.org/{name}" for name in ("auth_url", "token_url", "jwks_url")}
    platform = Platform.objects.create(
        name="LMS", issuer="https://lms.example.org", client_id="rendu", deployments="1", **urls
    )
    identity = Identity.objects.create(issuer=platform.issuer, subject="7", user=world.people["student"])
    world.values |= {"lti.platform": platform.pk, "lti.identity": identity.pk}


def _exercise(world: World) -> None:
    """Three submissions of Bob's: graded and commented, replaced, waiting; a draft."""
    exercise, bob, alice = make_exercise(world.course), world.people["student"], world.people["instructor"]
    week = timezone.now() + datetime.timedelta(days=7)
    item = GradeItem.objects.create(course=world.course, slug="addition", title_en="Addition", max_points=Decimal(10))
    assignment = Assignment.objects.create(course=world.course, exercise=exercise, slug=SLUG, item=item, due_at=week)
    submission = exercising.submit(assignment, bob, "first = 1\n")
    deliver(submission, rich_report(submission.run.version))
    comment = comments.comment(submission, alice, "Why the name?", "1")
    replaced = exercising.submit(assignment, bob, "second = 2\n")
    waiting = exercising.submit(assignment, bob, "third = 3\n")
    Draft.objects.create(assignment=assignment, student=bob, source="fourth = 4\n")
    classmates = exercising.submit(assignment, world.people["classmate"], "first = 1\n")
    digests.choose(bob, True, "http://testserver")
    world.values |= {"a": submission.pk, "b": classmates.pk, "token": Digest.objects.get(user=bob).token}
    node = Node.objects.create(name="n", queues=["grade.cpu"], slots=1, sandbox="FULL", seen_at=timezone.now())
    world.values |= {"submission": submission.pk, "pk": submission.pk, "comment": comment.pk}
    world.values |= {"replaced": replaced.pk, "waiting": waiting.pk}
    world.values |= {
        "exercises.exercise": exercise.pk,
        "exercises.assignment": assignment.pk,
        "exercises.submission": submission.pk,
        "exercises.run": submission.run_id,
        "exercises.exerciseversion": submission.run.version_id,
        "exercises.node": node.pk,
    }


def rich_report(version: Any) -> dict[str, Any]:
    """One public test failed with everything that a result can show."""
    report = make_report(version, {"adds small numbers": "failed"})
    try:
        assert_close(np.array([[1.0, 3.0], [2.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    except CheckFailed as failed:
        report["tests"][0] |= {"sentences": failed.sentences, "difference": failed.difference}
    report["tests"][0] |= {
        "timing": {"ratio": 1.46, "low": 1.3, "high": 1.6, "at_most": 1.5, "pairs": 40},
        "output": "printed\n",
        "series": [{"name": f"loss {name}", "x": None, "y": [1.0, 0.5, 0.25]} for name in ("relu", "sigmoid")],
    }
    return report | {"output": "loaded\n"}


def _column(world: World) -> None:
    """A column filled in by hand, with one mark that the staff has changed."""
    bob, alice = world.people["student"], world.people["instructor"]
    category = Category.objects.create(course=world.course, title_en="Project")
    oral = GradeItem.objects.create(course=world.course, slug="oral", title_en="Oral", category=category)
    grading.enter(oral, bob, Decimal("7.5"), alice)
    score = grading.set_override(oral, bob, Decimal(8), alice, "Appeal")
    world.values |= {"item": oral.slug, "gradebook.gradeitem": oral.pk, "gradebook.category": category.pk}
    world.values["gradebook.score"] = score.pk


def _quiz(world: World) -> None:
    """Bob writes, Dana has handed in."""
    quiz = rich_quiz(world.course, slug=SLUG, review={"after": ["attempt", "right", "marks", "feedback", "answer"]})
    attempt = quizzing.start(quiz, world.people["student"])
    quizzing.save_answer(attempt.pk, attempt.student, "q1", "a", seen=0)
    quizzing.note(attempt, "focus_lost", {})
    ended = quizzing.start(quiz, world.people["classmate"])
    quizzing.save_answer(ended.pk, ended.student, "q4", "7850", seen=0)
    quizzing.submit(ended, by=ended.student)
    quizzing.announce(quiz, "Question 4: k means thousand.", world.people["instructor"])
    question = quiz.slots.get(position=0).question
    world.values |= {"attempt": attempt.pk, "ended": ended.pk, "key": "q1", "question": question.pk}
    world.values |= {"name": CHART.name, "number": 1}
    world.values |= {
        "quizzes.quiz": quiz.pk,
        "quizzes.question": question.pk,
        "quizzes.questionversion": question.versions.get().pk,
    }
