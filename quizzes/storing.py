"""The statements of one save, in SQL: with the ORM, making the queries costs four times as much as the database does.

An exam of thousands saves hundreds of answers a second, and nothing else of the site is called as often. The
statements run on both databases, inside the caller's transaction; placeholders carry every value.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from quizzes.models import GRACE, Answer, AnswerEvent, Attempt, AttemptState

_ATTEMPT, _ANSWER, _EVENT = (model._meta.db_table for model in (Attempt, Answer, AnswerEvent))

# One statement checks whose attempt it is and whether it still accepts, counts, and locks the row until the
# transaction ends: of two saves at once, or a save beside a submit or the clock, one waits here for the other.
CLAIM = f"""
    UPDATE {_ATTEMPT} SET sequence = sequence + 1, seen_at = %s
    WHERE id = %s AND student_id = %s AND state = %s AND (deadline IS NULL OR deadline >= %s)
    RETURNING sequence, place
"""
NEWEST = f"""
    SELECT answer.sequence, event.tab FROM {_ANSWER} AS answer
    LEFT JOIN {_EVENT} AS event ON event.attempt_id = answer.attempt_id AND event.sequence = answer.sequence
    WHERE answer.attempt_id = %s AND answer.key = %s
"""
KEEP = f"""
    INSERT INTO {_ANSWER} (attempt_id, key, response, flagged, sequence, saved_at, seconds)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (attempt_id, key) DO UPDATE SET
        response = excluded.response,
        flagged = CASE WHEN %s THEN excluded.flagged ELSE {_ANSWER}.flagged END,
        sequence = excluded.sequence,
        saved_at = excluded.saved_at,
        seconds = CASE WHEN excluded.seconds > {_ANSWER}.seconds THEN excluded.seconds ELSE {_ANSWER}.seconds END
"""
LOG = f"""
    INSERT INTO {_EVENT} (attempt_id, key, response, sequence, at, tab, stale) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


def _adapt(model: type[Model], field: str, value: object) -> Any:
    """The value as the database takes it: each has its own form of moments, JSON and UUIDs."""
    return model._meta.get_field(field).get_db_prep_save(value, connection)  # type: ignore[union-attr]  # a column


def claim(attempt: UUID, student: int, now: datetime) -> tuple[int, str] | None:
    """The next sequence number and the place; None when the attempt is not the student's or does not accept now."""
    moment = _adapt(Attempt, "seen_at", now)
    oldest = _adapt(Attempt, "deadline", now - GRACE)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [moment, _adapt(Attempt, "id", attempt), student, AttemptState.RUNNING.value, oldest])
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1])


def newest(attempt: UUID, key: str) -> tuple[int, str]:
    """Sequence and page of the newest save of this question; 0 and "" before the first."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [_adapt(Attempt, "id", attempt), key])
        row = cursor.fetchone()
    return (0, "") if row is None else (row[0], row[1] or "")


def store(
    attempt: UUID,
    key: str,
    response: object,
    *,
    sequence: int,
    flagged: bool | None,
    seconds: float,
    tab: str,
    stale: bool,
    now: datetime,
) -> None:
    """Keep the response as the newest one and in the log."""
    pk, json = _adapt(Attempt, "id", attempt), _adapt(Answer, "response", response)
    moment = _adapt(Answer, "saved_at", now)
    kept = [pk, key, json, bool(flagged), sequence, moment, seconds, flagged is not None]
    with connection.cursor() as cursor:
        cursor.execute(KEEP, kept)
        cursor.execute(LOG, [pk, key, json, sequence, moment, tab, stale])
