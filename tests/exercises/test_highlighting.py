"""Coloured code: escaped, and never slow."""

from __future__ import annotations

import html
import re

import pytest

from exercises.highlighting import MOST_HIGHLIGHTED, highlighted


def text_of(markup: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", markup))


def test_it_works() -> None:
    markup = highlighted("def f(x):\n    return '<b>'\n")
    assert "<span" in markup
    assert "<b>" not in markup
    assert text_of(markup) == "def f(x):\n    return '<b>'\n"
    assert highlighted("a = 1", ".py") == highlighted("a = 1", "python")


@pytest.mark.timeout(20)  # seconds became ten for each of these before blank lines were emptied
@pytest.mark.parametrize(
    "source", [" \n" * 20_000 + "x", "\t \n" * 10_000, "\u2003\n" * 10_000 + "x", (" " * 100 + "\n") * 400 + "x"]
)
def test_blank_lines_are_cheap(source: str) -> None:
    assert text_of(highlighted(source)).count("\n") >= source.count("\n")


def test_very_long_texts_come_without_colours() -> None:
    source = "x = '<'\n" * MOST_HIGHLIGHTED
    assert highlighted(source) == html.escape(source)
