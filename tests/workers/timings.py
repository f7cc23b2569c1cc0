"""Helpers of the timing tests: a small exercise with work that takes a few milliseconds."""

from __future__ import annotations

from typing import Any

from tests.workers.grading import exercise

HEAD = """
@test("right", points=6, public=True)
def right(solution, rng):
    x = rng.normal(size=8)
    assert_close(solution.work(x), np.sin(x))

"""
BODY = """
def fast(rng):
    return "work", [rng.normal(size=20_000)]

def mine(x):
    for _ in range(40):
        y = np.sin(x)
    return y
"""
WORK = """import numpy as np

def work(x):
    for _ in range({rounds}):
        y = np.sin(x)
    return y
"""
REFERENCE = WORK.format(rounds=40)
SLOW = WORK.format(rounds=160)  # four times the work


def timed(rules: str = 'clock="cpu", public=True', body: str = BODY, solution: str = REFERENCE, **limits: Any) -> Any:
    """An exercise of 10 points: 6 for the right values, 4 for the time. On a busy machine the processor's clock is
    the one that tells soon."""
    return exercise(f'{HEAD}@timing("fast", points=4, {rules}){body}', solution, **limits)
