"""When pairs of times decide: an exact sign test against the limit, with looks fixed in advance.

Each pair gives one ratio, the student's time over the reference's. If the true median ratio were exactly the limit, a
pair would fall below it with probability 1/2 whatever the noise is distributed like, so the number of pairs below the
limit is binomial. A verdict needs a count that chance gives in at most ALPHA of such runs, over all looks together: a
look after every pair would decide wrongly many times as often. What the looks decide is no assumption about the noise,
only that the pairs are independent of one another.

    pairs   passed needs      failed needs       chance of either at the limit
    10      (never)           10 of 10 above     0.00098
    20      16 of 20 below    16 of 20 above     0.00591
    40      29 of 40 below    29 of 40 above     0.00321

At 40 pairs without a verdict the test is inconclusive.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.01  # of a false "passed", and of a false "failed", over all looks
HOPELESS_PAIRS = 5
HOPELESS = 4.0  # times the limit
PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"


@dataclass(frozen=True)
class Look:
    """After so many pairs."""

    pairs: int
    needed: int  # pairs on one side of the limit
    passes: bool  # whether "passed" may be said here: a slow student must be stopped early, a fast one costs little


LOOKS = (Look(10, 10, passes=False), Look(20, 16, passes=True), Look(40, 29, passes=True))
MAX_PAIRS = LOOKS[-1].pairs


def tail(pairs: int, wins: int) -> float:
    """P(at least `wins` heads in `pairs` throws of a fair coin), exact."""
    return sum(math.comb(pairs, k) for k in range(max(0, wins), pairs + 1)) / (1 << pairs)


def wins_needed(pairs: int, alpha: float) -> int:
    """The fewest wins of `pairs` that chance gives with probability `alpha` or less; pairs + 1 when none is enough."""
    return next((wins for wins in range(pairs + 1) if tail(pairs, wins) <= alpha), pairs + 1)


def decide(ratios: Sequence[float], at_most: float) -> str | None:
    """PASSED, FAILED or INCONCLUSIVE for the pairs so far; None: go on measuring. Call it after every pair."""
    count = len(ratios)
    below = sum(ratio < at_most for ratio in ratios)
    above = sum(ratio > at_most for ratio in ratios)
    if count == HOPELESS_PAIRS and min(ratios) > HOPELESS * at_most:
        return FAILED  # no noise does this five times in a row, and each pair may cost seconds
    for look in LOOKS:
        if look.pairs == count:
            if above >= look.needed:
                return FAILED
            if below >= look.needed and look.passes:
                return PASSED
    return INCONCLUSIVE if count >= MAX_PAIRS else None


def interval(ratios: Sequence[float]) -> tuple[float, float]:
    """(low, high) of the true median, from the order of the ratios: 98.8 % at 20 pairs, 99.4 % at 40.

    Its ends belong to the look's own numbers, so that "passed" is the same as high < at_most, and "failed" the same as
    low > at_most. Between looks it is all that was seen. Raises ValueError without a ratio.
    """
    ordered = sorted(ratios)
    needed = next((look.needed for look in LOOKS if look.pairs == len(ordered)), len(ordered))
    if not ordered:
        raise ValueError("an interval needs at least one ratio")
    return ordered[len(ordered) - needed], ordered[needed - 1]


def median(ratios: Sequence[float]) -> float:
    """Of ratios: the middle of their logarithms, so that 1/2 and 2 have the middle 1. Raises ValueError without one."""
    if not ratios:
        raise ValueError("a median needs at least one ratio")
    return math.exp(statistics.median(map(math.log, ratios)))
