"""`manage.py loadcourse [DIR]`: load or update a course from its folder."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.courseload import DEFAULT_COURSE, BadCourse, load_course


class Command(BaseCommand):
    help = "Load or update a course (exercises, dates) from a folder with a course.toml. Twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", nargs="?", default=str(DEFAULT_COURSE), help="folder that holds course.toml")
        parser.add_argument("--demo", action="store_true", help="also make the folder's demo people (needs DEBUG=1)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo"] and not settings.DEBUG:
            raise CommandError("--demo makes accounts that anybody can open: it needs DEBUG=1")
        try:
            loaded = load_course(Path(options["dir"]), with_people=options["demo"])
        except BadCourse as error:
            raise CommandError(str(error)) from None
        for change in loaded.changes:
            self.stdout.write(f"loaded {change}")
        if not loaded.changes:
            self.stdout.write(f"{loaded.course.slug}: nothing to change")
