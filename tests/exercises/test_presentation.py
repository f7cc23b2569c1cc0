"""Results in words and plots."""

from __future__ import annotations

import math
from typing import Any

import pytest

from exercises.presentation import headline, plots, wait_in_words


def view(*series: dict[str, Any], name: str = "t") -> dict[str, Any]:
    return {"tests": [{"name": name, "series": list(series)}]}


def series(name: str, *y: Any, x: Any = None) -> dict[str, Any]:
    return {"name": name, "x": x, "y": list(y)}


def test_it_works() -> None:
    found = plots(view(series("loss identity", 3.0, 1.0), series("accuracy", 0.1), series("loss relu", 2.0, None)))
    assert [(plot.title, [line.name for line in plot.lines]) for plot in found] == [
        ("loss", ["identity", "relu"]),
        ("accuracy", ["accuracy"]),
    ]
    assert (found[0].lines[0].first, found[0].lines[0].last, found[0].lines[1].last) == (3.0, 1.0, 2.0)


def test_a_name_that_is_the_common_beginning_joins_the_plot() -> None:
    (plot,) = plots(view(series("loss", 1.0), series("loss test", 2.0)))
    assert [line.name for line in plot.lines] == ["loss", "test"]


def test_a_long_name_without_a_partner_stays_whole() -> None:
    (plot,) = plots(view(series("training loss", 1.0)))
    assert (plot.title, plot.lines[0].name) == ("training loss", "training loss")


def test_two_tests_with_one_name_are_told_apart() -> None:
    both = {"tests": view(series("loss", 1.0), name="A")["tests"] + view(series("loss", 2.0), name="B")["tests"]}
    (plot,) = plots(both)
    assert [line.name for line in plot.lines] == ["A: loss", "B: loss"]


def test_what_spans_decades_is_drawn_on_a_logarithmic_axis() -> None:
    assert plots(view(series("a", 1e-6, 1.0)))[0].spec["log"]
    assert not plots(view(series("a", 0.0, 1e6)))[0].spec["log"]


def test_what_is_no_number_is_a_gap() -> None:
    (plot,) = plots(view(series("a", 1.0, math.nan, "x", True, math.inf, x=[1, "b", 3, 4, 5])))
    assert plot.lines[0].y == [1.0, None, None, None, None]
    assert plot.lines[0].x == [1, None, 3, 4, 5]
    assert plots(view(series("a"), series("b", None), {"name": "c"})) == []


@pytest.mark.parametrize(
    ("score", "verdict", "words"),
    [
        (10, "passed", "All correct"),
        (7, "partial", "Almost there"),
        (1, "partial", "A good start"),
        (0, "failed", "Not yet"),
        (0, "timeout", "It took too long"),
        (0, "rejected", "Your file could not be loaded"),
    ],
)
def test_the_headline_follows_the_share(score: float, verdict: str, words: str) -> None:
    assert headline({"score": score, "max_score": 10, "verdict": verdict}) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "a moment"), (11, "about 15 seconds"), (60, "about a minute"), (200, "about 4 minutes")],
)
def test_the_wait_is_no_more_exact_than_it_is(seconds: float | None, words: str) -> None:
    assert wait_in_words(seconds) == words
