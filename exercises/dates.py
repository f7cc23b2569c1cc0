"""Dates that differ: extensions for a student or a section, and the credit that a late submission still brings.

`Assignment.dated(student)` is the assignment as one student has it. Dates are civil minutes of the course's time zone,
and a deadline's minute belongs to it; what counts is the moment at which the submission was accepted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.models import Enrolment, Section
from gradebook.models import end_of_minute

if TYPE_CHECKING:
    from exercises.models import Assignment

NO_SHIFT = timedelta(0)


class Extension(models.Model):
    """Later dates or more tries, for one student or one section. A student's own wins over the section's."""

    assignment = models.ForeignKey("exercises.Assignment", on_delete=models.CASCADE, related_name="extensions")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("student"),
    )
    section = models.ForeignKey(
        Section, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("section")
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True, help_text=_("Empty: as for everybody."))
    closes_at = models.DateTimeField(
        _("closes"), null=True, blank=True, help_text=_("Empty: as much later as the due date is.")
    )
    extra_tries = models.PositiveIntegerField(_("extra tries"), default=0)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        constraints = (
            models.UniqueConstraint(fields=("assignment", "student"), name="extension_student"),
            models.UniqueConstraint(fields=("assignment", "section"), name="extension_section"),
            models.CheckConstraint(
                condition=Q(student__isnull=False, section__isnull=True)
                | Q(student__isnull=True, section__isnull=False),
                name="extension_for_one",
                violation_error_message=_("Choose a student or a section, one of the two."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.assignment} · {self.student or self.section}"

    def clean(self) -> None:
        if self.assignment_id is None:
            return
        course = self.assignment.course_id
        if self.section and self.section.course_id != course:
            raise ValidationError({"section": _("This section belongs to another course.")})
        if self.student_id and not Enrolment.objects.filter(course=course, user=self.student_id).exists():
            raise ValidationError({"student": _("This person is not in the course.")})


class CreditStep(models.Model):
    """Of the time after the due date: submissions accepted until `until` bring this share of their points."""

    assignment = models.ForeignKey("exercises.Assignment", on_delete=models.CASCADE, related_name="credit_steps")
    until = models.DateTimeField(_("until"))
    percent = models.PositiveSmallIntegerField(_("percent"), validators=[MaxValueValidator(100)])

    class Meta:
        verbose_name = _("credit after the due date")
        verbose_name_plural = _("credit after the due date")
        ordering = ("until",)
        constraints = (models.UniqueConstraint(fields=("assignment", "until"), name="credit_step_once"),)

    def __str__(self) -> str:
        return f"{self.percent} % → {self.until}"


def extension_for(assignment: Assignment, student_id: int) -> Extension | None:
    """The student's own extension, else that of the section that the student is in now."""
    found = [e for e in assignment.extensions.all() if e.student_id in (student_id, None)]
    own = [extension for extension in found if extension.student_id == student_id]
    if own or not found:
        return own[0] if own else None
    section = (
        Enrolment.objects.filter(course=assignment.course_id, user=student_id)
        .values_list("section_id", flat=True)
        .first()
    )
    return next((extension for extension in found if section and extension.section_id == section), None)


def apply(assignment: Assignment, extension: Extension) -> timedelta:
    """Put the extension's dates into `assignment` (a copy); how much later its due date is now."""
    shift = NO_SHIFT
    if extension.due_at is not None and assignment.due_at is not None:
        shift = extension.due_at - assignment.due_at
    if extension.due_at is not None:
        assignment.due_at = extension.due_at
    if extension.closes_at is not None:
        assignment.closes_at = extension.closes_at
    elif assignment.closes_at is not None:
        assignment.closes_at += shift
    if assignment.due_at and assignment.closes_at and assignment.closes_at < assignment.due_at:
        assignment.closes_at = assignment.due_at  # an extension never closes before its own due date
    if assignment.tries is not None:
        assignment.tries += extension.extra_tries
    return shift


def credit(assignment: Assignment, moment: datetime, shift: timedelta = NO_SHIFT) -> Fraction:
    """The share of its points that a submission accepted at `moment` brings, 0 to 1.

    Without credit steps a late submission is marked late and counts whole; with them, after the last one, it counts 0.
    """
    if not assignment.is_late(moment):
        return Fraction(1)
    steps = list(assignment.credit_steps.all())
    for step in steps:
        if moment < end_of_minute(step.until + shift):
            return Fraction(step.percent, 100)
    return Fraction(0) if steps else Fraction(1)
