"""The admin's pages of quizzes: the question bank with its imports and exports, and the quizzes made of it."""

from quizzes.admin import question, quiz, version

__all__ = ["question", "quiz", "version"]
