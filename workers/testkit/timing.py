"""`@timing`: a test that compares the time of the student's function with that of a reference, in pairs of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workers.testkit.compare import assert_close
from workers.testkit.registry import REGISTRY, Test, TestFunction, check_common

SOLUTION = "solution.py"
CLOCKS = ("wall", "cpu")
MAX_RATIO = 1000.0
Check = Callable[[Any, Any], object]


@dataclass(frozen=True)
class TimingTest(Test):
    """A timing test; `function(rng)` makes one call, (name, args)."""

    against: str  # "solution.py", or the name of a callable in tests.py
    at_most: float  # the student's time over the reference's
    clock: str  # "wall" or "cpu"
    floor_seconds: float | None  # a call that is faster than this is suspect
    check: Check  # (got, want), of each call

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "timing": True}

    def rules(self) -> dict[str, Any]:
        """What the supervisor has to know to measure."""
        return {
            "against": self.against,
            "at_most": self.at_most,
            "clock": self.clock,
            "floor_seconds": self.floor_seconds,
        }


def timing(
    name: str,
    points: float = 1,
    against: str = SOLUTION,
    at_most: float = 1.5,
    clock: str = "wall",
    floor_seconds: float | None = None,
    public: bool = False,
    hint: Mapping[str, str] | None = None,
    title: Mapping[str, str] | None = None,
    check: Check = assert_close,
) -> Callable[[TestFunction], TestFunction]:
    """Declare a timing test above a function `(rng) -> (name, args)` that makes a fresh call for each pair.

    The student's function `name` may take `at_most` times as long as the same function of `against`: the reference
    solution, or, when `against` names a callable of tests.py, that callable. `clock="cpu"` counts processor time
    instead of time on the wall. A median below `floor_seconds` is left to people. `check(got, want)` compares each
    call's value with the reference's; it raises like a check of a test, and returns nothing.

    Raises TypeError or ValueError for a wrong use.
    """
    check_common("timing", name, points, public, hint, title)
    _check_rules(name, against, at_most, clock, floor_seconds)
    if not callable(check):
        raise TypeError(f"@timing({name!r}): check: a function (got, want) is needed, such as assert_equal")

    def declare(function: TestFunction) -> TestFunction:
        if not callable(function):
            raise TypeError(f"@timing({name!r}) stands above a function (rng) that returns (name, args)")
        test = TimingTest(
            name=name,
            points=float(points),
            public=public,
            hint=dict(hint) if hint else None,
            title=dict(title) if title else None,
            function=function,
            against=against,
            at_most=float(at_most),
            clock=clock,
            floor_seconds=None if floor_seconds is None else float(floor_seconds),
            check=check,
        )
        REGISTRY.append(test)
        return function

    return declare


def _check_rules(name: str, against: object, at_most: Any, clock: object, floor: Any) -> None:
    if not isinstance(against, str) or not (against == SOLUTION or against.isidentifier()):
        raise ValueError(f'@timing({name!r}): against: "{SOLUTION}" or the name of a function in tests.py is needed')
    if not _is_number(at_most) or not 0 < at_most <= MAX_RATIO:
        raise ValueError(f"@timing({name!r}): at_most: a ratio such as 1.5 is needed, not {at_most!r}")
    if clock not in CLOCKS:
        raise ValueError(f'@timing({name!r}): clock: "wall" or "cpu" is needed, not {clock!r}')
    if floor is not None and not (_is_number(floor) and floor > 0):
        raise ValueError(f"@timing({name!r}): floor_seconds: seconds such as 0.002 are needed, not {floor!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def check_references(space: Mapping[str, Any]) -> None:
    """Raises NameError when a timing test is against a callable that tests.py (its names: `space`) does not have."""
    for test in REGISTRY:
        if isinstance(test, TimingTest) and test.against != SOLUTION and not callable(space.get(test.against)):
            raise NameError(f"@timing({test.name!r}): against: tests.py has no function {test.against!r}")
