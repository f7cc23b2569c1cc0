"""What a comparison raises.

CheckFailed (AssertionError)    the student's value is not the expected one
BadExpectation (TypeError)      tests.py asks for something that cannot be compared: the exercise's fault
"""

from __future__ import annotations

from workers.jobs.report import Difference, Sentence
from workers.jobs.sentences import english


class CheckFailed(AssertionError):
    """A test's check did not hold. Its text is the sentences in English, joined.

    sentences: what to tell the student, as templates that the site translates.
    difference: where the first difference is, or None when the check was no comparison.
    """

    def __init__(self, sentences: list[Sentence], difference: Difference | None = None) -> None:
        super().__init__(english(sentences))
        self.sentences = sentences
        self.difference = difference


class BadExpectation(TypeError):
    """The expected value or a tolerance cannot be used. Raised for the author of tests.py, never for the student."""
