"""What is kept of an exam beside the answers: events, announcements, changes of a key, sign-in codes."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from quizzes.models.attempt import Attempt
from quizzes.models.bank import QuestionVersion
from quizzes.models.quiz import Quiz


class AttemptEvent(models.Model):
    """What happened to an attempt, as facts; append-only."""

    class Kind(models.TextChoices):
        STARTED = "started", _("started")
        OPENED = "opened", _("page opened")
        DEVICE = "device", _("another browser or address")
        FOCUS_LOST = "focus_lost", _("page left")
        FOCUS_BACK = "focus_back", _("page came back")
        OFFLINE = "offline", _("connection lost")
        ONLINE = "online", _("connection came back")
        CONFLICT = "conflict", _("two pages changed one answer")
        LATE = "late", _("answer refused after the end")
        SUBMITTED = "submitted", _("submitted")
        EXPIRED = "expired", _("ended by the clock")
        EXTENDED = "extended", _("time added")
        PAUSED = "paused", _("paused")
        RESUMED = "resumed", _("resumed")
        REOPENED = "reopened", _("reopened")
        RESCORED = "rescored", _("scored again")

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ("at", "pk")

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            self._refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError("an attempt's event is never changed or deleted")


class Announcement(models.Model):
    """A sentence of the invigilator to everybody who is taking the quiz."""

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="announcements")
    text = models.CharField(_("text"), max_length=500)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-at",)


class KeyChange(models.Model):
    """A regrade after a question's key was wrong: what was changed, how, by whom, and what it did."""

    class Policy(models.TextChoices):
        BOTH = "both", _("points for both the old and the new answer")
        NEW = "new", _("points for the new answer only")
        FULL = "full", _("full points for everybody")
        NONE = "none", _("change the key without a regrade")

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="key_changes")
    old = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="+")
    new = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="+")
    policy = models.CharField(max_length=5, choices=Policy.choices)
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    moved = models.JSONField(default=list)  # [{"attempt", "old", "new"}] of attempt scores

    class Meta:
        ordering = ("at", "pk")


class SignInCode(models.Model):
    """A one-time code on paper for an exam day on which mail is down. Only its hash is stored."""

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="sign_in_codes")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
