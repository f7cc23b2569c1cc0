"""What came of checking an exercise's files before they are published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from exercises.models import Run


class ExerciseCheck(models.Model):
    """One check of an exercise's files as they stood. Its run is its place in the queue, with state and times."""

    exercise = models.ForeignKey("exercises.Exercise", on_delete=models.CASCADE, related_name="checks")
    sha256 = models.CharField(max_length=64)  # of the files checked: names their bundle
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=12, blank=True)  # exercises.checks.OUTCOMES; empty: nothing has come yet
    # What the node found, in the form that `exercises.checks` accepts: untrusted text, shown escaped.
    result: models.JSONField[Any, Any] = models.JSONField(null=True)

    run: Run  # the other end of Run.gate

    class Meta:
        verbose_name = _("check")
        verbose_name_plural = _("checks")
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.exercise} {self.sha256[:8]}"
