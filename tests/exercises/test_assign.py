"""Giving an exercise to its course: the assignment, its column of the gradebook, and both kept in step."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from exercises import actions, items
from exercises.models import Assignment, Exercise
from gradebook.models import GradeEvent, GradeItem, Score

NOW = datetime.datetime(2026, 9, 1, 12, 0, 30, tzinfo=datetime.UTC)


def test_it_works(exercise: Any) -> None:
    due = NOW + datetime.timedelta(days=7)
    assignment = actions.assign(exercise, due_at=due, points=Decimal(8), weight=Decimal(3), position=2)
    item = assignment.item
    assert (assignment.course, assignment.slug, assignment.visible) == (exercise.course, "addition", True)
    assert (item.slug, item.title_en, item.title_fr, item.position) == ("addition", "Addition", "Addition", 2)
    assert (item.max_points, item.weight) == (Decimal(8), Decimal(3))
    assert item.closes_at == assignment.last_minute == due


def test_a_second_time_updates(exercise: Any) -> None:
    first = actions.assign(exercise)
    second = actions.assign(exercise, closes_at=NOW, tries=3)
    assert first.pk == second.pk and GradeItem.objects.count() == 1
    assert Assignment.objects.get().tries == 3
    assert GradeItem.objects.get().closes_at == second.last_minute


def test_the_title_follows_the_published_version(exercise: Any) -> None:
    assignment = actions.assign(exercise)
    exercise.published.title = {"en": "Sum", "fr": "Somme"}
    exercise.published.save()
    items.sync_items(Exercise.objects.get(pk=exercise.pk))
    assignment.item.refresh_from_db()
    assert (assignment.item.title_en, assignment.item.title_fr) == ("Sum", "Somme")


def test_dates_must_follow_one_another(exercise: Any) -> None:
    with pytest.raises(ValidationError, match="must follow"):
        actions.assign(exercise, opens_at=NOW, due_at=NOW - datetime.timedelta(days=1))
    assert not Assignment.objects.exists() and not GradeItem.objects.exists()


def test_a_taken_name_is_refused(exercise: Any, bob: Any) -> None:
    item = GradeItem.objects.create(course=exercise.course, slug="addition", title_en="Oral exam")
    Score.objects.create(item=item, student=bob, derived=Decimal(3))
    with pytest.raises(ValidationError, match="column with this short name"):
        actions.assign(exercise)
    other = Exercise.objects.create(course=exercise.course, slug="other")
    actions.assign(exercise, slug="first")
    with pytest.raises(ValidationError, match="Another exercise"):
        actions.assign(other, slug="first")


def test_points_must_be_positive(exercise: Any) -> None:
    with pytest.raises(ValidationError):
        actions.assign(exercise, points=Decimal(0))
    assert not Assignment.objects.exists()


def test_scores_follow_the_points(exercise: Any, bob: Any, graded: Any) -> None:
    assignment = actions.assign(exercise, due_at=timezone.now() + datetime.timedelta(days=1))
    graded(actions.submit(assignment, bob, "def add(a, b): return a + b"))
    actions.assign(exercise, due_at=assignment.due_at, points=Decimal(5))
    score = Score.objects.get()
    assert score.derived == Decimal(5)
    assert list(GradeEvent.objects.filter(score=score).values_list("new", flat=True)) == [Decimal(5), Decimal(10)]


def test_taking_back(exercise: Any, bob: Any) -> None:
    actions.unassign(actions.assign(exercise))
    assert not GradeItem.objects.exists()
    assignment = actions.assign(exercise)
    actions.submit(assignment, bob, "a = 1")
    with pytest.raises(ValidationError, match="hide the assignment"):
        actions.unassign(assignment)
    assert Assignment.objects.exists()
