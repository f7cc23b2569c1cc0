"""The site's admin: Django's own, with this site's name and tokens."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class AdminSite(admin.AdminSite):
    site_header = site_title = _("Rendu administration")
    index_title = _("Courses, exercises and people")
