"""Saving answers while an attempt runs, and what else its page reports.

Theory of operation
    The attempt's row is locked for the length of one short transaction, so that everything that changes an attempt
    follows one another: two saves (two tabs, or a retry beside its first try), a save and the submit, a submit and
    the clock. On SQLite every transaction that writes holds the one write lock from its beginning.

    Sequence numbers are the attempt's, counted by the server. The later arrival wins. A save is stale when another
    page has changed the same question since the last save that its page has seen: both stay in the log, and the page
    is told. Refused answers are kept as events: nothing that arrives is lost.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from quizzes import storing
from quizzes.contents import Names, questions_of
from quizzes.errors import AttemptOver, BadAnswer, NotHere
from quizzes.models import Attempt, AttemptEvent, AttemptState
from quizzes.questions import BadResponse

if TYPE_CHECKING:
    from accounts.models import User

Kind = AttemptEvent.Kind
FROM_BROWSER = (Kind.OPENED, Kind.FOCUS_LOST, Kind.FOCUS_BACK, Kind.OFFLINE, Kind.ONLINE)
MOST_EVENTS = 2_000  # of one attempt from its browser: a broken page must not fill the database
MOST_REFUSED = 200
MOST_SECONDS = 7 * 24 * 3600.0
SEEN = timedelta(seconds=20)
_NOT_IN_JSON = re.compile(r"\\u(?:0000|d[89a-f])")


@dataclass(frozen=True)
class Saved:
    sequence: int  # of this save
    stale: bool  # another page had changed this question meanwhile
    saved_at: datetime


@dataclass(frozen=True)
class Frame:
    """What never changes in a started attempt."""

    names: dict[str, Names]  # by key
    keys: tuple[str, ...]  # in the student's order


@lru_cache(maxsize=4096)
def _frame(attempt: UUID) -> Frame:
    # Only of started attempts: those never change, and their ids come from 122 random bits.
    found = Attempt.objects.only("layout").get(pk=attempt)
    questions = questions_of(found.layout)
    names = {entry["key"]: Names.of(questions[entry["key"]], entry["order"]) for entry in found.layout}
    return Frame(names, tuple(names))


def _mine(attempt: UUID, user: User) -> Attempt:
    """The attempt, locked until the transaction ends. Somebody else's does not exist."""
    fields = ("student_id", "state", "deadline", "sequence", "place", "seen_at", "number")
    found = Attempt.objects.select_for_update(no_key=True).only(*fields).filter(pk=attempt, student=user).first()
    if found is None or found.state == AttemptState.BUILT:
        raise Http404
    return found


def save_answer(
    attempt_id: UUID,
    user: User,
    key: str,
    response: object,
    *,
    seen: int,
    tab: str = "",
    flagged: bool | None = None,
    seconds: float = 0,
    now: datetime | None = None,
) -> Saved:
    """Save one response, under the student's names of its parts. The same save twice does no harm.

    `seen`: the last sequence that the page knows; `tab`: names the page; `flagged` None: as it was; `seconds`: how
    long the question has been in view in all (the largest value counts). Raises AttemptOver, NotHere, BadAnswer;
    Http404 for an attempt or a question that is not this student's.
    """
    now = now or timezone.now()
    try:
        with transaction.atomic():
            return _save(attempt_id, user, key, response, seen, tab[:32], flagged, _sane(seconds), now)
    except (AttemptOver, NotHere):
        _log_refused(attempt_id, user, key, response, now)
        raise


def _sane(seconds: float) -> float:
    return min(max(0.0, float(seconds)), MOST_SECONDS) if math.isfinite(seconds) else 0.0


def _save(
    attempt_id: UUID,
    user: User,
    key: str,
    response: object,
    seen: int,
    tab: str,
    flagged: bool | None,
    seconds: float,
    now: datetime,
) -> Saved:
    sequence, place = storing.claim(attempt_id, user.pk, now) or _claim_slowly(attempt_id, user, now)
    frame = _frame(attempt_id)
    if key not in frame.names:
        raise Http404
    if place and key != place:
        raise NotHere(_("You have left this question, or have not reached it: its answer cannot be changed."))
    try:
        clean = frame.names[key].read(response)
    except BadResponse as error:
        told = _("This is no answer to question %(key)s: %(why)s") % {"key": key, "why": error}
        raise BadAnswer(told) from None
    before, page = storing.newest(attempt_id, key)
    # From the same page it was only a slow answer: the page had not heard of its own last save yet.
    stale = before > seen and not (tab and page == tab)
    storing.store(
        attempt_id, key, clean, sequence=sequence, flagged=flagged, seconds=seconds, tab=tab, stale=stale, now=now
    )
    if stale:
        detail = {"key": key, "seen": seen, "sequence": sequence}
        AttemptEvent.objects.create(attempt_id=attempt_id, kind=Kind.CONFLICT, at=now, by=user, detail=detail)
    return Saved(sequence, stale, now)


def _claim_slowly(attempt_id: UUID, user: User, now: datetime) -> tuple[int, str]:
    """Why the attempt does not accept. Raises Http404, AttemptOver."""
    attempt = _mine(attempt_id, user)
    if attempt.state == AttemptState.PAUSED:
        raise AttemptOver(_("The attempt is paused: nothing is saved until it goes on."))
    # Under the lock now; the attempt may have been resumed or extended since the first look.
    claimed = storing.claim(attempt_id, user.pk, now)
    if claimed is None:
        raise AttemptOver(_("The attempt has ended: this answer came too late and does not count."))
    return claimed


def _log_refused(attempt_id: UUID, user: User, key: str, response: object, now: datetime) -> None:
    late = AttemptEvent.objects.filter(attempt=attempt_id, kind=Kind.LATE)
    if late.count() < MOST_REFUSED:
        text = json.dumps(response)
        detail = {"key": key[:8], "response": _storable(response if len(text) <= 4_000 else text[:4_000])}
        AttemptEvent.objects.create(attempt_id=attempt_id, kind=Kind.LATE, at=now, by=user, detail=detail)


def _storable(value: object) -> object:
    """PostgreSQL's JSON takes neither NUL nor lone surrogates: such a value is kept as its JSON text."""
    text = json.dumps(value)
    return text if _NOT_IN_JSON.search(text) else value


def advance(attempt_id: UUID, user: User, key: str, now: datetime | None = None) -> Attempt:
    """In a quiz without a way back: leave question `key` for the next one. Twice the same key moves on once.

    Raises AttemptOver; Http404 when there is no such question.
    """
    now = now or timezone.now()
    with transaction.atomic():
        attempt = _mine(attempt_id, user)
        keys = _frame(attempt_id).keys
        if key not in keys:
            raise Http404
        if not attempt.accepts(now):
            raise AttemptOver(_("The attempt has ended."))
        if key == attempt.place and key != keys[-1]:
            attempt.place = keys[keys.index(key) + 1]
            Attempt.objects.filter(pk=attempt.pk).update(place=attempt.place, seen_at=now)
    return Attempt.objects.select_related("quiz__course").get(pk=attempt_id)


def seen(attempt: Attempt, user: User, now: datetime | None = None) -> None:
    """The student's page has asked for the time: it is there, even when nothing is answered. One write in 20 s."""
    now = now or timezone.now()
    if attempt.student_id == user.pk and (attempt.seen_at is None or now - attempt.seen_at > SEEN):
        Attempt.objects.filter(pk=attempt.pk, state__in=Attempt.LIVE).update(seen_at=now)


@transaction.atomic
def note(attempt: Attempt, kind: str, detail: dict[str, Any], now: datetime | None = None) -> None:
    """Log what the student's browser reports. `opened` with other `facts` than before is another device.

    Raises BadAnswer for a kind that no browser may report.
    """
    now = now or timezone.now()
    if kind not in FROM_BROWSER:
        raise BadAnswer(_("This event is not known."))
    if len(repr(detail)) > 2_000:
        detail = {}
    Attempt.objects.filter(pk=attempt.pk).update(seen_at=now)
    if AttemptEvent.objects.filter(attempt=attempt).count() >= MOST_EVENTS:
        return
    events = [(kind, detail)]
    if kind == Kind.OPENED and "facts" in detail:
        before = AttemptEvent.objects.filter(attempt=attempt, detail__has_key="facts").last()
        if before is not None and before.detail["facts"] != detail["facts"]:
            events.append((Kind.DEVICE, {"before": before.detail["facts"], "now": detail["facts"]}))
    for name, facts in events:
        AttemptEvent.objects.create(attempt=attempt, kind=name, at=now, by_id=attempt.student_id, detail=facts)
