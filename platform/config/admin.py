"""The site's admin: Django's own, with this site's name and tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _


class AdminSite(admin.AdminSite):
    site_header = site_title = _("Rendu administration")
    index_title = _("Courses, exercises and people")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The site's own sign-in: the admin has no password form to guess at, and the second factor counts here too."""
        target = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        if request.user.is_authenticated:
            if self.has_permission(request):
                return HttpResponseRedirect(reverse("admin:index", current_app=self.name))
            raise Http404  # signed in, and nothing here is theirs: asking to sign in again would go round in circles
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': target})}")
