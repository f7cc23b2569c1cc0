"""What this site changes in django-allauth's sign-in."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import language
from accounts.models import User

logger = logging.getLogger(__name__)

# Messages of django-allauth that repeat what the next page says anyway.
SILENT = ("account/messages/logged_in.txt", "account/messages/login_code_sent.txt")


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "incorrect_code": _("This is not the code. Check the newest mail and type it again."),
        "too_many_login_attempts": _("Too many tries. Wait a minute, then ask for a new code."),
        "rate_limited": _("Too many tries. Wait a few minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody registers here: a roster or a course's join code makes the account."""
        return False

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kw: Any
    ) -> None:
        if message_template not in SILENT:
            super().add_message(request, level, message_template, *args, **kw)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """The account was closed between the request for a code and its return."""
        messages.error(request, _("This account is closed. Ask your teacher."))
        return HttpResponseRedirect(reverse("account_login"))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        logger.info("person %s signed in", user.pk)
        if language.supported(user.language):
            language.remember(response, user.language)
        return response

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Changing a second factor asks for it again; there is nothing to ask where none is set up."""
        return self.request is not None and is_mfa_enabled(self.request.user)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """By the second factor only: there are no passwords on this site."""
        methods = super().get_reauthentication_methods(user)
        return [method for method in methods if method["id"] == "mfa_reauthenticate"]
