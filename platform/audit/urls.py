"""Addresses of the audit."""

from django.urls import path

from audit import views

urlpatterns = [path("c/<slug:course>/audit/", views.log, name="audit")]
