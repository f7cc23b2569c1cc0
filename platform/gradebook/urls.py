"""Addresses of grades."""

from django.urls import path

from gradebook import columns, grid, views

urlpatterns = [
    path("c/<slug:course>/grades/", views.grades, name="grades"),
    path("c/<slug:course>/gradebook/", views.gradebook, name="gradebook"),
    path("c/<slug:course>/weights/", columns.weights, name="gradebook-weights"),
    path("c/<slug:course>/progress/", grid.progress, name="progress"),
    path("c/<slug:course>/gradebook/<slug:item>/", columns.column, name="gradebook-column"),
    path("c/<slug:course>/gradebook/<slug:item>/<int:student>/", views.cell, name="gradebook-cell"),
    path("c/<slug:course>/grades.csv", views.grades_csv, name="grades-csv"),
]
