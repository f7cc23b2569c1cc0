"""Write the gradebook of a course as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.actions import record
from audit.models import AuditEvent
from courses.management.commands.importroster import course_named
from courses.models import Course, Section
from gradebook.export import FORMATS
from gradebook.table import build_table


def _section(course: Course, name: str) -> Section:
    found = course.sections.filter(name=name).first()
    if found is None:
        names = ", ".join(course.sections.values_list("name", flat=True)) or "none"
        raise CommandError(f"{course.slug} has no section {name!r}; sections: {names}")
    return found


class Command(BaseCommand):
    help = "Write the gradebook of a course as a file, to standard output unless --output names one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("course", help="the course's short name")
        parser.add_argument("--format", choices=sorted(FORMATS), default="plain")
        parser.add_argument("--section", metavar="S", help="only this section")
        parser.add_argument("--output", metavar="FILE", help="default: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        course = course_named(options["course"])
        section = _section(course, options["section"]) if options["section"] else None
        record(course, None, AuditEvent.Kind.EXPORTED, detail=f"{options['format']}, command line")
        content = FORMATS[options["format"]].write(build_table(course, section))
        if options["output"]:
            try:
                Path(options["output"]).write_bytes(content)
            except OSError as error:
                raise CommandError(f"{options['output']}: {error.strerror}") from None
            return
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None or getattr(self.stdout, "_out", None) is not sys.stdout:
            self.stdout.write(content.decode(errors="surrogateescape"), ending="")
            return
        # Bytes: the format is UTF-8 with CR LF, or a workbook, whatever the terminal's encoding.
        buffer.write(content)
        buffer.flush()
