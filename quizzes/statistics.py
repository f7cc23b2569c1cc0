"""Item analysis of a test, by Moodle's formulas: pure functions of marks, no database, no NumPy.

s attempts, p places of the test; x an item's mark, X the attempt's total, R = X - x the rest. Every variance and
covariance divides by s - 1.

    facility                 mean(x) / the item's maximum
    standard deviation       √var(x)
    discrimination index     100 · cov(x, R) / √(var x · var R); for a drawn item R = X: who got it got different rests
    discriminative efficiency   100 · cov(x, R) / cov(sorted x, sorted R): against the best that these marks allow
    effective weight         100 · √cov(x, X) / Σ √cov(xⱼ, X) over the places; none for a negative covariance
    internal consistency     100 · p/(p-1) · (1 - Σ var(xᵢ) / var X): Cronbach's alpha in percent; p > 1, s > 2
    error ratio              100 · √(1 - consistency/100)
    standard error           error ratio / 100 · SD of the totals
    skewness, kurtosis       k₃/k₂^1.5 and k₄/k₂² of the k-statistics

A blank is worth what its rule gives, usually 0, and counts. An item that an attempt does not hold is missing there:
its figures come from the attempts that hold it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FEW = 30  # attempts below which figures say little


@dataclass(frozen=True)
class Sitting:
    """One attempt: marks by place of the test, and by drawn item."""

    total: float
    places: Mapping[str, float]
    drawn: Mapping[str, float]  # marks of questions that a pool has given, by question


@dataclass(frozen=True)
class Item:
    n: int  # attempts that hold it
    max_mark: float
    mean: float | None
    facility: float | None  # 0 to 1
    sd: float | None
    discrimination: float | None  # percent
    efficiency: float | None  # percent
    weight: float | None  # percent; none for drawn items


@dataclass(frozen=True)
class Summary:
    n: int
    mean: float | None
    median: float | None
    sd: float | None
    skewness: float | None
    kurtosis: float | None
    consistency: float | None  # percent
    error_ratio: float | None  # percent
    standard_error: float | None  # in points


def mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def median(values: Sequence[float]) -> float | None:
    if not values:
        return None
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def covariance(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Divided by s - 1; None of fewer than two."""
    if len(xs) < 2:
        return None
    x0, y0 = math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)
    return math.fsum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True)) / (len(xs) - 1)


def variance(values: Sequence[float]) -> float | None:
    return covariance(values, values)


def _percent(part: float | None, whole: float | None) -> float | None:
    # Marks that do not vary leave rounding noise of about 1e-32 instead of 0: nothing can be divided by that.
    return None if part is None or whole is None or whole < 1e-12 else 100 * part / whole


def discrimination(xs: Sequence[float], rests: Sequence[float]) -> float | None:
    across, x, rest = covariance(xs, rests), variance(xs), variance(rests)
    return _percent(across, None if x is None or rest is None else math.sqrt(x * rest))


def efficiency(xs: Sequence[float], rests: Sequence[float]) -> float | None:
    return _percent(covariance(xs, rests), covariance(sorted(xs), sorted(rests)))


def _item(xs: Sequence[float], rests: Sequence[float], max_mark: float, weight: float | None) -> Item:
    average, spread = mean(xs), variance(xs)
    return Item(
        n=len(xs),
        max_mark=max_mark,
        mean=average,
        facility=average / max_mark if average is not None and max_mark else None,
        sd=None if spread is None else math.sqrt(spread),
        discrimination=discrimination(xs, rests),
        efficiency=efficiency(xs, rests),
        weight=weight,
    )


def place_items(sittings: Sequence[Sitting], max_marks: Mapping[str, float]) -> dict[str, Item]:
    """Figures of every place of the test: a question, or what a pool gives there."""
    marks: dict[str, tuple[list[float], list[float]]] = {place: ([], []) for place in max_marks}
    for sitting in sittings:
        for place, mark in sitting.places.items():
            marks[place][0].append(mark)
            marks[place][1].append(sitting.total)
    covariances = {place: covariance(xs, totals) for place, (xs, totals) in marks.items()}
    roots = {place: math.sqrt(value) for place, value in covariances.items() if value is not None and value >= 0}
    whole = math.fsum(roots.values())
    items = {}
    for place, (xs, totals) in marks.items():
        rests = [total - x for x, total in zip(xs, totals, strict=True)]
        items[place] = _item(xs, rests, max_marks[place], _percent(roots.get(place), whole))
    return items


def drawn_items(sittings: Sequence[Sitting], max_marks: Mapping[str, float]) -> dict[str, Item]:
    """Figures of every question that a pool has given, over the attempts that got it."""
    items = {}
    for question, max_mark in max_marks.items():
        held = [sitting for sitting in sittings if question in sitting.drawn]
        xs = [sitting.drawn[question] for sitting in held]
        items[question] = _item(xs, [sitting.total for sitting in held], max_mark, None)
    return items


def k_statistics(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """k₂, k₃, k₄: unbiased estimates of the cumulants; None where there are too few values."""
    n = len(values)
    if n < 2:
        return None, None, None
    centre = math.fsum(values) / n
    m2, m3, m4 = (math.fsum((value - centre) ** power for value in values) / n for power in (2, 3, 4))
    k2 = n * m2 / (n - 1)
    k3 = n * n * m3 / ((n - 1) * (n - 2)) if n > 2 else None
    k4 = None
    if n > 3:
        k4 = n * n * ((n + 1) * m4 - 3 * (n - 1) * m2 * m2) / ((n - 1) * (n - 2) * (n - 3))
    return k2, k3, k4


def summary(sittings: Sequence[Sitting], items: Mapping[str, Item]) -> Summary:
    """Figures of the whole test; `items` as `place_items` gives them."""
    totals = [sitting.total for sitting in sittings]
    k2, k3, k4 = k_statistics(totals)
    flat = k2 is None or k2 < 1e-12
    sd = None if k2 is None else math.sqrt(k2)
    consistency = _consistency(items, None if flat else k2, len(totals))
    error = None if consistency is None else 100 * math.sqrt(max(0.0, 1 - consistency / 100))
    return Summary(
        n=len(totals),
        mean=mean(totals),
        median=median(totals),
        sd=sd,
        skewness=None if flat or k3 is None or k2 is None else k3 / k2**1.5,
        kurtosis=None if flat or k4 is None or k2 is None else k4 / k2**2,
        consistency=consistency,
        error_ratio=error,
        standard_error=None if error is None or sd is None else error * sd / 100,
    )


def _consistency(items: Mapping[str, Item], k2: float | None, n: int) -> float | None:
    spreads = [item.sd for item in items.values()]
    if k2 is None or n <= 2 or len(spreads) < 2 or None in spreads:
        return None
    inner = math.fsum(sd * sd for sd in spreads if sd is not None)
    return 100 * len(spreads) / (len(spreads) - 1) * (1 - inner / k2)
