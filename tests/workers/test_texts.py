"""Assertions over texts: what holds, what is counted, what a wrong use says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from workers.testkit import BadExpectation, CheckFailed
from workers.testkit import texts as t
from workers.testkit.counted import COUNTED

LABELS = ["positive", "negative"]
SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    COUNTED.clear()
    yield
    COUNTED.clear()


def labels(right: int, total: int = 40) -> list[str]:
    return ["Positive."] * right + ["negative"] * (total - right)


def test_it_works() -> None:
    t.assert_labels(labels(32), ["positive"] * 40, LABELS, at_least=0.8)
    (counted,) = COUNTED
    marks = counted.pop("marks")
    assert counted == {"check": "labels", "right": 32, "total": 40, "needed": 32}
    assert [mark["right"] for mark in marks] == [True] * 32 + [False] * 8
    assert {mark["expected"] for mark in marks} == {"'positive'"}
    with pytest.raises(CheckFailed) as failed:
        t.assert_labels(labels(31), ["positive"] * 40, LABELS, at_least=0.8)
    assert (COUNTED[-1]["right"], COUNTED[-1]["needed"]) == (31, 32)
    assert "31 of 40" in str(failed.value) and "32 are needed" in str(failed.value)
    difference = failed.value.difference
    assert difference is not None and difference["where"] == "[31]" and difference["different"] == 9


EMPTY: dict[str, Callable[[list[str]], None]] = {
    "exact": lambda out: t.assert_exact(out, [""] * len(out)),
    "contains": lambda out: t.assert_contains(out, [""] * len(out)),
    "regex": lambda out: t.assert_regex(out, ".*"),
    "number": lambda out: t.assert_number(out, [0.0] * len(out)),
    "json": lambda out: t.assert_json(out, {}),
    "labels": lambda out: t.assert_labels(out, ["positive"] * len(out), LABELS, at_least=0.01),
    "length": lambda out: t.assert_length(out, least=0, most=100),
    "without": lambda out: t.assert_without(out, ["x"]),
}


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_text_never_holds(name: str, text: str) -> None:
    with pytest.raises(CheckFailed) as failed:
        EMPTY[name]([text] * 30)
    (counted,) = COUNTED
    assert (counted["check"], counted["right"], counted["total"]) == (name, 0, 30)
    assert "30 of 30 answers are empty" in str(failed.value)


@pytest.mark.parametrize(
    ("text", "strict", "value"),
    [
        ("62", True, 62.0),
        (" 62. ", False, 62.0),
        ("The answer is 62", True, None),
        ("37 bananas and 25 make 62.", False, 62.0),
        ("1,234.5", True, 1234.5),
        ("12 345,5".replace(" ", "\u202f"), True, 12345.5),
        ("3,14", True, 3.14),
        ("-2e3", True, -2000.0),
        ("$60", True, 60.0),
        ("none", False, None),
        ("1e999", False, None),
    ],
)
def test_numbers(text: str, strict: bool, value: float | None) -> None:
    assert t.read_number(text, strict) == value


def test_numbers_have_a_tolerance() -> None:
    t.assert_number(["about 3.14"], [3.1415], atol=0.01)
    with pytest.raises(CheckFailed):
        t.assert_number(["about 3.2"], [3.1415], atol=0.01)


@pytest.mark.parametrize(
    ("text", "strict", "found"),
    [
        ("Positive.", True, ["positive"]),
        ('"negative"', True, ["negative"]),
        ("It is positive", True, []),
        ("It is positive", False, ["positive"]),
        ("positive or negative", False, LABELS),
        ("positively", False, []),
        ("PASS", False, []),
    ],
)
def test_labels(text: str, strict: bool, found: list[str]) -> None:
    assert t.read_labels(text, LABELS, strict) == found


def test_two_labels_are_no_answer() -> None:
    with pytest.raises(CheckFailed):
        t.assert_labels(["positive negative"] * 30, ["positive"] * 30, LABELS)


def test_json_by_schema_and_fields() -> None:
    t.assert_json(['{"age": 3}', '{\n"age": 4}'], SCHEMA, [{"age": 3}, {"age": 4}])
    t.assert_json(['Here: ```json\n{"age": 3}\n``` done', 'so {"age": 4} it is'], SCHEMA, strict=False)
    for bad in ('{"age": "3"}', '{"age": 3} and more', '{"age": NaN}', "age: 3", '{"age": true}', "[3]"):
        with pytest.raises(CheckFailed):
            t.assert_json([bad], SCHEMA, [{"age": 3}])
    t.assert_json(['{"name": " Anna  schmidt"}'], {}, [{"name": "Anna Schmidt"}])
    with pytest.raises(CheckFailed) as failed:
        t.assert_json(['{"name": "Anna"}'], {}, [{"name": "Anna Schmidt"}])
    assert "name" in str(failed.value)


def test_forms_and_lengths() -> None:
    t.assert_exact([" Yes\n"], ["yes"], ignore_case=True)
    with pytest.raises(CheckFailed):
        t.assert_exact(["Yes"], ["yes"])
    t.assert_contains(["The capital is Paris."], [["paris", "capital"]])
    t.assert_regex(["AB-12"], r"[A-Z]{2}-\d{2}")
    with pytest.raises(CheckFailed):
        t.assert_regex(["see AB-12"], r"[A-Z]{2}-\d{2}")
    t.assert_regex(["see AB-12"], r"[A-Z]{2}-\d{2}", whole=False)
    t.assert_length(["one two three"], most=3)
    t.assert_length(["One. Two!"], most=2, unit="sentences")
    with pytest.raises(CheckFailed):
        t.assert_length(["one two three"], most=2)
    t.assert_without(["fine"], ["SmolLM"])
    with pytest.raises(CheckFailed):
        t.assert_without(["I am smollm"], ["SmolLM"])


@pytest.mark.parametrize(
    "use",
    [
        lambda: t.assert_labels(["positive"] * 29, ["positive"] * 29, LABELS),
        lambda: t.assert_labels(["x"] * 30, ["other"] * 30, LABELS),
        lambda: t.assert_exact("text", ["text"]),
        lambda: t.assert_exact(["a"], ["a", "b"]),
        lambda: t.assert_regex(["a"], "("),
        lambda: t.assert_json(["{}"], {"type": 3}),
        lambda: t.assert_length(["a"], unit="pages"),
        lambda: t.assert_length(["a"], at_least=0),
        lambda: t.assert_without(["a"], "a"),
        lambda: t.assert_exact([], []),
    ],
)
def test_a_wrong_use_is_the_exercises_fault(use: Callable[[], None]) -> None:
    with pytest.raises(BadExpectation):
        use()
