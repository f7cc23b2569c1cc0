"""Choosing content (LTI Deep Linking 2.0): which exercises and quizzes become activities of the LMS's course.

The page stands in a frame of the LMS, without cookies. It acts on a ticket alone: one verified launch, one use.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.models import User
from courses.models import is_staff_of
from gradebook.models import GradeItem
from lti import actions, claims, handshake, keys
from lti.claims import Launch
from lti.errors import BadLaunch, NotAllowed
from lti.models import Context, Platform
from lti.views.common import framed, limited, refused, stopped

log = logging.getLogger(__name__)

MOST = 100


@dataclass(frozen=True)
class Chooser:
    """Who chooses content for what."""

    user: User
    context: Context


def chooser_of(launch: Launch) -> Chooser:
    """Somebody who teaches on both sides of a connected course. Raises NotAllowed."""
    identity, context = actions.identity_of(launch), actions.context_of(launch)
    if not launch.teaches:
        raise NotAllowed(_("Only teachers of the LMS’s course choose content."))
    if context is None:
        raise NotAllowed(_("This course of the LMS is not connected with a course of Rendu yet."))
    if identity is None or not identity.user.is_active:
        raise NotAllowed(_("Rendu does not know you from this LMS yet."))
    if not is_staff_of(identity.user, context.course):
        raise NotAllowed(_("Only the staff of %(course)s chooses content.") % {"course": context.course})
    return Chooser(identity.user, context)


@dataclass(frozen=True)
class Offer:
    """A line of a choice."""

    item: GradeItem

    @property
    def source(self) -> Any:
        return getattr(self.item, "assignment", None) or getattr(self.item, "quiz", None)

    @property
    def kind(self) -> str:
        return _("exercise") if hasattr(self.item, "assignment") else _("quiz")

    @property
    def hidden(self) -> bool:
        return not self.source.visible


def offers_of(context: Context) -> list[Offer]:
    return [Offer(item) for item in actions.items_of(context.course)]


def page(request: HttpRequest, chooser: Chooser, launch: Launch, ticket: str, error: str = "") -> HttpResponse:
    context = {
        "context": chooser.context,
        "offers": offers_of(chooser.context),
        "several": launch.several,
        "ticket": ticket,
        "error": error,
    }
    return render(request, "lti/choose_content.html", context, status=400 if error else 200)


@csrf_exempt  # no cookie is looked at: the ticket in the form is the secret that another site does not have
@never_cache
@require_POST
@limited
def select(request: HttpRequest) -> HttpResponse:
    """The choice: answered with a form, signed by us, that goes back to the LMS."""
    platform: Platform | None = None
    try:
        launch = handshake.redeem(request.POST.get("ticket", ""), None)
        platform = Platform.objects.filter(pk=launch.platform, active=True).first()
        if platform is None or not launch.choosing or not platform.owns(launch.return_url):
            raise BadLaunch("this ticket does not choose content")
        chooser = chooser_of(launch)
    except BadLaunch as error:
        log.warning("LTI choice refused: %s", error.reason)
        return refused(request, error.reason, platform)
    except NotAllowed as error:
        return stopped(request, error.message, platform)
    wanted = request.POST.getlist("item")[: MOST if launch.several else 1]
    chosen = [offer.item for offer in offers_of(chooser.context) if offer.item.slug in wanted]
    if not chosen:
        again = page(request, chooser, launch, handshake.ticket_for(launch), _("Choose at least one."))
        return framed(again, platform)
    token = keys.sign(answer(platform, launch, chosen, request.build_absolute_uri(reverse("lti-launch"))))
    filled = {"address": launch.return_url, "token": token}
    return framed(render(request, "lti/return.html", filled), platform, form_to=launch.return_url)


def answer(platform: Platform, launch: Launch, items: list[GradeItem], url: str) -> dict[str, Any]:
    """The claims of our answer: each item with its column, and its short name, which comes back with every launch."""
    content = []
    for item in items:
        entry: dict[str, Any] = {
            "type": "ltiResourceLink",
            "title": item.title,
            "url": url,
            "custom": {claims.ITEM: item.slug},
            "window": {"targetName": "_blank"},
        }
        if launch.columns:
            entry["lineItem"] = {
                "scoreMaximum": float(item.max_points),
                "label": item.title,
                "resourceId": item.slug,
            }
        content.append(entry)
    found: dict[str, Any] = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        f"{claims.CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{claims.CLAIM}version": claims.VERSION,
        f"{claims.CLAIM}deployment_id": launch.deployment,
        f"{claims.DEEP_LINK}content_items": content,
    }
    if launch.data:
        found[f"{claims.DEEP_LINK}data"] = launch.data
    return found
