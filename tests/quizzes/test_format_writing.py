"""Writers: what is written reads back as the same question, or the export says what it cannot hold."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizzes.formats import FORMATS, read, write
from quizzes.formats.texts import Lost, html_to_markdown, markdown_to_html, plain_to_markdown
from quizzes.questions import Accepted, Option, Pair, Question, dump, parse

TF = {"true": {"en": "True", "fr": "Vrai"}, "false": {"en": "False", "fr": "Faux"}}


def en(text: str) -> dict[str, str]:
    return {"en": text}


def options(*parts: tuple[str, float]) -> tuple[Option, ...]:
    return tuple(Option(chr(97 + n), en(text), fraction) for n, (text, fraction) in enumerate(parts))


SINGLE = Question("single", "Single", en("What is $x^2$ = {?}"), options=options(("a=b", 1.0), ("~c#", 0.0)))
EVERY = [
    SINGLE,
    replace(SINGLE, name="Rich", text=en("See **bold**:\n\n- `a_b`\n- $a < b$\n\n```python\nx = {1: 2}\n```")),
    replace(SINGLE, name="Feedback: ::", feedback=en("Because #1."), topic="logic"),
    Question(
        "multiple",
        "Multiple",
        en("Which?"),
        options=options(("a", 0.5), ("b", 0.5), ("c", -1.0)),
        rule="fractions",
    ),
    Question(
        "true_false",
        "True or false",
        en("Is it?"),
        options=(Option("true", TF["true"], 0.0, en("No.")), Option("false", TF["false"], 1.0, en("Yes."))),
    ),
    Question(
        "numerical",
        "Numerical",
        en("How much?"),
        answers=(Accepted(0.1175, 0.0005), Accepted(-2.5e-7, 0.0, 0.5, en("Nearly: look again."))),
    ),
    Question("short", "Short", en("Who?"), answers=(Accepted("a=b\\c: {x}"), Accepted("Ros*", 0.0, 0.25, en("Yes")))),
    Question(
        "matching",
        "Matching",
        en("Match."),
        pairs=(Pair("p1", en("**a**"), en("1 = 2")), Pair("p2", en("b"), en("-> 3"))),
        distractors=(Pair("d1", {}, en("4")),),
    ),
]
XML_TOO = [
    replace(SINGLE, name="Points", points=2.5, fixed_order=True),
    Question(
        "numerical", "Units", en("How long?"), answers=(Accepted(1.5),), units={"m": 1.0, "cm": 0.01, "km": 1000.0}
    ),
    replace(EVERY[6], name="Case", case=True),
    Question("ordering", "Order", en("In order?"), items=(Option("i1", en("first")), Option("i2", en("*second*")))),
]
BILINGUAL = replace(
    SINGLE,
    name="Both",
    text={"en": "What is **it**?", "fr": "Qu'est-ce que **c'est** ?"},
    options=tuple(replace(o, text={"en": f"e{o.id}", "fr": f"f{o.id}"}) for o in SINGLE.options),
)


def test_it_works() -> None:
    export = write("gift", [("Week 1/Sub", SINGLE), ("Week 2", SINGLE)])
    assert not export.problems
    assert [pool for pool, _question in read("gift", export.text).questions] == ["Week 1/Sub", "Week 2"]
    assert "\\=" in export.text and "\\{" in export.text


@pytest.mark.parametrize("question", EVERY, ids=lambda question: question.name)
@pytest.mark.parametrize("kind", ["gift", "moodle-xml", "json"])
def test_a_question_comes_back(kind: str, question: Question) -> None:
    assert parse(dump(question)) == question
    export = write(kind, [("", question)])
    back = read(kind, export.text)
    assert [*export.problems, *back.problems] == []
    assert back.questions == [("", question)]


@pytest.mark.parametrize("question", XML_TOO, ids=lambda question: question.name)
def test_moodle_xml_holds_more(question: Question) -> None:
    export = write("moodle-xml", [("A/B", question)])
    back = read("moodle-xml", export.text)
    assert [*export.problems, *back.problems] == []
    assert back.questions == [("A/B", question)]


@pytest.mark.parametrize("question", XML_TOO, ids=lambda question: question.name)
def test_gift_says_what_it_cannot_hold(question: Question) -> None:
    export = write("gift", [("", question)])
    assert export.problems and export.problems[0].text.startswith(question.name)


def test_both_languages_in_moodle_xml() -> None:
    export = write("moodle-xml", [("", BILINGUAL)], "both")
    assert not export.problems
    assert read("moodle-xml", export.text).questions == [("", BILINGUAL)]
    french = write("moodle-xml", [("", BILINGUAL)], "fr")
    assert "**" not in french.text and "Qu'est-ce" in french.text and "What" not in french.text


def test_a_missing_language_is_said() -> None:
    export = write("gift", [("", SINGLE)], "fr")
    assert "“fr”" in export.problems[0].text and "What is" in export.text


@pytest.mark.parametrize("kind", FORMATS)
def test_no_question_is_lost_in_silence(kind: str) -> None:
    """Each question is in the file, or an error names it."""
    questions = [("", question) for question in [*EVERY, *XML_TOO]]
    if FORMATS[kind].write is None:
        with pytest.raises(KeyError):
            write(kind, questions)
        return
    export = write(kind, questions)
    left_out = [problem for problem in export.problems if problem.level == "error"]
    assert len(read(kind, export.text).questions) == len(questions) - len(left_out)
    assert all(questions[problem.line - 1][1].name in problem.text for problem in left_out)


def test_aiken_round_trip() -> None:
    plain = Question("single", "Which?", en("Which?"), options=options(("a", 0.0), ("b", 1.0)))
    export = write("aiken", [("", plain)])
    assert not export.problems and read("aiken", export.text).questions == [("", plain)]
    lines = replace(plain, text=en("A. first\n\nsecond line"))
    export = write("aiken", [("", lines)])
    assert len(export.problems) == 3  # paragraphs, line ends, and the beginning
    assert len(read("aiken", export.text).questions) == 1


def several(rule: str, *parts: tuple[str, float]) -> Question:
    return Question("multiple", "M", en("Which?"), options=options(*parts), rule=rule)


@pytest.mark.parametrize(
    ("rule", "shares", "warned"),
    [
        ("net-correct", [0.5, 0.5, -0.5, -0.5], False),
        ("dock=0.25", [0.5, 0.5, -0.25, -0.25], False),
        ("all-or-nothing", [0.5, 0.5, -0.5, -0.5], True),
        ("", [0.5, 0.5, -0.5, -0.5], True),
    ],
)
@pytest.mark.parametrize("kind", ["gift", "moodle-xml"])
def test_rules_become_shares(kind: str, rule: str, shares: list[float], warned: bool) -> None:
    question = several(rule, ("a", 1.0), ("b", 1.0), ("c", 0.0), ("d", 0.0))
    export = write(kind, [("", question)])
    ((_pool, back),) = read(kind, export.text).questions
    assert [option.fraction for option in back.options] == shares
    assert bool(export.problems) is warned


def test_shares_that_moodle_refuses_are_said() -> None:
    seven = several("fractions", *((str(n), 1 / 7) for n in range(7)))
    assert not write("gift", [("", seven)]).problems
    eleven = several("fractions", *((str(n), 1 / 11) for n in range(11)))
    assert "no such share" in write("gift", [("", eleven)]).problems[0].text


def test_json_holds_everything() -> None:
    questions = [
        ("A", question) for question in [*EVERY, *XML_TOO, BILINGUAL, several("haut=2", ("a", 1.0), ("b", 0.0))]
    ]
    export = write("json", questions)
    assert not export.problems and read("json", export.text).questions == questions
    assert json.loads(export.text)["questions"][0]["pool"] == "A"


def test_signs_that_xml_cannot_hold_are_dropped() -> None:
    export = write("moodle-xml", [("", replace(SINGLE, text=en("a\x0bb & <c>")))])
    ((_pool, back),) = read("moodle-xml", export.text).questions
    assert back.text["en"] == "ab & <c>"


# ---- Texts -------------------------------------------------------------------------------------------------------

NASTY = st.text(st.sampled_from(" \tab1.,)*_`$\\[](){}<>&#~|-+=!:;/^\"'@é"), min_size=1, max_size=40)


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_plain_text_shows_as_it_is(text: str) -> None:
    if "$" in text or "\\(" in text or "\\[" in text:
        text = text.replace("$", "").replace("\\(", "").replace("\\[", "")
    shown = html_to_words(markdown_to_html(plain_to_markdown(text), Lost()))
    assert shown.split() == text.split()


def html_to_words(html: str) -> str:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(f"<div>{html}</div>", "html.parser")
    assert {tag.name for tag in soup.find_all(True)} <= {"div", "p", "br"}, html
    return soup.get_text()


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(" \nab1.*_`\\[]()<>#~|-+é"), max_size=60))
def test_markdown_survives_html(text: str) -> None:
    """Twice through HTML is the same as once: an exported bank can be imported and exported for ever."""
    once = html_to_markdown(markdown_to_html(text, Lost()), Lost())
    twice = html_to_markdown(markdown_to_html(once, Lost()), Lost())
    assert markdown_to_html(once, Lost()).split() == markdown_to_html(twice, Lost()).split()


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("x<sup>2</sup> + H<sub>2</sub>O", "x² + H₂O"),
        ("e<sup>x_i</sup>", "e\\^(x_i)"),
        (r"\(a_1 &lt; b\) and \[c\]", "$a_1 < b$ and $$c$$"),
        ("<b>bold</b> <i>it</i>", "**bold** *it*"),
        ("costs $5 or $x$", "costs \\$5 or $x$"),
        ("a<br><br>b", "a\\\n\\\nb"),
        ("example.org", "example.org"),
        ("<a href='javascript:alert(1)'>x</a><script>alert(1)</script>", "[x](javascript:alert(1))"),
    ],
)
def test_html_to_markdown(html: str, markdown: Any) -> None:
    assert html_to_markdown(html, Lost()) == markdown
