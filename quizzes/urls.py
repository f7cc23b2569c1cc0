"""Addresses of quizzes and attempts."""

from django.urls import path

from quizzes.views import attempt, board, codes, log, overrides, pictures, quizzes, regrading, statistics

urlpatterns = [
    path("c/<slug:course>/quizzes/", quizzes.quizzes, name="quizzes"),
    path("c/<slug:course>/q/<slug:slug>/", quizzes.quiz, name="quiz"),
    path("c/<slug:course>/q/<slug:slug>/start", quizzes.start, name="quiz-start"),
    path("c/<slug:course>/q/<slug:slug>/board/", board.board, name="quiz-board"),
    path("c/<slug:course>/q/<slug:slug>/board/rows", board.rows, name="quiz-board-rows"),
    path("c/<slug:course>/q/<slug:slug>/statistics/", statistics.statistics, name="quiz-statistics"),
    path("c/<slug:course>/q/<slug:slug>/statistics.csv", statistics.statistics_csv, name="quiz-statistics-csv"),
    path("c/<slug:course>/q/<slug:slug>/regrade/", regrading.regrade, name="quiz-regrade"),
    path("c/<slug:course>/q/<slug:slug>/overrides/", overrides.overrides, name="quiz-overrides"),
    path("c/<slug:course>/q/<slug:slug>/codes/", codes.codes, name="quiz-codes"),
    path("c/<slug:course>/pictures/<str:name>", pictures.of_course, name="course-picture"),
    path("a/<uuid:attempt>/log/", log.log, name="attempt-log"),
    path("code/", codes.sign_in, name="quiz-sign-in"),
    path("a/<uuid:attempt>/", attempt.attempt, name="attempt"),
    path("a/<uuid:attempt>/pictures/<str:name>", pictures.of_attempt, name="attempt-picture"),
    path("a/<uuid:attempt>/save", attempt.save, name="attempt-save"),
    path("a/<uuid:attempt>/summary", attempt.summary, name="attempt-summary"),
    path("a/<uuid:attempt>/submit", attempt.submit, name="attempt-submit"),
]
