"""Addresses of exercises and submissions."""

from django.urls import path

from exercises.views import comments, course, exercise, history, insight, pictures, regrading, similarity, submission

urlpatterns = [
    path("c/<slug:course>/", course.course, name="course"),
    path("c/<slug:course>/work.zip", course.work, name="work"),
    path("c/<slug:course>/e/<slug:slug>/", exercise.exercise, name="exercise"),
    path("c/<slug:course>/e/<slug:slug>/submit", exercise.submit, name="submit"),
    path("c/<slug:course>/e/<slug:slug>/draft", exercise.draft, name="draft"),
    path("c/<slug:course>/e/<slug:slug>/starter.py", exercise.starter, name="starter"),
    path("c/<slug:course>/e/<slug:slug>/public-tests.py", exercise.public_tests, name="public-tests"),
    path("c/<slug:course>/e/<slug:slug>/target.png", pictures.target, name="target"),
    path("c/<slug:course>/e/<slug:slug>/history", history.history, name="history"),
    path("c/<slug:course>/e/<slug:slug>/diff", history.diff, name="diff"),
    path("c/<slug:course>/e/<slug:slug>/regrade/", regrading.regrade, name="regrade"),
    path("c/<slug:course>/e/<slug:slug>/regrade/preview", regrading.preview, name="regrade-preview"),
    path("c/<slug:course>/e/<slug:slug>/insight/", insight.insight, name="insight"),
    path("c/<slug:course>/e/<slug:slug>/similarity/", similarity.similarity, name="similarity"),
    path(
        "c/<slug:course>/e/<slug:slug>/similarity/<uuid:a>/<uuid:b>/",
        similarity.pair,
        name="similarity-pair",
    ),
    path("s/<uuid:pk>/", submission.submission, name="submission"),
    path("s/<uuid:pk>/comment", comments.comment, name="comment"),
    path("s/<uuid:pk>/comment/<int:comment>/answer", comments.answer, name="comment-answer"),
    path("s/<uuid:pk>/target.png", pictures.submission_target, name="submission-target"),
    path("s/<uuid:pk>/picture/<int:number>.webp", pictures.picture, name="submission-picture"),
    path("s/<uuid:pk>/status", submission.status, name="submission-status"),
    path("s/<uuid:pk>/source", submission.source, name="submission-source"),
]
