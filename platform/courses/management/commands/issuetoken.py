"""Make an API token."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from courses.models import ApiToken, Course


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days <= 3650:
        raise ValueError(text)
    return days


_days.__name__ = "number of days from 0 to 3650"  # what argparse names in its error


def _course_of(user: User, slug: str | None) -> Course:
    """The named course, or the only one. Raises CommandError."""
    courses = list(Course.objects.visible_to(user))
    names = ", ".join(course.slug for course in courses) or "none"
    if slug is not None:
        for course in courses:
            if course.slug == slug:
                return course
        raise CommandError(f"{user.email} takes no part in a course {slug!r}; takes part in: {names}")
    if len(courses) != 1:
        raise CommandError(f"say which course with --course; {user.email} takes part in: {names}")
    return courses[0]


class Command(BaseCommand):
    help = "Print a new API token of one person for one course. It is shown once and stored as a hash only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--course", metavar="SLUG", help="needed when the person takes part in several")
        parser.add_argument("--days", type=_days, default=90.0, help="until it expires (default 90)")
        parser.add_argument("--label", default="", help="what it is for")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError(f"nobody here has the address {options['email']}")
        if not user.is_active:
            raise CommandError(f"the account of {user.email} is closed")
        course = _course_of(user, options["course"])
        token = ApiToken.issue(user, course, options["days"], options["label"][:100])
        self.stderr.write(f"token of {user.email} for {course.slug}, good for {options['days']:g} days:")
        self.stdout.write(token)  # alone on standard output, so that a script can read it
