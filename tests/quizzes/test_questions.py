"""The JSON form of a question: what it accepts, what it refuses and says, and what a student's page may send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizzes.admin.templates import template
from quizzes.questions import (
    TYPES,
    BadQuestion,
    BadResponse,
    check_response,
    digest,
    dump,
    localized,
    missing_languages,
    parse,
)
from tests.quizzes.quizzing import CONTENTS, content


def test_it_works() -> None:
    for slug in CONTENTS:
        form = content(slug)
        question = parse(form)
        assert parse(dump(question)) == question
        assert parse(json.loads(json.dumps(dump(question)))) == question
    assert {content(slug)["type"].replace("-", "_") for slug in CONTENTS} == set(TYPES)


def test_what_is_left_out_is_not_written() -> None:
    form = dump(parse(content("single", feedback={})))
    assert not {"feedback", "topic", "rule", "fixed_order", "units", "case"} & form.keys()


def changed(kind: str, **changes: Any) -> dict[str, Any]:
    return template(kind) | changes


OPTIONS = template("single")["options"]


@pytest.mark.parametrize(
    ("form", "path"),
    [
        (None, "JSON object"),
        ([], "JSON object"),
        ({}, "type"),
        (changed("single", type="essay"), "type"),
        (changed("single", colour="red"), "colour"),
        (changed("single", pairs=[]), "pairs"),
        (changed("single", name=" "), "name"),
        (changed("single", name="x" * 201), "name"),
        (changed("single", name="a\0b"), "name"),
        (changed("single", text="What?"), "text"),
        (changed("single", text={}), "text"),
        (changed("single", text={"de": "Was?"}), "text"),
        (changed("single", text={"en": "\ud800"}), "text.en"),
        (changed("single", text={"en": "x" * 50_001}), "text"),
        (changed("single", points=0), "points"),
        (changed("single", points=True), "points"),
        (changed("single", points=float("nan")), "points"),
        (changed("single", fixed_order=1), "fixed_order"),
        (changed("single", options=OPTIONS[:1]), "at least two"),
        (changed("single", options=OPTIONS[1:]), "no option is right"),
        (changed("single", options=[OPTIONS[0], OPTIONS[0]]), "same id"),
        (changed("single", options=[OPTIONS[0], OPTIONS[1] | {"fraction": 1.5}]), "options[2].fraction"),
        (changed("single", options=[OPTIONS[0], OPTIONS[1] | {"id": "a b"}]), "options[2].id"),
        (changed("single", options=[OPTIONS[0], OPTIONS[1] | {"text": {}}]), "options[2].text"),
        (changed("single", options=OPTIONS * 30), "options"),
        (changed("multiple", options=OPTIONS[1:]), "above 0"),
        (changed("single", options=[OPTIONS[0] | {"fracton": 1}, OPTIONS[1]]), "options[1]: 'fracton'"),
        (changed("numerical", answers=[{"value": 3, "tolerence": 1}]), "answers[1]: 'tolerence'"),
        (changed("numerical", units={"\ud800": 1}), "units"),
        (changed("numerical", units={"m" * 33: 1}), "units"),
        (changed("multiple", rule="unheard-of"), "rule"),
        (changed("true_false", options=OPTIONS[:2]), "true"),
        (changed("numerical", answers=[]), "answers"),
        (changed("numerical", answers=[{"value": "3"}]), "answers[1].value"),
        (changed("numerical", answers=[{"value": 3, "tolerance": -1}]), "answers[1].tolerance"),
        (changed("numerical", answers=[{"value": 3, "fraction": 0.5}]), "answers"),
        (changed("numerical", units={"m": 0}), "units.m"),
        (changed("numerical", units={}, unit_needed=True), "units"),
        (changed("short", answers=[{"text": " "}]), "text"),
        (changed("matching", pairs=template("matching")["pairs"][:1]), "pairs"),
        (changed("ordering", items=[]), "items"),
    ],
)
def test_what_is_refused(form: Any, path: str) -> None:
    with pytest.raises(BadQuestion) as fault:
        parse(form)
    assert path in str(fault.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TYPES), st.data())
def test_no_value_breaks_the_reader(kind: str, data: Any) -> None:
    """Any JSON in the place of any key is read or refused, never more."""
    form = template(kind)
    form[data.draw(st.sampled_from(sorted(form)))] = data.draw(json_values)
    try:
        question = parse(form)
    except BadQuestion as fault:
        assert str(fault)
    else:
        assert parse(dump(question)) == question


def test_the_digest_names_the_content() -> None:
    form = dump(parse(content("single")))
    assert digest(form) == digest(dict(reversed(form.items())))
    assert digest(form) != digest(form | {"points": 2.0})


def test_texts_fall_back() -> None:
    assert localized({"en": "a", "fr": "b"}, "fr") == "b"
    assert localized({"en": "a"}, "fr") == "a"
    assert localized({"fr": "b"}, "en") == "b"
    assert localized({}, "en") == ""


def test_missing_languages_are_named() -> None:
    assert missing_languages(parse(content("matching")), ["en", "fr"]) == []
    form = content("single", feedback={"en": "only"}, text={"fr": "Quoi ?"})
    del form["options"][0]["feedback"]["fr"]
    assert missing_languages(parse(form), ["en", "fr"]) == ["text.en", "feedback.fr", "options.a.feedback.fr"]


RIGHT: dict[str, Any] = {
    "single": "b",
    "multiple": ["b", "a"],
    "true-false": "true",
    "numerical": "7850",
    "short": "tokenisation",
    "matching": {"p1": "d1"},
    "ordering": ["i2", "i1", "i4", "i3"],
}


@pytest.mark.parametrize("slug", CONTENTS)
def test_responses_of_the_page(slug: str) -> None:
    question = parse(content(slug))
    checked = check_response(question, RIGHT[slug])
    assert checked == (["a", "b"] if slug == "multiple" else RIGHT[slug])
    assert check_response(question, None) is None


@pytest.mark.parametrize(("slug", "blank"), [("multiple", []), ("short", " "), ("numerical", ""), ("matching", {})])
def test_blanks(slug: str, blank: Any) -> None:
    assert check_response(parse(content(slug)), blank) is None


@pytest.mark.parametrize(
    ("slug", "response"),
    [
        ("single", "z"),
        ("single", ["a"]),
        ("single", True),
        ("multiple", "a"),
        ("multiple", ["a", "a"]),
        ("multiple", ["a", 1]),
        ("short", 3),
        ("short", "x" * 1001),
        ("matching", {"d1": "p1"}),
        ("matching", {"p1": ["p1"]}),
        ("matching", ["p1"]),
        ("ordering", ["i1", "i2"]),
        ("ordering", ["i1", "i1", "i3", "i4"]),
        ("ordering", "i1"),
    ],
)
def test_responses_that_no_page_sends(slug: str, response: Any) -> None:
    with pytest.raises(BadResponse):
        check_response(parse(content(slug)), response)


def test_signs_that_cannot_be_stored_are_dropped() -> None:
    assert check_response(parse(content("short")), "a\0b\ud800c") == "abc"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CONTENTS)), json_values)
def test_no_response_breaks_the_check(slug: str, response: Any) -> None:
    try:
        check_response(parse(content(slug)), response)
    except BadResponse as fault:
        assert str(fault)
