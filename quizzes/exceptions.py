"""Writes to a quiz's exceptions. They hold for attempts that are started later: a running one keeps its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from audit.actions import record
from audit.models import AuditEvent
from quizzes.models import Override

if TYPE_CHECKING:
    from accounts.models import User


@transaction.atomic
def save(override: Override, by: User) -> Override:
    """Save a new or changed exception, with its trace."""
    override.save()
    _trace(override, by, "")
    return override


@transaction.atomic
def remove(override: Override, by: User) -> None:
    _trace(override, by, "removed: ")
    override.delete()


def _trace(override: Override, by: User, sign: str) -> None:
    quiz = override.quiz
    given = {name: getattr(override, name) for name in ("extra_percent", "extra_seconds", "attempts")}
    moments = {name: getattr(override, name) for name in ("opens_at", "closes_at")}
    parts = [f"{name} {value}" for name, value in given.items() if value is not None]
    parts += [f"{name} {moment:%Y-%m-%d %H:%M %Z}" for name, moment in moments.items() if moment is not None]
    about = "" if override.student else f"section {override.section}: "
    reason = f" ({override.reason})" if override.reason else ""
    detail = f"{quiz.slug}: {sign}{about}{', '.join(parts)}{reason}"
    record(quiz.course, by, AuditEvent.Kind.DATES, override.student, detail)
