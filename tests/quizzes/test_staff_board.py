"""The invigilator's board: who is in, what is saved, time left; more time, pauses, ends, reopening, announcements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from courses.models import Enrolment, Section
from gradebook.models import Score
from quizzes import actions, board
from quizzes.errors import AttemptOver
from quizzes.models import Answer, Attempt, AttemptEvent, AttemptState, Quiz
from tests.quizzes.quizzing import RIGHT, answer

BOARD = "/c/course/q/exam/board/"
Kind = AttemptEvent.Kind


@pytest.fixture
def attempt(quiz: Quiz, bob: Any) -> Attempt:
    return actions.start(quiz, bob)


@pytest.fixture
def dana(course: Any) -> User:
    """A second student, of section A, who has not started."""
    found = User.objects.create_user("dana@example.org", given_name="Dana", family_name="Blanc")
    Enrolment.objects.create(course=course, user=found, section=Section.objects.get(course=course))
    return found


@pytest.fixture
def alices(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def row(quiz: Quiz, student: Any) -> board.Row:
    return next(found for found in board.rows_of(quiz) if found.enrolment.user == student)


def press(client: Client, action: str, *attempts: Attempt, **more: Any) -> str:
    """Tick the attempts and press a button; the page that comes then."""
    body = {"action": action, "whom": "chosen", "minutes": "10", "attempt": [str(found.pk) for found in attempts]}
    return client.post(BOARD, body | more, follow=True).content.decode()


def test_it_works(alices: Client, quiz: Quiz, attempt: Attempt, bob: Any, dana: Any) -> None:
    answer(attempt, "single", "a")
    answer(attempt, "short", None, flagged=True)  # flagged only: nothing is answered
    actions.note(attempt, "focus_lost", {})
    page = alices.get(BOARD).content.decode()
    assert "Bob Durand" in page and "1/7" in page and "page left 1 time" in page and "1 hour" in page
    assert "Dana Blanc" in page and "1 writing, 0 of them not connected; 0 handed in; 1 not started" in page
    rows = alices.get(f"{BOARD}rows")
    assert "1/7" in rows.content.decode() and "<html" not in rows.content.decode()
    assert rows["X-Poll-After"] == "5000" and "no-store" in rows["Cache-Control"]
    assert AuditEvent.objects.filter(kind=AuditEvent.Kind.WORK_SEEN).count() == 1


def test_outsiders(client: Client, quiz: Quiz, attempt: Attempt, bob: Any, charlie: Any) -> None:
    body = {"action": "extend", "whom": "shown", "minutes": "60"}
    for person in (bob, charlie):
        client.force_login(person)
        for path in (BOARD, f"{BOARD}rows"):
            assert client.get(path).status_code == 404
        assert client.post(BOARD, body).status_code == 404
    client.logout()
    assert client.get(BOARD).status_code == 302
    assert client.get(f"{BOARD}rows").status_code == 401
    assert not AttemptEvent.objects.filter(kind=Kind.EXTENDED).exists()


def test_a_page_that_is_not_heard_of(quiz: Quiz, attempt: Attempt, bob: Any, client: Client) -> None:
    assert row(quiz, bob).state == "writing"
    Attempt.objects.update(seen_at=timezone.now() - timedelta(seconds=91))
    assert row(quiz, bob).state == "away"
    client.force_login(bob)
    client.get(f"/api/attempts/{attempt.pk}/clock")  # what a page asks every minute, answered or not
    assert row(quiz, bob).state == "writing"


def test_the_staff_looking_is_no_sign_of_the_student(alices: Client, quiz: Quiz, attempt: Attempt, bob: Any) -> None:
    Attempt.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    alices.get(f"/api/attempts/{attempt.pk}/clock")
    assert row(quiz, bob).state == "away"


def test_more_time_for_the_ticked(alices: Client, quiz: Quiz, attempt: Attempt, alice: Any, dana: Any) -> None:
    other = actions.start(quiz, dana)
    assert "The time of 1 attempt was changed." in press(alices, "extend", attempt, minutes="7,5")
    before, after = attempt.deadline, Attempt.objects.get(pk=attempt.pk).deadline
    assert before and after and after - before == timedelta(seconds=450)
    assert Attempt.objects.get(pk=other.pk).deadline == other.deadline
    trace = AuditEvent.objects.get(kind=AuditEvent.Kind.QUIZ)
    assert (trace.by, trace.about, trace.detail) == (alice, attempt.student, "exam: extend attempt 1, 450 s")


def test_for_everybody_in_the_table(alices: Client, quiz: Quiz, attempt: Attempt, bob: Any, dana: Any) -> None:
    """What the filter shows, and nobody else."""
    actions.start(quiz, dana)
    section = Section.objects.get(course=quiz.course)
    shown = alices.get(BOARD, {"section": section.pk, "state": "writing"}).content.decode()
    assert "Dana Blanc" in shown and "Bob Durand" not in shown
    done = alices.post(BOARD, {"action": "pause", "whom": "shown", "section": section.pk, "state": "writing"})
    assert (done.status_code, done["Location"]) == (303, f"{BOARD}?section={section.pk}&state=writing")
    states = {found.student: found.state for found in Attempt.objects.all()}
    assert states == {bob: AttemptState.RUNNING, dana: AttemptState.PAUSED}


def test_pause_and_go_on(alices: Client, quiz: Quiz, attempt: Attempt) -> None:
    assert "1 attempt is paused." in press(alices, "pause", attempt)
    assert "Nothing to do" in press(alices, "pause", attempt)
    assert "1 attempt goes on." in press(alices, "resume", attempt)
    kinds = list(attempt.events.values_list("kind", flat=True))
    assert kinds == [Kind.STARTED, Kind.PAUSED, Kind.RESUMED]
    assert AuditEvent.objects.filter(kind=AuditEvent.Kind.QUIZ).count() == 2


def test_buttons_of_a_row(alices: Client, quiz: Quiz, attempt: Attempt, bob: Any) -> None:
    """A row's button concerns its row, whatever is ticked; the Enter key's default action is not taken for it."""
    answer(attempt, "single", RIGHT["single"])
    one = {"whom": "shown", "minutes": "10"}
    alices.post(BOARD, one | {"one": f"end:{attempt.pk}"})
    attempt.refresh_from_db()
    assert (attempt.state, attempt.score) == (AttemptState.SUBMITTED, 1)
    assert Score.objects.get(student=bob).points is not None
    alices.post(BOARD, one | {"one": f"reopen:{attempt.pk}"})
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.RUNNING and attempt.deadline
    assert 590 < (attempt.deadline - timezone.now()).total_seconds() <= 600
    details = AuditEvent.objects.filter(kind=AuditEvent.Kind.QUIZ).order_by("pk").values_list("detail", flat=True)
    assert list(details) == ["exam: end attempt 1", "exam: reopen attempt 1, 600 s"]


def test_reopening_without_a_limit(alices: Client, quiz: Quiz, attempt: Attempt) -> None:
    Quiz.objects.update(seconds=None)
    actions.submit(attempt, by=None)
    press(alices, "reopen", attempt, minutes="")
    attempt.refresh_from_db()
    assert (attempt.state, attempt.deadline) == (AttemptState.RUNNING, None)
    assert "Nothing to do" in press(alices, "extend", attempt)


def test_an_older_attempt_is_not_opened_beside_a_running_one(quiz: Quiz, bob: Any, alice: Any) -> None:
    Quiz.objects.update(attempts=2)
    quiz.refresh_from_db()
    first = actions.submit(actions.start(quiz, bob), by=bob)
    actions.start(quiz, bob)
    with pytest.raises(AttemptOver):
        board.act(quiz, "reopen", [first.pk], 600, alice)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("minutes", ["", "many", "nan", "1e9", "0", "-inf"])
def test_minutes_that_are_none(alices: Client, quiz: Quiz, attempt: Attempt, minutes: str) -> None:
    assert "Minutes: write a number such as 10." in press(alices, "extend", attempt, minutes=minutes)
    assert Attempt.objects.get().deadline == attempt.deadline


def test_bad_requests(alices: Client, quiz: Quiz, attempt: Attempt, other_course: Any) -> None:
    assert "Nobody is chosen" in press(alices, "end")
    assert alices.post(BOARD, {"action": "dance", "attempt": attempt.pk}).status_code == 404
    assert alices.post(BOARD, {"action": "end", "attempt": "1"}).status_code == 404
    assert alices.post(BOARD, {"one": "end"}).status_code == 404
    assert alices.get(f"{BOARD}rows", {"section": "x", "state": "?"}).status_code == 200
    assert Attempt.objects.get().state == AttemptState.RUNNING


def test_attempts_of_another_quiz_are_left_alone(alices: Client, quiz: Quiz, attempt: Attempt) -> None:
    from tests.quizzes.quizzing import add_quiz

    add_quiz(quiz.course, slug="second")
    page = alices.post("/c/course/q/second/board/", {"action": "end", "attempt": attempt.pk}, follow=True)
    assert "Nothing to do" in page.content.decode()
    assert Attempt.objects.get().state == AttemptState.RUNNING


def test_announcement(alices: Client, quiz: Quiz, attempt: Attempt, alice: Any) -> None:
    page = alices.post(BOARD, {"action": "announce", "text": " Question 4: k is 1000. "}, follow=True).content.decode()
    assert "Question 4: k is 1000." in page
    assert actions.settle(attempt).quiz.announcements.get().by == alice
    assert AuditEvent.objects.get(kind=AuditEvent.Kind.QUIZ).detail == "exam: announced: Question 4: k is 1000."
    refused = alices.post(BOARD, {"action": "announce", "text": "  "}, follow=True).content.decode()
    assert "Write 1 to 500 characters." in refused
    assert quiz.announcements.count() == 1


def test_previews_are_not_on_it(quiz: Quiz, alice: Any, bob: Any) -> None:
    actions.start_preview(quiz, alice)
    assert [found.enrolment.user for found in board.rows_of(quiz)] == [bob]


def test_who_has_left_the_course_stays_with_an_attempt(quiz: Quiz, attempt: Attempt, bob: Any, dana: Any) -> None:
    Enrolment.objects.filter(user__in=[bob, dana]).update(active=False)
    assert [found.enrolment.user for found in board.rows_of(quiz)] == [bob]


def test_a_class_of_three_hundred_costs_as_many_queries_as_one(
    alices: Client, quiz: Quiz, attempt: Attempt, django_assert_max_num_queries: Any
) -> None:
    people = User.objects.bulk_create(
        User(email=f"s{n}@example.org", given_name="S", family_name=f"N{n}") for n in range(300)
    )
    Enrolment.objects.bulk_create(Enrolment(course=quiz.course, user=person) for person in people)
    now = timezone.now()
    made = Attempt.objects.bulk_create(
        Attempt(
            quiz=quiz, student=person, number=1, state=AttemptState.RUNNING, layout=attempt.layout, started_at=now,
            deadline=now + timedelta(hours=1), seen_at=now,
        )
        for person in people
    )  # fmt: skip
    Answer.objects.bulk_create(
        Answer(attempt=found, key=entry["key"], response="a", sequence=1) for found in made for entry in found.layout
    )
    with django_assert_max_num_queries(12):
        page = alices.get(f"{BOARD}rows").content.decode()
    assert page.count("7/7") == 300
