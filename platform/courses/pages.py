"""What every page about people's work starts with: who asks; and no cache keeps it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control

View = Callable[..., HttpResponseBase]


def page(view: View) -> View:
    """For signed-in people only; no cache keeps it, since it holds somebody's work."""
    return no_store(login_required(view))


def fragment(view: View) -> View:
    """The same for what a script fetches: 401 instead of a redirect to a page that the script cannot use."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return HttpResponse(status=401)
        return view(request, *args, **kwargs)

    return no_store(wrapper)


def no_store(view: View) -> View:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, no_store=True, private=True)
        return response

    return wrapper


def user_of(request: HttpRequest) -> Any:
    """The signed-in person: `page` and `fragment` let nobody else through."""
    return request.user
