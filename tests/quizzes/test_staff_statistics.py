"""The page of a quiz's statistics and its CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from courses.models import Enrolment
from quizzes import actions
from quizzes.models import Quiz
from quizzes.views.statistics import percent
from tests.quizzes.quizzing import RIGHT, WRONG, answer

PAGE, FILE = "/c/course/q/exam/statistics/", "/c/course/q/exam/statistics.csv"


@pytest.fixture
def alices(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def taken(quiz: Quiz, name: str, right: int, blank: int = 0) -> None:
    """A student with the first `right` questions right, the last `blank` left empty, the rest wrong."""
    student = User.objects.create_user(f"{name}@example.org", given_name=name.title())
    Enrolment.objects.create(course=quiz.course, user=student)
    attempt = actions.start(quiz, student)
    slugs = list(RIGHT)
    for number, slug in enumerate(slugs[: len(slugs) - blank]):
        answer(attempt, slug, (RIGHT if number < right else WRONG)[slug], seconds=10 * (number + 1))
    actions.submit(attempt, by=student)


def test_it_works(alices: Client, quiz: Quiz) -> None:
    for number in range(4):
        taken(quiz, f"s{number}", right=2 * number, blank=1)
    page = alices.get(PAGE).content.decode()
    assert "Only 4 attempts: these figures say little." in page
    assert "Question single" in page and "Facility" in page and "Internal consistency" in page
    assert "option a" in page and "7 850" in page and "left 1" in page and "item 1" in page and "no answer" in page
    assert page.count("data-plot-fallback") == 1 and 'aria-hidden="true"' in page
    assert "∞" not in page and "nan" not in page.lower().replace("finance", "")
    rows = list(csv.reader(io.StringIO(alices.get(FILE).content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["place", "question", "type"]
    assert [row[1] for row in rows[1:8]] == [f"Question {slug}" for slug in RIGHT]
    assert dict(row[:2] for row in rows[8:])["summary mean"] == "3.0000"
    kinds = list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == [AuditEvent.Kind.WORK_SEEN, AuditEvent.Kind.EXPORTED]


def test_outsiders(client: Client, quiz: Quiz, bob: Any, charlie: Any) -> None:
    for path in (PAGE, FILE):
        for person in (bob, charlie):
            client.force_login(person)
            assert client.get(path).status_code == 404
        client.logout()
        assert client.get(path).status_code == 302


def test_nothing_handed_in(alices: Client, quiz: Quiz, bob: Any) -> None:
    actions.start(quiz, bob)
    assert "Nothing handed in yet" in alices.get(PAGE).content.decode()
    assert alices.get(FILE).status_code == 200


def test_one_attempt_has_dashes(alices: Client, quiz: Quiz) -> None:
    taken(quiz, "sole", right=3)
    page = alices.get(PAGE).content.decode()
    assert "Only 1 attempt: these figures say little." in page
    assert "Needs three scores that differ." in page and "–" in page


def test_many_attempts_and_a_wrong_key(alices: Client, quiz: Quiz) -> None:
    """Thirty are enough to be read; a question that the good ones miss is pointed at."""
    for number in range(30):
        taken(quiz, f"s{number}", right=1 + number % 7)
    page = alices.get(PAGE).content.decode()
    assert "these figures say little" not in page
    assert "Nearly everybody has it: it tells nobody apart." in page  # the first: everybody has it right
    french = alices.get(PAGE, headers={"Accept-Language": "fr"})
    assert french.status_code == 200


def test_out_of_range_is_a_dash() -> None:
    assert (percent(101), percent(-5, 0), percent(None), percent(50)) == ("–", "–", "–", "50.0\u202f%")


def test_typed_answers_are_text(alices: Client, quiz: Quiz, bob: Any) -> None:
    """What a student types is neither HTML on the page nor a formula in the file."""
    attempt = actions.start(quiz, bob)
    answer(attempt, "short", "=1+1<script>x</script>")
    actions.submit(attempt, by=bob)
    page = alices.get(PAGE).content.decode()
    assert "=1+1&lt;script&gt;" in page and "<script>x" not in page
    assert "'=1+1" in alices.get(FILE).content.decode("utf-8-sig")
