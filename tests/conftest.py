"""The cast and a small course, for every test of the site.

Alice teaches the course, Bob is its student, Charlie is a student of another course.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

TESTS_PY = """
from workers.testkit import assert_equal, test


@test("adds small numbers", points=4, public=True, hint={"en": "Use +.", "fr": "Utilisez +."})
def small(solution, rng):
    assert_equal(solution.add(1, 2), 3)


@test("adds hidden numbers", points=6, hint={"en": "Think of negatives.", "fr": "Pensez aux négatifs."})
def hidden(solution, rng):
    a, b = (int(n) for n in rng.integers(-99, 99, size=2))
    assert_equal(solution.add(a, b), a + b)
"""
EXERCISE_FILES = {
    "exercise.toml": b'title = { en = "Addition", fr = "Addition" }\nkind = "code"\nlanguages = ["en", "fr"]\n',
    "statement.en.md": b"Write `add(a, b)` that returns $a + b$.\n",
    "statement.fr.md": "Écrivez `add(a, b)` qui renvoie $a + b$.\n".encode(),
    "starter.py": b"def add(a, b):\n    ...\n",
    "solution.py": b"def add(a, b):\n    return a + b\n",
    "tests.py": TESTS_PY.encode(),
    "wrong/minus.py": b"# expect: 0/10\ndef add(a, b):\n    return a - b\n",
}


NEED_DATABASE = {"db", "transactional_db", "live_server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, only what a database can change: the rest has run on SQLite."""
    from django.conf import settings

    if str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3"):
        return
    left_out = [item for item in items if item.get_closest_marker("once") or not _needs_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _needs_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("django_db") or item.get_closest_marker("postgres") or item.get_closest_marker("faults"):
        return True
    return bool(NEED_DATABASE & set(getattr(item, "fixturenames", ())))


def make_manifest(version: Any) -> dict[str, Any]:
    """What a node's listing of EXERCISE_FILES gives."""
    return {
        "exercise": version.exercise.slug,
        "version": version.sha256,
        "grading_version": version.grading_sha256,
        "ok": True,
        "fault": "",
        "machine": False,
        "max_score": 10.0,
        "tests": [
            {
                "name": "adds small numbers",
                "points": 4.0,
                "public": True,
                "timing": False,
                "hint": {"en": "Use +.", "fr": "Utilisez +."},
            },
            {
                "name": "adds hidden numbers",
                "points": 6.0,
                "public": False,
                "timing": False,
                "hint": {"en": "Think of negatives.", "fr": "Pensez aux négatifs."},
            },
        ],
    }


def make_report(version: Any, verdicts: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """A grader's report on EXERCISE_FILES: full marks unless `verdicts` says otherwise by test name."""
    verdicts = verdicts or {}
    tests = []
    for entry in make_manifest(version)["tests"]:
        verdict = verdicts.get(entry["name"], "passed")
        tests.append(
            {
                "name": entry["name"],
                "public": entry["public"],
                "verdict": verdict,
                "points": entry["points"] if verdict == "passed" else 0.0,
                "max_points": entry["points"],
                "message": "" if verdict == "passed" else "got 1, expected 3",
                "sentences": [],
                "seconds": 0.001,
                "timing": None,
                "difference": None,
                "input": "add(1, 2)",
                "output": "",
                "hint": None if verdict == "passed" else entry["hint"],
                "series": [],
                "staff": "",
            }
        )
    score = sum(test["points"] for test in tests)
    report = {
        "exercise": version.exercise.slug,
        "version": version.sha256,
        "grading_version": version.grading_sha256,
        "verdict": "passed" if score == 10 else "partial" if score else "failed",
        "score": score,
        "max_score": 10.0,
        "seed": 1,
        "seconds": 0.01,
        "public_only": False,
        "message": "",
        "sentences": [],
        "tests": tests,
        "output": "",
        "staff": "",
        "sandbox": {"level": "FULL"},
    }
    return report | changes


@pytest.fixture
def course(db: None) -> Any:
    from courses.models import Course, Section

    course = Course.objects.create(slug="course", title_en="Course", title_fr="Cours", time_zone="Europe/Paris")
    Section.objects.create(course=course, name="A")
    return course


@pytest.fixture
def other_course(db: None) -> Any:
    from courses.models import Course

    return Course.objects.create(slug="other", title_en="Other", title_fr="Autre")


def make_person(email: str, given: str, family: str, course: Any, role: str, **fields: Any) -> Any:
    from accounts.models import User
    from courses.models import Enrolment

    user = User.objects.create_user(email, given_name=given, family_name=family, **fields)
    Enrolment.objects.create(course=course, user=user, role=role)
    return user


@pytest.fixture
def alice(course: Any) -> Any:
    return make_person("alice@example.org", "Alice", "Martin", course, "instructor", is_staff=True)


@pytest.fixture
def bob(course: Any) -> Any:
    return make_person("bob@example.org", "Bob", "Durand", course, "student")


@pytest.fixture
def charlie(other_course: Any) -> Any:
    return make_person("charlie@example.org", "Charlie", "Petit", other_course, "student")


def make_exercise(course: Any) -> Any:
    """A published exercise whose tests are listed: one public test of 4 points, one hidden of 6."""
    from exercises import actions
    from exercises.models import Exercise, ExerciseVersion, Run
    from workers.jobs import ExerciseFiles

    exercise = Exercise.objects.create(course=course, slug="addition")
    actions.save_files(exercise, ExerciseFiles(EXERCISE_FILES))
    version = actions.publish(exercise)
    version.manifest, version.max_score = make_manifest(version), 10.0
    version.state = ExerciseVersion.State.READY
    version.save()
    Run.objects.filter(version=version).delete()
    exercise.published = version
    exercise.save()
    return exercise


@pytest.fixture
def exercise(course: Any) -> Any:
    return make_exercise(course)


@pytest.fixture
def assignment(exercise: Any) -> Any:
    """The exercise given to the course, due in a week."""
    from django.utils import timezone

    from exercises.models import Assignment
    from gradebook.models import GradeItem

    item = GradeItem.objects.create(
        course=exercise.course, slug="addition", title_en="Addition", title_fr="Addition", max_points=Decimal(10)
    )
    return Assignment.objects.create(
        course=exercise.course,
        exercise=exercise,
        slug="addition",
        item=item,
        due_at=timezone.now() + datetime.timedelta(days=7),
    )


def deliver(submission: Any, report: dict[str, Any] | None = None) -> Any:
    """Let a report for the submission's run arrive, as a grader sends it: full marks unless `report` is given."""
    from exercises import reports, tokens
    from exercises.models import Run, RunState
    from workers.jobs import SCHEMA, Report

    run = submission.run
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=1)
    body = report or make_report(run.version)
    if run.purpose == Run.Purpose.PUBLIC and report is None:
        body["tests"] = [test for test in body["tests"] if test["public"]]
        body["score"] = 4.0
    message = Report(SCHEMA, str(run.pk), 1, tokens.make(str(run.pk), 1), "node", "report", body)
    assert reports.record_report(message.to_dict()) == "graded"
    submission.refresh_from_db()
    return submission


@pytest.fixture
def graded() -> Callable[..., Any]:
    """`graded(submission, report)`: see `deliver`."""
    return deliver


@pytest.fixture
def repository() -> Iterator[Path]:
    yield Path(__file__).resolve().parent.parent
