"""Forms of the account pages."""

from __future__ import annotations

from allauth.account.forms import ConfirmLoginCodeForm
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.codes import digest


class CodeForm(ConfirmLoginCodeForm):
    """Asks for the code; what is expected is a hash."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "class": "one-time",
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )

    def clean_code(self) -> str:
        # The parent compares with what is kept; without a code (unknown address) nothing is ever equal.
        self.cleaned_data["code"] = digest(self.cleaned_data["code"])
        return str(super().clean_code())


class NamesForm(forms.Form):
    """For somebody who came with a join code: no roster has told the names."""

    given_name = forms.CharField(
        label=_("Given name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    family_name = forms.CharField(
        label=_("Family name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
