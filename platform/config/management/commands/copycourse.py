"""Copy a course to the next year."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from config.coursecopy import CannotCopy, copy_course
from config.people import PeopleError, person_named
from courses.management.commands.importroster import course_named


class Command(BaseCommand):
    help = (
        "Copy a course: exercises, assignments, categories, columns, questions and quizzes, with moved dates. No "
        "people, no submissions; students see nothing of it before you show it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", help="the course's short name")
        parser.add_argument("new", help="the short name of the copy")
        parser.add_argument(
            "--shift-days", type=int, default=0, metavar="N", help="move dates by N days; 364 keeps the day of the week"
        )
        parser.add_argument("--title-en", default="", help="title of the copy (default: the old titles)")
        parser.add_argument("--title-fr", default="", help="title of the copy in French")
        parser.add_argument("--instructor", default="", metavar="EMAIL", help="who becomes the copy's instructor")

    def handle(self, *args: Any, **options: Any) -> None:
        titles = {name: options[name] for name in ("title_en", "title_fr")}
        try:
            by: User | None = person_named(options["instructor"]) if options["instructor"] else None
            old = course_named(options["old"])
            made = copy_course(old, options["new"], shift_days=options["shift_days"], by=by, **titles)
        except (CannotCopy, PeopleError) as error:
            raise CommandError(str(error)) from None
        counts = f"{made.assignments.count()} assignments, {made.quizzes.count()} quizzes"
        self.stdout.write(f"copied {old.slug} to {made.slug}: {counts}, all hidden from students")
