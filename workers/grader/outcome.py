"""What one test came to, before it is a part of the report."""

from __future__ import annotations

import hashlib

from workers.jobs.report import Difference, Sentence, Series, TextCheck, Timing


class Outcome:
    """What one test came to."""

    def __init__(self, verdict: str, sentences: list[Sentence]) -> None:
        self.verdict = verdict  # one of TEST_VERDICTS
        self.sentences = sentences
        self.difference: Difference | None = None
        self.input = ""
        self.output = ""
        self.seconds = 0.0
        self.timing: Timing | None = None
        self.series: list[Series] = []
        self.checks: list[TextCheck] = []
        self.staff = ""


def derive_seed(seed: int, purpose: str) -> int:
    """Independent seeds from the run's: the student's process gets one, and cannot compute the tests' from it."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()[:8], "little") >> 1
