"""The page of exceptions: extra time, other dates, more attempts, for a student or a section."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEvent
from courses.models import Enrolment, Section
from quizzes import actions
from quizzes.models import Override, Quiz
from tests.quizzes.quizzing import add_quiz

PAGE = "/c/course/q/exam/overrides/"


@pytest.fixture
def alices(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def save(client: Client, whom: str = "", **fields: Any) -> Any:
    body = {"action": "save", "whom": whom, "extra": "none", "amount": "", "opens_at": "", "closes_at": ""}
    return client.post(PAGE, body | {"attempts": "", "reason": ""} | fields)


def test_it_works(alices: Client, quiz: Quiz, bob: Any) -> None:
    assert "Bob Durand" in alices.get(PAGE).content.decode()
    done = save(alices, f"student:{bob.pk}", extra="third", reason="arrangement")
    assert (done.status_code, done["Location"]) == (303, PAGE)
    assert actions.window_of(quiz, bob).seconds == 4800
    page = alices.get(PAGE).content.decode()
    assert "+20 minutes" in page and "1 hour 20 minutes in all" in page and "arrangement" in page
    trace = AuditEvent.objects.get(kind=AuditEvent.Kind.DATES)
    assert (trace.about, trace.detail) == (bob, "exam: extra_seconds 1200 (arrangement)")


def test_outsiders(client: Client, quiz: Quiz, bob: Any, charlie: Any) -> None:
    for person in (bob, charlie):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
        assert save(client, f"student:{bob.pk}", extra="third").status_code == 404
    assert not Override.objects.exists()


def test_a_section_with_dates_in_the_courses_zone(alices: Client, quiz: Quiz, bob: Any) -> None:
    section = Section.objects.get(course=quiz.course)
    Enrolment.objects.filter(user=bob).update(section=section)
    save(alices, f"section:{section.pk}", opens_at="2026-06-01T09:00", closes_at="2026-06-01T10:30", attempts="3")
    window = actions.window_of(quiz, bob)
    assert window.opens_at and window.closes_at
    assert (window.opens_at.isoformat(), window.attempts) == ("2026-06-01T07:00:00+00:00", 3)
    change = alices.get(PAGE, {"change": Override.objects.get().pk}).content.decode()
    assert 'value="2026-06-01T10:30"' in change


def test_change_and_remove(alices: Client, quiz: Quiz, bob: Any) -> None:
    save(alices, f"student:{bob.pk}", extra="percent", amount="50")
    found = Override.objects.get()
    assert (found.extra_percent, found.extra_seconds) == (50, None)
    page = alices.get(PAGE, {"change": found.pk}).content.decode()
    assert 'value="50"' in page and "Change the exception of Bob Durand" in page
    save(alices, override=found.pk, extra="minutes", amount="7,5")
    found.refresh_from_db()
    assert (found.student, found.extra_percent, found.extra_seconds) == (bob, None, 450)
    alices.post(PAGE, {"action": "remove", "override": found.pk})
    assert not Override.objects.exists()
    details = list(AuditEvent.objects.filter(kind="dates").order_by("pk").values_list("detail", flat=True))
    assert details == ["exam: extra_percent 50", "exam: extra_seconds 450", "exam: removed: extra_seconds 450"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"whom": ""}, "This field is required."),
        ({"whom": "student:0"}, "Choose a student or a section without an exception."),
        ({}, "Nothing is excepted"),
        ({"extra": "minutes"}, "How much?"),
        ({"extra": "percent", "amount": "33.3"}, "A whole number of percent."),
        ({"extra": "minutes", "amount": "-5"}, "greater than or equal to 0"),
        ({"extra": "minutes", "amount": "NaN"}, "Enter a number."),
        ({"extra": "twice"}, "Select a valid choice"),
        ({"attempts": "0"}, "greater than or equal to 1"),
        ({"opens_at": "2026-06-01T09:00", "closes_at": "2026-06-01T09:00"}, "The closing must come after the opening."),
        ({"opens_at": "tomorrow"}, "Enter a valid date/time."),
    ],
)
def test_bad_input(alices: Client, quiz: Quiz, bob: Any, fields: dict[str, str], told: str) -> None:
    refused = save(alices, **{"whom": f"student:{bob.pk}", "reason": "My reason."} | fields)
    page = refused.content.decode()
    assert refused.status_code == 400 and told in page and "My reason." in page
    assert not Override.objects.exists()


def test_extra_time_without_a_limit(alices: Client, quiz: Quiz, bob: Any) -> None:
    Quiz.objects.update(seconds=None)
    refused = save(alices, f"student:{bob.pk}", extra="third")
    assert "The quiz has no time limit." in refused.content.decode()


def test_one_exception_each(alices: Client, quiz: Quiz, bob: Any) -> None:
    save(alices, f"student:{bob.pk}", extra="third")
    again = save(alices, f"student:{bob.pk}", attempts="2")
    assert again.status_code == 400 and Override.objects.get().attempts is None


def test_exceptions_of_another_quiz(alices: Client, quiz: Quiz, bob: Any) -> None:
    second = add_quiz(quiz.course, slug="second")
    other = Override.objects.create(quiz=second, student=bob, attempts=5)
    assert alices.get(PAGE, {"change": other.pk}).status_code == 404
    assert alices.post(PAGE, {"action": "remove", "override": other.pk}).status_code == 404
    assert alices.post(PAGE, {"action": "dance"}).status_code == 404
    assert Override.objects.get() == other


def test_somebody_who_is_writing(alices: Client, quiz: Quiz, bob: Any) -> None:
    """The running attempt keeps its end, and the page says where more time is given."""
    attempt = actions.start(quiz, bob)
    save(alices, f"student:{bob.pk}", extra="third")
    deadline = attempt.deadline
    attempt.refresh_from_db()
    assert attempt.deadline == deadline
    assert "is writing" in alices.get(PAGE).content.decode()
