"""Requests that a quiz refuses, and quizzes that cannot be taken.

Refused                     the request cannot be done; the text says why and what to do
├── NotOpen                 409: not open yet, closed, or hidden
├── NotReady                409: the quiz has no questions, or a pool holds too few: its author has to act
├── NoAttemptsLeft          409: every attempt is used
├── WrongCode               403: the access code is not the quiz's
├── WrongBrowser            403: the quiz asks for Safe Exam Browser with its settings
├── TooOften                429: wait `retry_after` seconds
├── AttemptOver             409: the attempt has ended, or is paused
├── NotHere                 409: a quiz without a way back stands at another question
└── BadAnswer               400: not a response to this question
BadQuiz                     a catalogue file, a new key or an exception cannot be taken: the text names what to change
"""

from __future__ import annotations


class Refused(Exception):
    status = 409

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotOpen(Refused):
    pass


class NotReady(Refused):
    pass


class NoAttemptsLeft(Refused):
    pass


class WrongCode(Refused):
    status = 403


class WrongBrowser(Refused):
    status = 403


class TooOften(Refused):
    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class AttemptOver(Refused):
    pass


class NotHere(Refused):
    pass


class BadAnswer(Refused):
    status = 400


class BadQuiz(ValueError):
    """The author has to change something: the text says where and what."""
