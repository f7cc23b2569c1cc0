"""Who may open the admin: people on the staff of a course, and superusers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from courses.models import Enrolment, Role

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Course


def keep_staff_flag(user: User) -> None:
    """Bring `user.is_staff` in line with the enrolments, after one of them changed."""
    teaches = Enrolment.objects.filter(user=user, active=True, role__in=Enrolment.STAFF).exists()
    is_staff = user.is_superuser or teaches
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])


def is_instructor_of(user: User, course: Course) -> bool:
    """Instructors change the course and its staff; assistants do everything else."""
    if user.is_superuser:
        return True
    return Enrolment.objects.filter(user=user, course=course, active=True, role=Role.INSTRUCTOR).exists()
