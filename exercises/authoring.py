"""What authors do with whole exercises: make one, copy one, put one away; and what a new version means for old work."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from exercises.actions import save_files
from exercises.models import Assignment, Exercise, ExerciseVersion, RunState, Submission


@transaction.atomic
def duplicate(exercise: Exercise, slug: str) -> Exercise:
    """A new exercise of the same course with the files as they stand: not published, not assigned, without a history.

    Raises ValidationError for a name that is none or is taken, workers.jobs.BadExercise.
    """
    copy = Exercise(course=exercise.course, slug=slug)
    copy.full_clean()
    copy.save()
    save_files(copy, exercise.read_files())
    return copy


@transaction.atomic
def set_archived(exercise: Exercise, archived: bool) -> None:
    """Take the exercise out of the lists, or back into them. Nothing is deleted. Raises ValidationError."""
    if archived and exercise.assignments.filter(visible=True).exists():
        raise ValidationError(_("Students still see it as an assignment: hide or delete that first."))
    Exercise.objects.filter(pk=exercise.pk).update(archived=archived)
    exercise.archived = archived


def outdated(exercise: Exercise, version: ExerciseVersion) -> list[Assignment]:
    """Assignments with submissions that another version graded, and that `version` might grade otherwise.

    A version that differs in its statements alone grades as the one before did: then there is nothing to regrade.
    """
    graded = Submission.objects.filter(
        assignment__exercise=exercise, public_only=False, run__state__in=(RunState.GRADED, RunState.JUDGE_FAILED)
    )
    others = graded.exclude(run__version__grading_sha256=version.grading_sha256)
    found = Assignment.objects.filter(pk__in=others.values("assignment")).select_related("course")
    return list(found.order_by("position", "slug"))
