"""Sending grades to the LMS: the only reader of the outbox.

Theory of operation
    A line of the outbox says which cell has changed and when. A round takes the lines that are due, each by a
    conditional update (a lease, so that two dispatchers send nothing twice), reads the cell, sends it, and marks the
    line as sent if the cell has not changed meanwhile; else the next round sends again.

    Nothing old overwrites anything new: points are read when they are sent, the timestamp is that of the change, and
    the LMS refuses one that is not newer than what it has (409). Moodle compares with the moment at which it stored
    the last score, in whole seconds, so that two changes in quick succession meet a 409 of our own making: then the
    line goes again with the present moment. Otherwise somebody has graded in the LMS, and that stays until a person
    here says "Send again".

    What may go well later (no answer, 5xx, 429, no token) is tried again with growing pauses, for ever, at least once
    an hour. When a platform as a whole is down, all its lines wait, and those of other platforms go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import close_old_connections
from django.db.models import F, Q
from django.utils import timezone

from gradebook.models import Score
from lti import handshake
from lti.errors import Refused, Unreachable
from lti.models import Passback, Platform, ResourceLink
from lti.outbox import value_of
from lti.service import ForeignAddress, NoToken, Service, score_body

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks
BATCH = 100
LEASE = timedelta(seconds=120)  # longer than a token, a column and a score can take
FIRST_PAUSE = 10  # seconds
LONGEST_PAUSE = 3600
# A 409 within this time of our own last score is our own making: clocks differ, and some LMS count whole seconds.
OWN_CONFLICT = timedelta(seconds=60)
CLEAN_EVERY = 3600.0
Problem = Passback.Problem


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts in vain."""
    return timedelta(seconds=min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 20)))


def due(now: datetime, without: set[int]) -> list[Passback]:
    rows = Passback.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now),
        state=Passback.State.WAITING,
        next_at__lte=now,
        link__context__platform__active=True,
    )
    related = rows.select_related("identity", "link__item", "link__context__platform")
    return list(related.exclude(link__context__platform__in=without).order_by("next_at", "pk")[:BATCH])


def claim(row: Passback, now: datetime) -> bool:
    """Take a line for one attempt; False when another dispatcher was faster, or it has changed."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    mine = Passback.objects.filter(free, pk=row.pk, state=Passback.State.WAITING, changed_at=row.changed_at)
    return mine.update(lease_until=now + LEASE, attempts=F("attempts") + 1) == 1


def deliver_once(service: Service, stop: Callable[[], bool] = lambda: False) -> int:
    """Send what is due. Returns how many scores the platforms took."""
    sent, down = 0, set[int]()
    while rows := due(timezone.now(), down):
        for row in rows:
            if stop():
                return sent
            platform = row.link.context.platform
            if platform.pk in down or not claim(row, timezone.now()):
                continue
            row.attempts += 1
            try:
                sent += _send(service, row, platform)
            except Unreachable as error:
                _later(row, platform, error)
                if error.is_down or isinstance(error, NoToken):
                    down.add(platform.pk)
            except Refused as error:
                _refused(row, error)
    return sent


def _send(service: Service, row: Passback, platform: Platform) -> int:
    """Send one line. Raises Unreachable or Refused."""
    link, item = row.link, row.link.item
    score = Score.objects.filter(item=link.item_id, student=row.identity.user_id).first()
    points = value_of(score)
    if item is None or not link.takes_scores or (points is None and row.sent_at is None):
        _done(row, None, None)
        return 0
    if not link.line_item:
        link.refresh_from_db(fields=["line_item"])  # another line of this batch may have made it
    if not link.line_item:
        link.line_item = service.column_of(platform, link)
        ResourceLink.objects.filter(pk=link.pk, line_item="").update(line_item=link.line_item)
    body = score_body(row.identity.subject, points, item.max_points, row.changed_at)
    service.send_score(platform, link.line_item, body)
    _done(row, points, item.max_points)
    return 1


def _done(row: Passback, points: object, maximum: object) -> None:
    mine = Passback.objects.filter(pk=row.pk)
    told = {"sent_at": timezone.now(), "sent_points": points, "sent_maximum": maximum} if maximum is not None else {}
    mine.update(lease_until=None, **told)
    # Changed while it was under way: it stays in the outbox.
    mine.filter(changed_at=row.changed_at).update(state=Passback.State.SENT, problem=Problem.NONE, detail="")


def _later(row: Passback, platform: Platform, error: Unreachable) -> None:
    problem = Problem.TOKEN if isinstance(error, NoToken) else Problem.UNREACHABLE
    log.warning("%s did not take a grade, attempt %d: %s", platform, row.attempts, error.detail)
    told = {"problem": problem, "detail": error.detail[:300], "next_at": timezone.now() + pause(row.attempts)}
    Passback.objects.filter(pk=row.pk).update(lease_until=None, **told)
    if error.is_down or problem == Problem.TOKEN:
        # The others of this platform would wait for the same silence, each for its own seconds.
        others = Passback.objects.filter(link__context__platform=platform, state=Passback.State.WAITING)
        others.filter(next_at__lte=timezone.now(), lease_until__isnull=True).update(attempts=F("attempts") + 1, **told)


def _refused(row: Passback, error: Refused) -> None:
    now = timezone.now()
    mine = Passback.objects.filter(pk=row.pk)
    mine.update(lease_until=None)
    mine = mine.filter(changed_at=row.changed_at)  # what has changed meanwhile goes again anyway
    ours = row.sent_at is not None and row.sent_at > row.changed_at - OWN_CONFLICT
    if error.status == 409 and ours and row.attempts < 5:
        moment = now + timedelta(seconds=5 * row.attempts**2)  # by then, the LMS's clock has passed its own entry
        mine.update(changed_at=moment, next_at=moment)
        return
    if error.status == 404 and row.link.may_make_column:
        # The column was deleted in the LMS: another one is looked for, or made, at the next attempt.
        ResourceLink.objects.filter(pk=row.link_id, line_item=row.link.line_item).update(line_item="")
    problem = Problem.REFUSED
    if isinstance(error, ForeignAddress):
        problem = Problem.FOREIGN
    elif error.status == 409:
        problem = Problem.NEWER
    log.warning("%s refused a grade: %s", row.link.context.platform, error)
    detail = f"HTTP {error.status} {error.detail}" if error.status else error.detail
    mine.update(state=Passback.State.FAILED, problem=problem, detail=detail[:300])


def run_delivery(stop: Callable[[], bool]) -> None:
    """Until `stop()`. A database that is down is waited for."""
    service, next_cleaning = Service(), 0.0
    while not stop():
        try:
            deliver_once(service, stop)
            if time.monotonic() >= next_cleaning:
                next_cleaning = time.monotonic() + CLEAN_EVERY
                handshake.forget_old()
        except Exception:
            log.exception("the delivery of grades goes on after a fault")
            close_old_connections()
        time.sleep(EVERY)
