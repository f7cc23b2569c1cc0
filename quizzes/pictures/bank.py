"""The pictures of a course, in the database like everything else that a backup has to hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from quizzes.models import Picture, QuestionVersion
from quizzes.pictures.files import PictureFile
from quizzes.pictures.texts import names_in
from quizzes.questions import Question

if TYPE_CHECKING:
    from courses.models import Course

UNUSED = timedelta(days=7)  # that a picture which no question names may wait for one
_NAME = re.compile(r"picture:([0-9a-f]{32})")


def keep(course: Course, files: Iterable[PictureFile]) -> None:
    """Keep these pictures for the course's questions. Twice the same: once."""
    rows = [
        Picture(course=course, name=file.name, mime=file.mime, data=file.data, width=file.width, height=file.height)
        for file in files
    ]
    Picture.objects.bulk_create(rows, ignore_conflicts=True, batch_size=20)


def missing(course: Course, names: Iterable[str]) -> list[str]:
    """Those of `names` under which the course has no picture."""
    wanted = set(names)
    return sorted(wanted - set(Picture.objects.filter(course=course, name__in=wanted).values_list("name", flat=True)))


def pictures_of(courses: Iterable[Course], questions: Iterable[Question]) -> dict[str, PictureFile]:
    """The pictures that the questions of these courses name, by name."""
    wanted: set[str] = set().union(*map(names_in, questions))
    found = Picture.objects.filter(course__in=list(courses), name__in=wanted)
    return {row.name: PictureFile(row.name, row.mime, bytes(row.data), row.width, row.height) for row in found}


def forget_unused(course: Course, now: datetime | None = None) -> int:
    """Delete pictures that no version of a question has named for a week; returns how many.

    An import that was looked at and not saved leaves them, and so does a form that was closed.
    """
    old = Picture.objects.filter(course=course, added_at__lt=(now or timezone.now()) - UNUSED)
    candidates = set(old.values_list("name", flat=True))
    if not candidates:
        return 0
    versions = QuestionVersion.objects.filter(question__course=course)
    for content in versions.values_list("content", flat=True).iterator(chunk_size=200):
        candidates -= set(_NAME.findall(str(content)))
    return old.filter(name__in=candidates).delete()[0]
