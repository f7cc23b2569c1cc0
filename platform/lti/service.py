"""The grade service of a platform (Assignment and Grade Services 2.0): tokens, columns, scores."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from lti import keys, web
from lti.errors import Refused, Unreachable
from lti.models import LINE_ITEM, SCORE, Platform, ResourceLink

SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class NoToken(Unreachable):
    """The platform gave no access token: an administrator must look at the registration, then the same may go well."""


class ForeignAddress(Refused):
    """The platform named an address that is not known to be one of its own."""


def scores_url(line_item: str) -> str:
    """`…/lineitem?type=2` has its scores at `…/lineitem/scores?type=2`."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/scores"))


def score_body(subject: str, points: Decimal | None, maximum: Decimal, changed_at: datetime) -> dict[str, Any]:
    """A score as AGS wants it. Without points, the LMS is asked to forget those that it has."""
    stamp = changed_at.astimezone(UTC)
    body: dict[str, Any] = {"userId": subject, "timestamp": stamp.isoformat(timespec="milliseconds")}
    if points is None:
        return body | {"activityProgress": "Initialized", "gradingProgress": "NotReady"}
    return body | {
        "scoreGiven": max(0.0, float(points)),  # AGS knows no negative score
        "scoreMaximum": float(maximum),
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
    }


class Service:
    """The platforms' grade services, for one thread. It keeps access tokens while they are good, in memory only."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[Any, ...], tuple[str, float]] = {}  # → token, until when (monotonic seconds)

    def send_score(self, platform: Platform, line_item: str, body: Mapping[str, Any]) -> None:
        """Raises Unreachable or Refused."""
        self._call(platform, SCORE, "POST", scores_url(line_item), json=dict(body), kind=SCORE_TYPE)

    def column_of(self, platform: Platform, link: ResourceLink) -> str:
        """The LMS's column of an activity, made where there is none. Raises Unreachable or Refused."""
        assert link.item is not None
        parts = urlsplit(link.line_items)
        query = "&".join(filter(None, [parts.query, urlencode({"resource_link_id": link.link_id})]))
        listed = self._call(
            platform, LINE_ITEM, "GET", urlunsplit(parts._replace(query=query)), accept=LINE_ITEMS_TYPE
        ).json()
        # Not every LMS filters: what comes back is looked at.
        for entry in listed if isinstance(listed, list) else []:
            if isinstance(entry, dict) and entry.get("resourceLinkId") == link.link_id:
                return self._own(platform, entry.get("id"))
        column = {
            "scoreMaximum": float(link.item.max_points),
            "label": link.item.title,
            "resourceId": link.item.slug,
            "resourceLinkId": link.link_id,
        }
        made = self._call(platform, LINE_ITEM, "POST", link.line_items, json=column, kind=LINE_ITEM_TYPE).json()
        return self._own(platform, made.get("id") if isinstance(made, dict) else None)

    def _own(self, platform: Platform, url: Any) -> str:
        if not isinstance(url, str) or not platform.owns(url):
            raise ForeignAddress(0, str(url)[:200])
        return url

    def _call(
        self, platform: Platform, scope: str, method: str, url: str, *, kind: str = "", accept: str = "", **content: Any
    ) -> web.Answer:
        self._own(platform, url)
        headers = {name: value for name, value in (("Content-Type", kind), ("Accept", accept)) if value}
        for attempt in (1, 2):
            headers["Authorization"] = f"Bearer {self._token(platform, scope)}"
            try:
                return web.send(method, url, headers=headers, **content)
            except Refused as error:
                if error.status not in (401, 403):
                    raise
                # The token was taken back, or the LMS was restored from a backup: once more with a new one.
                self._tokens.pop(self._name(platform, scope), None)
                if attempt == 2:
                    if error.status == 401:
                        raise NoToken(f"HTTP 401 {error.detail}", 401) from None
                    raise
        raise AssertionError("unreachable: the second attempt returns or raises")

    @staticmethod
    def _name(platform: Platform, scope: str) -> tuple[Any, ...]:
        return platform.pk, platform.client_id, platform.token_url, platform.token_audience, scope

    def _token(self, platform: Platform, scope: str) -> str:
        """An access token (OAuth 2 client credentials with a signed assertion, RFC 7523). Raises Unreachable."""
        name = self._name(platform, scope)
        held, until = self._tokens.get(name, ("", 0.0))
        if held and time.monotonic() < until:
            return held
        audience = platform.token_audience or platform.token_url
        claims = {"iss": platform.client_id, "sub": platform.client_id, "aud": audience}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": keys.sign(claims),
            "scope": scope,
        }
        try:
            answer = web.send("POST", platform.token_url, data=form, headers={"Accept": "application/json"}).json()
        except Refused as error:
            raise NoToken(f"HTTP {error.status} {error.detail}", error.status) from None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        lives = answer.get("expires_in", 3600) if isinstance(answer, dict) else 0
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise NoToken("the answer holds no access token")
        seconds = float(lives) if isinstance(lives, int | float) else 3600.0
        self._tokens[name] = (token, time.monotonic() + max(0.0, min(seconds, 3600.0) - 60))
        return token
