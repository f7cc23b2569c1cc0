"""What an author's tests.py imports."""

from workers.testkit.compare import BadExpectation, CheckFailed, assert_close, assert_equal, fail
from workers.testkit.errors import SolutionError
from workers.testkit.registry import test
from workers.testkit.series import record
from workers.testkit.timing import timing

__all__ = [
    "BadExpectation",
    "CheckFailed",
    "SolutionError",
    "assert_close",
    "assert_equal",
    "fail",
    "record",
    "test",
    "timing",
]
