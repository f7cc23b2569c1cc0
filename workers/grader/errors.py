"""Whose fault it is: three kinds that never mix.

StudentFault    the student's process is lost: a verdict for the running test
JudgeFault      tests.py (or the judge's process) failed: settled by running the test on the reference solution
ExerciseFault   the exercise cannot be graded at all: `error`, the author is told
workers.sandbox.errors.MachineFault    this node: `error`, another node may try
"""

from __future__ import annotations

from workers.jobs.report import Sentence


class StudentFault(Exception):
    """`verdict` is one of TEST_VERDICTS, or "rejected" when the file does not load."""

    def __init__(self, verdict: str, sentence: Sentence) -> None:
        super().__init__(verdict)
        self.verdict = verdict
        self.sentence = sentence


class JudgeFault(Exception):
    """`staff` is the traceback or what happened to the process; the rest says what the student's code had returned."""

    def __init__(self, staff: str, function: str = "", returned: str = "") -> None:
        super().__init__(staff)
        self.staff = staff
        self.function = function
        self.returned = returned


class JudgeSlow(JudgeFault):
    """tests.py had no time left: of its own, or of the run's."""


class ExerciseFault(Exception):
    """The author has to change the exercise; the text says what."""
