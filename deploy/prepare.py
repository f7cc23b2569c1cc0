"""Bring the database, the static files and the course up to date, in one process: Django is loaded once.

Each step does nothing when nothing changed.
"""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor


def open_database() -> None:
    """Make a new SQLite file with mode 0600: it holds students' work. SQLite gives its side files the same mode."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "sqlite":
        os.close(os.open(connection.settings_dict["NAME"], os.O_RDWR | os.O_CREAT, 0o600))
        with connection.cursor() as cursor:
            # Of this process alone: a power cut here costs a step that the next start repeats, while a wait for the
            # disk after each of a hundred statements costs seconds.
            cursor.execute("PRAGMA synchronous=NORMAL")


def migrate() -> None:
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        print("making the database's tables", flush=True)
        call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)


def main() -> int:
    django.setup()
    try:
        open_database()
        migrate()
        if not settings.DEBUG:
            call_command("collectstatic", verbosity=0, interactive=False)
        call_command("loadcourse", *(["--demo"] if settings.DEBUG else []))
    except (CommandError, DatabaseError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # As `manage.py` does: platform/ is a source folder; PYTHONPATH names it.
    sys.exit(main())
