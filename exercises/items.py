"""The gradebook's columns of assignments: title and closing moment follow the exercise and its dates."""

from __future__ import annotations

from exercises.models import Assignment, Exercise
from gradebook.models import GradeItem
from workers.jobs import BadExercise


def titles(exercise: Exercise) -> dict[str, str]:
    """Title by language: of the published version, else of the newest one, else of the files as they stand."""
    version = exercise.published or exercise.versions.first()
    if version is not None:
        return dict(version.title)
    try:
        return dict(exercise.read_files().spec().title)
    except BadExercise:
        return {}


def keep_item(assignment: Assignment) -> GradeItem:
    """Bring the unsaved or saved item of `assignment` in step with it, and save it."""
    item, names = assignment.item, titles(assignment.exercise)
    item.title_en = (names.get("en") or names.get("fr") or assignment.slug)[:200]
    item.title_fr = names.get("fr", "")[:200]
    item.position = assignment.position
    item.closes_at = assignment.last_minute
    item.save()
    return item


def sync_items(exercise: Exercise) -> None:
    """After another version was published: its title is the column's title."""
    # Read anew: the caller's object may still know the version before.
    for assignment in Assignment.objects.filter(exercise_id=exercise.pk).select_related("item", "exercise__published"):
        keep_item(assignment)
