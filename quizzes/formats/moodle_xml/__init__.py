"""Moodle's XML format: the one that holds most of a question and that Moodle recommends for exchange."""

from quizzes.formats.moodle_xml.reading import read
from quizzes.formats.moodle_xml.writing import write

__all__ = ["read", "write"]
