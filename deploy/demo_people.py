"""Enrol the demo's students and print a token for each: `EMAIL TOKEN` a line. One process: Django is loaded once.

python -m deploy.demo_people COURSE ROSTER.csv
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import django
from django.core.management import call_command


def main(course: str, roster: str) -> None:
    django.setup()
    call_command("importroster", course, roster, stdout=sys.stderr)
    with Path(roster).open(newline="", encoding="utf-8") as file:
        emails = [row["email"] for row in csv.DictReader(file)]
    for email in emails:
        token = io.StringIO()
        call_command("issuetoken", email, course=course, stdout=token, stderr=io.StringIO())
        print(email, token.getvalue().strip())


if __name__ == "__main__":
    main(*sys.argv[1:])
