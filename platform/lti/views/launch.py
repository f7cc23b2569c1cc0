"""The three steps of a launch that the LMS's browser windows walk through (OpenID Connect, third-party initiated).

Two of them take a POST from another site and so cannot carry a CSRF token: the first does nothing but send the browser
on, the second is protected by state, nonce, signature and cookie.

Inside a frame of the LMS browsers keep no cookies of ours, and a session cookie that they would keep could be used by
any page that frames us. So an activity opens in a window of its own: inside a frame stands a link to it. Choosing
content has to stay in the frame, since the LMS waits for the answer there; it works on a one-time ticket.
"""

from __future__ import annotations

import logging
import time
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from lti import claims, handshake, keys, tokens
from lti.claims import Launch
from lti.errors import BadLaunch, NotAllowed
from lti.models import ID_LENGTH, Platform
from lti.views import choosing
from lti.views.common import framed, limited, refused, stopped

log = logging.getLogger(__name__)

FRAMES = ("iframe", "frame", "embed", "object")


def platform_named(issuer: str, client_id: str) -> Platform:
    """The registration that a first step names. Raises BadLaunch."""
    plain = 0 < len(issuer) <= ID_LENGTH and issuer.isprintable()  # PostgreSQL takes no NUL, even to compare
    found = Platform.objects.filter(issuer=issuer, active=True) if plain else []
    matching = [platform for platform in found if client_id in ("", platform.client_id)]
    if len(matching) != 1:
        raise BadLaunch("this LMS (issuer and client ID) is not registered here")
    return matching[0]


def redirect_uri(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("lti-launch"))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
@limited
def login(request: HttpRequest) -> HttpResponse:
    """Step 1: the LMS asks us to ask it who is there."""
    params = request.POST if request.method == "POST" else request.GET
    hints = params.get("login_hint", ""), params.get("lti_message_hint", "")
    try:
        platform = platform_named(params.get("iss", ""), params.get("client_id", ""))
        if not hints[0] or max(map(len, hints)) > handshake.MAX_HINT:
            raise BadLaunch("login_hint is missing, or a hint is too long")
    except BadLaunch as error:
        log.warning("LTI login refused: %s", error.reason)
        return refused(request, error.reason)
    inside = request.headers.get("Sec-Fetch-Dest", "") in FRAMES
    choice = params.get("target_link_uri", "").partition("?")[0].endswith(reverse("lti-select"))
    if inside and not choice:
        return framed(render(request, "lti/open.html", {"address": window_address(platform, hints)}), platform)
    state, nonce = handshake.begin(platform.pk, again="again" in params, hints=hints if inside else ("", ""))
    response = HttpResponseRedirect(_question(request, platform, state, nonce, hints))
    if not inside:  # a browser that keeps cookies in frames would lead on to pages that no frame shows
        handshake.set_cookie(request, response, state)
    return response


def window_address(platform: Platform, hints: tuple[str, str], **more: str) -> str:
    """The first step again, for a window of its own."""
    query = {"iss": platform.issuer, "client_id": platform.client_id, "login_hint": hints[0]}
    if hints[1]:
        query["lti_message_hint"] = hints[1]
    return f"{reverse('lti-login')}?{urlencode(query | more)}"


def _question(request: HttpRequest, platform: Platform, state: str, nonce: str, hints: tuple[str, str]) -> str:
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": redirect_uri(request),
        "login_hint": hints[0],
        "state": state,
        "nonce": nonce,
    }
    if hints[1]:
        query["lti_message_hint"] = hints[1]
    joint = "&" if "?" in platform.auth_url else "?"
    return f"{platform.auth_url}{joint}{urlencode(query)}"


@csrf_exempt
@never_cache
@require_POST
@limited
def launch(request: HttpRequest) -> HttpResponse:
    """Step 2: the LMS's answer, a signed token. Verified, taken once, and led on to where the session is."""
    state = request.POST.get("state", "")
    platform: Platform | None = None
    try:
        shake = handshake.read(state)
        platform = Platform.objects.filter(pk=shake.platform, active=True).first()
        if platform is None:
            raise BadLaunch("this LMS is no longer registered here")
        if "error" in request.POST:
            raise BadLaunch(f"the LMS answered: {request.POST['error'][:100]!r}")  # one line in the log
        taken = _verified(platform, request.POST.get("id_token", ""), shake)
        cookie = handshake.cookie_name(request, state)
        bound = cookie in request.COOKIES
        ticket = handshake.take(taken, shake.nonce, cookie if bound else "")
    except BadLaunch as error:
        log.warning("LTI launch from %s refused: %s", platform or "an unknown platform", error.reason)
        return refused(request, error.reason, platform)
    if bound:
        response = redirect(f"{reverse('lti-continue')}?{urlencode({'ticket': ticket})}")
        response.status_code = 303
        return response
    if taken.choosing:
        return _choose_without_session(request, platform, taken, ticket, shake.hints)
    return stopped(
        request,
        _("Your browser keeps no cookies here. Open the activity in a window of its own, or allow cookies."),
        platform,
    )


def _verified(platform: Platform, token: str, shake: handshake.Handshake) -> Launch:
    """Raises BadLaunch."""
    key = keys.platform_key(platform, tokens.key_id(token))
    body = tokens.verify(token, key, issuer=platform.issuer, client_id=platform.client_id, nonce=shake.nonce)
    found = claims.read(body, platform.pk, again=shake.again, taken_at=time.time())
    if found.deployment not in platform.deployment_ids:
        raise BadLaunch("this deployment is not registered here")
    if found.choosing and not platform.owns(found.return_url):
        raise BadLaunch("the content would be returned to an address that is not the LMS's")
    return found


def _choose_without_session(
    request: HttpRequest, platform: Platform, found: Launch, ticket: str, hints: tuple[str, str]
) -> HttpResponse:
    """Inside a frame: whoever is known here and teaches the connected course chooses; others begin in a window."""
    try:
        chooser = choosing.chooser_of(found)
    except NotAllowed as error:
        address = ""
        if hints[0]:
            target = request.build_absolute_uri(reverse("lti-select"))
            address = window_address(platform, hints, target_link_uri=target, again="1")
        context = {"address": address, "message": error.message, "choosing": True}
        return framed(render(request, "lti/open.html", context), platform)
    return framed(choosing.page(request, chooser, found, ticket), platform)
