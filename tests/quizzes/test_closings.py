"""The gradebook waits for the closing that an exception gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from courses.models import Enrolment, Section
from gradebook.table import build_table
from quizzes.models import Override


@pytest.fixture
def over(quiz: Any) -> Any:
    """A quiz that closed an hour ago."""
    quiz.closes_at = quiz.item.closes_at = timezone.now() - timedelta(hours=1)
    quiz.save()
    quiz.item.save()
    return quiz


def test_it_works(over: Any, bob: Any) -> None:
    assert build_table(over.course).rows[0].total_20 == 0
    Override.objects.create(quiz=over, student=bob, closes_at=timezone.now() + timedelta(days=1))
    assert build_table(over.course).rows[0].total_20 is None


def test_a_section_and_ones_own(over: Any, bob: Any) -> None:
    section = Section.objects.get(course=over.course)
    Override.objects.create(quiz=over, section=section, closes_at=timezone.now() + timedelta(days=1))
    assert build_table(over.course).rows[0].total_20 == 0
    Enrolment.objects.filter(user=bob).update(section=section)
    assert build_table(over.course).rows[0].total_20 is None
    Override.objects.create(quiz=over, student=bob, closes_at=timezone.now() - timedelta(minutes=30))
    assert build_table(over.course).rows[0].total_20 == 0


def test_an_exception_without_a_closing_changes_nothing(over: Any, bob: Any) -> None:
    Override.objects.create(quiz=over, student=bob, extra_percent=33)
    assert build_table(over.course).rows[0].total_20 == 0
