"""The shell as an app (commands, template tags), and the admin as an app of this site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class SiteConfig(AppConfig):
    name = "config"


class AdminConfig(DjangoAdminConfig):
    default_site = "config.admin.AdminSite"
