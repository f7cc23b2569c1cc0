"""Registrations and people of LMSs: for superusers only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from lti.models import Identity, Platform


class SuperuserAdmin(admin.ModelAdmin[Any]):
    """Whoever registers an LMS decides who can sign in as whom."""

    actions = None

    def _allows(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._allows(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allows(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._allows(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allows(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allows(request)


@admin.register(Platform)
class PlatformAdmin(SuperuserAdmin):
    list_display = ("name", "issuer", "client_id", "active")
    fields = (
        "name",
        "active",
        "issuer",
        "client_id",
        "deployments",
        "auth_url",
        "token_url",
        "jwks_url",
        "token_audience",
        "hosts",
        "trust_addresses",
        "staff_may_enter",
    )


@admin.register(Identity)
class IdentityAdmin(SuperuserAdmin):
    """To look at, and to take back a link: the person is asked anew at the next launch."""

    list_display = ("name", "email", "issuer", "user", "seen_at")
    search_fields = ("name", "email", "subject", "user__email", "user__family_name")
    list_select_related: ClassVar[Any] = ("user",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
