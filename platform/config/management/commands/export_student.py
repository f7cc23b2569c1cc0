"""Hand a person's data over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.people import PeopleError, export_student, person_named


class Command(BaseCommand):
    help = "Write everything kept about a person to a zip archive: profile, grades, results, submissions, quizzes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--output", metavar="FILE.zip", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = person_named(options["email"])
            with Path(options["output"]).open("wb") as target:
                names = export_student(person, target)
        except PeopleError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}") from None
        self.stdout.write(f"{options['output']}: {len(names)} files about {person.email}")
