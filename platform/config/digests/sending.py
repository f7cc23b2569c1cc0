"""Sending the daily mails: each person's at most once a day of that person's calendar, from 7 o'clock there.

The day is claimed before the mail leaves, by one conditional update: two dispatchers, a command beside them or a
restart in between send nothing twice. A mail that failed after its claim is not tried again that day; what it was to
tell is not marked as told, and the next one tells it.
"""

from __future__ import annotations

import logging
import time
import zoneinfo
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import close_old_connections
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.digests import Digest
from accounts.mail import letter
from config.digests.news import CourseNews, Period, news_for
from courses.models import Enrolment

log = logging.getLogger(__name__)

HOUR = 7  # of the morning
EVERY = 60.0  # seconds between two looks
NOWHERE = ".invalid"  # RFC 2606: the address of an account that an LMS has brought and nobody has given one yet
STEP = 1.0  # seconds after which a stop is noticed


def zones() -> dict[int, zoneinfo.ZoneInfo]:
    """By person who wants the mail, that person's calendar: of the first course that goes on, by its short name."""
    mine = Enrolment.objects.filter(user__digest__wanted=True, active=True, course__archived=False)
    rows = mine.order_by("-course__slug").values_list("user_id", "course__time_zone")
    return {person: zoneinfo.ZoneInfo(name) for person, name in rows}


def send_due(now: datetime | None = None) -> int:
    """Send what is due at `now`. Returns how many mails left. Never raises for one person's mail."""
    now, sent, calendars = now or timezone.now(), 0, zones()
    wanted = Digest.objects.filter(wanted=True, user__is_active=True).exclude(user__email__endswith=NOWHERE)
    for digest in wanted.select_related("user").order_by("pk"):
        if digest.user_id not in calendars:
            continue
        local = now.astimezone(calendars[digest.user_id])
        if local.hour >= HOUR and (digest.day is None or digest.day < local.date()) and digest.claim(local.date()):
            sent += _send(digest, now)
    return sent


def _send(digest: Digest, now: datetime) -> bool:
    try:
        with translation.override(digest.user.language or settings.LANGUAGE_CODE):
            news = news_for(digest.user, Period(digest.until, now))
            if news:
                _write(digest, news)
        digest.told(now)
    except Exception:
        # Any fault of the mail server or of one person's data: the others still get theirs.
        log.exception("the daily mail of person %s could not be sent", digest.user_id)
        return False
    return bool(news)


def _write(digest: Digest, news: list[CourseNews]) -> None:
    stop = digest.site + reverse("digest-stop", args=(digest.token,))
    context = {
        "news": news,
        "site": digest.site,
        "stop": stop,
        "account": digest.site + reverse("account"),
        "language": translation.get_language(),
    }
    titles = ", ".join(course.title for course in news)
    # RFC 8058: the mail program's own button, which posts without showing a page.
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    text = render_to_string("accounts/email/digest.txt", context).strip() + "\n"
    html = render_to_string("accounts/email/digest.html", context)
    letter(digest.user.email, _("New in %(courses)s") % {"courses": titles}, text, html, headers).send()


def run_digests(stop: Callable[[], bool]) -> None:
    """Until `stop()`. A database or a mail server that is down is waited for."""
    next_look = 0.0
    while not stop():
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + EVERY
            try:
                send_due()
            except Exception:
                log.exception("the daily mails go on after a fault")
                close_old_connections()
        time.sleep(STEP)
