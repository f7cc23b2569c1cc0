"""Every scoring rule by name: the acceptance vector, and each type of question."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from quizzes import wildcards
from quizzes.questions import parse
from quizzes.scoring import RULES, BadRule, find_rule, fraction, grade, rounded, total
from quizzes.scoring_amc import Strategy, arithmetic, multiple_score, simple_score
from tests.quizzes.quizzing import CONTENTS, RIGHT, WRONG, content, options

LETTERS = "abcde"


def many(key: str, wrong: float = 0.0, rule: str = "") -> Any:
    """A question whose options a, b, … are right where `key` has a 1, with Moodle's fractions."""
    share = round(1 / key.count("1"), 7)
    worth = [(name, share if bit == "1" else wrong) for name, bit in zip(LETTERS, key, strict=True)]
    form = content("multiple", options=options(*worth))
    return parse(form | ({"rule": rule} if rule else {}))


def ticks(bits: str) -> list[str] | None:
    return [name for name, bit in zip(LETTERS, bits, strict=True) if bit == "1"] or None


# Computed by hand for the key 11100, from the formulas of each system.
VECTOR: dict[str, dict[str, float]] = {
    "11010": {
        "all-or-nothing": 0,
        "fractions": 2 / 3,
        "net-correct": 1 / 3,
        "dock=0": 2 / 3,
        "coverage": 4 / 9,
        "each-answer": 0.6,
        "halves": 0.25,
        "oumultiresponse": 2 / 3,
        "kprime": 0,
        "haut=2": 0,
        "mz=1": 0,
        "pass=30": 1,
        "pass=34": 0,
    },
    "11111": {
        "all-or-nothing": 0,
        "fractions": 1,
        "net-correct": 1 / 3,
        "coverage": 0.6,
        "each-answer": 0.6,
        "halves": 0.25,
        "oumultiresponse": 1 / 3,
        "kprime": 0,
        "haut=2": 0,
        "dock=0.25": 0.5,
    },
    "11000": {
        "all-or-nothing": 0,
        "fractions": 2 / 3,
        "net-correct": 2 / 3,
        "coverage": 2 / 3,
        "each-answer": 0.8,
        "halves": 0.5,
        "oumultiresponse": 2 / 3,
        "kprime": 0.5,
        "haut=2": 0.5,
        "mz=1": 0,
    },
    "00000": {
        "all-or-nothing": 0,
        "fractions": 0,
        "net-correct": 0,
        "coverage": 0,
        "each-answer": 0.4,
        "halves": 0,
        "oumultiresponse": 0,
        "kprime": 0,
        "haut=2": 0,
        "amc:v=-1": -0.2,
    },
    "11100": {**dict.fromkeys(RULES, 1), "haut=2": 1, "mz=3": 1, "amc:b=2,m=-1": 1, "dock=1": 1, "pass=100": 1},
}


def test_it_works() -> None:
    assert fraction(many("11100"), ticks("11100")) == 1
    assert fraction(many("11100"), ticks("11010")) == 0


@pytest.mark.parametrize(
    ("bits", "rule", "worth"), [(bits, rule, worth) for bits, row in VECTOR.items() for rule, worth in row.items()]
)
def test_the_acceptance_vector(bits: str, rule: str, worth: float) -> None:
    assert fraction(many("11100"), ticks(bits), rule) == pytest.approx(worth, abs=1e-6)


@pytest.mark.parametrize(("bits", "worth"), [("11010", 1 / 6), ("11111", 0), ("11000", 2 / 3), ("00000", 0)])
def test_moodles_fractions_with_a_penalty(bits: str, worth: float) -> None:
    assert fraction(many("11100", wrong=-0.5), ticks(bits), "fractions") == pytest.approx(worth, abs=1e-6)


def test_qtis_map_is_clamped_on_both_sides() -> None:
    question = many("11100", wrong=-0.5)
    assert fraction(question, ticks("00011"), "map=-0.75..1") == -0.75
    assert fraction(question, ticks("00010"), "map=-0.75..1") == -0.5
    assert fraction(question, ticks("11100"), "map=0..0.5") == 0.5


def test_the_questions_own_rule_wins() -> None:
    assert fraction(many("11100", rule="each-answer"), ticks("11000"), "all-or-nothing") == 0.8


@pytest.mark.parametrize(
    "rule", ["best", "dock", "dock=x", "map=1", "map=2..1", "pass=nan", "amc:q=1", "haut=", "amc:formula=__import__"]
)
def test_an_unknown_rule_says_what_is_known(rule: str) -> None:
    with pytest.raises(BadRule, match="rule|formula"):
        find_rule(rule)


# ---- Auto Multiple Choice ----------------------------------------------------------------------------------------


def amc(text: str, right: str, ticked: str, **words: Any) -> float:
    return multiple_score(Strategy.read(text), frozenset(right), frozenset(ticked), 5, **words)


@pytest.mark.parametrize(
    ("strategy", "ticked", "score"),
    [
        ("", "abc", 5),
        ("b=1,m=-1", "abd", 1),
        ("b=1,m=-1,d=-2", "abd", -1),
        ("b=1,m=-1,d=-2,p=0", "abd", 0),
        ("b=1,P=3", "abc", 3),
        ("v=-0.5,d=-2,p=0", "", -0.5),
        ("e=-3,d=9", "ae", -3),
        ("haut=2", "abc", 2),
        ("haut=2", "ab", 1),
        ("haut=2", "abd", 0),
        ("haut=2,p=-1", "de", -1),
        ("mz=4", "abc", 4),
        ("mz=4", "ab", 0),
        ("formula=(NBC-NMC)/NB", "abd", 1 / 3),
        ("formula=NBC/NB-NMC/NM,p=-1", "de", -1),
        ("formula=N-NB-NM+1", "a", 1),
    ],
)
def test_amc_of_a_multiple_question(strategy: str, ticked: str, score: float) -> None:
    assert amc(strategy, "abc", ticked, none_box="e" if strategy.startswith("e=") else "") == pytest.approx(score)


@pytest.mark.parametrize(
    ("strategy", "ticked", "score"),
    [
        ("b=2,m=-1", (3,), 2),
        ("b=2,m=-1", (1,), -1),
        ("v=-0.5", (), -0.5),
        ("e=-2", (1, 3), -2),
        ("b=2,m=-1,d=9,p=0,P=1", (1,), -1),  # shift, floor and ceiling are not for simple questions
        ("auto=0", (3,), 2),
        ("mz=3", (3,), 3),
        ("mz=3", (2,), 0),
    ],
)
def test_amc_of_a_simple_question(strategy: str, ticked: tuple[int, ...], score: float) -> None:
    assert simple_score(Strategy.read(strategy), 3, ticked) == score


def test_a_formula_runs_no_code() -> None:
    for text in ("__import__('os')", "N.real", "N**9", "(lambda: 1)()", "[1][0]", "1 if N else 2", "True", "'a'", ""):
        with pytest.raises(BadRule):
            arithmetic(text)
    assert arithmetic("1/(N-5)")({"N": 5.0}) == 0


# ---- The other types ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", CONTENTS)
def test_right_wrong_and_blank_of_every_type(slug: str) -> None:
    question = parse(content(slug))
    assert fraction(question, RIGHT[slug]) == 1
    assert fraction(question, WRONG[slug]) == 0
    assert fraction(question, None) == 0


def test_a_wrong_option_may_cost_points() -> None:
    assert fraction(parse(content("single", options=options(("a", 1.0), ("b", -0.25)))), "b") == -0.25


def numerical(text: str, value: float, tolerance: float = 0.0, **changes: Any) -> float:
    form = content("numerical", answers=[{"value": value, "tolerance": tolerance}], **changes)
    return fraction(parse(form), text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7850", 7850),
        (" 7 850 ", 7850),
        ("7\u202f850", 7850),
        ("7\u00a0850,0", 7850),
        ("7'850", 7850),
        ("7,850,000", 7850000),
        ("7.850.000", 7850000),
        ("7,850.5", 7850.5),
        ("7.850,5", 7850.5),
        ("0,1175", 0.1175),
        (",5", 0.5),
        ("5.", 5),
        ("\u22123", -3),
        ("+3", 3),
        ("1e3", 1000),
        ("1,5E-3", 0.0015),
        ("1.5 × 10^3", 1500),
        ("2·10**-2", 0.02),
        ("3/4", 0.75),
        ("٣", 3),
    ],
)
def test_numbers_as_people_type_them(text: str, value: float) -> None:
    assert numerical(text, value) == 1


@pytest.mark.parametrize("text", ["", "x", "1,2,3", "12 34", "1/0", "1e999999999", "--1", "7850 W", "1 2", "e3", "nan"])
def test_what_is_no_number(text: str) -> None:
    assert numerical(text, 12.0, 1e300) == 0


def test_a_single_comma_is_decimal() -> None:
    assert numerical("7,850", 7.85) == 1
    assert numerical("7,850", 7850) == 0


def test_a_tolerance_includes_its_ends_exactly() -> None:
    assert numerical("0.4", 0.3, 0.1) == 1
    assert numerical("0,2", 0.3, 0.1) == 1
    assert numerical("0.4000001", 0.3, 0.1) == 0


def test_units() -> None:
    units = {"W": 1.0, "kW": 1000.0, "µW": 1e-6}
    assert numerical("1,5 kW", 1500, units=units) == 1
    assert numerical("1500", 1500, units=units) == 1
    assert numerical("1500kW", 1500, units=units) == 0
    assert numerical("3 \u03bcW", 3e-6, units=units) == 1  # the Greek letter instead of the micro sign
    assert numerical("1500", 1500, units=units, unit_needed=True) == 0
    assert numerical("1500 kw", 1500, units=units) == 0


def test_the_first_accepted_answer_that_fits_counts() -> None:
    answers = [{"value": 10.0, "tolerance": 0.5}, {"value": 10.0, "tolerance": 5.0, "fraction": 0.5}]
    question = parse(content("numerical", answers=answers))
    assert [fraction(question, text) for text in ("10,5", "12", "16")] == [1, 0.5, 0]


def short(text: str, *accepted: str, **changes: Any) -> float:
    return fraction(parse(content("short", answers=[{"text": one} for one in accepted], **changes)), text)


@pytest.mark.parametrize(
    ("text", "accepted", "worth"),
    [
        ("  Attention   is all ", "attention is all", 1),
        ("ﬁne-tuning", "fine-tuning", 1),  # NFKC: a ligature
        ("E\u0301nergie", "énergie", 1),
        ("energie", "énergie", 0),
        ("l’énergie", "l'énergie", 1),
        ("tokenization", "tokeni*ation", 1),
        ("tokeniation", "tokeni*ation", 1),
        ("token", "tokeni*ation", 0),
        ("aba", "ab*ba", 0),  # the ends may not share a letter
        ("a*b", r"a\*b", 1),
        ("axb", r"a\*b", 0),
        ("GPT-4", "*4", 1),
        ("anything", "*", 1),
        ("xaybzc", "*a*b*c", 1),
        ("xbyazc", "*a*b*c", 0),
    ],
)
def test_short_texts(text: str, accepted: str, worth: float) -> None:
    assert short(text, accepted) == worth


def test_capitals_matter_when_asked() -> None:
    assert short("lora", "LoRA") == 1
    assert short("lora", "LoRA", case=True) == 0


def test_many_stars_are_not_slow() -> None:
    assert short("a" * 1000, "*a" * 400 + "*b") == 0


def test_matching_counts_each_left_side() -> None:
    question = parse(content("matching"))
    assert fraction(question, {"p1": "p1", "p2": "p3"}) == pytest.approx(1 / 3)
    same = content("matching")
    same["pairs"] = [*same["pairs"][:2], {**same["pairs"][2], "right": same["pairs"][0]["right"]}]
    assert fraction(parse(same), {"p1": "p3", "p2": "p2", "p3": "p1"}) == 1  # two right sides read the same


def test_ordering_counts_neighbours() -> None:
    question = parse(content("ordering"))
    assert fraction(question, ["i2", "i3", "i4", "i1"]) == pytest.approx(2 / 3)
    assert fraction(question, ["i2", "i1", "i4", "i3"]) == 0


# ---- Totals ------------------------------------------------------------------------------------------------------


def test_totals() -> None:
    assert total([1, 0.3333333, 0.3333333, 0.3333333]) == Decimal("2.00")
    assert total([0.1, -2.0]) == 0
    assert total([0.1, -2.0], floor=False) == Decimal("-1.90")
    assert total([12.2, 0.05], grain=Decimal("0.5")) == Decimal("12.50")
    assert total([12.2], grain=Decimal("0.5")) == Decimal("12.00")


def test_rounding_is_half_up() -> None:
    assert rounded(0.285) == Decimal("0.29")
    assert rounded(2.675) == Decimal("2.68")
    assert rounded(0.25, Decimal("0.5")) == Decimal("0.50")
    assert rounded(0.1 + 0.2, Decimal("0.1")) == Decimal("0.30")


def test_a_mark_out_of_twenty() -> None:
    assert grade(Decimal("7.00"), Decimal("10.00")) == Decimal("14.00")
    assert grade(Decimal("2.00"), Decimal("3.00"), grain=Decimal("0.5")) == Decimal("13.50")
    assert grade(Decimal(1), Decimal(0)) == 0


@pytest.mark.parametrize(("accepted", "seen"), [("tokeni*ation", "tokeni…ation"), (r"a\*b", "a*b"), ("plain", "plain")])
def test_a_pattern_is_shown_as_people_read_it(accepted: str, seen: str) -> None:
    assert wildcards.shown(accepted) == seen
