"""Quizzes as files: one TOML file holds a quiz's rules and its questions, so that it can be written by hand.

The questions are in the JSON form of `quizzes.questions`, in TOML, with these shortcuts: `slug` names the question
(default: from its name) and `pool` its pool; ids may be left out (options a, b, …; pairs p1, …; items i1, …);
`right = true` stands for the fraction of a right option; `answer = true` or `false` makes the options of true_false.
A picture lies in a folder of the file's name: `![the loss](picture:plot.png)` in final.toml is final/plot.png.
Without [[slots]] the quiz asks every question in the order of the file; a slot names a `question`, or a `pool` and a
`count`, and may give `points`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ValidationError
from django.db import transaction

from courses.models import Course
from quizzes.authoring import save_question, slug_of
from quizzes.contents import letters
from quizzes.errors import BadQuiz
from quizzes.items import save_quiz, set_slots
from quizzes.models import Question, Quiz, Slot
from quizzes.pictures import BadPicture, PictureFile, keep, labels_in, problems_of, read_picture, renamed
from quizzes.questions import BadQuestion, digest, dump, parse
from quizzes.questions import Question as Content

# Settings of the quiz that the file may give; the titles, the column's points and weight come apart.
SETTINGS = (
    "seconds",
    "attempts",
    "counts",
    "cut_at_close",
    "access_code",
    "shuffle_questions",
    "shuffle_options",
    "navigation",
    "one_page",
    "rule",
    "floor",
    "review",
    "visible",
)
_OTHERS = {"title", "instructions", "grain", "points", "weight", "questions", "slots"}
_TRUE_FALSE = {"true": {"en": "True", "fr": "Vrai"}, "false": {"en": "False", "fr": "Faux"}}


@dataclass(frozen=True)
class Entry:
    slug: str
    pool: str
    content: Content


@dataclass(frozen=True)
class QuizFile:
    """A catalogue file that has been read and checked."""

    slug: str
    settings: Mapping[str, Any]  # fields of Quiz
    points: Decimal | None  # of the gradebook's column
    weight: Decimal | None
    entries: tuple[Entry, ...]
    slots: tuple[Mapping[str, Any], ...]
    pictures: tuple[PictureFile, ...]


def read_quiz(path: Path) -> QuizFile:
    """Read a file; its name is the quiz's slug. Raises BadQuiz, which names the file and the place."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadQuiz(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadQuiz(f"{path}: {error}") from None
    try:
        return _read(path.stem, data, path.with_suffix(""))
    except BadQuiz as error:
        raise BadQuiz(f"{path.name}: {error}") from None


def _read(slug: str, data: Mapping[str, Any], folder: Path) -> QuizFile:
    unknown = sorted(data.keys() - _OTHERS - set(SETTINGS))
    if unknown:
        raise BadQuiz(f"{unknown[0]} is not known here")
    title, instructions = data.get("title"), data.get("instructions", {})
    if not isinstance(title, dict) or not title.get("en") or not isinstance(instructions, dict):
        raise BadQuiz('title and instructions are texts by language: title = { en = "…", fr = "…" }')
    settings = {name: data[name] for name in SETTINGS if name in data}
    settings |= {"title_en": title["en"], "title_fr": title.get("fr", "")}
    settings |= {f"instructions_{language}": instructions.get(language, "") for language in ("en", "fr")}
    if "grain" in data:
        settings["grain"] = _decimal(data, "grain")
    entries = tuple(_entries(data.get("questions", [])))
    slots = data.get("slots") or [{"question": entry.slug} for entry in entries]
    for number, slot in enumerate(slots, 1):
        if not isinstance(slot, dict) or ("question" in slot) == ("pool" in slot):
            raise BadQuiz(f"slot {number}: give a question's slug, or a pool and a count")
    entries, pictures = _with_pictures(entries, folder)
    return QuizFile(slug, settings, _decimal(data, "points"), _decimal(data, "weight"), entries, tuple(slots), pictures)


def _with_pictures(entries: Sequence[Entry], folder: Path) -> tuple[tuple[Entry, ...], tuple[PictureFile, ...]]:
    """The entries with the stored names of their pictures, and the pictures, from the quiz's folder."""
    read: dict[str, PictureFile] = {}
    for entry in entries:
        for label in labels_in(entry.content):
            if label not in read:
                read[label] = _picture(folder, label)
        if problems := problems_of(entry.content):
            raise BadQuiz(f"question {entry.slug}: {' '.join(problems)}")
    names = {label: picture.name for label, picture in read.items()}
    found = tuple(Entry(entry.slug, entry.pool, renamed(entry.content, names)) for entry in entries)
    return found, tuple(read.values())


def _picture(folder: Path, label: str) -> PictureFile:
    path = (folder / unquote(label)).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadQuiz(f"{label}: pictures lie in the folder {folder.name}/ beside the file")
    try:
        return read_picture(path.read_bytes())
    except OSError as error:
        raise BadQuiz(f"{folder.name}/{label}: {error.strerror}") from None
    except BadPicture as fault:
        raise BadQuiz(f"{folder.name}/{label}: {fault}") from None


def _decimal(data: Mapping[str, Any], name: str) -> Decimal | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadQuiz(f"{name}: a number is needed")
    return Decimal(repr(value))


def _entries(items: object) -> list[Entry]:
    if not isinstance(items, list):
        raise BadQuiz("questions: write [[questions]]")
    found: list[Entry] = []
    for number, item in enumerate(items, 1):
        try:
            found.append(_entry(dict(item)))
        except (BadQuestion, TypeError, AttributeError) as error:
            raise BadQuiz(f"question {number}: {error}") from None
        if found[-1].slug in {entry.slug for entry in found[:-1]}:
            raise BadQuiz(f"question {number}: the slug {found[-1].slug!r} stands here twice")
    return found


def _entry(item: dict[str, Any]) -> Entry:
    slug, pool = str(item.pop("slug", "")), str(item.pop("pool", ""))
    if "answer" in item and item.get("type") == "true_false":
        right = "true" if item.pop("answer") else "false"
        item["options"] = [
            {"id": name, "text": text, "fraction": float(name == right)} for name, text in _TRUE_FALSE.items()
        ]
    for key, names in (
        ("options", letters(100)),
        ("pairs", tuple(f"p{n}" for n in range(1, 101))),
        ("distractors", tuple(f"d{n}" for n in range(1, 101))),
        ("items", tuple(f"i{n}" for n in range(1, 101))),
    ):
        if isinstance(item.get(key), list):
            item[key] = [{"id": name} | dict(part) for name, part in zip(names, item[key], strict=False)]
    if "options" in item:
        item["options"] = _fractions(item["options"], item.get("type") == "multiple")
    content = parse(item)
    return Entry(slug or slug_of(content.name), pool, content)


def _fractions(options: list[dict[str, Any]], several: bool) -> list[dict[str, Any]]:
    """`right = true` as a fraction: 1, or of several right options equal shares."""
    right = sum(bool(option.get("right")) for option in options)
    share = 1 / right if several and right else 1.0
    return [
        {key: value for key, value in option.items() if key != "right"}
        | ({"fraction": share} if option["right"] else {})
        if "right" in option
        else option
        for option in options
    ]


@transaction.atomic
def load_quiz(
    course: Course,
    path: Path,
    *,
    position: int = 0,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
) -> list[str]:
    """Create or update the quiz in `path`; returns what has changed, nothing the second time.

    Of a quiz that exists only the questions' texts are taken over: its rules and slots belong to its teachers. What
    they have changed in a question stays too, unless the file has a text that was never there. Raises BadQuiz.
    """
    file = read_quiz(path)
    keep(course, file.pictures)
    changes = [note for entry in file.entries for note in _save_entry(course, entry)]
    if Quiz.objects.filter(course=course, slug=file.slug).exists():
        return changes
    quiz = Quiz(course=course, slug=file.slug, position=position, opens_at=opens_at, closes_at=closes_at)
    for name, value in file.settings.items():
        setattr(quiz, name, value)
    try:
        save_quiz(quiz, points=file.points, weight=file.weight)
        set_slots(quiz, [_slot(course, slot) for slot in file.slots])
    except ValidationError as error:
        told = [f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items()]
        raise BadQuiz(f"{path.name}: {'; '.join(told)}") from None
    return [*changes, f"quiz {file.slug}"]


def _save_entry(course: Course, entry: Entry) -> list[str]:
    sha256 = digest(dump(entry.content))
    known = Question.objects.filter(course=course, slug=entry.slug).first()
    if known is not None and known.versions.filter(sha256=sha256).exists():
        return []
    saved = save_question(course, entry.slug, entry.content, entry.pool if known is None else None)
    return [f"question {entry.slug}, version {saved.version.number}"]


def _slot(course: Course, data: Mapping[str, Any]) -> Slot:
    slot = Slot(pool=data.get("pool", ""), count=data.get("count", 1), points=_decimal(data, "points"))
    if "question" in data:
        slot.question = Question.objects.filter(course=course, slug=data["question"]).first()
        if slot.question is None:
            raise BadQuiz(f"slots: there is no question {data['question']!r}")
    slot.full_clean(exclude=["quiz", "position"])
    return slot
