"""Questions, their frozen versions, and the pictures in them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course


class Question(models.Model):
    """A question of a course's bank. What students get is always one of its versions, which never change."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="questions", verbose_name=_("course"))
    slug = models.SlugField(_("short name"), max_length=100)
    pool = models.CharField(_("pool"), max_length=200, blank=True, db_index=True)  # category; "/" separates levels
    current = models.ForeignKey(
        "QuestionVersion", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    archived = models.BooleanField(_("archived"), default=False)  # no longer drawn from its pool

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ("pool", "slug")
        constraints = (models.UniqueConstraint(fields=("course", "slug"), name="question_once"),)

    def __str__(self) -> str:
        return self.slug


class QuestionVersion(models.Model):
    """`content` is the JSON form of `quizzes.questions`. Immutable: a correction is a new version."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    content = models.JSONField(_("content"))
    sha256 = models.CharField(max_length=64)  # of the content with sorted keys
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("question version")
        verbose_name_plural = _("question versions")
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("question", "number"), name="question_version_once"),)

    def __str__(self) -> str:
        return f"{self.question} v{self.number}"


class Picture(models.Model):
    """A picture that questions of the course name by its content: `picture:<name>`. Never changed.

    In the database, not on a disk: every web host has it, and a backup of the database is a whole one.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="pictures", verbose_name=_("course"))
    name = models.CharField(max_length=32)  # of the content: hexadecimal, see quizzes.pictures.files
    mime = models.CharField(max_length=20)
    data = models.BinaryField()
    width = models.PositiveIntegerField()  # pixels
    height = models.PositiveIntegerField()
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        constraints = (models.UniqueConstraint(fields=("course", "name"), name="picture_once"),)

    def __str__(self) -> str:
        return self.name
