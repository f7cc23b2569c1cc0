"""Who saw and changed what matters: append-only."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course


class AuditEvent(models.Model):
    class Kind(models.TextChoices):
        GRADES_SEEN = "grades_seen", _("saw the gradebook")
        WORK_SEEN = "work_seen", _("saw a student’s work")
        EXPORTED = "exported", _("took the grades out")
        GRADE = "grade", _("changed a grade")
        DATES = "dates", _("changed dates or tries")
        PART = "part", _("changed somebody’s part in the course")
        REGRADE = "regrade", _("regraded")
        QUIZ = "quiz", _("stepped into a quiz")

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="audit_events")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    about = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("course", "-at"), name="audit_course"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by} {self.get_kind_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            self._refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError("an audit event is never changed or deleted")
