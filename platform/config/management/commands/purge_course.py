"""Delete a course that is over."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.people import PeopleError, purge_course
from courses.management.commands.importroster import course_named


class Command(BaseCommand):
    help = (
        "Delete an archived course with its exercises, quizzes, submissions and grades. People stay. Without --yes it "
        "only says what would go."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("course", help="the course's short name")
        parser.add_argument("--yes", action="store_true", help="really delete")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            gone = purge_course(course_named(options["course"]), really=options["yes"])
        except PeopleError as error:
            raise CommandError(str(error)) from None
        listed = ", ".join(f"{count} {name}" for name, count in sorted(gone.items())) or "nothing"
        self.stdout.write(f"deleted: {listed}" if options["yes"] else f"would delete: {listed}\nSay --yes to do it.")
