"""The life of an attempt: start, save, submit, the clock; what is refused; and that editing disturbs nobody."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.http import Http404
from django.utils import timezone

from gradebook import actions as gradebook
from gradebook.models import GradeEvent
from quizzes import actions
from quizzes.clock import build_ahead
from quizzes.errors import AttemptOver, BadAnswer, NoAttemptsLeft, NotHere, NotOpen, NotReady, WrongCode
from quizzes.models import GRACE, Answer, AnswerEvent, Attempt, AttemptEvent, Override, Quiz
from quizzes.results import attempt_view
from quizzes.windows import third_of
from tests.quizzes.quizzing import RIGHT, WRONG, add_question, add_quiz, add_slots, answer, content, key_of, options

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def attempt(quiz: Quiz, bob: Any) -> Attempt:
    return actions.start(quiz, bob)


def end_of(attempt: Attempt) -> Any:
    attempt.refresh_from_db()
    return attempt.deadline


def kinds(attempt: Attempt) -> list[str]:
    return list(AttemptEvent.objects.filter(attempt=attempt).values_list("kind", flat=True))


def test_it_works(quiz: Quiz, bob: Any) -> None:
    attempt = actions.start(quiz, bob, facts={"browser": "x"})
    assert attempt.deadline == attempt.started_at + HOUR
    for slug, response in RIGHT.items():
        answer(attempt, slug, response)
    done = actions.submit(attempt, by=bob)
    assert (done.state, done.score, done.max_score) == ("submitted", Decimal("7.00"), Decimal("7.00"))
    assert quiz.item.scores.get(student=bob).derived == 20
    assert kinds(attempt) == ["started", "submitted"]


def test_wrong_and_blank_answers(attempt: Attempt, bob: Any) -> None:
    answer(attempt, "single", RIGHT["single"])
    for slug in ("multiple", "matching", "ordering"):
        answer(attempt, slug, WRONG[slug])
    assert actions.submit(attempt, by=bob).score == 1
    assert Answer.objects.filter(attempt=attempt, fraction__isnull=True).count() == 0
    assert attempt.quiz.item.scores.get(student=bob).derived == Decimal("2.86")  # 20/7


def test_start_again_gives_the_running_attempt(quiz: Quiz, bob: Any, attempt: Attempt) -> None:
    again = actions.start(quiz, bob, now=attempt.started_at + 10 * SECOND)
    assert (again.pk, again.deadline) == (attempt.pk, attempt.deadline)


def test_submit_twice_is_the_same(attempt: Attempt, bob: Any) -> None:
    first = actions.submit(attempt, by=bob)
    second = actions.submit(attempt, by=bob)
    assert (first.ended_at, first.score) == (second.ended_at, second.score)
    assert kinds(attempt).count("submitted") == 1


# ---- The window --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"opens_at": HOUR}, NotOpen),
        ({"closes_at": -SECOND}, NotOpen),
        ({"visible": False}, NotOpen),
        ({"access_code": "paper"}, WrongCode),
    ],
)
def test_what_start_refuses(course: Any, bob: Any, fields: dict[str, Any], error: type[Exception]) -> None:
    now = timezone.now()
    quiz = add_quiz(course, **{k: now + v if isinstance(v, timedelta) else v for k, v in fields.items()})
    add_slots(quiz, add_question(course, "single"))
    with pytest.raises(error):
        actions.start(quiz, bob, access_code="wrong", now=now)
    assert not Attempt.objects.exclude(state="built").exists()


def test_the_access_code_opens(course: Any, bob: Any) -> None:
    quiz = add_quiz(course, access_code="paper")
    add_slots(quiz, add_question(course, "single"))
    assert actions.start(quiz, bob, access_code=" paper ").state == "running"
    assert actions.start(quiz, bob).state == "running"  # going on asks for no code


def test_closing_the_entry_never_shortens_an_attempt(course: Any, bob: Any) -> None:
    now = timezone.now()
    quiz = add_quiz(course, closes_at=now + 60 * SECOND)
    add_slots(quiz, add_question(course, "single"))
    attempt = actions.start(quiz, bob, now=now)
    assert attempt.deadline == now + HOUR
    assert answer(attempt, "single", "a", now=now + HOUR - SECOND).sequence == 1


def test_unless_the_quiz_says_so(course: Any, bob: Any) -> None:
    now = timezone.now()
    quiz = add_quiz(course, closes_at=now + 60 * SECOND, cut_at_close=True)
    add_slots(quiz, add_question(course, "single"))
    assert actions.start(quiz, bob, now=now).deadline == now + 60 * SECOND


def test_attempts_are_counted(course: Any, bob: Any) -> None:
    quiz = add_quiz(course, attempts=2)
    add_slots(quiz, add_question(course, "single"))
    numbers = []
    for _time in range(2):
        attempt = actions.start(quiz, bob)
        numbers.append(attempt.number)
        actions.submit(attempt, by=bob)
    assert numbers == [1, 2]
    with pytest.raises(NoAttemptsLeft):
        actions.start(quiz, bob)


def test_a_students_exception_wins_over_the_sections(quiz: Quiz, bob: Any, course: Any) -> None:
    section = course.sections.get()
    course.enrolments.filter(user=bob).update(section=section)
    Override.objects.create(quiz=quiz, section=section, extra_seconds=600, attempts=5)
    window = actions.window_of(quiz, bob)
    assert (window.seconds, window.attempts) == (4200, 5)
    Override.objects.create(quiz=quiz, student=bob, extra_seconds=third_of(3600))
    window = actions.window_of(quiz, bob)
    assert (window.seconds, window.attempts) == (4800, 5)
    assert actions.start(quiz, bob).remaining() == pytest.approx(4800, abs=30)
    assert Override.objects.filter(quiz=quiz, student=bob).update(extra_seconds=0, extra_percent=10)
    assert actions.window_of(quiz, bob).seconds == 3960


def test_an_exception_opens_a_closed_quiz(quiz: Quiz, bob: Any) -> None:
    now = timezone.now()
    Quiz.objects.update(closes_at=now - HOUR)
    quiz.refresh_from_db()
    Override.objects.create(quiz=quiz, student=bob, closes_at=now + HOUR)
    assert actions.start(quiz, bob, now=now).state == "running"


# ---- Building ----------------------------------------------------------------------------------------------------


def test_attempts_are_built_before_the_opening(quiz: Quiz, bob: Any, charlie: Any) -> None:
    now = timezone.now()
    Quiz.objects.update(opens_at=now + 10 * SECOND)
    assert build_ahead(now - HOUR) == 0
    assert build_ahead(now) == 1  # Bob; Alice teaches, Charlie is elsewhere
    assert build_ahead(now) == 0
    built = Attempt.objects.get()
    assert (built.student, built.state, len(built.layout)) == (bob, "built", 7)
    quiz.refresh_from_db()
    assert actions.start(quiz, bob, now=now + 11 * SECOND).pk == built.pk


def test_editing_rebuilds_what_nobody_has_started_and_nothing_else(quiz: Quiz, bob: Any, alice: Any) -> None:
    running = actions.start_preview(quiz, alice)
    waiting = actions.build_attempt(quiz, bob)
    question = quiz.slots.first().question
    old = question.current_id
    assert old in {entry["version"] for entry in waiting.layout}
    form = content("single", name="Other words")
    add_question(quiz.course, "single", form)
    assert not Attempt.objects.filter(pk=waiting.pk).exists()
    assert Attempt.objects.get(pk=running.pk).layout == running.layout
    attempt = actions.start(quiz, bob)
    view = attempt_view(attempt, bob)
    assert len(view["questions"]) == 7
    versions = {entry["version"] for entry in attempt.layout}
    question.refresh_from_db()
    assert old not in versions
    assert question.current_id in versions
    quiz.slots.first().delete()
    quiz.save()
    assert len(Attempt.objects.get(pk=attempt.pk).layout) == 7


def test_pools_give_no_question_twice(course: Any, bob: Any) -> None:
    from quizzes.models import Slot

    quiz = add_quiz(course)
    for number in range(6):
        add_question(course, f"q-{number}", content("single"), pool="LLM/security" if number == 0 else "LLM")
    Slot.objects.create(quiz=quiz, position=0, pool="LLM", count=5, points=2)
    Slot.objects.create(quiz=quiz, position=1, pool="LLM/security", count=1)
    # The first slot may draw the only question of the second: a plain draw would fail five times in six.
    attempt = actions.build_attempt(quiz, bob)
    versions = [entry["version"] for entry in attempt.layout]
    assert len(set(versions)) == 6
    assert attempt.max_score == 11
    assert {entry["drawn"] for entry in attempt.layout} == {True}
    Slot.objects.filter(position=0).update(count=6)
    Attempt.objects.all().delete()
    with pytest.raises(NotReady, match="too few"):
        actions.start(quiz, bob)


def test_orders_are_the_students_own(quiz: Quiz, course: Any) -> None:
    from accounts.models import User
    from courses.models import Enrolment

    layouts = set()
    for number in range(12):
        user = User.objects.create_user(f"s{number}@example.org")
        Enrolment.objects.create(course=course, user=user)
        attempt = actions.build_attempt(quiz, user)
        layouts.add(repr(attempt.layout))
        orders = {key_of(attempt, slug): slug for slug in RIGHT}
        for entry in attempt.layout:
            if orders[entry["key"]] == "true-false":
                assert entry["order"] == ["true", "false"]
            if orders[entry["key"]] == "ordering":
                assert entry["order"] != ["i1", "i2", "i3", "i4"]
    assert len(layouts) == 12


def test_fixed_orders_stay(course: Any, bob: Any) -> None:
    quiz = add_quiz(course, shuffle_questions=False)
    questions = [add_question(course, f"q-{n}", content("single", fixed_order=True)) for n in range(5)]
    add_slots(quiz, *questions)
    layout = actions.build_attempt(quiz, bob).layout
    assert [entry["version"] for entry in layout] == [question.current_id for question in questions]
    assert all(entry["order"] == ["a", "b", "c", "d"] for entry in layout)


# ---- Saving ------------------------------------------------------------------------------------------------------


def test_the_newest_answer_counts_and_every_one_is_kept(attempt: Attempt) -> None:
    assert [answer(attempt, "single", choice, tab="one").sequence for choice in "bca"] == [1, 2, 3]
    assert Answer.objects.get(attempt=attempt).response == "a"
    events = AnswerEvent.objects.filter(attempt=attempt).order_by("sequence")
    assert [event.response for event in events] == ["b", "c", "a"]
    assert not any(event.stale for event in events)


def test_two_pages_on_one_answer(attempt: Attempt) -> None:
    first = answer(attempt, "single", "a", seen=0, tab="one")
    other_question = answer(attempt, "short", "x", seen=0, tab="two")
    second = answer(attempt, "single", "b", seen=0, tab="two")
    assert [first.stale, other_question.stale, second.stale] == [False, False, True]
    assert Answer.objects.get(attempt=attempt, key=key_of(attempt, "single")).response == "b"
    assert kinds(attempt)[-1] == "conflict"
    assert not answer(attempt, "single", "c", seen=second.sequence, tab="one").stale


def test_a_slow_answer_to_ones_own_page_is_no_conflict(attempt: Attempt) -> None:
    answer(attempt, "single", "a", seen=0, tab="one")
    assert not answer(attempt, "single", "b", seen=0, tab="one").stale


def test_flags_and_seconds_stay_when_they_are_not_sent(attempt: Attempt) -> None:
    answer(attempt, "single", "a", flagged=True, seconds=12.5)
    answer(attempt, "single", "b", seconds=float("nan"))
    saved = Answer.objects.get(attempt=attempt)
    assert (saved.flagged, saved.seconds) == (True, 12.5)
    answer(attempt, "single", "b", flagged=False, seconds=20)
    saved.refresh_from_db()
    assert (saved.flagged, saved.seconds) == (False, 20)


def test_answers_are_accepted_until_the_grace_is_over(attempt: Attempt) -> None:
    end = end_of(attempt)
    assert answer(attempt, "single", "a", now=end + GRACE).sequence == 1
    with pytest.raises(AttemptOver):
        answer(attempt, "single", "b", now=end + GRACE + SECOND / 1000)
    assert Answer.objects.get(attempt=attempt).response == "a"
    late = AttemptEvent.objects.get(attempt=attempt, kind="late")
    assert late.detail["key"] == key_of(attempt, "single")


def test_nothing_is_accepted_after_submitting(attempt: Attempt, bob: Any) -> None:
    actions.submit(attempt, by=bob)
    with pytest.raises(AttemptOver):
        answer(attempt, "single", "a")
    assert kinds(attempt)[-1] == "late"


@pytest.mark.parametrize("response", ["z", ["a", "a"], 5, {"a": "b"}, ["a"], {}, True, "\0"])
def test_what_is_no_answer(attempt: Attempt, bob: Any, response: Any) -> None:
    with pytest.raises(BadAnswer):
        actions.save_answer(attempt.pk, bob, key_of(attempt, "single"), response, seen=0)
    assert not Answer.objects.exists()


def test_odd_characters_in_typed_and_in_refused_answers(attempt: Attempt, bob: Any) -> None:
    answer(attempt, "short", "tokeni\0\ud800zation")
    assert Answer.objects.get().response == "tokenization"
    actions.submit(attempt, by=bob)
    with pytest.raises(AttemptOver):
        actions.save_answer(attempt.pk, bob, "q1", {"\0": "\ud800"}, seen=0)
    assert kinds(attempt)[-1] == "late"


def test_somebody_elses_attempt_does_not_exist(attempt: Attempt, alice: Any, charlie: Any) -> None:
    for person in (alice, charlie):
        with pytest.raises(Http404):
            actions.save_answer(attempt.pk, person, "q1", None, seen=0)
    with pytest.raises(Http404):
        actions.save_answer(attempt.pk, attempt.student, "q99", None, seen=0)


def test_without_a_way_back(course: Any, bob: Any) -> None:
    quiz = add_quiz(course, navigation="sequential", shuffle_questions=False)
    add_slots(quiz, *(add_question(course, slug) for slug in ("single", "true-false", "short")))
    attempt = actions.start(quiz, bob)
    answer(attempt, "single", "a")
    with pytest.raises(NotHere):
        answer(attempt, "true-false", "true")
    view = attempt_view(attempt, bob)
    assert [question["open"] for question in view["questions"]] == [True, False, False]
    assert "text" not in view["questions"][1]
    assert actions.advance(attempt.pk, bob, "q1").place == "q2"
    assert actions.advance(attempt.pk, bob, "q1").place == "q2"
    with pytest.raises(NotHere):
        answer(attempt, "single", "b")
    answer(attempt, "true-false", "true")
    assert actions.advance(attempt.pk, bob, "q2").place == "q3"
    assert actions.advance(attempt.pk, bob, "q3").place == "q3"


# ---- The end -----------------------------------------------------------------------------------------------------


def test_browser_open_and_browser_gone_give_the_same(quiz: Quiz, bob: Any, course: Any) -> None:
    from accounts.models import User
    from courses.models import Enrolment

    carol = User.objects.create_user("carol@example.org")
    Enrolment.objects.create(course=course, user=carol)
    now = timezone.now()
    ends = []
    for student in (bob, carol):
        attempt = actions.start(quiz, student, now=now)
        answer(attempt, "single", "a", now=now + HOUR - SECOND)
        answer(attempt, "true-false", "true", now=now + HOUR + 30 * SECOND)
        if student == bob:
            actions.submit(attempt, by=bob, now=now + HOUR + 31 * SECOND)
        ends.append(attempt)
    assert actions.expire_due(now + HOUR + GRACE) == 0  # the last instant still belongs to the grace
    assert actions.expire_due(now + HOUR + GRACE + SECOND) == 1
    assert actions.expire_due(now + HOUR + GRACE + 2 * SECOND) == 0
    for attempt in ends:
        attempt.refresh_from_db()
        assert (attempt.state, attempt.score, attempt.ended_at) == ("expired", 2, now + HOUR)
    assert {score.derived for score in quiz.item.scores.all()} == {Decimal("5.71")}


def test_a_page_ends_an_attempt_when_the_clock_is_down(attempt: Attempt) -> None:
    after = end_of(attempt) + GRACE + SECOND
    assert actions.settle(attempt, after - 2 * SECOND).state == "running"
    assert actions.settle(attempt, after).state == "expired"


def test_more_time_given_in_the_last_second_wins_over_the_clock(attempt: Attempt, alice: Any) -> None:
    after = end_of(attempt) + GRACE + SECOND
    actions.extend([attempt], 600, alice)
    assert actions.expire_due(after) == 0
    assert answer(attempt, "single", "a", now=after).sequence == 1


def test_which_attempt_counts(course: Any, bob: Any) -> None:
    from quizzes.items import save_quiz

    quiz = add_quiz(course, attempts=3)
    add_slots(
        quiz, add_question(course, "single", content("single", options=options(("a", 1.0), ("b", 0.5), ("c", 0))))
    )
    for choice in ("b", "a", "c"):
        attempt = actions.start(quiz, bob)
        answer(attempt, "single", choice)
        actions.submit(attempt, by=bob)
    cell = quiz.item.scores.get(student=bob)
    assert cell.derived == 20
    for counts, points in (("last", 0), ("first", 10), ("best", 20)):
        quiz.counts = counts
        save_quiz(quiz)
        cell.refresh_from_db()
        assert cell.derived == points
    assert GradeEvent.objects.filter(score=cell, kind="derived").count() == 5


def test_an_override_survives(attempt: Attempt, bob: Any, alice: Any) -> None:
    item = attempt.quiz.item
    gradebook.set_override(item, bob, Decimal(15), alice, "oral")
    actions.submit(attempt, by=bob)
    cell = item.scores.get(student=bob)
    assert (cell.derived, cell.points) == (0, 15)


def test_a_preview_is_in_no_gradebook(quiz: Quiz, alice: Any) -> None:
    preview = actions.start_preview(quiz, alice)
    assert actions.start_preview(quiz, alice).pk == preview.pk
    answer(preview, "single", "a")
    assert actions.submit(preview, by=alice).score == 1
    assert not quiz.item.scores.exists()
    assert actions.start_preview(quiz, alice).pk != preview.pk


# ---- The staff ---------------------------------------------------------------------------------------------------


def test_pause_and_resume_keep_what_was_left(attempt: Attempt, alice: Any) -> None:
    now = attempt.started_at + 600 * SECOND
    assert actions.pause([attempt], alice, now=now) == 1
    assert actions.pause([attempt], alice, now=now) == 0
    attempt.refresh_from_db()
    assert attempt.remaining() == pytest.approx(3000)
    with pytest.raises(AttemptOver):
        answer(attempt, "single", "a", now=now)
    assert actions.expire_due(now + 5 * HOUR) == 0
    actions.extend([attempt], 60, alice, now=now + SECOND)
    assert actions.resume([attempt], alice, now=now + HOUR) == 1
    assert end_of(attempt) == now + HOUR + 3060 * SECOND
    assert kinds(attempt) == ["started", "paused", "late", "extended", "resumed"]


def test_time_taken_back_ends_at_the_present_moment(attempt: Attempt, alice: Any) -> None:
    now = attempt.started_at + 60 * SECOND
    assert actions.extend([attempt], -7200, alice, now=now) == 1
    assert end_of(attempt) == now


def test_reopen_takes_the_score_back(attempt: Attempt, bob: Any, alice: Any) -> None:
    answer(attempt, "single", "a")
    actions.submit(attempt, by=bob)
    again = actions.reopen(attempt, 300, alice)
    assert (again.state, again.score) == ("running", None)
    assert attempt.quiz.item.scores.get(student=bob).points is None
    answer(attempt, "true-false", "true")
    assert actions.submit(again, by=bob).score == 2
    with pytest.raises(AttemptOver):
        actions.reopen(actions.reopen(attempt, None, alice), 300, alice)


def test_announcements_reach_those_who_write(attempt: Attempt, bob: Any, alice: Any) -> None:
    actions.announce(attempt.quiz, " Question 3: read “row” for “line”. ", alice)
    told = attempt_view(attempt, bob)["announcements"]
    assert [item["text"] for item in told] == ["Question 3: read “row” for “line”."]
    with pytest.raises(BadAnswer):
        actions.announce(attempt.quiz, "  ", alice)


def test_another_device_is_noticed(attempt: Attempt) -> None:
    for browser in ("x", "x", "y"):
        actions.note(attempt, "opened", {"facts": {"browser": browser}})
    assert kinds(attempt) == ["started", "opened", "opened", "opened", "device"]
    with pytest.raises(BadAnswer):
        actions.note(attempt, "submitted", {})


def test_the_quiz_is_a_column_of_the_gradebook(attempt: Attempt, bob: Any) -> None:
    from gradebook.export import plain_csv
    from gradebook.table import build_table

    answer(attempt, "single", "a")
    actions.submit(attempt, by=bob)
    header, row = plain_csv(build_table(attempt.quiz.course)).splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert cells["exam"] == "2.86"


def test_a_deleted_quiz_takes_its_column_along(quiz: Quiz, bob: Any) -> None:
    from django.core.exceptions import ValidationError

    from quizzes.items import delete_quiz

    item = quiz.item
    actions.build_attempt(quiz, bob)
    delete_quiz(quiz)
    assert not type(item).objects.filter(pk=item.pk).exists()
    again = add_quiz(quiz.course)
    add_slots(again, add_question(quiz.course, "single"))
    actions.start(again, bob)
    with pytest.raises(ValidationError, match="started"):
        delete_quiz(again)
