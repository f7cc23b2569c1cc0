"""Sign-in codes: the staff's sheet, shown once, and the page on which students type them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from courses.models import Enrolment, Section
from quizzes.models import Quiz, SignInCode

PAGE, ENTRY = "/c/course/q/exam/codes/", "/code/"


@pytest.fixture(autouse=True)
def limits(db: None) -> None:
    call_command("createcachetable", verbosity=0)
    cache.clear()


@pytest.fixture
def alices(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def dana(course: Any) -> User:
    found = User.objects.create_user("dana@example.org", given_name="Dana", family_name="Blanc")
    Enrolment.objects.create(course=course, user=found, section=Section.objects.get(course=course))
    return found


def make(client: Client, whom: str = "all", hours: str = "12") -> str:
    return client.post(PAGE, {"action": "make", "whom": whom, "hours": hours}, follow=True).content.decode()


def codes_on(page: str) -> list[str]:
    return re.findall(r"<code>(\w{4}-\w{4})</code>", page)


def test_it_works(alices: Client, quiz: Quiz, bob: Any, dana: Any) -> None:
    sheet = alices.post(PAGE, {"action": "make", "whom": "all", "hours": "3"})
    made = codes_on(sheet.content.decode())
    assert len(made) == 2 and "no-store" in sheet["Cache-Control"]
    assert "http://testserver/code/" in sheet.content.decode()
    page = alices.get(PAGE).content.decode()
    assert "Bob Durand" in page and not codes_on(page) and made[1] not in page
    assert SignInCode.objects.filter(expires_at__lte=timezone.now() + timedelta(hours=3)).count() == 2
    student = Client()
    assert "Sign in with a code on paper" in student.get(ENTRY).content.decode()
    entered = student.post(ENTRY, {"code": made[1].lower().replace("-", " ")})  # by name: Blanc, Durand
    assert (entered.status_code, entered["Location"]) == (303, "/c/course/q/exam/")
    assert student.session["_auth_user_id"] == str(bob.pk)
    again = Client().post(ENTRY, {"code": made[1]})
    assert again.status_code == 403 and "This code is not good" in again.content.decode()
    traces = AuditEvent.objects.filter(kind=AuditEvent.Kind.QUIZ, detail="exam: made a sign-in code")
    assert {trace.about for trace in traces} == {bob, dana}


def test_outsiders(client: Client, quiz: Quiz, bob: Any, charlie: Any) -> None:
    for person in (bob, charlie):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, {"action": "make", "whom": "all", "hours": "3"}).status_code == 404
    assert not SignInCode.objects.exists()


def test_for_one_and_for_a_section(alices: Client, quiz: Quiz, bob: Any, dana: Any) -> None:
    make(alices, f"student:{bob.pk}")
    assert SignInCode.objects.get().student == bob
    make(alices, f"section:{Section.objects.get(course=quiz.course).pk}")
    assert set(SignInCode.objects.values_list("student", flat=True)) == {bob.pk, dana.pk}


def test_take_back(alices: Client, quiz: Quiz, bob: Any, dana: Any) -> None:
    made = codes_on(make(alices))
    alices.post(PAGE, {"action": "revoke", "student": bob.pk})
    assert Client().post(ENTRY, {"code": made[1]}).status_code == 403
    page = alices.post(PAGE, {"action": "revoke"}, follow=True).content.decode()
    assert "1 code is no longer good." in page and "None yet." in page
    assert Client().post(ENTRY, {"code": made[0]}).status_code == 403


@pytest.mark.parametrize("hours", ["", "0", "73", "-1", "1.5", "many", "9" * 30])
def test_bad_hours(alices: Client, quiz: Quiz, bob: Any, hours: str) -> None:
    assert "Hours: a whole number from 1 to 72." in make(alices, hours=hours)
    assert not SignInCode.objects.exists()


def test_bad_requests(alices: Client, quiz: Quiz, alice: Any, charlie: Any) -> None:
    assert "There is nobody to make a code for." in make(alices)
    for whom in ("", "student:x", f"student:{charlie.pk}", f"student:{alice.pk}", "section:0", "section:x"):
        body = {"action": "make", "whom": whom, "hours": "3"}
        assert alices.post(PAGE, body).status_code == 404
    assert alices.post(PAGE, {"action": "dance"}).status_code == 404
    assert alices.post(PAGE, {"action": "revoke", "student": "x"}).status_code == 404
    assert not SignInCode.objects.exists()


def test_guessing_is_slowed_down(quiz: Quiz, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quizzes.codes.RATE", "1/m/ip")
    assert Client().post(ENTRY, {"code": "AAAA-AAAA"}).status_code == 403
    refused = Client().post(ENTRY, {"code": "AAAA-AAAA"})
    assert refused.status_code == 429 and refused["Retry-After"] == "60"


def test_links(client: Client, alices: Client, quiz: Quiz) -> None:
    """From the start page to every page of the staff, and from the sign-in page to the codes on paper."""
    start = alices.get("/c/course/q/exam/").content.decode()
    for name in ("board", "statistics", "regrade", "overrides", "codes"):
        assert f'href="/c/course/q/exam/{name}/"' in start
    assert "Try it as a student" in start
    assert 'href="/code/"' in Client().get("/accounts/login/").content.decode()
