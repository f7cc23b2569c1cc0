"""How strictly one comparison is made, and where in a nested value it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workers.testkit.compare.errors import BadExpectation

# Smallest useful tolerances by the size in bytes of the *expected* float (complex: of one part). The size of what came
# back has no say: else an answer in float16 would loosen its own check.
FLOORS = {2: (1e-2, 1e-3), 4: (1e-5, 1e-6)}  # (rtol, atol)


@dataclass(frozen=True)
class Rules:
    exact: bool  # True: same kind of value and no tolerance
    rtol: float = 0.0  # relative to the expected value
    atol: float = 0.0
    equal_nan: bool = False  # NaN equals NaN

    def __post_init__(self) -> None:
        for name, value in (("rtol", self.rtol), ("atol", self.atol)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise BadExpectation(f"{name} must be a finite number, zero or more, not {value!r}")

    def tolerances(self, itemsize: int) -> tuple[float, float]:
        """(rtol, atol) for an expected float of `itemsize` bytes, raised to what that precision can hold."""
        if self.exact or itemsize not in FLOORS:
            return self.rtol, self.atol
        rtol, atol = FLOORS[itemsize]
        return max(self.rtol, rtol), max(self.atol, atol)


@dataclass(frozen=True)
class Place:
    """Where a value stands in the compared one: `dW`, `['loss'][2]`, or the empty text for the whole."""

    text: str = ""

    def item(self, index: int) -> Place:
        return Place(f"{self.text}[{index}]")

    def key(self, shown: str) -> Place:
        return Place(f"{self.text}[{shown}]")

    def element(self, index: tuple[int, ...]) -> Place:
        return Place(f"{self.text}[{', '.join(map(str, index))}]") if index else self
