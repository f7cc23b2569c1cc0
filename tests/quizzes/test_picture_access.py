"""A picture is no easier to get at than the text that shows it."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from config.coursecopy import copy_course
from courses.models import Course, Enrolment
from quizzes import actions, seb
from quizzes.models import Attempt, Quiz
from quizzes.pictures import PictureFile, keep, read_picture
from quizzes.results import attempt_view
from tests.quizzes.drawing import picture
from tests.quizzes.quizzing import add_question, add_quiz, add_slots, content, options


def file(colour: str) -> PictureFile:
    return read_picture(picture(colour=colour))


@pytest.fixture
def asked(course: Any) -> PictureFile:
    return file("red")


@pytest.fixture
def explained(course: Any) -> PictureFile:
    """In the feedback of the right option."""
    return file("green")


@pytest.fixture
def quiz(course: Any, asked: PictureFile, explained: PictureFile) -> Quiz:
    keep(course, [asked, explained, file("blue")])
    found: Quiz = add_quiz(course, review={"during": [], "after": ["attempt"], "closed": ["attempt", "feedback"]})
    parts = options(("a", 1.0), ("b", 0.0))
    parts[0]["feedback"] = {"en": f"![why](picture:{explained.name})"}
    form = content("single", options=parts, text={"en": f"![a loss](picture:{asked.name})"})
    add_slots(found, add_question(course, "one", form), add_question(course, "two", content("short")))
    Quiz.objects.update(closes_at=timezone.now() + timedelta(hours=1), shuffle_questions=False)
    return Quiz.objects.get()


def address(attempt: Attempt, found: PictureFile) -> str:
    return reverse("attempt-picture", args=[attempt.pk, found.name])


def status(client: Client, attempt: Attempt, found: PictureFile) -> int:
    return client.get(address(attempt, found)).status_code


def test_it_works(client: Client, quiz: Quiz, bob: Any, asked: PictureFile) -> None:
    client.force_login(bob)
    attempt = actions.build_attempt(quiz, bob)
    assert status(client, attempt, asked) == 404  # built, not started
    actions.start(quiz, bob)
    response = client.get(address(attempt, asked))
    assert (response.status_code, response["Content-Type"], response.content) == (200, "image/png", asked.data)
    assert "private" in response["Cache-Control"] and "Cookie" in response["Vary"]
    assert "sandbox" in response["Content-Security-Policy"] and response["X-Content-Type-Options"] == "nosniff"
    page = client.get(reverse("attempt", args=[attempt.pk])).content.decode()
    assert f'src="{address(attempt, asked)}" alt="a loss">' in page  # fetched with the page, not when it is shown
    assert address(attempt, asked) in str(attempt_view(attempt, bob)["questions"])


def test_who_may_not(client: Client, quiz: Quiz, bob: Any, charlie: Any, asked: PictureFile) -> None:
    attempt = actions.start(quiz, bob)
    assert status(client, attempt, asked) == 401
    other = User.objects.create_user("eve@example.org")
    Enrolment.objects.create(course=quiz.course, user=other)
    for user in (charlie, other):
        client.force_login(user)
        assert status(client, attempt, asked) == 404
        assert client.get(reverse("course-picture", args=["course", asked.name])).status_code == 404
    mine = actions.start(quiz, other)
    assert status(client, mine, asked) == 200


def test_by_the_moment(client: Client, quiz: Quiz, bob: Any, asked: PictureFile, explained: PictureFile) -> None:
    client.force_login(bob)
    attempt = actions.start(quiz, bob)
    assert status(client, attempt, explained) == 404  # a feedback, before the review shows it
    assert status(client, attempt, file("blue")) == 404  # the course's, of no question of his
    assert client.get(address(attempt, asked)[:-1]).status_code == 404  # a part of a name is none
    actions.pause([attempt], quiz.course.enrolments.first().user)
    assert status(client, attempt, asked) == 404
    actions.resume([attempt], bob)
    key = attempt.layout[0]["key"]
    part = next(p for p in attempt_view(attempt, bob)["questions"][0]["options"] if p["text"]["en"] == "option a")
    actions.save_answer(attempt.pk, bob, key, part["id"], seen=0)
    actions.submit(attempt, by=bob)
    assert (status(client, attempt, asked), status(client, attempt, explained)) == (200, 404)
    Quiz.objects.update(closes_at=timezone.now() - timedelta(hours=3))
    assert (status(client, attempt, asked), status(client, attempt, explained)) == (200, 200)
    Quiz.objects.update(review={"closed": ["marks"]})
    assert status(client, attempt, asked) == 404


def test_without_a_way_back(client: Client, quiz: Quiz, bob: Any, asked: PictureFile) -> None:
    """Neither before the question is reached nor after it is left."""
    Quiz.objects.update(navigation="sequential")
    quiz.slots.filter(position=0).update(position=9)
    client.force_login(bob)
    attempt = actions.start(Quiz.objects.get(), bob)
    assert status(client, attempt, asked) == 404
    actions.advance(attempt.pk, bob, attempt.layout[0]["key"])
    assert status(client, attempt, asked) == 200


def test_the_staff(client: Client, quiz: Quiz, alice: Any, bob: Any, explained: PictureFile) -> None:
    attempt = actions.start(quiz, bob)
    client.force_login(alice)
    url = reverse("course-picture", args=["course", explained.name])
    assert client.get(url).content == explained.data
    assert status(client, attempt, explained) == 404  # Bob has ticked nothing: nobody reads that feedback
    other = Course.objects.create(slug="other", title_en="Other")
    Enrolment.objects.create(course=other, user=alice, role="instructor")
    assert client.get(reverse("course-picture", args=["other", explained.name])).status_code == 404
    assert client.post(url).status_code == 405


def test_a_copied_course_has_its_pictures(quiz: Quiz, asked: PictureFile) -> None:
    made = copy_course(quiz.course, "again")
    assert bytes(made.pictures.get(name=asked.name).data) == asked.data


def test_in_the_exam_browser_a_page_opens_the_pictures(
    client: Client, quiz: Quiz, bob: Any, asked: PictureFile
) -> None:
    """Browsers that prove themselves with pages only: the session knows that the page was opened rightly."""
    client.force_login(bob)
    attempt = actions.start(quiz, bob)
    Quiz.objects.get().save()
    Quiz.objects.update(seb_config_keys=["8" * 64])
    seb.forget()
    assert status(client, attempt, asked) == 403
    url = reverse("attempt", args=[attempt.pk])
    proof = hashlib.sha256(f"http://testserver{url}{'8' * 64}".encode()).hexdigest()
    assert client.get(url, headers={"X-SafeExamBrowser-ConfigKeyHash": proof}).status_code == 200
    assert status(client, attempt, asked) == 200
    seb.forget()
