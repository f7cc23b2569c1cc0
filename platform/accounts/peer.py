"""Who is at the other end of a request."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

# One of these means that a proxy stands between: the loopback address is then the proxy's, not the person's.
PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via")


def is_loopback(request: HttpRequest) -> bool:
    """Whether the request comes from this very machine, without a proxy."""
    if any(header in request.headers for header in PROXY_HEADERS):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a Unix socket has no address: whoever asks came through a proxy
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def may_see_codes(request: HttpRequest) -> bool:
    """Whether sign-in codes and demo people may stand on the page: on a developer's own machine only."""
    return bool(settings.DEBUG) and is_loopback(request)
