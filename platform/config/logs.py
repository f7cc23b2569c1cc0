"""What is left out of the log."""

from __future__ import annotations

import logging


class NoProbes(logging.Filter):
    """Drops Django's line about a 503 of /readyz: the answer itself says what is missing."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name == "django.request" and "/readyz" in record.getMessage())
