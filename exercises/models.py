"""Exercises, their versions, assignments, and the runs that wait in the queue."""

from __future__ import annotations

import copy
import uuid
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from courses.models import Course, is_staff_of
from exercises.check_models import ExerciseCheck as ExerciseCheck
from exercises.comments import Comment as Comment  # Django looks for models here alone
from exercises.dates import Extension, credit, extension_for
from exercises.dates import apply as apply_extension
from exercises.regrade_models import Regrade as Regrade
from exercises.regrade_models import RegradeEntry as RegradeEntry
from gradebook.models import GradeItem, end_of_minute
from workers.jobs import ExerciseFiles, ExerciseSpec, parse_spec

if TYPE_CHECKING:
    from accounts.models import User


def localized(texts: dict[str, str]) -> str:
    """The text in the language of the page, else in any language there is."""
    language = (get_language() or "en")[:2]
    return texts.get(language) or next((text for text in texts.values() if text), "")


class ExerciseQuerySet(models.QuerySet["Exercise"]):
    def visible_to(self, user: Any) -> Self:
        """Exercises whose sources `user` may read: those of courses that the user teaches."""
        return self.filter(course__in=Course.objects.taught_by(user))


class Exercise(models.Model):
    """What an author edits: the files of one exercise's folder. Students only ever meet a published version."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="exercises", verbose_name=_("course"))
    slug = models.SlugField(_("short name"), max_length=100)
    published = models.ForeignKey(
        "ExerciseVersion", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)
    archived = models.BooleanField(_("archived"), default=False, editable=False)  # in no list; nothing else changes

    objects = ExerciseQuerySet.as_manager()

    class Meta:
        verbose_name = _("exercise")
        verbose_name_plural = _("exercises")
        ordering = ("slug",)
        constraints = (models.UniqueConstraint(fields=("course", "slug"), name="exercise_once"),)

    def __str__(self) -> str:
        return self.slug

    def read_files(self) -> ExerciseFiles:
        """The files as they are edited now. Raises BadExercise."""
        return ExerciseFiles({file.path: bytes(file.content) for file in self.files.all()})


class ExerciseFile(models.Model):
    exercise = models.ForeignKey(Exercise, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(_("path"), max_length=200)
    content = models.BinaryField(_("content"), blank=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ("path",)
        constraints = (models.UniqueConstraint(fields=("exercise", "path"), name="exercise_file_once"),)

    def __str__(self) -> str:
        return self.path


class Bundle(models.Model):
    """A version's packed files. Apart from the version, so that no list ever loads megabytes."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    data = models.BinaryField()


class ExerciseVersion(models.Model):
    """An immutable copy of an exercise's files. It opens to students once a grading node has listed its tests."""

    class State(models.TextChoices):
        LISTING = "listing", _("being prepared")
        READY = "ready", _("ready")
        BROKEN = "broken", _("broken")

    exercise = models.ForeignKey(
        Exercise, on_delete=models.CASCADE, related_name="versions", verbose_name=_("exercise")
    )
    number = models.PositiveIntegerField(_("number"))
    sha256 = models.CharField(max_length=64, db_index=True)
    grading_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("published"), default=timezone.now)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.LISTING)
    fault = models.TextField(_("fault"), blank=True)
    title = models.JSONField(_("title"), default=dict)  # by language
    statements = models.JSONField(_("statements"), default=dict)  # Markdown by language
    starter = models.TextField(_("starter"), blank=True)
    public_tests = models.TextField(blank=True)  # source of the public tests alone, for download
    spec_text = models.TextField("exercise.toml")
    manifest = models.JSONField(_("tests"), null=True)  # workers.jobs.report.Manifest
    max_score = models.FloatField(_("points"), null=True)

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("exercise", "number"), name="exercise_version_once"),)

    def __str__(self) -> str:
        return f"{self.exercise} v{self.number}"

    @cached_property
    def spec(self) -> ExerciseSpec:
        return parse_spec(self.spec_text)

    @property
    def localized_title(self) -> str:
        return localized(self.title)

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles of the models that a grade of it asks: none but for prompts, of texts and of pictures."""
        return self.spec.roles

    @property
    def public_score(self) -> float:
        """Points of the public tests; 0 before the tests are listed."""
        return float(sum(test["points"] for test in (self.manifest or {}).get("tests", []) if test["public"]))

    @property
    def localized_statement(self) -> str:
        return localized(self.statements)

    @property
    def queue(self) -> str:
        if self.spec.roles:
            return "grade.llm"
        if self.spec.device == "any":
            return "grade.gpu" if Node.serving("grade.gpu") else "grade.cpu"
        return {"cpu": "grade.cpu", "gpu": "grade.gpu"}[self.spec.device]


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def visible_to(self, user: Any) -> Self:
        """Assignments that `user` may open: all of the courses taught, the visible and opened of those taken."""
        if not user.is_authenticated:
            return self.none()
        taught = Q(course__in=Course.objects.taught_by(user))
        taken = Q(course__in=Course.objects.visible_to(user), visible=True)
        opened = Q(opens_at__isnull=True) | Q(opens_at__lte=timezone.now())
        return self.filter(taught | (taken & opened))


class Assignment(models.Model):
    """An exercise given to a course, with its dates. One student's dates may differ: `dated`."""

    class Counts(models.TextChoices):
        BEST = "best", _("the best submission")
        LAST = "last", _("the last submission")
        FIRST = "first", _("the first submission")

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="assignments", verbose_name=_("course"))
    exercise = models.ForeignKey(
        Exercise, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("exercise")
    )
    slug = models.SlugField(_("short name"), max_length=100)
    item = models.OneToOneField(
        GradeItem, on_delete=models.PROTECT, related_name="assignment", verbose_name=_("grade item"), editable=False
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    visible = models.BooleanField(_("shown to students"), default=True)
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True, help_text=_("Later submissions are marked late."))
    closes_at = models.DateTimeField(
        _("closes"), null=True, blank=True, help_text=_("Nothing is accepted later. Empty: at the due date.")
    )
    tries = models.PositiveIntegerField(
        _("tries"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit."),
    )
    counts = models.CharField(_("what counts"), max_length=5, choices=Counts.choices, default=Counts.BEST)
    shift: timedelta | None = None  # of a copy for one student: how much later its due date is

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ("position", "due_at", "slug")
        constraints = (models.UniqueConstraint(fields=("course", "slug"), name="assignment_once"),)

    def __str__(self) -> str:
        return f"{self.course.slug}/{self.slug}"

    def clean(self) -> None:
        dates = [(name, getattr(self, name)) for name in ("opens_at", "due_at", "closes_at")]
        given = [(name, date) for name, date in dates if date is not None]
        for (_first, earlier), (name, later) in zip(given, given[1:], strict=False):
            if later < earlier:
                raise ValidationError({name: _("The dates must follow one another: opens, due, closes.")})
        if self.exercise_id and self.course_id and self.exercise.course_id != self.course_id:
            raise ValidationError({"exercise": _("This exercise belongs to another course.")})

    def dated(self, student_id: int) -> Assignment:
        """The assignment as this student has it, extensions applied: to read, never to save."""
        return self if self.shift is not None else self.dated_by(extension_for(self, student_id))

    def dated_by(self, extension: Extension | None) -> Assignment:
        mine = copy.copy(self)
        mine.shift = apply_extension(mine, extension) if extension else timedelta(0)
        return mine

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.shift is not None:
            raise TypeError("this is one student's copy of an assignment: saving it would extend everybody's dates")
        super().save(*args, **kwargs)

    def credit_at(self, moment: datetime) -> Fraction:
        """The share of its points that a submission accepted then brings, 0 to 1."""
        return credit(self, moment, self.shift or timedelta(0))

    @property
    def version(self) -> ExerciseVersion | None:
        return self.exercise.published

    @property
    def title(self) -> str:
        return self.version.localized_title if self.version else self.item.title

    @property
    def last_minute(self) -> datetime | None:
        """The last minute in which something is accepted; None: never closes."""
        return self.closes_at or self.due_at

    @property
    def last_moment(self) -> datetime | None:
        """The first instant at which nothing is accepted any more; None: never closes."""
        return end_of_minute(self.last_minute) if self.last_minute else None

    def is_open(self, now: datetime | None = None) -> bool:
        now = now or timezone.now()
        started = self.opens_at is None or self.opens_at <= now
        return started and (self.last_moment is None or now < self.last_moment)

    def is_late(self, moment: datetime) -> bool:
        return self.due_at is not None and moment >= end_of_minute(self.due_at)


class Draft(models.Model):
    """What stands in a student's editor. Saved by the browser as the student types."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="drafts")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    source = models.TextField(blank=True)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("assignment", "student"), name="draft_once"),)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: Any) -> Self:
        """One's own, in courses that one still takes part in, and all of courses that one teaches."""
        if not user.is_authenticated:
            return self.none()
        own = Q(student=user, assignment__course__in=Course.objects.visible_to(user))
        return self.filter(own | Q(assignment__course__in=Course.objects.taught_by(user)))


class Submission(models.Model):
    """What a student handed in, or sent to the public tests. Saved means accepted; grading follows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="submissions")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="submissions")
    public_only = models.BooleanField(_("public tests only"), default=False)
    number = models.PositiveIntegerField(_("number"))  # 1, 2, … of this student, assignment and kind
    source = models.TextField(_("source"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    idempotency_key = models.CharField(max_length=100)
    run = models.OneToOneField("Run", on_delete=models.RESTRICT, related_name="current_of")  # whose result counts

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ("-received_at",)
        constraints = (
            # A double click, a retry after a lost answer: the same row.
            models.UniqueConstraint(fields=("student", "assignment", "idempotency_key"), name="submission_once"),
            models.UniqueConstraint(fields=("student", "assignment", "public_only", "number"), name="submission_no"),
        )
        indexes = (models.Index(fields=("assignment", "student", "-received_at"), name="submission_history"),)

    def __str__(self) -> str:
        return f"{self.assignment} · {self.student} · {self.number}"

    @property
    def late(self) -> bool:
        return self.assignment.dated(self.student_id).is_late(self.received_at)

    @property
    def credit_percent(self) -> int:
        """Of its points, what it brings: less than 100 when it came late and the assignment says so."""
        return round(100 * self.assignment.dated(self.student_id).credit_at(self.received_at))


class RunState(models.TextChoices):
    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent to a grader")
    RUNNING = "running", _("running")
    GRADED = "graded", _("graded")
    JUDGE_FAILED = "judge_failed", _("could not be graded")
    SUPERSEDED = "superseded", _("replaced by a newer one")


class Run(models.Model):
    """One place in the queue: a grade of a submission, the listing of a version's tests, the check of an exercise.

    queued -> sent -> running -> graded | judge_failed; queued -> superseded. Back to queued only by the sweeper
    or a failed attempt, while attempts < 3. Every change is a conditional update of one row.
    """

    class Purpose(models.TextChoices):
        LIST = "list", _("list the tests")
        PUBLIC = "public", _("public tests")
        SUBMIT = "submit", _("submission")
        REGRADE = "regrade", _("regrade")
        CHECK = "check", _("check")

    LIVE = (RunState.SENT, RunState.RUNNING)
    OPEN = (RunState.QUEUED, *LIVE)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    # Null for a check alone, whose files are no version yet. Every other run has one; the type says so, against the
    # column, since else each use of it would have to ask.
    version: models.ForeignKey[ExerciseVersion, ExerciseVersion] = models.ForeignKey(  # type: ignore[misc]
        ExerciseVersion, on_delete=models.PROTECT, null=True, related_name="runs"
    )
    gate = models.OneToOneField(ExerciseCheck, on_delete=models.CASCADE, null=True, related_name="run")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, null=True, related_name="runs")
    # Of the submission; here too, so that fairness is decided from this table's small index alone.
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    queue = models.CharField(max_length=20)
    state = models.CharField(_("state"), max_length=12, choices=RunState.choices, default=RunState.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)  # the place in the queue
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=200, blank=True)
    seed = models.BigIntegerField()
    verdict = models.CharField(_("verdict"), max_length=10, blank=True)
    score = models.FloatField(_("score"), null=True)
    max_score = models.FloatField(null=True)
    report = models.JSONField(null=True)  # workers.jobs.report.GradeReport, whole: students get a filtered view
    fault = models.TextField(_("fault"), blank=True)  # of the last failed attempt; staff only
    disputed = models.BooleanField(_("another attempt gave another score"), default=False)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        indexes = (
            # The queue stays small and fast beside a million finished rows.
            models.Index(
                fields=("queue", "state", "queued_at"),
                name="run_open",
                condition=Q(state__in=("queued", "sent", "running")),
            ),
            models.Index(fields=("-finished_at",), name="run_finished"),
        )

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk} {self.get_state_display()}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class LateReport(models.Model):
    """A valid report for a run that was final already: kept as evidence, changes nothing."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="late_reports")
    attempt = models.PositiveSmallIntegerField()
    received_at = models.DateTimeField(default=timezone.now)
    verdict = models.CharField(max_length=10)
    score = models.FloatField()
    differs = models.BooleanField()
    report = models.JSONField()


class Node(models.Model):
    """A grading node, as it last announced itself."""

    name = models.CharField(max_length=200, primary_key=True)
    queues = models.JSONField(default=list)
    slots = models.PositiveIntegerField()
    sandbox = models.CharField(max_length=300)
    devices = models.JSONField(default=list)
    runtimes = models.JSONField(default=list)
    seen_at = models.DateTimeField()

    SILENT_AFTER = timedelta(seconds=35)  # three announcements missed

    @classmethod
    def serving(cls, queue: str) -> bool:
        """Whether a node that was heard lately takes jobs of `queue`."""
        lately = cls.objects.filter(seen_at__gte=timezone.now() - cls.SILENT_AFTER)
        return any(queue in node.queues and not node.sandbox.startswith("NONE") for node in lately)

    class Meta:
        verbose_name = _("grading node")
        verbose_name_plural = _("grading nodes")

    def __str__(self) -> str:
        return self.name


def may_see_everything(user: User, submission: Submission) -> bool:
    """Whether `user` gets the staff's view of a submission. Never one's own work as a student."""
    return is_staff_of(user, submission.assignment.course)
