"""From the platform's first knock to a launch in this browser's session.

login ── state, nonce, cookie ──► platform ── ID token, state ──► launch ── ticket ──► continue

The state is signed and names the platform and the nonce, so that the first step, which anybody may call, stores
nothing. It counts for ten minutes. The cookie, named after the state, ties the answer to the browser that asked:
without it somebody could send a person a link that signs the person in as somebody else.

The answer is a POST from another site, to which a browser adds no session cookie (SameSite=Lax). So a verified
launch is stored and the browser is sent on, by a ticket, to a page that sees the session. Nonce and ticket count
once: a unique row for the first, a conditional update for the second.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from lti.claims import Launch
from lti.errors import BadLaunch
from lti.models import TakenLaunch

SALT = "lti.state"
STATE_SECONDS = 600
MAX_HINT = 4000
TICKET_SECONDS = 120
CHOICE_SECONDS = 3600  # to choose content; the LMS waits as long
KEPT = timedelta(days=1)  # a state is over long before


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Handshake:
    """What a state says."""

    platform: int
    nonce: str
    again: bool = False  # the person opened a second window
    hints: tuple[str, str] = ("", "")  # login_hint, lti_message_hint: to open that window


def begin(platform: int, *, again: bool = False, hints: tuple[str, str] = ("", "")) -> tuple[str, str]:
    """A new state and its nonce."""
    nonce = secrets.token_urlsafe(24)
    value: dict[str, Any] = {"p": platform, "n": nonce}
    if again:
        value["a"] = 1
    if any(hints):
        value["h"] = hints
    return signing.dumps(value, salt=SALT, compress=True), nonce


def read(state: str) -> Handshake:
    """Raises BadLaunch for a state that is not ours, or over."""
    try:
        value = signing.loads(state, salt=SALT, max_age=STATE_SECONDS)
    except signing.SignatureExpired:
        raise BadLaunch("too much time has passed since the launch began") from None
    except signing.BadSignature:
        raise BadLaunch("the state is not one of this site") from None
    hints = value.get("h", ("", ""))
    return Handshake(value["p"], value["n"], bool(value.get("a")), (hints[0], hints[1]))


# ---- The cookie ------------------------------------------------------------------------------------------


def cookie_name(request: HttpRequest, state: str) -> str:
    """`__Host-` keeps other hosts of the same domain from planting one."""
    return ("__Host-" if request.is_secure() else "") + f"lti-{digest(state)[:32]}"


def set_cookie(request: HttpRequest, response: HttpResponse, state: str) -> None:
    """None: the answer is a POST from another site. Browsers take None with https only; one machine is one site."""
    secure = request.is_secure()
    response.set_cookie(
        cookie_name(request, state),
        "1",
        max_age=STATE_SECONDS,
        secure=secure,
        httponly=True,
        samesite="None" if secure else "Lax",
    )


# ---- The ticket ------------------------------------------------------------------------------------------


def take(launch: Launch, nonce: str, cookie: str) -> str:
    """Keep a verified launch for its ticket, which is returned. Raises BadLaunch when the nonce was used before."""
    ticket = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            TakenLaunch.objects.create(nonce=digest(nonce), ticket=digest(ticket), cookie=cookie, data=launch.to_dict())
    except IntegrityError:
        raise BadLaunch("this launch was used before") from None
    return ticket


def ticket_for(launch: Launch) -> str:
    """One more ticket for a launch that this browser has shown already: to choose content without a session."""
    return take(launch, secrets.token_urlsafe(24), "")


def peek(ticket: str) -> TakenLaunch | None:
    return TakenLaunch.objects.filter(ticket=digest(ticket), data__isnull=False).first() if ticket else None


def redeem(ticket: str, cookies: dict[str, str] | None) -> Launch:
    """The launch of a ticket, once. `cookies` of the request; None where the ticket alone counts. Raises BadLaunch."""
    row = peek(ticket)
    seconds = CHOICE_SECONDS if cookies is None else TICKET_SECONDS
    if row is None or row.data is None or row.at < timezone.now() - timedelta(seconds=seconds):
        raise BadLaunch("this step was taken before, or too much time has passed")
    if (cookies is None) != (row.cookie == "") or (cookies is not None and row.cookie not in cookies):
        raise BadLaunch("the launch began in another browser")
    data = row.data
    if TakenLaunch.objects.filter(pk=row.pk, data__isnull=False).update(data=None) != 1:
        raise BadLaunch("this step was taken before")
    return Launch(**data)


def forget_old() -> None:
    TakenLaunch.objects.filter(at__lt=timezone.now() - KEPT).delete()


# ---- The session -----------------------------------------------------------------------------------------

HELD = "lti_launch"
HELD_SECONDS = 1800  # to sign in, with a code from a mail


def hold(request: HttpRequest, launch: Launch) -> None:
    request.session[HELD] = launch.to_dict()


def held(request: HttpRequest) -> Launch | None:
    """The launch that waits in this browser's session."""
    data = request.session.get(HELD)
    if not data or time.time() - data["taken_at"] > HELD_SECONDS:
        return None
    return Launch(**data)


def drop(request: HttpRequest) -> None:
    request.session.pop(HELD, None)
