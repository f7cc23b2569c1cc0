"""GIFT, Moodle's text format: one question a block, blank lines between, the answers in braces."""

from quizzes.formats.gift.reading import read
from quizzes.formats.gift.writing import write

__all__ = ["read", "write"]
