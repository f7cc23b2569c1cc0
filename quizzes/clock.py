"""The quizzes' clock: ends attempts whose time is over and builds attempts before an opening.

It runs beside the dispatcher. Nothing depends on its being on time: saves and pages look at the deadline themselves
(`ending.settle`), and Start builds what was not built.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import close_old_connections
from django.db.models import Q
from django.utils import timezone

from quizzes.building import build_attempts
from quizzes.ending import expire_due
from quizzes.errors import NotReady
from quizzes.models import Quiz

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks at the deadlines
BUILD_EVERY = 15.0
AHEAD = timedelta(minutes=30)  # an attempt is built this long before its quiz opens


def build_ahead(now: datetime | None = None) -> int:
    """Build the attempts of every quiz that opens soon or is open (for those who were enrolled late)."""
    now = now or timezone.now()
    soon = Quiz.objects.filter(visible=True, course__archived=False, opens_at__lte=now + AHEAD)
    built = 0
    for quiz in soon.filter(Q(closes_at__isnull=True) | Q(closes_at__gt=now)):
        try:
            built += build_attempts(quiz)
        except NotReady as error:
            log.warning("quiz %s cannot be built: %s", quiz, error.message)
    return built


def run_clock(stop: Callable[[], bool]) -> None:
    """Until `stop()`. A database that is down is waited for."""
    next_build = 0.0
    while not stop():
        try:
            expire_due()
            if time.monotonic() >= next_build:
                next_build = time.monotonic() + BUILD_EVERY
                build_ahead()
        except Exception:
            log.exception("the quizzes' clock goes on after a fault")
            close_old_connections()
        time.sleep(EVERY)
