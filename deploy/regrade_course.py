"""The regrade benchmark's part inside the site: a class with its submissions, and what stands in its gradebook.

python -m deploy.regrade_course prepare              tables and static files, before the site starts
python -m deploy.regrade_course fill N LIVE DIR FILE  N graded submissions of DIR's solutions, then a corrected version
python -m deploy.regrade_course cells FILE           every cell of the column, and how many events there are
python -m deploy.regrade_course waits FILE           seconds from hand-in to start and to grade, by submission
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

COURSE = "regrade"
FIRST_SECONDS, GRADE_SECONDS = 120.0, 1800.0
# What the first version has beside the exercise's own tests, and nobody can pass.
WRONG_TEST = b"""

@test("a test that is wrong itself", points=2)
def _wrong_itself(solution, rng):
    assert False
"""
EXPECT = re.compile(r"# expect: \d+/\d+\s*(\w*)")
CELL = ("student_id", "derived", "override", "reason", "locked", "frozen", "excused", "comment")


def prepare() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def sources_of(folder: Path) -> list[str]:
    """The solution and the wrong ones that end by themselves within their limits."""
    found = [(folder / "solution.py").read_text()]
    for path in sorted((folder / "wrong").glob("*.py")):
        text = path.read_text()
        expected = EXPECT.match(text)
        if expected and not expected[1]:
            found.append(text)
    return found


def fill(count: int, live: int, folder: Path, file: Path) -> None:
    """Write {"slug", "staff": session, "tokens": [of the live students]} once everything is graded."""
    from courses.models import ApiToken, Course, Enrolment, Role
    from deploy.load_people import make_students
    from exercises import actions
    from exercises.models import Assignment, Exercise, Submission
    from workers.jobs import ExerciseFiles
    from workers.jobs.bundle import read_folder

    course = Course.objects.create(slug=COURSE, title_en="Regrade")
    sessions = make_students(course, count + live + 1)
    people = [part.user for part in Enrolment.objects.filter(course=course).select_related("user").order_by("pk")]
    staff, waiting, handing_in = people[0], people[1 : live + 1], people[live + 1 :]
    Enrolment.objects.filter(user=staff).update(role=Role.INSTRUCTOR)
    files = read_folder(folder)
    exercise = Exercise.objects.create(course=course, slug=folder.name)
    first = ExerciseFiles(dict(files.files) | {"tests.py": files.files["tests.py"] + WRONG_TEST})
    publish_and_wait(exercise, first)
    actions.assign(exercise)
    assignment = Assignment.objects.select_related("item", "course", "exercise__published").get()
    sources = sources_of(folder)
    for place, person in enumerate(handing_in):
        actions.submit(assignment, person, sources[place % len(sources)])
    wait_until(lambda: not open_runs(), f"{count} submissions are graded", GRADE_SECONDS)
    touch_cells(assignment, handing_in, staff)
    publish_and_wait(exercise, files)
    tokens = [ApiToken.issue(person, course) for person in waiting]
    session = sessions[people.index(staff)]
    facts = {"slug": assignment.slug, "staff": session, "tokens": tokens, "source": sources[0]}
    file.write_text(json.dumps(facts | {"submissions": Submission.objects.count()}))


def open_runs() -> int:
    from exercises.models import Run

    return Run.objects.filter(state__in=Run.OPEN).count()


def publish_and_wait(exercise: Any, files: Any) -> None:
    """A version that a node has listed. Raises SystemExit when there is none in time, or it is broken."""
    from exercises import actions

    actions.save_files(exercise, files)
    version = actions.publish(exercise)

    def listed() -> bool:
        version.refresh_from_db()
        if version.state == "broken":
            raise SystemExit(f"bench-regrade: {exercise.slug} cannot be listed: {version.fault}")
        exercise.refresh_from_db()
        return bool(exercise.published_id == version.pk)

    wait_until(listed, f"the tests of {exercise.slug} are listed", FIRST_SECONDS)


def wait_until(done: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench-regrade: waited {seconds:g} s until {what}")
        time.sleep(0.2)


def touch_cells(assignment: Any, people: list[Any], staff: Any) -> None:
    """Every tenth cell is overridden, every twentieth locked, every thirtieth excused."""
    from gradebook import actions

    for place, person in enumerate(people):
        if place % 10 == 0:
            actions.set_override(assignment.item, person, Decimal(place % 11), staff, "appeal")
        if place % 20 == 1:
            actions.set_locked(assignment.item, person, True, staff)
        if place % 30 == 2:
            actions.set_excused(assignment.item, person, True, staff, "ill")


def cells(file: Path) -> None:
    from exercises.regrade_models import Regrade
    from gradebook.models import GradeEvent, Score

    rows = Score.objects.order_by("student_id").values_list(*CELL)
    last = Regrade.objects.order_by("pk").last()
    moved = last.entries.exclude(old__score=None).count() if last else 0
    found = {"cells": [[str(value) for value in row] for row in rows], "events": GradeEvent.objects.count()}
    file.write_text(json.dumps(found | {"regraded": moved}))


def waits(file: Path) -> None:
    from exercises.models import Run

    live = Run.objects.filter(purpose=Run.Purpose.SUBMIT, submission__isnull=False, finished_at__isnull=False)
    zero = timedelta(0)
    found = {
        str(run.submission_id): [
            max(zero, (run.started_at or run.finished_at) - run.queued_at).total_seconds(),
            (run.finished_at - run.queued_at).total_seconds(),
        ]
        for run in live.only("submission_id", "queued_at", "started_at", "finished_at")
        if run.finished_at is not None
    }
    file.write_text(json.dumps(found))


def main(words: list[str]) -> None:
    django.setup()
    command, *rest = words
    if command == "prepare":
        prepare()
    elif command == "fill":
        fill(int(rest[0]), int(rest[1]), Path(rest[2]), Path(rest[3]))
    elif command == "cells":
        cells(Path(rest[0]))
    else:
        waits(Path(rest[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
