"""Addresses of grades."""

from django.urls import path

from gradebook import views

urlpatterns = [
    path("c/<slug:course>/grades/", views.grades, name="grades"),
    path("c/<slug:course>/gradebook/", views.gradebook, name="gradebook"),
    path("c/<slug:course>/gradebook/<slug:item>/<int:student>/", views.cell, name="gradebook-cell"),
    path("c/<slug:course>/grades.csv", views.grades_csv, name="grades-csv"),
]
