"""Rate limits, counted in the site's cache, which all processes share."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest

APP = "accounts"


def allow(request: HttpRequest, action: str, rate: str, key: str | None = None, peek: bool = False) -> bool:
    """Count one `action` against `rate` (such as "60/10m/ip,5/m/key") and say whether it is still allowed.

    With `peek`, only say it.
    """
    used = ratelimit.consume(
        request, app=APP, action=action, config={action: rate}, key=key, dry_run=peek, limit_get=True
    )
    return used is not None
