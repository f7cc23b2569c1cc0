"""Named series of numbers that a test attaches to the report, for plots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MAX_SERIES = 20
MAX_POINTS = 10_000

RECORDED: list[dict[str, Any]] = []


def record(name: str, values: Iterable[float], x: Iterable[float] | None = None) -> None:
    """Attach the series `name`: `values` (1-D, at most 10,000 numbers) against `x`, or against 0, 1, 2, …

    A number that is not finite becomes a gap. A second series of the same name in one test replaces the first. Raises
    ValueError when the lengths differ or there are too many numbers or series, TypeError when they are no numbers.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError('record: the first argument is the name of the series, such as record("loss", values)')
    ys = _numbers(name, values)
    xs = None if x is None else _numbers(name, x)
    if xs is not None and len(xs) != len(ys):
        raise ValueError(f"record({name!r}): {len(ys)} values against {len(xs)} places on the x axis")
    RECORDED[:] = [series for series in RECORDED if series["name"] != name]
    if len(RECORDED) >= MAX_SERIES:
        raise ValueError(f"record({name!r}): a test may record {MAX_SERIES} series")
    RECORDED.append({"name": name[:80], "x": xs, "y": ys})


def _numbers(name: str, values: Iterable[float]) -> list[float]:
    numbers = [float(value) for value in values]
    if len(numbers) > MAX_POINTS:
        raise ValueError(f"record({name!r}): {len(numbers)} numbers, {MAX_POINTS} at most")
    return numbers
