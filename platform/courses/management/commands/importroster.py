"""Enrol people from a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses import roster
from courses.models import Course

SHOWN = 50  # problems printed


def course_named(slug: str) -> Course:
    """The course, or a CommandError that lists the courses there are."""
    course = Course.objects.filter(slug=slug).first()
    if course is None:
        names = ", ".join(Course.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"there is no course {slug!r}; courses: {names}")
    return course


class Command(BaseCommand):
    help = (
        "Enrol people from a CSV file with the columns email,family_name,given_name,section,role (only email is "
        "required). Every line is checked first; with one error, nothing is written. Nobody is removed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("course", help="the course's short name")
        parser.add_argument("file", help="the CSV file, UTF-8, with commas or semicolons")

    def handle(self, *args: Any, **options: Any) -> None:
        course = course_named(options["course"])
        try:
            data = Path(options["file"]).read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        try:
            people = roster.read(data)
        except roster.RosterError as error:
            shown = error.problems[:SHOWN]
            more = len(error.problems) - len(shown)
            shown += [f"… and {more} more"] if more else []
            raise CommandError("nothing was imported:\n" + "\n".join(shown)) from None
        summary = roster.enrol(course, people)
        for note in summary.notes:
            self.stderr.write(note)
        if people.ignored:
            self.stderr.write(f"columns that mean nothing here, ignored: {', '.join(people.ignored)}")
        self.stdout.write(
            f"{course.slug}: {summary.enrolled} enrolled ({summary.created} new people), {summary.reactivated} back, "
            f"{summary.changed} changed, {summary.unchanged} as they were"
        )
