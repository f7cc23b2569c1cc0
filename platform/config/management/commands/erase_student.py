"""Erase a person."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.people import PeopleError, erase_student, person_named
from courses.management.commands.importroster import course_named


class Command(BaseCommand):
    help = (
        "Delete a student with all work and grades, or with --course only what belongs to one course. Without --yes it "
        "only says what would go."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--course", metavar="SLUG", help="only this course")
        parser.add_argument("--yes", action="store_true", help="really delete")

    def handle(self, *args: Any, **options: Any) -> None:
        course = course_named(options["course"]) if options["course"] else None
        try:
            gone = erase_student(person_named(options["email"]), course, really=options["yes"])
        except PeopleError as error:
            raise CommandError(str(error)) from None
        listed = ", ".join(f"{count} {name}" for name, count in sorted(gone.items())) or "nothing"
        self.stdout.write(f"deleted: {listed}" if options["yes"] else f"would delete: {listed}\nSay --yes to do it.")
