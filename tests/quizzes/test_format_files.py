"""Every file in `formats/` gives the questions and problems of its `.expected.json`.

A problem is [line, level, words of its text]. Each file is about one rule of a grammar or one of its traps.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from quizzes.formats import FORMATS, guess, read
from quizzes.formats.common import MAX_PROBLEMS, MAX_QUESTIONS
from quizzes.questions import dump, parse

FOLDER = Path(__file__).parent / "formats"
KINDS = {".gift": "gift", ".aiken.txt": "aiken", ".amc.txt": "amc", ".xml": "moodle-xml", ".json": "json"}
FILES = sorted(path.name for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))


def kind_of(name: str) -> str:
    return next(kind for ending, kind in KINDS.items() if name.endswith(ending))


def found(name: str) -> dict[str, Any]:
    result = read(kind_of(name), (FOLDER / name).read_bytes())
    assert len(result.lines) == len(result.questions)
    return {
        "questions": [
            {"line": line, "pool": pool, "question": dump(question)}
            for line, (pool, question) in zip(result.lines, result.questions, strict=True)
        ],
        "problems": [[problem.line, problem.level, problem.text] for problem in result.problems],
    }


def test_it_works() -> None:
    assert len(FILES) > 60
    assert {kind_of(name) for name in FILES} == set(FORMATS)
    assert {path.name for path in FOLDER.iterdir() if path.name.endswith(".expected.json")} == {
        f"{name}.expected.json" for name in FILES
    }


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_expected(name: str) -> None:
    expected = json.loads((FOLDER / f"{name}.expected.json").read_text(encoding="utf-8"))
    assert found(name) == expected
    for entry in expected["questions"]:
        assert dump(parse(entry["question"])) == entry["question"]


def test_every_problem_is_a_sentence() -> None:
    for name in FILES:
        for _line, level, text in found(name)["problems"]:
            assert level in ("error", "warning") and len(text) > 15, (name, text)


@pytest.mark.parametrize("name", FILES)
def test_a_text_reads_like_its_bytes(name: str) -> None:
    """Pasted into a form, a file gives the same as uploaded; what is no UTF-8 cannot be pasted."""
    data = (FOLDER / name).read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    uploaded, pasted = read(kind_of(name), data), read(kind_of(name), text)
    if "encoding" not in name and not name.startswith(("archive", "latin1", "utf16")):
        assert (uploaded.questions, uploaded.problems) == (pasted.questions, pasted.problems)


@pytest.mark.parametrize("name", [name for name in FILES if found(name)["questions"]])
def test_the_format_is_guessed(name: str) -> None:
    assert guess(name, (FOLDER / name).read_bytes()) == kind_of(name)


def test_texts_are_in_the_asked_language() -> None:
    ((_pool, question),) = read("gift", "Est-ce vrai ? {T}", "fr").questions
    assert question.text == {"fr": "Est-ce vrai ?"}
    ((_pool, question),) = read("amc", "Lang: FR\n* Quoi ?\n+ a\n- b\n", "en").questions
    assert question.text == {"fr": "Quoi ?"}


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_larger_than_the_limit_is_read(kind: str) -> None:
    result = read(kind, b"x" * ((16 << 20) + 1))
    assert [problem.line for problem in result.problems] == [0] and "16 MiB" in result.problems[0].text


def test_a_file_may_hold_so_many_questions() -> None:
    result = read("gift", "Is it? {T}\n\n" * (MAX_QUESTIONS + 10))
    assert len(result.questions) == MAX_QUESTIONS
    assert result.problems[-1].line == 2 * MAX_QUESTIONS + 1 and result.errors == result.problems


def test_only_so_many_problems_are_told() -> None:
    result = read("gift", "no answers\n\n" * (MAX_PROBLEMS * 2))
    assert len(result.problems) == MAX_PROBLEMS + 1
    assert "more problems" in result.problems[-1].text


@pytest.mark.parametrize("kind", ["gift", "moodle-xml"])
def test_html_nested_without_end_is_refused(kind: str) -> None:
    html = "<b>" * 4000
    escaped = html.replace("<", "&lt;")
    text = (
        f"[html]{html} {{T}}"
        if kind == "gift"
        else f'<quiz><question type="truefalse"><questiontext><text>{escaped}</text></questiontext></question></quiz>'
    )
    assert "nested" in read(kind, text).errors[0].text
