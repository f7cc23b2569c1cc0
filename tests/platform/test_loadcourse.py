"""`loadcourse`: the demo course from its folder, twice the same, errors that name the file."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from config.courseload import CATALOG, QUIZZES
from courses.models import Course, Enrolment
from exercises.models import Assignment, ExerciseVersion, Run
from quizzes.models import Quiz


def load(*words: str) -> str:
    out = io.StringIO()
    call_command("loadcourse", *words, stdout=out)
    return out.getvalue()


def test_it_works(db: None, settings: Any) -> None:
    settings.DEBUG = True
    assert "loaded course chatbots-2025" in load("--demo")
    course = Course.objects.get()
    slugs = list(Assignment.objects.values_list("slug", flat=True))
    assert slugs[:2] == ["perceptron", "activation-derivatives"] and len(slugs) >= 28
    assert Run.objects.filter(purpose=Run.Purpose.LIST).count() == len(slugs)
    assert set(course.grade_items.values_list("slug", flat=True)) == {*slugs, "warm-up", "exam"}
    assert Enrolment.objects.get(user__email="alice@example.org").role == "instructor"
    assert User.objects.get(email="alice@example.org").is_staff
    due = Assignment.objects.get(slug="backprop").due_at
    assert due is not None
    assert due.astimezone(course.zone).time() == datetime.time(23, 59)


def test_columns_stand_in_their_categories(db: None) -> None:
    load()
    course = Course.objects.get()
    shares = {c.title_en: (c.weight, c.drop_lowest) for c in course.grade_categories.all()}
    assert shares == {"Exercises": (30, 2), "Workshops": (20, 0), "Exam": (50, 0)}
    assert not course.grade_items.filter(category=None).exists()
    course.grade_items.filter(slug="backprop").update(category=None)
    load()  # what an instructor has changed stays
    assert course.grade_items.get(slug="backprop").category is None


def test_every_exercise_and_quiz_of_the_catalogue_is_in_the_course(db: None) -> None:
    load()
    folders = {path.parent.name for path in CATALOG.glob("*/exercise.toml")}
    assert set(Assignment.objects.values_list("slug", flat=True)) == folders
    assert set(Quiz.objects.values_list("slug", flat=True)) == {path.stem for path in QUIZZES.glob("*.toml")}


def test_twice_changes_nothing(db: None) -> None:
    load()
    assert load() == "chatbots-2025: nothing to change\n"
    assert ExerciseVersion.objects.count() == Assignment.objects.count()


def test_dates_set_by_a_teacher_stay(db: None) -> None:
    load()
    Assignment.objects.filter(slug="backprop").update(due_at=None, closes_at=None)
    load()
    assert Assignment.objects.get(slug="backprop").due_at is None


def test_demo_people_need_debug(db: None, settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG=1"):
        load("--demo")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slug = ", "course.toml"),
        ('slug = "x"', "title is missing"),
        ('slug = "x"\ntitle = { en = "X" }\n[[exercises]]\nfolder = "no-such"', "no-such"),
        ('slug = "x"\ntitle = { en = "X" }\n[[exercises]]\ndue = 3', "folder is missing"),
        ('slug = "x"\ntitle = { en = "X" }\n[[quizzes]]\nfile = "no-such"', "no-such"),
        ('slug = "x"\ntitle = { en = "X" }\n[[quizzes]]\ncloses = 3', "file is missing"),
    ],
)
def test_a_broken_folder_is_named_and_nothing_is_half_done(db: None, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "course.toml").write_text(text)
    with pytest.raises(CommandError, match=said):
        load(str(tmp_path))
    assert not Course.objects.exists()


def test_a_missing_folder(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        load(str(tmp_path / "nowhere"))
