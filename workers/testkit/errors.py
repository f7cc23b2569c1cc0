"""What a call to the student's code may raise in tests.py.

SolutionError (Exception)      the student's code raised; a test may catch it to check that it does
RunnerGone (BaseException)     the student's process is lost (time, crash, output): the supervisor knows why
"""

from __future__ import annotations

from typing import Any


class SolutionError(Exception):
    """An exception of the student's code.

    type: its name, such as "ValueError". message: its text. lines: the traceback's lines in the student's file,
    outermost first, as (line number, function name). kind: "exception", "memory", "exit" or "input".
    """

    def __init__(self, facts: dict[str, Any], function: str) -> None:
        self.type = str(facts.get("type", ""))
        self.message = str(facts.get("message", ""))
        self.kind = str(facts.get("kind", "exception"))
        self.function = function
        rows = facts.get("lines")
        self.lines = [(int(row["line"]), str(row["function"])) for row in rows] if isinstance(rows, list) else []
        super().__init__(f"{self.type}: {self.message}")


class RunnerGone(BaseException):
    """Ends the running test. No Exception, so that `except Exception` in a test does not go on with a dead student."""
