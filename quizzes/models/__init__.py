"""Quizzes: questions, their frozen versions and pictures; the quiz, its slots and overrides; attempts and answers."""

from quizzes.models.attempt import GRACE, Answer, AnswerEvent, Attempt, AttemptState
from quizzes.models.bank import Picture, Question, QuestionVersion
from quizzes.models.quiz import Override, Quiz, Slot, check_rule
from quizzes.models.record import Announcement, AttemptEvent, KeyChange, SignInCode

__all__ = [
    "GRACE",
    "Announcement",
    "Answer",
    "AnswerEvent",
    "Attempt",
    "AttemptEvent",
    "AttemptState",
    "KeyChange",
    "Override",
    "Picture",
    "Question",
    "QuestionVersion",
    "Quiz",
    "SignInCode",
    "Slot",
    "check_rule",
]
