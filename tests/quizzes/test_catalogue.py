"""Quizzes as files: every file of the catalogue loads, twice changes nothing, and errors name the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quizzes.catalogue import load_quiz, read_quiz
from quizzes.errors import BadQuiz
from quizzes.models import Question, QuestionVersion, Quiz
from quizzes.questions import missing_languages
from quizzes.scoring import fraction

CATALOG = Path(__file__).resolve().parents[2] / "quizzes" / "catalog"
FILES = sorted(CATALOG.glob("*.toml"))

SMALL = """
title = { en = "Small", fr = "Petit" }
seconds = 600
[[questions]]
slug = "sum"
pool = "maths"
type = "multiple"
name = "Sums"
text = { en = "Which are 4?", fr = "Lesquelles font 4 ?" }
options = [
    { right = true, text = { en = "2 + 2" } },
    { right = true, text = { en = "3 + 1" } },
    { text = { en = "5" } },
]
"""


def test_it_works(course: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    assert load_quiz(course, path) == ["question sum, version 1", "quiz small"]
    quiz = Quiz.objects.get(slug="small")
    assert (quiz.title_fr, quiz.seconds, quiz.item.slug) == ("Petit", 600, "small")
    assert [slot.question.slug for slot in quiz.slots.all()] == ["sum"]
    content = QuestionVersion.objects.get().content
    assert [option["id"] for option in content["options"]] == ["a", "b", "c"]
    assert [option["fraction"] for option in content["options"]] == [0.5, 0.5, 0]
    assert load_quiz(course, path) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_of_the_catalogue(course: Any, path: Path) -> None:
    assert load_quiz(course, path)
    assert load_quiz(course, path) == []
    for entry in read_quiz(path).entries:
        assert missing_languages(entry.content, ["en", "fr"]) == [], entry.slug
        if entry.content.type == "multiple":
            everything = [option.id for option in entry.content.options]
            assert fraction(entry.content, everything) < 1, f"{entry.slug}: ticking everything gives full marks"


def test_the_warm_up_shows_every_type() -> None:
    entries = read_quiz(CATALOG / "warm-up.toml").entries
    types = {entry.content.type for entry in entries}
    assert types == {"single", "multiple", "true_false", "numerical", "short", "matching", "ordering"}
    assert all(entry.content.feedback for entry in entries)


def test_a_new_text_in_the_file_is_a_new_version_and_the_rules_stay(course: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    load_quiz(course, path)
    Quiz.objects.update(seconds=900)
    path.write_text(SMALL.replace("Which are 4?", "Which make 4?").replace("600", "300"))
    assert load_quiz(course, path) == ["question sum, version 2"]
    assert Quiz.objects.get().seconds == 900
    path.write_text(SMALL)  # the older text again: it was there once, and somebody has moved on since
    assert load_quiz(course, path) == []


def test_slots_draw_from_pools(course: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL + '[[slots]]\npool = "maths"\ncount = 1\npoints = 2.5\n')
    load_quiz(course, path)
    slot = Quiz.objects.get().slots.get()
    assert (slot.pool, slot.count, str(slot.points)) == ("maths", 1, "2.50")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("title = ", "titel = "), "titel is not known"),
        (('{ en = "Small", fr = "Petit" }', '"Small"'), "title and instructions"),
        (('type = "multiple"', 'type = "many"'), "question 1: type"),
        (("right = true, ", ""), "question 1: options: no option is right"),
        (("seconds = 600", "seconds = 1"), "small.toml: .*10"),
        (("seconds = 600", 'rule = "best"'), "'best' is not known"),
        (("seconds = 600", 'review = { later = ["marks"] }'), "Only known phases"),
        (("[[questions]]", "[[questions"), "small.toml"),
        (("[[questions]]", 'grain = "x"\n[[questions]]'), "grain: a number"),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_half_done(
    course: Any, tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL.replace(*change))
    with pytest.raises(BadQuiz, match=said):
        load_quiz(course, path)
    assert not Quiz.objects.exists()
    assert not Question.objects.exists()


def test_a_slot_without_its_question(course: Any, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL + '[[slots]]\nquestion = "other"\n')
    with pytest.raises(BadQuiz, match="no question 'other'"):
        load_quiz(course, path)
    assert not Quiz.objects.exists()


def test_a_missing_file(course: Any, tmp_path: Path) -> None:
    with pytest.raises(BadQuiz, match="No such file"):
        load_quiz(course, tmp_path / "none.toml")
