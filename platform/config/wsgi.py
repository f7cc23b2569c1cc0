"""gunicorn's entrance."""

import os
import sys
from pathlib import Path

# platform/ is a source folder, not a package: as a package it would hide the standard library's `platform`.
sys.path.append(str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402  (the path must be set first)

application = get_wsgi_application()
