"""Quizzes: questions and their frozen versions, the quiz with its slots and overrides, attempts and their answers."""

from quizzes.models.attempt import GRACE, Answer, AnswerEvent, Attempt, AttemptState
from quizzes.models.bank import Question, QuestionVersion
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
    "Question",
    "QuestionVersion",
    "Quiz",
    "SignInCode",
    "Slot",
    "check_rule",
]
