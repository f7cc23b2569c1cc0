"""Small pieces of text and markup that several admin pages show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from courses.models import Course
from exercises.models import ExerciseVersion, Run, RunState
from exercises.presentation import verdict_label


def moment_of(moment: datetime | None, course: Course) -> str:
    """A moment in the zone of the course."""
    return f"{moment.astimezone(course.zone):%Y-%m-%d %H:%M}" if moment else "–"


def chip(kind: str, word: Any) -> SafeString:
    """A state as a coloured word; `kind` picks the colour in the style sheet."""
    return format_html('<span class="chip {}">{}</span>', kind, word)


VERSION_CHIPS = {"listing": "waiting", "ready": "passed", "broken": "failed"}


def version_chip(version: ExerciseVersion) -> SafeString:
    return chip(VERSION_CHIPS[version.state], version.get_state_display())


def version_link(version: ExerciseVersion) -> SafeString:
    url = reverse("admin:exercises_exerciseversion_change", args=[version.pk])
    return format_html('<a href="{}">v{}</a>', url, version.number)


def run_chip(run: Run) -> SafeString:
    """Where a run stands: its verdict once it is graded."""
    if run.state == RunState.GRADED and run.verdict:
        return chip(run.verdict, verdict_label(run.verdict))
    kinds = {RunState.QUEUED: "waiting", RunState.SUPERSEDED: "superseded", RunState.JUDGE_FAILED: "error"}
    return chip(kinds.get(RunState(run.state), "running"), run.get_state_display())
