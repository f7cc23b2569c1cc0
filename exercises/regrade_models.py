"""A regrade and its rows: which run counted before, and which one would count."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Regrade(models.Model):
    """Every submission of an assignment graded anew, beside the old results: looked at first, then applied, or not."""

    class Kind(models.TextChoices):
        RERUN = "rerun", _("run again with the current version")
        RESCORE = "rescore", _("new points for the stored results")

    assignment = models.ForeignKey("exercises.Assignment", on_delete=models.CASCADE, related_name="regrades")
    version = models.ForeignKey("exercises.ExerciseVersion", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("regrade")
        verbose_name_plural = _("regrades")
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.assignment} · {self.made_at:%Y-%m-%d %H:%M}"


class RegradeEntry(models.Model):
    regrade = models.ForeignKey(Regrade, on_delete=models.CASCADE, related_name="entries")
    submission = models.ForeignKey("exercises.Submission", on_delete=models.CASCADE, related_name="+")
    old = models.ForeignKey("exercises.Run", on_delete=models.CASCADE, related_name="+")
    new = models.OneToOneField("exercises.Run", on_delete=models.CASCADE, related_name="regrade_entry")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("regrade", "submission"), name="regrade_submission_once"),)
