"""The signed name of one attempt: whoever reports on it must echo it."""

from __future__ import annotations

from django.core import signing

SALT = "exercises.run"


def make(run: str, attempt: int) -> str:
    return signing.dumps([run, attempt], salt=SALT)


def valid(token: str, run: str, attempt: int) -> bool:
    """Whether this site made `token` for this attempt. Leases bound its life; the signature itself does not expire."""
    try:
        return bool(signing.loads(token, salt=SALT) == [run, attempt])
    except signing.BadSignature:
        return False
