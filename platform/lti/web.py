"""Requests to platforms: to safe addresses only, no redirects, little patience, and no more than a little memory."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from lti.addresses import is_safe
from lti.errors import Refused, Unreachable

TIMEOUT = httpx.Timeout(10, connect=5)
TOTAL_SECONDS = 20
MAX_BYTES = 1 << 20
# The same request may go well later: too early, too many, or the server's own fault.
LATER = {408, 425, 429}
PLAIN = {"Accept-Encoding": "identity"}  # a kilobyte that unpacks to a gigabyte passes no limit


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        """Raises Refused for what is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(self.status, "the answer is not JSON") from None


@cache
def client() -> httpx.Client:
    """One for the process: connections are kept while grades go out in a row.

    trust_env off: a proxy or a .netrc of the machine has no business with the tokens of an LMS.
    """
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=4, keepalive_expiry=5)
    return httpx.Client(timeout=TIMEOUT, limits=limits, follow_redirects=False, trust_env=False)


def close() -> None:
    """Close what is kept; the next request opens it anew."""
    if client.cache_info().currsize:
        client().close()
        client.cache_clear()


def send(method: str, url: str, *, headers: Mapping[str, str] | None = None, **content: Any) -> Answer:
    """One request. Raises Unreachable (try later) or Refused (by status, or an address that is not safe)."""
    if not is_safe(url):
        raise Refused(0, "not an https address")
    until = time.monotonic() + TOTAL_SECONDS
    try:
        with client().stream(method, url, headers=PLAIN | dict(headers or {}), **content) as response:
            body = b""
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise Refused(response.status_code, "the answer is too long")
                if time.monotonic() > until:  # the timeouts are those of each piece
                    raise Unreachable("the answer takes too long")
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    client().cookies.clear()  # no platform is known by a cookie
    if status >= 500 or status in LATER:
        raise Unreachable(f"HTTP {status}", status)
    if not 200 <= status < 300:
        raise Refused(status, " ".join(body[:200].decode(errors="replace").split()))
    return Answer(status, body)


def get_json(url: str) -> Any:
    return send("GET", url, headers={"Accept": "application/json"}).json()
