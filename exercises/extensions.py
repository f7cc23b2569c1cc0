"""Extensions as the gradebook and the staff see them: own closings, and scores that follow a change of dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from courses.models import Course, Enrolment
from exercises.dates import Extension
from exercises.models import Assignment
from gradebook.closings import Closings

if TYPE_CHECKING:
    from collections.abc import Iterable


def own_dates(course: Course, student_id: int | None = None) -> dict[tuple[int, int], Assignment]:
    """By item's and student's id, the assignment as each student with an extension has it: two queries without any."""
    assignments = list(
        Assignment.objects.filter(course=course, extensions__isnull=False)
        .distinct()
        .prefetch_related("extensions")
        .select_related("item")
    )
    if not assignments:
        return {}
    enrolments = Enrolment.objects.students().filter(course=course)
    if student_id is not None:
        enrolments = enrolments.filter(user=student_id)
    people = list(enrolments.values_list("user_id", "section_id"))
    found = {}
    for assignment in assignments:
        by_student = {e.student_id: e for e in assignment.extensions.all() if e.student_id}
        by_section = {e.section_id: e for e in assignment.extensions.all() if e.section_id}
        for user, section in people:
            extension = by_student.get(user) or by_section.get(section)
            if extension is not None:
                found[assignment.item_id, user] = assignment.dated_by(extension)
    return found


def closings(course: Course, student_id: int | None) -> Closings:
    """When the columns of assignments close for students with an extension."""
    return {key: assignment.last_minute for key, assignment in own_dates(course, student_id).items()}


def for_student(assignments: Iterable[Assignment], student_id: int) -> list[Assignment]:
    """The assignments as one student has them. Three queries at most, whatever their number."""
    found = list(assignments)
    extensions: dict[int, list[Extension]] = {}
    for extension in Extension.objects.filter(assignment__in=found):
        extensions.setdefault(extension.assignment_id, []).append(extension)
    sections: dict[int, int | None] = {}
    if any(extension.section_id for group in extensions.values() for extension in group):
        rows = Enrolment.objects.filter(course__in={a.course_id for a in found}, user=student_id)
        sections = dict(rows.values_list("course_id", "section_id"))

    def chosen(assignment: Assignment) -> Extension | None:
        group = extensions.get(assignment.pk, [])
        own = [extension for extension in group if extension.student_id == student_id]
        section = sections.get(assignment.course_id)
        shared = [extension for extension in group if section and extension.section_id == section]
        return next(iter(own + shared), None)

    return [assignment.dated_by(chosen(assignment)) for assignment in found]
