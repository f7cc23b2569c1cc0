"""`loadcourse`: the demo course from its folder, twice the same, errors that name the file."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from courses.models import Course, Enrolment
from exercises.models import Assignment, ExerciseVersion, Run


def load(*words: str) -> str:
    out = io.StringIO()
    call_command("loadcourse", *words, stdout=out)
    return out.getvalue()


def test_it_works(db: None, settings: Any) -> None:
    settings.DEBUG = True
    assert "loaded course chatbots-2025" in load("--demo")
    course = Course.objects.get()
    slugs = list(Assignment.objects.values_list("slug", flat=True))
    assert slugs == ["activation-derivatives", "backprop", "train-mnist"]
    assert Run.objects.filter(purpose=Run.Purpose.LIST).count() == len(slugs)
    assert set(course.grade_items.values_list("slug", flat=True)) == {*slugs, "warm-up"}
    assert Enrolment.objects.get(user__email="alice@example.org").role == "instructor"
    assert User.objects.get(email="alice@example.org").is_staff
    due = Assignment.objects.get(slug="backprop").due_at
    assert due is not None
    assert due.astimezone(course.zone).time() == datetime.time(23, 59)


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
