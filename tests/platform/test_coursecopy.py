"""A course copied to the next year: all but people and their work, dates on the same clock, nothing half done."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from config.coursecopy import CannotCopy, copy_course, shifted
from courses.models import Course, Enrolment
from exercises import actions
from exercises.dates import CreditStep, Extension
from exercises.models import Assignment, Bundle, Exercise, ExerciseVersion, Run, Submission
from gradebook.models import Category, GradeItem, Score
from quizzes.authoring import save_question
from quizzes.items import save_quiz, set_slots
from quizzes.models import Question, QuestionVersion, Quiz, Slot
from quizzes.questions import parse

PARIS = ZoneInfo("Europe/Paris")
CONTENT = {
    "type": "single",
    "name": "Sum",
    "text": {"en": "1 + 1?", "fr": "1 + 1 ?"},
    "points": 1,
    "options": [
        {"id": "a", "text": {"en": "2", "fr": "2"}, "fraction": 1},
        {"id": "b", "text": {"en": "3", "fr": "3"}, "fraction": 0},
    ],
}


def paris(*parts: int, fold: int = 0) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=PARIS, fold=fold)  # type: ignore[arg-type, misc]


@pytest.fixture
def full(course: Any, assignment: Assignment, bob: Any, graded: Any) -> Course:
    """The course with one of everything, and Bob's work."""
    category = Category.objects.create(course=course, title_en="Exercises", weight=Decimal(40), drop_lowest=1)
    GradeItem.objects.create(course=course, slug="oral", title_en="Oral", max_points=Decimal(20), weight=Decimal(3))
    graded(actions.submit(assignment, bob, "def add(a, b): return a + b"))
    dates = {"opens_at": paris(2025, 3, 1, 8, 0), "due_at": paris(2025, 3, 29, 23, 59)}
    Assignment.objects.filter(pk=assignment.pk).update(**dates, tries=5, counts="last")
    GradeItem.objects.filter(pk=assignment.item_id).update(category=category, closes_at=paris(2025, 3, 29, 23, 59))
    CreditStep.objects.create(assignment=assignment, until=paris(2025, 4, 5, 23, 59), percent=50)
    Extension.objects.create(assignment=assignment, student=bob, extra_tries=1)
    save_question(course, "sum", parse(CONTENT), "easy")
    saved = save_question(course, "sum", parse(CONTENT | {"points": 2}))
    quiz = Quiz(course=course, slug="exam", title_en="Exam", access_code="secret", seconds=600)
    quiz.opens_at, quiz.closes_at = paris(2025, 6, 2, 9, 0), paris(2025, 6, 2, 11, 0)
    save_quiz(quiz, points=Decimal(30), weight=Decimal(7))
    set_slots(quiz, [Slot(question=saved.question, points=Decimal(4)), Slot(pool="easy", count=2)])
    return Course.objects.get(pk=course.pk)


def test_it_works(full: Course, exercise: Exercise) -> None:
    new = copy_course(full, "next", shift_days=364)
    assert (new.title_en, new.title_fr, new.time_zone) == ("Course", "Cours", "Europe/Paris")
    copied = new.exercises.get()
    assert copied.read_files().files == exercise.read_files().files
    assert copied.published.number == 1 and copied.published.exercise == copied
    assert copied.published.manifest == exercise.published.manifest and copied.published.max_score == 10
    assert Bundle.objects.filter(sha256=copied.published.sha256).count() == 1
    assert not Run.objects.filter(version=copied.published).exists()
    given = new.assignments.get()
    assert (given.exercise, given.slug, given.tries, given.counts) == (copied, "addition", 5, "last")
    assert not given.visible
    assert given.opens_at == paris(2026, 2, 28, 8, 0) and given.due_at == paris(2026, 3, 28, 23, 59)
    step = given.credit_steps.get()
    assert (step.until, step.percent) == (paris(2026, 4, 4, 23, 59), 50)
    assert given.item.course == new and given.item.closes_at == paris(2026, 3, 28, 23, 59)
    category = new.grade_categories.get()
    assert given.item.category == category and (category.weight, category.drop_lowest) == (40, 1)
    assert new.grade_items.get(slug="oral").max_points == 20


def test_quizzes_with_slots_and_questions(full: Course) -> None:
    new = copy_course(full, "next", shift_days=364)
    quiz = new.quizzes.get()
    assert (quiz.seconds, quiz.access_code, quiz.visible) == (600, "", False)
    assert quiz.opens_at == paris(2026, 6, 1, 9, 0) and quiz.closes_at == paris(2026, 6, 1, 11, 0)
    assert (quiz.item.course, quiz.item.max_points, quiz.item.weight) == (new, 30, 7)
    first, second = quiz.slots.all()
    question = new.questions.get()
    assert first.question == question and first.points == 4
    assert (second.pool, second.count) == ("easy", 2) and question.pool == "easy"
    assert question.current.number == 1 and question.current.question == question
    assert question.current.content["points"] == 2 and question.versions.count() == 1


def test_people_and_work_stay_behind(full: Course) -> None:
    new = copy_course(full, "next")
    assert not Enrolment.objects.filter(course=new).exists() and not new.sections.exists()
    assert not Submission.objects.filter(assignment__course=new).exists()
    assert not Score.objects.filter(item__course=new).exists()
    assert not Extension.objects.filter(assignment__course=new).exists()
    assert new.join_code == ""


def test_the_old_course_is_as_it_was(full: Course, bob: Any) -> None:
    models = (
        Exercise,
        ExerciseVersion,
        Assignment,
        GradeItem,
        Category,
        CreditStep,
        Question,
        QuestionVersion,
        Quiz,
        Slot,
    )
    before = {model: list(model.objects.order_by("pk").values()) for model in models}
    copy_course(full, "next", shift_days=7)
    for model, rows in before.items():
        assert list(model.objects.filter(pk__in=[row["id"] for row in rows]).order_by("pk").values()) == rows
    assert Score.objects.get(student=bob).points == 10


@pytest.mark.parametrize(
    ("moment", "days", "expected"),
    [
        (paris(2025, 3, 28, 23, 59), 2, paris(2025, 3, 30, 23, 59)),  # over the spring change
        (paris(2025, 10, 25, 23, 59), 1, paris(2025, 10, 26, 23, 59)),  # over the autumn change
        (paris(2025, 3, 29, 2, 30), 1, paris(2025, 3, 30, 3, 30)),  # skipped by the clocks
        (paris(2025, 10, 25, 2, 30), 1, paris(2025, 10, 26, 2, 30)),  # shown twice: the first
        (paris(2025, 10, 26, 2, 30, fold=1), 364, paris(2026, 10, 25, 2, 30, fold=1)),
        (paris(2024, 2, 29, 12, 0), -366, paris(2023, 2, 28, 12, 0)),
        (paris(2025, 5, 1, 12, 0), 0, paris(2025, 5, 1, 12, 0)),
    ],
)
def test_the_clock_on_the_wall_is_kept(moment: Any, days: int, expected: Any) -> None:
    utc = datetime.UTC
    assert shifted(moment.astimezone(utc), days, PARIS) == expected.astimezone(utc)


@pytest.mark.parametrize(("slug", "days"), [("course", 1), ("", 1), ("no spaces", 1), ("next", 10**6)])
def test_what_cannot_be_copied_leaves_nothing(full: Course, slug: str, days: int) -> None:
    with pytest.raises(CannotCopy):
        copy_course(full, slug, shift_days=days)
    assert Course.objects.count() == 1 and Exercise.objects.count() == 1


def test_a_fault_half_way_leaves_nothing(full: Course) -> None:
    Quiz.objects.update(closes_at=datetime.datetime(9999, 12, 30, tzinfo=datetime.UTC))
    with pytest.raises(CannotCopy):
        copy_course(full, "next", shift_days=364)
    assert Course.objects.count() == 1 and Exercise.objects.count() == 1 and Assignment.objects.count() == 1


def test_an_unpublished_exercise_is_copied_unpublished(course: Course) -> None:
    Exercise.objects.create(course=course, slug="draft", archived=True)
    copied = copy_course(course, "next").exercises.get()
    assert copied.published is None and copied.archived


# ---- Command and page ----------------------------------------------------------------------------------------------


def test_the_command(full: Course, alice: Any) -> None:
    out = io.StringIO()
    call_command("copycourse", "course", "next", "--shift-days", "7", "--instructor", alice.email, stdout=out)
    assert "1 assignments, 1 quizzes" in out.getvalue()
    assert Enrolment.objects.get(course__slug="next").user == alice
    with pytest.raises(CommandError, match="already exists"):
        call_command("copycourse", "course", "next")
    with pytest.raises(CommandError, match="nobody has the address"):
        call_command("copycourse", "course", "third", "--instructor", "x@example.org")
    with pytest.raises(CommandError):
        call_command("copycourse", "nothing", "third")


def test_the_page(client: Client, full: Course, alice: Any) -> None:
    client.force_login(alice)
    address = reverse("course-copy", args=["course"])
    assert address in client.get(reverse("admin:courses_course_change", args=[full.pk])).content.decode()
    content = client.get(address).content.decode()
    assert "2025-03-01" in content and 'value="364"' in content
    data = {"slug": "next", "title_en": "Course 2026", "title_fr": "", "shift_days": "364"}
    response = client.post(address, data)
    new = Course.objects.get(slug="next")
    assert response.url == reverse("course", args=["next"]) and new.title_en == "Course 2026"
    assert Enrolment.objects.get(course=new).user == alice
    assert client.get(response.url).status_code == 200
    for change in ({}, {"slug": "a b"}, {"slug": "x", "shift_days": "many"}, {"slug": "x", "shift_days": "99999"}):
        refused = client.post(address, data | change)
        assert refused.status_code == 200 and 'class="error"' in refused.content.decode()
    assert Course.objects.count() == 2


def test_outsiders(client: Client, full: Course, bob: Any, charlie: Any) -> None:
    address = reverse("course-copy", args=["course"])
    assert client.get(address).status_code == 302
    assistant = Enrolment.objects.create(course=full, user=charlie, role="assistant")
    for person in (bob, assistant.user):
        client.force_login(person)
        assert client.post(address, {"slug": "mine", "title_en": "x", "shift_days": "1"}).status_code == 404
    assert not Course.objects.filter(slug="mine").exists()
