"""The daily mail: what is in it, in which language, how often, and how it ends."""

from __future__ import annotations

import re
import smtplib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import digests
from accounts.models import Digest, User
from config.digests import sending
from config.digests.sending import send_due
from courses.models import Course, Enrolment
from exercises import actions, comments
from exercises.models import Assignment, ExerciseVersion, Run, RunState
from gradebook import actions as grades
from gradebook.models import GradeItem
from tests.conftest import make_report
from tests.quizzes.quizzing import full_quiz

# A Wednesday in winter: 8 o'clock in Paris. The course's exercise is due a week later.
MORNING = datetime(2026, 1, 14, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FAILED = {"adds small numbers": "failed", "adds hidden numbers": "failed"}
STARTED = MORNING - HOUR


@pytest.fixture
def at() -> Any:
    """`with at(moment):` the clock stands there."""
    return lambda moment: time_machine.travel(moment, tick=False)


@pytest.fixture
def given(assignment: Assignment) -> Assignment:
    """The exercise without a due date: nothing is news by itself."""
    assignment.due_at = None
    assignment.save()
    return assignment


@pytest.fixture
def wanted(given: Assignment, alice: Any, bob: Any, at: Any) -> None:
    """Bob and Alice asked for it an hour before MORNING."""
    with at(STARTED):
        for person in (alice, bob):
            digests.choose(person, True, "https://rendu.example.org")


def send(at: Any, moment: datetime = MORNING) -> list[Any]:
    """The mails that leave when the dispatcher looks at `moment`."""
    mail.outbox.clear()
    with at(moment):
        count = send_due()
    assert count == len(mail.outbox)
    return mail.outbox


def to(outbox: list[Any], name: str) -> Any:
    (found,) = [message for message in outbox if message.to == [f"{name}@example.org"]]
    return found


def hand_in(given: Assignment, student: Any, graded: Any, failing: dict[str, str]) -> Any:
    submission = actions.submit(given, student, "a = 1\nb = 2\n")
    return graded(submission, make_report(submission.run.version, failing))


def test_it_works(wanted: None, given: Assignment, alice: Any, bob: Any, graded: Any, at: Any) -> None:
    with at(STARTED + HOUR / 2):
        submission = hand_in(given, bob, graded, {"adds hidden numbers": "failed"})
        comments.comment(submission, alice, "Look <here>.", "1")
        comments.comment(submission, alice, "And here.", "2")
        grades.set_comment(given.item, bob, "Well written", alice)
    outbox = send(at)
    message = to(outbox, "bob")
    assert len(outbox) == 1  # nothing is new for Alice
    assert message.subject == "New in Course"
    assert "Addition: 4 out of 10\n  https://rendu.example.org/c/course/grades/" in message.body
    assert f"2 comments on Addition\n  https://rendu.example.org/s/{submission.pk}/" in message.body
    assert "A comment beside the grade of Addition" in message.body
    assert "Well written" not in message.body  # a mail lies about open; the page asks who reads
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    ((html, kind),) = message.alternatives
    assert kind == "text/html" and f'<a href="https://rendu.example.org/s/{submission.pk}/">' in html


def test_it_is_off_until_asked_for(client: Client, given: Assignment, bob: Any, graded: Any, at: Any) -> None:
    hand_in(given, bob, graded, {})
    assert send(at, timezone.now() + DAY) == []
    client.force_login(bob)
    assert "Send me the daily mail" in client.get("/accounts/").content.decode()
    assert client.post("/accounts/digest/", {"wanted": "1"}).url == "/accounts/"
    assert "Stop the daily mail" in client.get("/accounts/").content.decode()
    digest = Digest.objects.get(user=bob)
    assert (digest.wanted, digest.site) == (True, "http://testserver")
    assert send(at, timezone.now() + DAY) == []  # what was before is no news
    client.post("/accounts/digest/", {"wanted": "0"})
    assert not Digest.objects.get(user=bob).wanted
    assert client.get("/accounts/digest/").status_code == 405


def test_once_a_day(wanted: None, given: Assignment, bob: Any, graded: Any, at: Any) -> None:
    with at(STARTED + HOUR / 2):
        hand_in(given, bob, graded, {})
    assert len(send(at)) == 1
    with at(MORNING + HOUR):
        hand_in(given, bob, graded, FAILED)
        grades.set_override(given.item, bob, Decimal(9), User.objects.get(given_name="Alice"), "oral")
    for moment in (MORNING, MORNING + 2 * HOUR, MORNING + 14 * HOUR):
        assert send(at, moment) == []
    # At 6 and at 7 of the next day in Paris; the grade of the day before is not told again.
    assert send(at, MORNING + DAY - 2 * HOUR) == []
    (message,) = send(at, MORNING + DAY - HOUR)
    assert "Addition: 9 out of 10" in message.body
    assert send(at, MORNING + DAY) == []
    assert send(at, MORNING + 2 * DAY) == []  # nothing new: no mail


def test_two_dispatchers_at_once(wanted: None, bob: Any, at: Any) -> None:
    """Of two that have read the same row, one claims the day."""
    digest = Digest.objects.get(user=bob)
    day = MORNING.date()
    assert [digest.claim(day), digest.claim(day), Digest.objects.get(user=bob).claim(day)] == [True, False, False]
    assert not digest.claim(day - DAY)  # a clock put back brings no second mail
    digests.choose(bob, False, "https://rendu.example.org")
    assert not digest.claim(day + DAY)


def test_a_failed_mail_is_told_the_next_day(
    wanted: None, given: Assignment, bob: Any, graded: Any, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(STARTED + HOUR / 2):
        hand_in(given, bob, graded, {})

    def refuse(self: Any, messages: Any) -> int:
        raise smtplib.SMTPServerDisconnected("gone")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        with at(MORNING):
            assert send_due() == 0
    assert send(at, MORNING + HOUR) == []
    assert "Addition: 10 out of 10" in to(send(at, MORNING + DAY), "bob").body


def test_one_persons_fault_keeps_nobody_elses(
    wanted: None, given: Assignment, alice: Any, bob: Any, graded: Any, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(STARTED + HOUR / 2):
        hand_in(given, bob, graded, {})
    plain = sending.news_for

    def fail_for_alice(person: Any, period: Any) -> Any:
        if person == alice:
            raise RuntimeError("a fault")
        return plain(person, period)

    monkeypatch.setattr(sending, "news_for", fail_for_alice)
    assert to(send(at), "bob")


def test_the_persons_language(wanted: None, given: Assignment, bob: Any, graded: Any, at: Any) -> None:
    User.objects.filter(pk=bob.pk).update(language="fr")
    Course.objects.filter(pk=given.course_id).update(title_fr="Réseaux de neurones")
    with at(STARTED + HOUR / 2):
        hand_in(given, bob, graded, {"adds hidden numbers": "failed"})
        grades.set_override(given.item, bob, Decimal("7.5"), User.objects.get(given_name="Alice"), "oral")
    message = to(send(at), "bob")
    assert "Réseaux de neurones" in message.subject and "7,5" in message.body
    assert '<html lang="fr">' in message.alternatives[0][0]


def test_the_calendar_of_the_course(given: Assignment, bob: Any, graded: Any, at: Any) -> None:
    Course.objects.filter(pk=given.course_id).update(time_zone="America/Montreal")
    with at(STARTED):
        digests.choose(bob, True, "https://rendu.example.org")
    with at(STARTED + HOUR / 2):
        hand_in(given, bob, graded, {})
    assert send(at, MORNING) == []  # 2 o'clock in the night there
    assert len(send(at, MORNING + 5 * HOUR)) == 1


@pytest.mark.parametrize("change", ["left", "archived", "inactive"])
def test_who_gets_none(wanted: None, given: Assignment, bob: Any, graded: Any, at: Any, change: str) -> None:
    with at(STARTED + HOUR / 2):
        hand_in(given, bob, graded, {})
    if change == "left":
        Enrolment.objects.filter(user=bob).update(active=False)
    elif change == "archived":
        Course.objects.filter(pk=given.course_id).update(archived=True)
    else:
        User.objects.filter(pk=bob.pk).update(is_active=False)
    assert send(at) == []


class TestDue:
    def test_it_works(self, wanted: None, given: Assignment, bob: Any, at: Any) -> None:
        Assignment.objects.filter(pk=given.pk).update(due_at=MORNING + 2 * DAY + 9 * HOUR)
        assert send(at) == []  # still more than 48 hours
        message = to(send(at, MORNING + DAY), "bob")
        assert "Due within 48 hours" in message.body
        assert "Addition: tomorrow, 17:00\n  https://rendu.example.org/c/course/e/addition/" in message.body
        assert send(at, MORNING + 2 * DAY) == []  # told once

    def test_what_is_done_is_not_told(self, wanted: None, given: Assignment, bob: Any, graded: Any, at: Any) -> None:
        with at(STARTED + HOUR / 2):
            hand_in(given, bob, graded, {})
        Assignment.objects.filter(pk=given.pk).update(due_at=MORNING + DAY)
        assert "Due" not in to(send(at), "bob").body

    def test_what_opens_late(self, wanted: None, given: Assignment, bob: Any, at: Any) -> None:
        Assignment.objects.filter(pk=given.pk).update(opens_at=MORNING - HOUR / 2, due_at=MORNING + 12 * HOUR)
        assert "Addition: today, 20:00" in to(send(at), "bob").body

    def test_what_is_hidden(self, wanted: None, given: Assignment, bob: Any, at: Any) -> None:
        Assignment.objects.filter(pk=given.pk).update(visible=False, due_at=MORNING + 2 * DAY - HOUR / 2)
        assert send(at) == []

    def test_quizzes(self, wanted: None, given: Assignment, bob: Any, at: Any) -> None:
        quiz = full_quiz(given.course)
        type(quiz).objects.filter(pk=quiz.pk).update(opens_at=None, closes_at=MORNING + 2 * DAY - HOUR / 2)
        assert f"/c/course/q/{quiz.slug}/" in to(send(at), "bob").body


class TestStaff:
    def test_answers(self, wanted: None, given: Assignment, alice: Any, bob: Any, graded: Any, at: Any) -> None:
        with at(STARTED + HOUR / 2):
            submission = hand_in(given, bob, graded, {})
            comments.answer(comments.comment(submission, alice, "Why?", "1"), "Because.")
        body = to(send(at), "alice").body
        assert f"Bob Durand has answered a comment on Addition\n  https://rendu.example.org/s/{submission.pk}/" in body

    def test_who_may_need_help(self, wanted: None, given: Assignment, bob: Any, graded: Any, at: Any) -> None:
        with at(STARTED + HOUR / 2):
            for _ in range(2):
                hand_in(given, bob, graded, FAILED)
        assert [message.to for message in send(at)] == [["bob@example.org"]]  # two tries are no sign yet
        with at(MORNING + HOUR):
            hand_in(given, bob, graded, FAILED)
        body = to(send(at, MORNING + DAY), "alice").body
        assert "Addition: 1 student has tried three times or more" in body and "/insight/#stuck" in body
        assert send(at, MORNING + 2 * DAY) == []  # he has not gone on

    def test_what_could_not_be_graded(self, wanted: None, given: Assignment, bob: Any, at: Any) -> None:
        with at(STARTED + HOUR / 2):
            submission = actions.submit(given, bob, "a = 1")
            Run.objects.filter(pk=submission.run_id).update(
                state=RunState.JUDGE_FAILED, finished_at=timezone.now(), fault="the grader went silent"
            )
            ExerciseVersion.objects.filter(exercise=given.exercise).update(
                state=ExerciseVersion.State.BROKEN, created_at=timezone.now()
            )
        body = to(send(at), "alice").body
        assert "Addition: 1 submission\n" in body and f"of_assignment={given.pk}" in body
        assert "addition: version 1 is broken" in body

    def test_of_their_own_courses_only(
        self, wanted: None, given: Assignment, other_course: Any, alice: Any, bob: Any, graded: Any, at: Any
    ) -> None:
        Enrolment.objects.filter(user=alice).update(course=other_course)
        with at(STARTED + HOUR / 2):
            submission = hand_in(given, bob, graded, {})
            comments.answer(comments.comment(submission, alice, "Why?", "1"), "Because.")
        assert [message.to for message in send(at)] == [["bob@example.org"]]


def test_long_lists_are_cut(wanted: None, given: Assignment, alice: Any, bob: Any, at: Any) -> None:
    with at(STARTED + HOUR / 2):
        for number in range(35):
            item = GradeItem.objects.create(course=given.course, slug=f"oral{number}", title_en=f"Oral {number}")
            grades.enter(item, bob, Decimal(1), alice)
    body = to(send(at), "bob").body
    assert body.count("Oral ") == 30 and "and 5 more" in body


def test_text_of_people_stays_text(wanted: None, given: Assignment, alice: Any, bob: Any, at: Any) -> None:
    Course.objects.filter(pk=given.course_id).update(title_en="A & <b>B</b>\r\nBcc: x@example.org")
    with at(STARTED + HOUR / 2):
        item = GradeItem.objects.create(course=given.course, slug="oral", title_en="<script>alert(1)</script>")
        grades.enter(item, bob, Decimal(1), alice)
    message = to(send(at), "bob")
    assert "\n" not in message.subject and message.recipients() == ["bob@example.org"]
    assert "<script>" in message.body and "<script>" not in message.alternatives[0][0]
    assert "&lt;b&gt;" in message.alternatives[0][0]


class TestStopping:
    @pytest.fixture
    def link(self, wanted: None, given: Assignment, bob: Any, graded: Any, at: Any) -> str:
        with at(STARTED + HOUR / 2):
            hand_in(given, bob, graded, {})
        message = to(send(at), "bob")
        found = re.search(r"Stop the daily mail: https://rendu.example.org(\S+)", message.body)
        assert found
        assert message.extra_headers["List-Unsubscribe"] == f"<https://rendu.example.org{found[1]}>"
        assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        return found[1]

    def test_it_works(self, link: str, bob: Any) -> None:
        """Without sign-in, and as a mail program does it: no page before, no cookie, no token of a form."""
        client = Client(enforce_csrf_checks=True)
        page = client.get(link).content.decode()
        assert "bob" not in page.lower() and "<form" in page
        assert Digest.objects.get(user=bob).wanted  # a scanner that opens links ends nothing
        response = client.post(link, {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200 and "The daily mail is off" in response.content.decode()
        assert not Digest.objects.get(user=bob).wanted
        assert client.post(link).status_code == 200  # again: nothing breaks

    def test_only_that_person(self, link: str, alice: Any) -> None:
        Client().post(link)
        assert Digest.objects.get(user=alice).wanted

    def test_forged_links(self, link: str, alice: Any, bob: Any) -> None:
        forged = link.replace(f"/{bob.pk}:", f"/{alice.pk}:")
        assert forged != link
        for path in (forged, link[:-3] + "xx/", f"/accounts/digest/stop/{alice.pk}/", "/accounts/digest/stop/%00:x/"):
            assert Client().post(path).status_code == 404
        assert Digest.objects.get(user=alice).wanted

    def test_somebody_who_has_gone(self, link: str, bob: Any) -> None:
        Digest.objects.filter(user=bob).delete()
        assert Client().get(link).status_code == 404


def test_switched_on_again_it_begins_anew(wanted: None, given: Assignment, bob: Any, graded: Any, at: Any) -> None:
    digests.choose(bob, False, "https://rendu.example.org")
    with at(STARTED + HOUR / 2):
        hand_in(given, bob, graded, {})
    with at(MORNING - HOUR / 4):
        digests.choose(bob, True, "https://new.example.org")
    assert send(at) == []
    assert Digest.objects.get(user=bob).site == "https://new.example.org"


def test_the_command(wanted: None, capsys: pytest.CaptureFixture[str], at: Any) -> None:
    with at(MORNING):
        call_command("senddigests")
    assert capsys.readouterr().out == "daily mails sent: 0\n"


def test_the_loop_goes_on_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    closed: list[int] = []

    def look() -> int:
        looks.append(1)
        raise RuntimeError("the database is down")

    monkeypatch.setattr(sending, "send_due", look)
    monkeypatch.setattr(sending, "close_old_connections", lambda: closed.append(1))
    monkeypatch.setattr(sending, "EVERY", 0.0)
    monkeypatch.setattr(sending, "STEP", 0.0)
    sending.run_digests(lambda: len(looks) >= 3)
    assert len(looks) == len(closed) == 3


def test_an_account_without_an_address_gets_none(
    wanted: None, given: Assignment, bob: Any, graded: Any, at: Any
) -> None:
    """An LMS may bring people whose address it does not tell."""
    with at(STARTED + HOUR / 2):
        hand_in(given, bob, graded, FAILED)
    User.objects.filter(pk=bob.pk).update(email="lti-0123456789abcdef@lti.invalid")
    assert send(at) == []
