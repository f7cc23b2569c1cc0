"""What the pages of a launch share: limits, who may frame them, pages that end a launch."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import limits
from lti.addresses import origin
from lti.models import Platform

# Of each step. A hall of 500 opens an activity behind one address within a minute, and a frame makes two of the first.
LAUNCHES = "1200/m/ip"
View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """The steps that anybody may call, each counted for itself: wide by address, as for signing in."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not limits.allow(request, f"lti_{view.__name__}", LAUNCHES):
            return render(request, "429.html", status=429)
        return view(request, *args, **kwargs)

    return wrapped


def framed(response: HttpResponse, platform: Platform, form_to: str = "") -> HttpResponse:
    """Let this platform, and nobody else, show the page in a frame; and let its form go to `form_to`.

    Only for pages that act on nothing but a one-time ticket: no session is seen inside a frame of another site.
    """
    policy: dict[str, Any] = {"frame-ancestors": platform.origins}
    if form_to:
        policy["form-action"] = [SELF, origin(form_to)]
    response._csp_replace = policy  # type: ignore[attr-defined]  # how django-csp is told for one response
    response.xframe_options_exempt = True  # X-Frame-Options cannot name a site
    return response


def refused(request: HttpRequest, reason: str, platform: Platform | None = None) -> HttpResponse:
    """A message that was not taken: what to do, and the reason for whoever administers the LMS."""
    response = render(request, "lti/refused.html", {"reason": reason, "platform": platform}, status=400)
    return framed(response, platform) if platform else response


def stopped(request: HttpRequest, message: str, platform: Platform | None = None, status: int = 403) -> HttpResponse:
    """The launch is genuine and ends here; `message` says what to do."""
    response = render(request, "lti/stopped.html", {"message": message, "platform": platform}, status=status)
    return framed(response, platform) if platform else response
