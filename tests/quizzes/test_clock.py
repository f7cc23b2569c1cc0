"""The clock: it ends and builds, goes on after a fault, and runs in `manage.py dispatch`."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from quizzes import actions, clock
from quizzes.models import Attempt, Quiz, Slot


def turns(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let the clock look `count` times, without its pauses."""
    left = iter([False] * count + [True])
    monkeypatch.setattr(clock, "EVERY", 0.0)
    clock.run_clock(lambda: next(left))


def test_it_works(quiz: Quiz, bob: Any, alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    preview = actions.start_preview(quiz, alice)
    Attempt.objects.update(deadline=timezone.now() - timedelta(seconds=61))
    Quiz.objects.update(opens_at=timezone.now() + timedelta(minutes=5))
    turns(monkeypatch, 2)
    preview.refresh_from_db()
    assert preview.state == "expired"
    assert Attempt.objects.get(student=bob).state == "built"


def test_a_quiz_that_cannot_be_built_stops_no_other(quiz: Quiz, bob: Any, caplog: pytest.LogCaptureFixture) -> None:
    from tests.quizzes.quizzing import add_quiz

    soon = timezone.now() + timedelta(minutes=5)
    Quiz.objects.update(opens_at=soon)
    Slot.objects.create(quiz=add_quiz(quiz.course, "aaa", opens_at=soon), position=0, pool="nothing")
    with caplog.at_level(logging.WARNING):
        assert clock.build_ahead() == 1
    assert "course/aaa cannot be built" in caplog.text


def test_an_attempt_that_cannot_be_ended_stops_no_other(
    quiz: Quiz, bob: Any, alice: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broken, good = actions.start_preview(quiz, alice), actions.start(quiz, bob)
    Attempt.objects.filter(pk=broken.pk).update(layout=[{"key": "q1", "version": 0, "sha": "none", "points": 1}])
    assert actions.expire_due(good.deadline + timedelta(seconds=61)) == 1
    good.refresh_from_db()
    assert good.state == "expired"
    assert str(broken.pk) in caplog.text
