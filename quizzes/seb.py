"""Safe Exam Browser, and what is kept of a browser.

SEB sends, with every request, the hex SHA-256 of the URL (without its fragment) followed by a key that its settings
give: `X-SafeExamBrowser-ConfigKeyHash` for the configuration, `X-SafeExamBrowser-RequestHash` for the browser exam
key. A quiz that lists keys can be taken only with one of them; which keys it lists, it checks.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts import limits
from quizzes.errors import TooOften, WrongBrowser
from quizzes.models import Quiz

CONFIG_HEADER = "X-SafeExamBrowser-ConfigKeyHash"
BROWSER_HEADER = "X-SafeExamBrowser-RequestHash"
CODES = "10/5m/key"  # wrong access codes of one person


def _fits(keys: Iterable[str], url: str, given: str) -> bool:
    hashes = [hashlib.sha256((url + key).encode()).hexdigest() for key in keys]
    return any(constant_time_compare(given.lower(), made) for made in hashes)


_asking: tuple[float, bool] = (-math.inf, False)  # when it was looked up, and what was found
_FRESH = 2.0  # seconds


def anybody_asks() -> bool:
    """Whether any quiz of the site asks for the browser, as of two seconds ago: every request to an attempt wants to
    know, and most sites never use it."""
    global _asking
    since, found = _asking
    if time.monotonic() - since > _FRESH:
        found = Quiz.objects.exclude(seb_config_keys=[], seb_browser_keys=[]).exists()
        _asking = (time.monotonic(), found)
    return found


def forget() -> None:
    """Look again at the next request: a quiz has been saved."""
    global _asking
    _asking = (-math.inf, False)


def allows(quiz: Quiz, url: str, config_hash: str, browser_hash: str) -> bool:
    """Whether a request for `url` comes from a browser that the quiz accepts."""
    url = url.partition("#")[0]
    right_config = not quiz.seb_config_keys or _fits(quiz.seb_config_keys, url, config_hash)
    right_browser = not quiz.seb_browser_keys or _fits(quiz.seb_browser_keys, url, browser_hash)
    return right_config and right_browser


def check(quiz: Quiz, request: HttpRequest) -> None:
    """Raises WrongBrowser when the quiz asks for Safe Exam Browser and this is not it."""
    given = (request.headers.get(CONFIG_HEADER, ""), request.headers.get(BROWSER_HEADER, ""))
    if not allows(quiz, request.build_absolute_uri(), *given):
        raise WrongBrowser(_("This quiz is taken in Safe Exam Browser: open it with the file from your teacher."))


def facts_of(request: HttpRequest) -> dict[str, Any]:
    """What tells one device from another: address and browser."""
    return {"address": request.META.get("REMOTE_ADDR", ""), "browser": request.headers.get("User-Agent", "")[:200]}


def count_codes(quiz: Quiz, request: HttpRequest, code: str) -> None:
    """Raises TooOften after too many access codes from one person: codes are short, and read out in a room."""
    if not quiz.access_code or constant_time_compare(code.strip(), quiz.access_code):
        return
    if not limits.allow(request, "quiz_code", CODES, key=f"{quiz.pk} {request.user.pk}"):
        raise TooOften(_("Too many wrong codes. Wait five minutes."), 300)
