"""Every write of the exercises: drafts, submissions, versions, assignments. What graders send is in `reports`.

A submission is one transaction and never touches the broker: saved is accepted, whatever else is down.
"""

from __future__ import annotations

import math
import secrets
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Enrolment
from exercises.errors import NotOpen, NoTriesLeft, NotText, TooLarge, TooSoon
from exercises.items import keep_item
from exercises.models import (
    Assignment,
    Bundle,
    Draft,
    Exercise,
    ExerciseFile,
    ExerciseVersion,
    Run,
    RunState,
    Submission,
)
from exercises.reports import update_score
from gradebook.models import GradeItem
from workers.jobs import ExerciseFiles, pack
from workers.jobs.pictures import target_of
from workers.jobs.public_tests import public_source

if TYPE_CHECKING:
    from accounts.models import User

KEY_LENGTH = 100


def check_source(source: str) -> str:
    """The source as it is stored: no NUL (PostgreSQL refuses it), no lone surrogate. Raises TooLarge, NotText."""
    try:
        size = len(source.encode("utf-8"))
    except UnicodeEncodeError:
        raise NotText(_("The text holds a character that is not Unicode. Paste it again as plain text.")) from None
    if size > settings.MAX_SOURCE_BYTES:
        raise TooLarge(
            _("The file is too large: %(size)d KiB, and %(limit)d KiB are accepted.")
            % {"size": math.ceil(size / 1024), "limit": settings.MAX_SOURCE_BYTES // 1024}
        )
    if "\0" in source:
        raise NotText(_("The file holds a NUL character: it is not a text file. Save it as UTF-8 text."))
    return source


def save_draft(assignment: Assignment, student: User, source: str) -> Draft:
    """Keep what stands in the editor. Accepted after closing too: nothing is lost, it just is not handed in."""
    draft, _created = Draft.objects.update_or_create(
        assignment=assignment,
        student=student,
        defaults={"source": check_source(source), "saved_at": timezone.now()},
    )
    return draft


def tries_used(assignment: Assignment, student: User) -> int:
    """Submissions that count as a try: not those replaced while waiting, nor those that we failed to grade."""
    return (
        Submission.objects.filter(assignment=assignment, student=student, public_only=False)
        .exclude(run__state__in=(RunState.SUPERSEDED, RunState.JUDGE_FAILED))
        .count()
    )


def tries_left(assignment: Assignment, student: User) -> int | None:
    """None: as many as one likes. Extra tries of an extension are counted."""
    tries = assignment.dated(student.pk).tries
    return None if tries is None else max(0, tries - tries_used(assignment, student))


def submit(
    assignment: Assignment, student: User, source: str, *, public_only: bool = False, key: str = ""
) -> Submission:
    """Accept a source: one transaction. The same `key` again gives the same submission.

    Raises a Refused: TooLarge, NotText, NotOpen, NoTriesLeft, TooSoon.
    """
    if not check_source(source).strip():
        raise NotText(_("There is nothing to grade: the file is empty."))
    key = (key or secrets.token_urlsafe(16))[:KEY_LENGTH]
    try:
        with transaction.atomic():
            return _submit(assignment, student, source, public_only, key)
    except IntegrityError:
        # Two requests with one key at the same instant: the other one has won.
        return Submission.objects.get(assignment=assignment, student=student, idempotency_key=key)


def _submit(assignment: Assignment, student: User, source: str, public_only: bool, key: str) -> Submission:
    # On PostgreSQL this lock makes one student's submissions to a course follow one another, so that the count of
    # tries cannot be passed by sending many at once. SQLite has one writer at a time.
    list(Enrolment.objects.select_for_update().filter(course=assignment.course, user=student))
    mine = Submission.objects.filter(assignment=assignment, student=student)
    if same := mine.filter(idempotency_key=key).first():
        return same
    now = timezone.now()
    assignment = assignment.dated(student.pk)
    version = _open_version(assignment, now)
    # Of the same kind only: a run of the public tests must never hold up a submission in the last second.
    last = mine.filter(public_only=public_only).order_by("-received_at").values_list("received_at", flat=True).first()
    wait = settings.SUBMIT_INTERVAL_SECONDS - (now - last).total_seconds() if last else 0
    if wait > 0:
        seconds = math.ceil(wait)
        raise TooSoon(_("You have just submitted. Try again in %(seconds)d s.") % {"seconds": seconds}, seconds)
    replaced = _supersede(assignment, student, public_only)
    if not public_only and tries_left(assignment, student) == 0:
        raise NoTriesLeft(_("You have used every try of this exercise."))
    run = Run.objects.create(
        purpose=Run.Purpose.PUBLIC if public_only else Run.Purpose.SUBMIT,
        version=version,
        student=student,
        queue=version.queue,
        queued_at=replaced.queued_at if replaced else now,
        seed=secrets.randbits(62),
    )
    number = (mine.filter(public_only=public_only).aggregate(last=Max("number"))["last"] or 0) + 1
    submission = Submission.objects.create(
        assignment=assignment,
        student=student,
        public_only=public_only,
        number=number,
        source=source,
        received_at=now,
        idempotency_key=key,
        run=run,
    )
    run.submission = submission
    run.save(update_fields=["submission"])
    return submission


def _open_version(assignment: Assignment, now: datetime) -> ExerciseVersion:
    if not assignment.is_open(now):
        if assignment.opens_at and assignment.opens_at > now:
            raise NotOpen(_("This exercise is not open yet."))
        raise NotOpen(_("This exercise is closed: nothing is accepted any more. Your draft is kept."))
    if assignment.version is None:
        raise NotOpen(_("This exercise is still being prepared. Try again in a minute; your draft is kept."))
    image = assignment.version.spec.image
    if image is not None and not image.calibrated:
        raise NotOpen(
            _(
                "This exercise cannot be graded yet: what a likeness to its picture is worth has not been measured. "
                "Your draft is kept."
            )
        )
    return assignment.version


def _supersede(assignment: Assignment, student: User, public_only: bool) -> Run | None:
    """Replace one's own waiting submission, never a running one. The newer one keeps its place in the queue."""
    waiting = Run.objects.filter(
        submission__assignment=assignment,
        submission__public_only=public_only,
        student=student,
        purpose__in=(Run.Purpose.SUBMIT, Run.Purpose.PUBLIC),
        state=RunState.QUEUED,
    ).order_by("queued_at")
    for run in waiting:
        # Conditional: the dispatcher may be claiming it right now, and then it runs.
        if Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(
            state=RunState.SUPERSEDED, finished_at=timezone.now()
        ):
            return run
    return None


# ---- Authors ---------------------------------------------------------------------------------------------


@transaction.atomic
def save_files(exercise: Exercise, files: ExerciseFiles) -> bool:
    """Make `files` the exercise's files. True when something changed."""
    old = {file.path: bytes(file.content) for file in exercise.files.all()}
    if old == files.files:
        return False
    exercise.files.exclude(path__in=files.files).delete()
    changed = [ExerciseFile(exercise=exercise, path=p, content=c) for p, c in files.files.items() if old.get(p) != c]
    # One statement for all: a course is loaded with hundreds of files.
    ExerciseFile.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["exercise", "path"], update_fields=["content"]
    )
    Exercise.objects.filter(pk=exercise.pk).update(updated_at=timezone.now())
    return True


@transaction.atomic
def publish(exercise: Exercise) -> ExerciseVersion:
    """Make a version of the exercise's files and queue the listing of its tests.

    Students keep the version before until a node has listed the new one. Publishing the same files again gives the
    version that exists. Raises workers.jobs.BadExercise.
    """
    files = exercise.read_files()
    facts = publication(files)
    last = exercise.versions.first()
    if last is not None and last.sha256 == files.version and last.state != ExerciseVersion.State.BROKEN:
        return last
    version = ExerciseVersion.objects.create(
        exercise=exercise,
        number=last.number + 1 if last else 1,
        sha256=files.version,
        grading_sha256=files.grading_version,
        **facts,
    )
    Bundle.objects.get_or_create(sha256=files.version, defaults={"data": pack(files)})
    Run.objects.create(purpose=Run.Purpose.LIST, version=version, queue="grade.cpu", seed=0, queued_at=timezone.now())
    return version


def publication(files: ExerciseFiles) -> dict[str, Any]:
    """What a version keeps of its files, by field. Raises BadExercise when they cannot be published."""
    spec = files.spec()
    files.text(f"solution{files.suffix}")
    if spec.image is not None:
        target_of(files)
    return {
        "title": dict(spec.title),
        "statements": {language: files.text(f"statement.{language}.md") for language in spec.languages},
        "starter": files.text(f"starter{files.suffix}"),
        "public_tests": public_source(files.text("tests.py")),
        "spec_text": files.text("exercise.toml"),
    }


@transaction.atomic
def assign(
    exercise: Exercise,
    *,
    slug: str | None = None,
    position: int = 0,
    opens_at: datetime | None = None,
    due_at: datetime | None = None,
    closes_at: datetime | None = None,
    tries: int | None = None,
    points: Decimal = Decimal(10),
    weight: Decimal = Decimal(10),
    visible: bool = True,
    counts: str = Assignment.Counts.BEST,
) -> Assignment:
    """Give the exercise to its course: the assignment and its column of the gradebook.

    The course's assignment of that `slug` (default: the exercise's) is updated when it exists; scores follow when the
    points change. Raises ValidationError: dates that do not follow one another, a slug that another exercise or
    another column holds.
    """
    slug = slug or exercise.slug
    assignment = Assignment.objects.select_related("item").filter(course=exercise.course, slug=slug).first()
    if assignment is None:
        assignment = Assignment(course=exercise.course, exercise=exercise, slug=slug, item=free_item(exercise, slug))
    elif assignment.exercise_id != exercise.pk:
        raise ValidationError({"slug": _("Another exercise is assigned under this short name. Choose another one.")})
    assignment.exercise = exercise  # with what the caller has loaded of it
    assignment.position, assignment.visible, assignment.tries = position, visible, tries
    assignment.opens_at, assignment.due_at, assignment.closes_at = opens_at, due_at, closes_at
    item = assignment.item
    rescale = item.pk is not None and (item.max_points != points or assignment.counts != counts)
    assignment.counts = counts
    item.max_points, item.weight = points, weight
    assignment.full_clean(exclude=["item"])
    item.clean_fields(exclude=["title_en", "title_fr"])
    assignment.item = keep_item(assignment)
    assignment.save()
    if rescale:
        rescore(assignment)
    return assignment


def free_item(exercise: Exercise, slug: str) -> GradeItem:
    """A new column, or the empty one that a deleted assignment of this name has left."""
    item = GradeItem.objects.filter(course=exercise.course, slug=slug).first()
    if item is None:
        return GradeItem(course=exercise.course, slug=slug)
    if Assignment.objects.filter(item=item).exists() or item.scores.exists():
        raise ValidationError(
            {"slug": _("The gradebook has a column with this short name already. Choose another one.")}
        )
    return item


def rescore(assignment: Assignment) -> None:
    """Points, dates, credit or policy changed: every graded student's score is worked out anew, with an event."""
    graded = Submission.objects.filter(assignment=assignment, public_only=False, run__state=RunState.GRADED)
    done: set[int] = set()
    for submission in graded.select_related("assignment__item", "student").order_by("-received_at"):
        if submission.student_id not in done:
            done.add(submission.student_id)
            update_score(submission)


@transaction.atomic
def unassign(assignment: Assignment) -> None:
    """Take an assignment back before anybody has handed something in. Raises ValidationError later."""
    if assignment.submissions.exists() or assignment.item.scores.exists():
        raise ValidationError(_("Students have handed something in: hide the assignment instead of deleting it."))
    item = assignment.item
    assignment.delete()
    item.delete()
