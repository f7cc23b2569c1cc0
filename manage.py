#!/usr/bin/env python3
"""Django's commands."""

import os
import sys
from pathlib import Path

# platform/ is a source folder, not a package: as a package it would hide the standard library's `platform`.
sys.path.append(str(Path(__file__).resolve().parent / "platform"))

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
