"""Two people, or two tabs, on one exercise: the second save is told what it would undo and keeps what was typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from exercises.admin.folders import ShownFile, differences
from exercises.models import Exercise, ExerciseFile
from workers.jobs import ExerciseFiles


@dataclass(frozen=True)
class Conflict:
    token: str  # of the files as they are saved; posted as `overwrite` by whoever has seen them
    saved_at: datetime
    by: Any  # who saved them; None: no person, as when a course is loaded
    files: list[ShownFile]  # from what is saved to what was about to be saved, by file


def token_of(moment: datetime) -> str:
    """Names one state of an exercise's files."""
    return moment.isoformat()


def conflict_of(exercise: Exercise, files: ExerciseFiles, seen: str, overwrite: str) -> Conflict | None:
    """What `files` would undo: something else was saved after the state `seen`. None when nothing is lost.

    To be called in the transaction that saves. The row is locked: of two saves at one instant the second waits here,
    and reads what the first has written.
    """
    now = Exercise.objects.select_for_update().only("updated_at").get(pk=exercise.pk)
    token = token_of(now.updated_at)
    if token in (seen, overwrite):
        return None
    saved = {file.path: bytes(file.content) for file in ExerciseFile.objects.filter(exercise=exercise)}
    if saved == files.files:
        return None  # the same click twice, or both have written the same
    kind = ContentType.objects.get_for_model(Exercise)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(exercise.pk)).select_related("user")
    last = entries.order_by("-action_time").first()
    return Conflict(token, now.updated_at, last.user if last else None, differences(saved, files.files))
