"""Writes to enrolments that a person makes by joining. A roster's are in `courses.roster`."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.models import Course, Enrolment, Role


class CannotJoin(ValueError):
    """The person may not enter this course by its code; the text says what to do."""


def course_with_code(code: str) -> Course | None:
    """The open course whose join code this is. Case and blanks around do not count."""
    code = code.strip()
    if not code or "\0" in code:
        return None
    return Course.objects.filter(join_code__iexact=code, archived=False).order_by("pk").first()


@transaction.atomic
def join(user: User, course: Course) -> Enrolment:
    """Enrol `user` as a student; whoever takes part already keeps role and section.

    Raises CannotJoin when a teacher has ended the person's part: a code that the whole class knows must not undo that.
    """
    enrolment, _created = Enrolment.objects.get_or_create(course=course, user=user, defaults={"role": Role.STUDENT})
    if not enrolment.active:
        raise CannotJoin(_("Your part in this course has ended. Ask your teacher to enrol you again."))
    return enrolment


@transaction.atomic
def register(email: str, course: Course) -> User:
    """Make the person who proved this address with a join code, and enrol. Twice at once: the same person."""
    user, created = User.objects.get_or_create(email=email.strip().lower())
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    join(user, course)
    return user
