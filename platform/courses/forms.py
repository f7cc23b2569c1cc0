"""Forms for signing in and for joining a course."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import RequestLoginCodeForm
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import User
from courses.actions import course_with_code
from courses.models import Course

# Wrong join codes only: a hall of 300 behind one address types the right one. 60 in ten minutes leaves a guesser
# no chance at eight letters, and room for the hall's slips.
GUESSES = "60/10m/ip"
# Codes that one course's join code sends to unknown addresses: it must not become a machine for unwanted mail.
NEW_ADDRESSES = "1000/h/key"


def checked_join_code(request: HttpRequest, code: str) -> Course:
    """The course of a join code. Raises ValidationError for a wrong one, and after too many of those."""
    if limits.allow(request, "join_code", GUESSES, peek=True):
        course = course_with_code(code)
        if course is not None:
            return course
        if limits.allow(request, "join_code", GUESSES):
            raise ValidationError(_("No course has this join code. Check it with your teacher."), code="join_code")
    raise ValidationError(_("Too many wrong join codes. Wait ten minutes, then try again."), code="rate_limited")


class SignInForm(RequestLoginCodeForm):
    """An e-mail address and, for those on no roster yet, a course's join code."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True, "spellcheck": "false"}),
    )
    join_code = forms.CharField(
        label=_("Join code"),
        max_length=32,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    _user: User | None = None  # set by the parent when the address is known and the account open

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.course: Course | None = None

    def clean_email(self) -> str:
        return str(super().clean_email()).lower()

    def clean_join_code(self) -> str:
        code: str = self.cleaned_data["join_code"]
        if code and "email" in self.cleaned_data:
            self.course = checked_join_code(self.request, code)
        return code

    @property
    def limited(self) -> bool:
        """Whether the form was refused for asking too often."""
        codes = {error.code for errors in self.errors.as_data().values() for error in errors}
        return bool(codes & {"too_many_login_attempts", "rate_limited"})


class JoinForm(forms.Form):
    join_code = forms.CharField(
        label=_("Join code"),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.course: Course | None = None

    def clean_join_code(self) -> str:
        self.course = checked_join_code(self.request, self.cleaned_data["join_code"])
        return str(self.cleaned_data["join_code"])
