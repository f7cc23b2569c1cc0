"""No reader ever raises: whatever a file holds, there are questions or problems, and all questions are good ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizzes.formats import FORMATS, guess, read
from quizzes.questions import dump, parse

FOLDER = Path(__file__).parent / "formats"
SEEDS = {
    kind: [path.read_bytes() for path in sorted(FOLDER.glob(pattern))]
    for kind, pattern in {
        "gift": "*.gift",
        "aiken": "*.aiken.txt",
        "amc": "*.amc.txt",
        "moodle-xml": "*.xml",
        "json": "*[!d].json",
    }.items()
}
MARKS = {
    "gift": "~=#{}%:\\n->$CATEGORY::TF1.[html]<b>\n\n// é\t",
    "aiken": "AB.) ANSWER:\nabé#*",
    "amc": "*+-[]{}()<>|_/!=#:\n$\\ abhautmz=verbatimé",
    "moodle-xml": "<>/=\"'&;quiztextanswer fraction=100\n![CDATA[]]é",
    "json": '{}[]",:0123.eE-+truefalsnid\\u \n',
}


def check(kind: str, data: str | bytes) -> None:
    result = read(kind, data)
    assert result.questions or result.problems
    assert len(result.lines) == len(result.questions)
    lines = data.count("\n" if isinstance(data, str) else b"\n") + data.count("\r" if isinstance(data, str) else b"\r")
    for problem in result.problems:
        assert 0 <= problem.line <= lines + 1 and problem.text
    for pool, question in result.questions:
        assert parse(dump(question)) == question and len(pool) <= 200
    assert guess("", data) in FORMATS


def test_it_works() -> None:
    for kind, seeds in SEEDS.items():
        assert len(seeds) >= 5, kind
        check(kind, seeds[0])


@pytest.mark.parametrize("kind", FORMATS)
def test_any_bytes(kind: str) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=200))
    def attempt(data: bytes) -> None:
        check(kind, data)

    attempt()


@pytest.mark.parametrize("kind", FORMATS)
def test_text_of_the_formats_own_signs(kind: str) -> None:
    @settings(max_examples=300, deadline=None)
    @given(st.text(st.sampled_from(MARKS[kind]), max_size=120))
    def attempt(text: str) -> None:
        check(kind, text)
        if kind == "gift":
            check(kind, "Q {" + text + "}")
        elif kind == "amc":
            check(kind, f"** Q{text}\n+{text}\n-{text}")
        elif kind == "aiken":
            check(kind, f"Q{text}\nA. {text}\nB. {text}\nANSWER: A")

    attempt()


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files(kind: str) -> None:
    """Pieces cut out, doubled, swapped or overwritten: what an editor or a broken download makes of a good file."""
    dice = random.Random(kind)
    for _ in range(200):
        data = bytearray(dice.choice(SEEDS[kind])[:20_000])
        for _ in range(dice.randint(1, 6)):
            start = dice.randint(0, len(data))
            piece = data[start : start + dice.randint(0, 40)]
            action = dice.randint(0, 3)
            if action == 0:
                del data[start : start + len(piece)]
            elif action == 1:
                data[start:start] = piece * dice.randint(1, 3)
            elif action == 2:
                data[start:start] = dice.choice(SEEDS[kind])[:60]
            else:
                data[start : start + 1] = dice.randbytes(1)
        check(kind, bytes(data))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_as_a_statement(text: str) -> None:
    """In XML: what html and multi-language marks make of it."""
    from xml.sax.saxutils import escape

    body = f"<questiontext><text>{escape(text)}</text></questiontext><answer fraction='100'><text>true</text></answer>"
    check("moodle-xml", f"<quiz><question type='truefalse'>{body}<answer><text>false</text></answer></question></quiz>")
