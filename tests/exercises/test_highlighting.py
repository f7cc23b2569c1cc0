"""Coloured code: escaped, and never slow."""

from __future__ import annotations

import html
import re

import pytest

from exercises.highlighting import MOST_HIGHLIGHTED, highlighted, numbered


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


@pytest.mark.parametrize(
    "source", ['"""Over\ntwo lines."""\nx = """a\n<b>\n"""\n', "a = 1", "\n\na = 1\n", "x\n" * 30_000]
)
def test_each_line_has_its_element(source: str) -> None:
    markup = numbered(highlighted(source))
    rows = markup.split("\n")
    assert len(rows) == source.removesuffix("\n").count("\n") + 1
    for number, row in enumerate(rows, 1):
        assert row.startswith(f'<span class="line" id="L{number}">')
        assert row.count("<span") == row.count("</span>"), row
    assert text_of(markup) == source.removesuffix("\n")
