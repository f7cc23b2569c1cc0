"""The sign test: its table against SciPy, its error rates by the exact sum and by simulated machines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workers.grader.sign_test import (
    ALPHA,
    HOPELESS_PAIRS,
    LOOKS,
    MAX_PAIRS,
    decide,
    interval,
    median,
    tail,
    wins_needed,
)

RUNS = 4000
STEPS = (HOPELESS_PAIRS, *(look.pairs for look in LOOKS))


def verdict(ratios, at_most) -> tuple[str, int]:
    """The verdict of a sequence of pairs, and how many of them it took."""
    for count in STEPS:
        if (said := decide(ratios[:count], at_most)) is not None:
            return said, count
    raise AssertionError("no verdict after all pairs")


def simulate(true: float, at_most: float, rng, noise: float = 0.02, drift: float = 0.08) -> str:
    """One run on a machine that gets slower by `drift` meanwhile: `noise` on each time, random order within a pair."""
    second = rng.integers(2, size=MAX_PAIRS)
    when = (np.arange(MAX_PAIRS)[:, None] * 2 + np.stack([second, 1 - second], axis=1)) / (2 * MAX_PAIRS)
    times = np.array([true, 1.0]) * (1 + drift * when) * np.exp(noise * rng.normal(size=(MAX_PAIRS, 2)))
    return verdict((times[:, 0] / times[:, 1]).tolist(), at_most)[0]


def rates(true: float, at_most: float = 1.5, **machine: float) -> dict[str, float]:
    rng = np.random.default_rng(12)
    said = [simulate(true * at_most, at_most, rng, **machine) for _ in range(RUNS)]
    return {word: said.count(word) / RUNS for word in ("passed", "failed", "inconclusive")}


def test_it_works():
    assert verdict([1.0] * 40, 1.5) == ("passed", 20)
    assert verdict([2.0] * 40, 1.5) == ("failed", 10)
    assert verdict([1.4, 1.6] * 20, 1.5) == ("inconclusive", 40)


def test_the_counts_are_those_of_scipy():
    from scipy.stats import binom

    for pairs in (10, 20, 30, 40):
        for alpha in (0.05, 0.01, 0.005, 0.001):
            assert wins_needed(pairs, alpha) == binom.isf(alpha, pairs, 0.5) + 1
        for wins in range(pairs + 1):
            assert tail(pairs, wins) == pytest.approx(binom.sf(wins - 1, pairs, 0.5), rel=1e-12)
    spent = (0.001, 0.006, 0.004)  # of alpha, at each look
    assert [look.needed for look in LOOKS] == [wins_needed(look.pairs, a) for look, a in zip(LOOKS, spent, strict=True)]


@pytest.mark.parametrize("looks", [LOOKS, [look for look in LOOKS if look.passes]], ids=["failed", "passed"])
def test_all_looks_together_keep_alpha(looks):
    """The exact chance, at the limit, of reaching one of the counts: by the distribution of those still undecided."""
    still, reached, pairs = {0: 1.0}, 0.0, 0
    for look in looks:
        for _ in range(look.pairs - pairs):
            still = {k: (still.get(k, 0) + still.get(k - 1, 0)) / 2 for k in range(max(still) + 2)}
        pairs = look.pairs
        reached += sum(p for k, p in still.items() if k >= look.needed)
        still = {k: p for k, p in still.items() if k < look.needed}
    assert 0.005 < reached <= ALPHA


def test_a_ratio_above_the_limit_does_not_pass():
    said = rates(1.10)
    assert said["passed"] <= 0.01
    assert said["failed"] > 0.97


def test_a_ratio_below_the_limit_does_not_fail():
    said = rates(0.90)
    assert said["failed"] <= 0.01
    assert said["passed"] > 0.97


@pytest.mark.parametrize("noise", [0.02, 0.5])
def test_at_the_limit_neither_is_said_without_evidence(noise):
    said = rates(1.0, noise=noise)
    sigma = math.sqrt(ALPHA / RUNS)
    assert max(said["passed"], said["failed"]) <= ALPHA + 3 * sigma
    assert said["inconclusive"] > 0.97


def test_noise_makes_it_inconclusive_and_not_wrong():
    """A machine so loaded that single times are off by half."""
    assert rates(0.9, noise=0.5)["failed"] <= 0.01
    assert rates(1.1, noise=0.5)["passed"] <= 0.01
    assert rates(2.0, noise=0.5)["passed"] == 0


def test_drift_alone_decides_nothing():
    said = rates(1.0, noise=0.02, drift=1.0)
    assert max(said["passed"], said["failed"]) <= 0.02


@pytest.mark.parametrize(
    "ratios",
    [
        [1.0] * 16 + [2.0] * 4 + [9.0] * 20,
        [1.0] * 15 + [2.0] * 5 + [1.0] * 20,
        ([1.0] * 7 + [2.0] * 3) * 4,
        ([1.0] * 3 + [2.0] * 7) * 4,
        [2.0] * 40,
        [1.6, 1.4] * 20,
    ],
)
def test_the_interval_tells_the_same_as_the_verdict(ratios):
    said, count = verdict(ratios, 1.5)
    low, high = interval(ratios[:count])
    assert said == ("passed" if high < 1.5 else "failed" if low > 1.5 else "inconclusive")
    assert low <= median(ratios[:count]) <= high


def test_there_are_no_other_looks():
    for ratios in ([1.0] * 40, [2.0] * 40):
        said = {count: decide(ratios[:count], 1.5) for count in range(1, 40) if count not in STEPS}
        assert set(said.values()) == {None}


def test_a_ratio_at_the_limit_counts_for_neither():
    assert verdict([1.5] * 40, 1.5) == ("inconclusive", 40)


def test_a_hopeless_solution_is_stopped_after_five_pairs():
    assert verdict([50.0] * 5, 1.5) == ("failed", 5)
    assert verdict([50.0] * 4 + [1.0] + [50.0] * 35, 1.5)[1] == 20


def test_the_median_is_that_of_logarithms():
    assert median([0.5, 2.0]) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="at least one"):
        median([])
    with pytest.raises(ValueError, match="at least one"):
        interval([])
