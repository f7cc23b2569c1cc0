"""Account page and language."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts import digests, language
from accounts.forms import NamesForm
from accounts.models import Digest, User


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here. Names come from the roster; whoever has none yet may give them once."""
    user: Any = request.user
    nameless = not (user.given_name or user.family_name)
    form = NamesForm(request.POST or None) if nameless else None
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid():
            User.objects.filter(pk=user.pk).update(**form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("account")
    context = {
        "form": form,
        "protected": is_mfa_enabled(user),
        "digest": Digest.objects.filter(user=user, wanted=True).exists(),
    }
    return render(request, "accounts/account.html", context)


@login_required
@never_cache
@require_POST
def digest(request: HttpRequest) -> HttpResponse:
    """Switch the daily mail on or off."""
    user: Any = request.user
    digests.choose(user, request.POST.get("wanted") == "1", request.build_absolute_uri("/").rstrip("/"))
    messages.success(request, _("Saved."))
    return redirect("account")


@csrf_exempt  # a mail program posts it without a page before; the signed token says whose mail is meant, and no more
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop_digest(request: HttpRequest, token: str) -> HttpResponse:
    """The end of the daily mail, without sign-in. Opening the link ends nothing: scanners of mail open every link."""
    found = digests.by_token(token)
    if found is None:
        raise Http404
    if request.method == "POST":
        Digest.objects.filter(pk=found.pk).update(wanted=False)
        found.wanted = False
    return render(request, "accounts/digest_stop.html", {"wanted": found.wanted})


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of this browser and, signed in, of the person."""
    chosen = request.POST.get("language", "")
    if not language.supported(chosen):
        return HttpResponseBadRequest("language: en or fr")
    if isinstance(request.user, User) and request.user.language != chosen:
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    target = request.POST.get("next") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("home")
    response = HttpResponseRedirect(target)
    language.remember(response, chosen)
    return response


def staff_only(view: Callable[..., Any]) -> Callable[..., Any]:
    """A page that exists only for people who may open the admin; anonymous people sign in first."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(never_cache(wrapped))


class ActivateTOTP(ActivateTOTPView):
    """With the QR code as part of the page: the content policy lets no data: image in."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        drawing: str = context["totp_svg"]
        # On white: black on a dark page cannot be scanned.
        white = '<rect width="100%" height="100%" fill="white"/>'
        drawing = drawing[drawing.index("<svg") :].replace("<path", f"{white}<path", 1)
        return context | {"drawing": mark_safe(drawing)}  # made by the QR library from squares alone
