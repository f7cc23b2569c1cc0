"""When a quiz's column closes for students whose exception says so: what the gradebook asks for."""

from __future__ import annotations

from courses.models import Course, Enrolment
from gradebook.closings import Closings
from quizzes.models import Quiz


def closings(course: Course, student_id: int | None) -> Closings:
    """By column and student, of those with another closing. One query when no exception moves one."""
    quizzes = Quiz.objects.filter(course=course, overrides__closes_at__isnull=False).distinct()
    quizzes = quizzes.prefetch_related("overrides")
    if not quizzes:
        return {}
    enrolments = Enrolment.objects.students().filter(course=course)
    if student_id is not None:
        enrolments = enrolments.filter(user=student_id)
    people = list(enrolments.values_list("user_id", "section_id"))
    found: Closings = {}
    for quiz in quizzes:
        moved = [override for override in quiz.overrides.all() if override.closes_at is not None]
        by_student = {override.student_id: override.closes_at for override in moved if override.student_id}
        by_section = {override.section_id: override.closes_at for override in moved if override.section_id}
        for user, section in people:
            own = by_student.get(user) or by_section.get(section)
            if own is not None:
                found[quiz.item_id, user] = own
    return found
