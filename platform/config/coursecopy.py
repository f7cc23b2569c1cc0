"""A course again, for the next year: its exercises, quizzes, columns and dates; none of its people and of their work.

Dates move by whole days of the course's calendar: a deadline at 23:59 stays one at 23:59 over a change of clocks.
Nothing of the copy is shown to students before somebody shows it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Course, Enrolment, Role
from courses.staff import keep_staff_flag
from exercises.models import Assignment, Exercise, ExerciseFile
from gradebook.models import Category, GradeItem
from quizzes.models import Question, Quiz

MOST_DAYS = 3660  # ten years: more is a slip of the keyboard
Row = TypeVar("Row", bound=models.Model)


class CannotCopy(ValueError):
    """The course cannot be copied; the text says what to change."""


@dataclass
class _Copy:
    """The copy under way: what has become of each old row."""

    old: Course
    new: Course
    days: int
    categories: dict[int, Category] = field(default_factory=dict)
    exercises: dict[int, Exercise] = field(default_factory=dict)
    items: dict[int, GradeItem] = field(default_factory=dict)
    questions: dict[int, Question] = field(default_factory=dict)

    def moved(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else shifted(moment, self.days, self.old.zone)


def shifted(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time on the clock, so many days of the calendar of `zone` later (earlier when negative).

    A time that the clocks skip on that day becomes the one after the gap, as far behind it. Of a time that they show
    twice, the first or the second is taken as it was in `moment`. Raises OverflowError beyond the calendar.
    """
    there = moment.astimezone(zone)
    wall = there.replace(tzinfo=None, fold=0) + timedelta(days=days)
    return wall.replace(tzinfo=zone, fold=there.fold).astimezone(UTC)


def copy_course(
    old: Course, slug: str, *, shift_days: int = 0, title_en: str = "", title_fr: str = "", by: User | None = None
) -> Course:
    """Make the course `slug` from `old`; titles are the old ones unless given. `by` becomes its instructor.

    All or nothing. Raises CannotCopy: a short name that is none or is taken, dates beyond the calendar.
    """
    if abs(shift_days) > MOST_DAYS:
        raise CannotCopy(_("Dates can be moved by %(most)d days at most.") % {"most": MOST_DAYS})
    new = Course(slug=slug, title_en=title_en or old.title_en, title_fr=title_fr or ("" if title_en else old.title_fr))
    new.time_zone = old.time_zone
    try:
        new.full_clean()
        with transaction.atomic():
            new.save(force_insert=True)
            _copy_parts(_Copy(old, new, shift_days))
            if by is not None:
                Enrolment.objects.create(course=new, user=by, role=Role.INSTRUCTOR)
                keep_staff_flag(by)
    except ValidationError as error:
        raise CannotCopy(" ".join(error.messages)) from None
    except IntegrityError:  # somebody else took the name between the check and now
        raise CannotCopy(_("There is a course with the short name %(slug)s already.") % {"slug": slug}) from None
    except OverflowError:
        raise CannotCopy(_("A date would leave the calendar. Move by fewer days.")) from None
    return new


def _copy_parts(work: _Copy) -> None:
    for category in work.old.grade_categories.all():
        work.categories[category.pk] = _again(category, course=work.new)
    for exercise in work.old.exercises.select_related("published"):
        work.exercises[exercise.pk] = _copy_exercise(work, exercise)
    for item in work.old.grade_items.all():
        changes = {"category": work.categories.get(item.category_id or 0), "closes_at": work.moved(item.closes_at)}
        work.items[item.pk] = _again(item, course=work.new, **changes)
    for assignment in work.old.assignments.prefetch_related("credit_steps"):
        _copy_assignment(work, assignment)
    for picture in work.old.pictures.iterator(chunk_size=20):  # questions name them by their content
        _again(picture, course=work.new)
    for question in work.old.questions.select_related("current"):
        work.questions[question.pk] = _copy_question(work, question)
    for quiz in work.old.quizzes.prefetch_related("slots"):
        _copy_quiz(work, quiz)


def _again(row: Row, **changes: Any) -> Row:
    """A new row with the columns of `row`, but for `changes`."""
    made = copy.copy(row)
    # What was fetched beside the old row must not be taken for the new row's.
    made._state = copy.copy(row._state)
    made._state.fields_cache = {}
    made.__dict__.pop("_prefetched_objects_cache", None)
    made.pk, made._state.adding = None, True
    for name, value in changes.items():
        setattr(made, name, value)
    made.save(force_insert=True)
    return made


# ---- Exercises -------------------------------------------------------------------------------------------


def _copy_exercise(work: _Copy, exercise: Exercise) -> Exercise:
    """The files as they stand and, published as it is, the version that students have."""
    made = _again(exercise, course=work.new, published=None)
    ExerciseFile.objects.bulk_create(
        [ExerciseFile(exercise=made, path=file.path, content=file.content) for file in exercise.files.all()]
    )
    if exercise.published is not None:
        # Its tests are listed and its bundle is stored under its hash: no node has to look at it again.
        made.published = _again(exercise.published, exercise=made, number=1)
        made.save(update_fields=["published"])
    return made


def _copy_assignment(work: _Copy, assignment: Assignment) -> None:
    made = _again(
        assignment,
        course=work.new,
        exercise=work.exercises[assignment.exercise_id],
        item=work.items[assignment.item_id],
        visible=False,
        opens_at=work.moved(assignment.opens_at),
        due_at=work.moved(assignment.due_at),
        closes_at=work.moved(assignment.closes_at),
    )
    for step in assignment.credit_steps.all():
        _again(step, assignment=made, until=work.moved(step.until))


# ---- Quizzes ---------------------------------------------------------------------------------------------


def _copy_question(work: _Copy, question: Question) -> Question:
    """With its current version alone: nobody has answered an older one here."""
    made = _again(question, course=work.new, current=None)
    if question.current is not None:
        made.current = _again(question.current, question=made, number=1)
        made.save(update_fields=["current"])
    return made


def _copy_quiz(work: _Copy, quiz: Quiz) -> None:
    """Without its access code, which last year's students know."""
    made = _again(
        quiz,
        course=work.new,
        item=work.items[quiz.item_id],
        visible=False,
        access_code="",
        opens_at=work.moved(quiz.opens_at),
        closes_at=work.moved(quiz.closes_at),
    )
    for slot in quiz.slots.all():
        question = work.questions[slot.question_id] if slot.question_id else None
        _again(slot, quiz=made, question=question)
