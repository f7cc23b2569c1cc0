"""Addresses of exercises and submissions."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
