"""Attempts and their answers."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from quizzes.models.quiz import Quiz

GRACE = timedelta(seconds=60)  # saves that were on their way at the deadline are accepted this much longer


class AttemptState(models.TextChoices):
    BUILT = "built", _("not started")
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    SUBMITTED = "submitted", _("submitted")
    EXPIRED = "expired", _("ended by the clock")


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def visible_to(self, user: Any) -> Self:
        """One's own started attempts, in courses that one still takes part in; all of courses that one teaches."""
        if not user.is_authenticated:
            return self.none()
        own = Q(student=user, quiz__course__in=Course.objects.visible_to(user)) & ~Q(state=AttemptState.BUILT)
        return self.filter(own | Q(quiz__course__in=Course.objects.taught_by(user)))


class Attempt(models.Model):
    """One student's attempt. Built (questions drawn, options ordered) before the opening: Start writes one row.

    built -> running <-> paused; running | paused -> submitted | expired; staff may reopen: -> running.
    Every change is a conditional update of one row.
    """

    LIVE = (AttemptState.RUNNING, AttemptState.PAUSED)
    ENDED = (AttemptState.SUBMITTED, AttemptState.EXPIRED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="attempt_set")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="quiz_attempts")
    number = models.PositiveIntegerField(_("number"))  # 1, 2, …; 0 for staff's previews
    preview = models.BooleanField(default=False)  # a member of the staff trying it: in no statistic, no gradebook
    state = models.CharField(_("state"), max_length=10, choices=AttemptState.choices, default=AttemptState.BUILT)
    # The questions in this student's order: [{"key": "q1", "slot": pk, "version": pk, "points": 1.0,
    # "drawn": false, "order": ["b", "a", …]}]; order: of options, right sides or items.
    layout = models.JSONField(default=list)
    built_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    deadline = models.DateTimeField(null=True)  # null: no limit, or not started, or paused
    paused_seconds = models.FloatField(null=True)  # what was left when it was paused; null: not paused or no limit
    ended_at = models.DateTimeField(null=True)
    sequence = models.PositiveBigIntegerField(default=0)  # of the last save: the server's count
    place = models.CharField(max_length=8, blank=True)  # sequential: key of the question reached
    score = models.DecimalField(_("score"), max_digits=8, decimal_places=2, null=True)
    max_score = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    seen_at = models.DateTimeField(null=True)  # last sign of the browser, for the board

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("quiz", "student", "number")
        constraints = (
            models.UniqueConstraint(fields=("quiz", "student", "number"), name="attempt_once"),
            # At most one that is waiting or going on: two clicks on Start open the same one.
            models.UniqueConstraint(
                fields=("quiz", "student"),
                condition=Q(state__in=("built", "running", "paused"), preview=False),
                name="attempt_open_once",
            ),
        )
        indexes = (
            models.Index(fields=("deadline",), name="attempt_deadline", condition=Q(state="running")),
            models.Index(fields=("quiz", "state"), name="attempt_state"),
        )

    def __str__(self) -> str:
        return f"{self.quiz} · {self.student} · {self.number}"

    def remaining(self, now: datetime | None = None) -> float | None:
        """Seconds until the deadline, 0 when it has passed; None without a limit."""
        if self.state == AttemptState.PAUSED:
            return self.paused_seconds
        if self.deadline is None:
            return None
        return max(0.0, (self.deadline - (now or timezone.now())).total_seconds())

    def accepts(self, now: datetime | None = None) -> bool:
        """Whether an answer that arrives now is saved."""
        in_time = self.deadline is None or (now or timezone.now()) <= self.deadline + GRACE
        return self.state == AttemptState.RUNNING and in_time


class Answer(models.Model):
    """The newest response to one question of an attempt, and what it is worth once the attempt has ended."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="answers")
    key = models.CharField(max_length=8)  # of the layout
    response = models.JSONField(null=True)
    flagged = models.BooleanField(default=False)
    sequence = models.PositiveBigIntegerField(default=0)
    saved_at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(default=0)  # that the question was in view, as the browser says
    fraction = models.FloatField(null=True)  # of the points; null before scoring
    points = models.FloatField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("attempt", "key"), name="answer_once"),)


class AnswerEvent(models.Model):
    """Every save that arrived, in order; never changed. `stale`: its tab had not seen the save before it."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="answer_events")
    key = models.CharField(max_length=8)
    response = models.JSONField(null=True)
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    tab = models.CharField(max_length=32, blank=True)  # random, one per page load
    stale = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("attempt", "sequence"), name="answer_event_once"),)
