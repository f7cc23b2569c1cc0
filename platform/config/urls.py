"""Addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from config import copying, health
from config.api import api

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
    path("c/<slug:course>/copy/", copying.copy, name="course-copy"),
    path("accounts/", include("accounts.urls")),
    path("", include("courses.urls")),
    path("", include("gradebook.urls")),
    path("", include("lti.urls")),
    path("", include("audit.urls")),
    path("", include("exercises.urls")),
    path("", include("quizzes.urls")),
]
