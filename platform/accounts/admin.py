"""The admin's page of second factors: for superusers, who take one away when its owner has lost it."""

from __future__ import annotations

from typing import Any

from allauth.mfa import admin as mfa_admin
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.http import HttpRequest

# Importing `mfa_admin` has registered a page that shows and edits `data`: whoever reads it can sign in as the owner.
if isinstance(admin.site.get_model_admin(Authenticator), mfa_admin.AuthenticatorAdmin):
    admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(admin.ModelAdmin[Any]):
    fields = list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
