"""Which addresses of a platform this site talks to, sends people to, and lets frame its launch pages.

Everything comes down to one rule: https, and a host that a superuser wrote down. A launch names addresses too (where
scores go, where a choice of content goes). They are signed by the platform, and still they must lie on those hosts:
else any registered platform could have this server call addresses inside its own network.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_safe(url: str) -> bool:
    """Whether `url` is a plain https address; http only to this very machine, and only by LTI_LOOPBACK_HTTP."""
    if any(c.isspace() or not c.isprintable() or c in "\\\"'<>;," for c in url):  # `;` and `,` would end a CSP source
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and parts.hostname in LOOPBACK and bool(settings.LTI_LOOPBACK_HTTP)


def check_url(value: str) -> None:
    if not is_safe(value):
        raise ValidationError(_("An address that begins with https:// is needed."))


def origin(url: str) -> str:
    """Scheme, host and port, as a content policy and a comparison want them; empty for what is not safe."""
    if not is_safe(url):
        return ""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, usual) else f":{parts.port}")
