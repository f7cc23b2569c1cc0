"""Load a course from a folder: its title, sections, exercises, quizzes and dates. Doing it twice changes nothing."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Course, Enrolment, Role, Section
from exercises import actions
from exercises.models import Exercise, ExerciseVersion
from gradebook.models import Category, GradeItem
from quizzes.catalogue import load_quiz
from quizzes.errors import BadQuiz
from workers.jobs import BadExercise, read_folder

CATALOG = settings.BASE_DIR / "exercises" / "catalog"
QUIZZES = settings.BASE_DIR / "quizzes" / "catalog"
DEFAULT_COURSE = settings.BASE_DIR / "platform" / "courses" / "catalog" / "chatbots-2025"


class BadCourse(ValueError):
    """The course's folder cannot be loaded; the text says what to change in which file."""


@dataclass
class Loaded:
    """What a load changed."""

    course: Course
    changes: list[str] = field(default_factory=list)
    categories: dict[str, Category] = field(default_factory=dict)  # by key


@transaction.atomic
def load_course(folder: Path, with_people: bool = False) -> Loaded:
    """Create or update the course in `folder`. Dates of assignments that exist are left alone.

    Raises BadCourse; nothing is half done.
    """
    data = _read(folder / "course.toml")
    try:
        return _load(data, with_people)
    except KeyError as error:
        raise BadCourse(f"{folder / 'course.toml'}: {error.args[0]} is missing") from None
    except (BadExercise, BadQuiz) as error:
        raise BadCourse(str(error)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadCourse(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadCourse(f"{path}: {error}") from None


def _load(data: dict[str, Any], with_people: bool) -> Loaded:
    titles = {"title_en": data["title"]["en"], "title_fr": data["title"].get("fr", "")}
    values = titles | {"time_zone": data.get("time_zone", settings.TIME_ZONE)}
    course, created = Course.objects.get_or_create(slug=data["slug"], defaults=values)
    loaded = Loaded(course, [f"course {course.slug}"] if created else [])
    if not created and any(getattr(course, key) != value for key, value in values.items()):
        Course.objects.filter(pk=course.pk).update(**values)
        course.refresh_from_db()
        loaded.changes.append("titles of the course")
    for name in data.get("sections", []):
        _section, created = Section.objects.get_or_create(course=course, name=name)
        loaded.changes += [f"section {name}"] if created else []
    for position, entry in enumerate(data.get("categories", [])):
        _load_category(loaded, entry, position)
    for position, entry in enumerate(data.get("exercises", [])):
        _load_exercise(loaded, entry, position)
    for position, entry in enumerate(data.get("quizzes", []), len(data.get("exercises", []))):
        loaded.changes += load_quiz(
            course,
            QUIZZES / f"{entry['file']}.toml",
            position=position,
            opens_at=_evening(course, entry.get("opens")),
            closes_at=_evening(course, entry.get("closes")),
        )
        _put_in_category(loaded, entry, entry["file"])
    if with_people:
        for person in data.get("people", []):
            _load_person(loaded, person)
    return loaded


def _load_exercise(loaded: Loaded, entry: dict[str, Any], position: int) -> None:
    folder = CATALOG / entry["folder"]
    try:
        files = read_folder(folder)
        exercise, _created = Exercise.objects.get_or_create(course=loaded.course, slug=entry["folder"])
        known = set(exercise.versions.exclude(state=ExerciseVersion.State.BROKEN).values_list("sha256", flat=True))
        # What an instructor has changed in the admin since then stays: only a new text in the folder is taken over.
        if files.version not in known:
            actions.save_files(exercise, files)
            version = actions.publish(exercise)
            loaded.changes.append(f"exercise {exercise.slug}, version {version.number}")
    except BadExercise as error:
        raise BadExercise(f"{folder.name}: {error}") from None
    if not exercise.assignments.exists():
        actions.assign(
            exercise,
            position=position,
            due_at=_evening(loaded.course, entry.get("due")),
            closes_at=_evening(loaded.course, entry.get("closes")),
            tries=entry.get("tries"),
        )
        loaded.changes.append(f"assignment {exercise.slug}")
        _put_in_category(loaded, entry, exercise.slug)


def _load_category(loaded: Loaded, entry: dict[str, Any], position: int) -> None:
    """Made once: what an instructor has changed since then stays."""
    category, created = Category.objects.get_or_create(
        course=loaded.course,
        title_en=entry["title"]["en"],
        defaults={
            "title_fr": entry["title"].get("fr", ""),
            "weight": entry.get("weight", 10),
            "drop_lowest": entry.get("drop_lowest", 0),
            "position": position,
        },
    )
    loaded.categories[entry["key"]] = category
    loaded.changes += [f"category {category.title_en}"] if created else []


def _put_in_category(loaded: Loaded, entry: dict[str, Any], slug: str) -> None:
    """Of a column that stands in none and was made just now."""
    key = entry.get("category")
    if key is None:
        return
    if key not in loaded.categories:
        raise BadCourse(f"course.toml: {slug}: there is no category {key!r}; write [[categories]] with that key")
    if any(change.endswith(f" {slug}") for change in loaded.changes):
        GradeItem.objects.filter(course=loaded.course, slug=slug, category=None).update(category=loaded.categories[key])


def _evening(course: Course, days: int | None) -> datetime.datetime | None:
    """23:59 in the course's time zone, so many days from today."""
    if days is None:
        return None
    day = timezone.now().astimezone(course.zone).date() + datetime.timedelta(days=days)
    return datetime.datetime.combine(day, datetime.time(23, 59), tzinfo=course.zone)


def _load_person(loaded: Loaded, person: dict[str, Any]) -> None:
    role = Role(person.get("role", Role.STUDENT))
    names = {key: person.get(key, "") for key in ("given_name", "family_name")}
    user = User.objects.filter(email=person["email"]).first()
    if user is None:
        user = User.objects.create_user(person["email"], is_staff=role in Enrolment.STAFF, **names)
        loaded.changes.append(f"person {user.email}")
    section = Section.objects.filter(course=loaded.course, name=person.get("section", "")).first()
    Enrolment.objects.get_or_create(course=loaded.course, user=user, defaults={"role": role, "section": section})
