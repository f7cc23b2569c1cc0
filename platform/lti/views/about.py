"""What the LMS's administrator needs to register this site: addresses, the public key, Canvas's form of both."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from lti import keys
from lti.models import LINE_ITEM, SCORE
from lti.views.common import limited


def addresses(request: HttpRequest) -> dict[str, str]:
    """The addresses of this tool, by name."""
    names = ("login", "launch", "select", "jwks", "canvas")
    return {name: request.build_absolute_uri(reverse(f"lti-{name}")) for name in names}


@require_safe
@limited
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "lti/about.html", {"addresses": addresses(request), "host": request.get_host()})


@require_safe
@limited
@cache_control(public=True, max_age=300)
def jwks(request: HttpRequest) -> HttpResponse:
    """Our public keys."""
    return JsonResponse(keys.own_jwks())


@require_safe
@limited
def canvas(request: HttpRequest) -> HttpResponse:
    """The tool as Canvas reads it ("Enter URL" or "Paste JSON" of an LTI key)."""
    known = addresses(request)

    def placement(name: str, message: str, target: str) -> dict[str, Any]:
        size = {"selection_width": 800, "selection_height": 700}
        return {"placement": name, "message_type": message, "target_link_uri": target, "enabled": True} | size

    places = [
        placement("assignment_selection", "LtiDeepLinkingRequest", known["select"]),
        placement("link_selection", "LtiDeepLinkingRequest", known["select"]),
    ]
    answer = {
        "title": "Rendu",
        "description": "Auto-graded exercises and quizzes",
        "oidc_initiation_url": known["login"],
        "target_link_uri": known["launch"],
        "redirect_uris": [known["launch"]],
        "public_jwk_url": known["jwks"],
        "scopes": [LINE_ITEM, SCORE],
        "custom_fields": {},
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "privacy_level": "public",
                "domain": request.get_host(),
                "settings": {"placements": places},
            }
        ],
    }
    return JsonResponse(answer, json_dumps_params={"indent": 2})
