"""Requests that the site refuses. Neither a student's verdict nor a grader's failure is one of these.

Refused                     the request cannot be done; the text says why and what to do
├── TooLarge                413: the source passes the cap
├── NotText                 400: not a text that a Python file can hold
├── BadArchive              400: not a .zip file that holds an exercise's folder
├── NotOpen                 409: not open yet, or closed
├── NoTriesLeft             409: every try is used
└── TooSoon                 429: wait `retry_after` seconds
"""

from __future__ import annotations


class Refused(Exception):
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TooLarge(Refused):
    status = 413


class NotText(Refused):
    status = 400


class BadArchive(Refused):
    status = 400


class NotOpen(Refused):
    status = 409


class NoTriesLeft(Refused):
    status = 409


class TooSoon(Refused):
    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds
