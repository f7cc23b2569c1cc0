"""A student's own work in a course as one archive: a file for each submission, and a table of them."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from typing import IO, TYPE_CHECKING

from courses.models import Course
from exercises.models import Assignment, Draft, RunState, Submission

if TYPE_CHECKING:
    from accounts.models import User

IN_MEMORY = 8 << 20  # bytes; a larger archive goes to a temporary file
HEADER = ("file", "exercise", "kind", "number", "received", "late", "score", "max_score")


def work_archive(course: Course, student: User) -> IO[bytes]:
    """The archive, open at its beginning: submissions, runs of the public tests, drafts, and index.csv."""
    target = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (the response closes it)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        rows: list[tuple[str, ...]] = [HEADER]
        mine = Submission.objects.filter(student=student, assignment__course=course)
        related = mine.select_related("assignment__course", "run__version").order_by("assignment__slug", "received_at")
        dated: dict[int, Assignment] = {}
        for submission in related.iterator(chunk_size=100):
            # One reading of the extensions for each exercise, not for each submission.
            if submission.assignment_id not in dated:
                dated[submission.assignment_id] = submission.assignment.dated(student.pk)
            submission.assignment = dated[submission.assignment_id]
            name = file_name(submission)
            archive.writestr(name, submission.source)
            rows.append(_row(name, submission))
        drafts = Draft.objects.filter(student=student, assignment__course=course).select_related("assignment")
        for draft in drafts.order_by("assignment__slug"):
            archive.writestr(f"{draft.assignment.slug}/draft.txt", draft.source)
        table = io.StringIO()
        csv.writer(table).writerows(rows)
        archive.writestr("index.csv", table.getvalue())
    target.seek(0)
    return target


def file_name(submission: Submission) -> str:
    """Unique in the course: the exercise, what it was, its number, when it was received (course's time)."""
    kind = "public-tests" if submission.public_only else "submission"
    suffix = ".py" if submission.run.version.spec.kind == "code" else ".txt"
    local = submission.received_at.astimezone(submission.assignment.course.zone)
    return f"{submission.assignment.slug}/{kind}-{submission.number:03d}-{local:%Y-%m-%d-%H%M%S}{suffix}"


def _row(name: str, submission: Submission) -> tuple[str, ...]:
    run, zone = submission.run, submission.assignment.course.zone
    graded = run.state == RunState.GRADED
    return (
        name,
        submission.assignment.slug,
        "public tests" if submission.public_only else "submission",
        str(submission.number),
        submission.received_at.astimezone(zone).isoformat(timespec="seconds"),
        "yes" if submission.late else "no",
        f"{run.score:g}" if graded and run.score is not None else "",
        f"{run.max_score:g}" if graded and run.max_score is not None else "",
    )
