"""Every row of docs/comparison.md, and the messages that students read."""

import math
import re
from collections import OrderedDict, namedtuple
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.jobs.sentences import english, in_language
from workers.testkit.compare import BadExpectation, CheckFailed, assert_close, assert_equal, fail
from workers.testkit.compare.show import show

ROOT = Path(__file__).parents[2]
ARRAY = np.array([[0.5, -1.25, 3.0], [2.0, 0.1966, -0.75]])


class AlwaysEqual:
    """What a forger would like to return."""

    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        raise RuntimeError("must not be called")

    def __repr__(self):
        raise RuntimeError("must not be called")

    __hash__ = None


class FloatChild(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __hash__ = float.__hash__


class Colour(IntEnum):
    RED = 1


Pair = namedtuple("Pair", "x y")


def failure(check, *args, **kwargs):
    """The CheckFailed that a check raises."""
    with pytest.raises(CheckFailed) as caught:
        check(*args, **kwargs)
    error = caught.value
    assert str(error) == english(error.sentences)
    return error


def test_it_works():
    assert_close(ARRAY + 1e-12, ARRAY)
    assert_equal({"a": [1, (2.5, "x")], "b": None}, {"a": [1, (2.5, "x")], "b": None})
    error = failure(assert_close, ARRAY + [[0, 0, 0], [0, 1, 0]], ARRAY)
    assert str(error) == "[1, 1] (row 1, column 1): got 1.197, expected 0.1966. Values that differ: 1 of 6."
    assert error.difference == {"where": "[1, 1]", "got": "1.197", "expected": "0.1966", "different": 1, "total": 6}


RULES = {
    # row of the table: (close, equal, got, expected); True: accepted
    "kind-bool-number": [(False, False, True, 1), (False, False, 1, True), (False, False, True, 1.0)],
    "kind-bool-bool": [(True, True, True, True), (True, True, np.True_, True), (False, False, True, False)],
    "kind-bool-array": [
        (False, False, ARRAY > 0, (ARRAY > 0).astype(float)),
        (False, False, (ARRAY > 0).astype(int), ARRAY > 0),
        (True, True, ARRAY > 0, ARRAY > 0),
    ],
    "kind-int-for-float": [
        (True, False, 3, 3.0),
        (True, False, np.array([1, 2]), np.array([1.0, 2.0])),
        (True, False, 3, 3 + 0j),
    ],
    "kind-float-for-int": [
        (False, False, 3.0, 3),
        (False, False, np.array([1.0]), np.array([1])),
        (False, False, 3 + 0j, 3.0),
    ],
    "kind-numpy-scalar": [
        (True, True, np.float64(0.5), 0.5),
        (True, True, np.int32(7), 7),
        (True, True, 7, np.uint8(7)),
        (True, True, np.array(0.5), 0.5),
        (True, True, np.str_("a"), "a"),
    ],
    "kind-none": [(True, True, None, None), (False, False, None, 0), (False, False, 0, None), (False, False, None, [])],
    "shape": [
        (False, False, np.ones((3, 1)), np.ones(3)),
        (False, False, np.ones(1), np.ones(3)),
        (False, False, np.ones(1), 1.0),
        (False, False, 1.0, np.ones(1)),
        (False, False, np.ones((0, 3)), np.ones((3, 0))),
        (False, False, np.array([]), np.ones(3)),
        (False, False, np.ones(3), np.array([])),
    ],
    "empty": [
        (True, True, np.ones((0, 3)), np.ones((0, 3))),
        (True, False, np.array([]), np.array([], dtype=int)),
        (True, True, [], []),
        (True, True, "", ""),
    ],
    "tolerance": [
        (True, False, 1.0 + 5e-7, 1.0),
        (False, False, 1.0 + 5e-6, 1.0),
        (True, False, 5e-10, 0.0),
        (False, False, 5e-9, 0.0),
        (True, True, -0.0, 0.0),
    ],
    "nan": [
        (False, False, math.nan, math.nan),
        (False, False, math.nan, 1.0),
        (False, False, 1.0, math.nan),
        (False, False, np.array([math.nan, 1]), np.array([math.nan, 1])),
        (False, False, complex(math.nan, 0), complex(math.nan, 0)),
    ],
    "infinity": [
        (True, True, math.inf, math.inf),
        (False, False, math.inf, -math.inf),
        (False, False, 1e308, math.inf),
        (False, False, math.inf, 1e308),
        (True, True, np.array([math.inf, -math.inf]), np.array([math.inf, -math.inf])),
        (False, False, np.ones(2), np.array([math.inf, 1.0])),
        (False, False, np.array([math.inf, 1.0]), np.ones(2)),
        (False, False, 1e308, -1e308),
        (True, True, complex(math.inf, 0), complex(math.inf, 0)),
    ],
    "integers": [
        (False, False, 1_000_000_001, 1_000_000_000),
        (True, True, 10**400, 10**400),
        (False, False, 10**400 + 1, 10**400),
        (False, False, 10**400, 1.0),
        (False, False, np.array([2**62 + 1]), np.array([2**62])),
        (False, False, np.array([-1]), np.array([2**64 - 1], dtype=np.uint64)),
        (True, True, np.array([1, 2], dtype=np.uint8), np.array([1, 2])),
    ],
    "wrap": [
        (False, False, np.array([200], np.uint8) + np.array([100], np.uint8), np.array([300])),
        (False, False, np.array([1], np.uint8) - np.array([2], np.uint8), np.array([-1.0])),
        (True, False, np.array([1], np.uint8), np.array([1.0 + 1e-9])),
        (True, False, np.array([1.0 + 1e-9]), np.array([1.0])),
    ],
    "float32": [
        (True, False, np.float32(0.1), 0.1),
        (False, False, np.array([1.00001], np.float32), np.array([1.0])),
        (True, False, np.array([1.000005]), np.array([1.0], np.float32)),
        (False, False, np.array([1.0001]), np.array([1.0], np.float32)),
        (True, False, 1.005, np.float16(1.0)),
        (False, False, np.float16(1.001), 1.0),
        (True, False, np.complex128(1.000005), np.complex64(1.0)),
    ],
    "complex": [
        (True, True, 1 + 2j, 1 + 2j),
        (True, False, 1 + 2.0000001j, 1 + 2j),
        (False, False, 1 + 2j, 1 - 2j),
        (False, False, complex(1e308, 1e308), 1 + 0j),
        (True, False, np.array([1.0, 2.0]), np.array([1.0 + 0j, 2.0 + 0j])),
    ],
    "text": [
        (True, True, "café", "café"),
        (False, False, "a", "A"),
        (False, False, "a ", "a"),
        (False, False, "1", 1),
        (False, False, b"a", "a"),
        (True, True, b"\x00a", b"\x00a"),
        (False, False, b"a", b"b"),
        (True, True, np.array(["a", "b"]), np.array(["a", "b"])),
        (False, False, np.array(["a", "b"]), np.array(["a", "c"])),
        (False, False, np.array(["1"]), np.array([1])),
    ],
    "sequence": [
        (True, False, [1, 2], (1, 2)),
        (True, False, (1.0, "a"), [1.0, "a"]),
        (False, False, [1, 2], [1, 2, 3]),
        (False, False, [1.0, 2.0], np.array([1.0, 2.0])),
        (False, False, np.array([1.0, 2.0]), [1.0, 2.0]),
        (True, False, [1, 2.0], [1.0, 2.0]),
        (False, False, [1.0, 2.0], [1, 2]),
        (True, True, [[1, [2]], []], [[1, [2]], []]),
        (False, False, "ab", ["a", "b"]),
    ],
    "dict": [
        (True, True, {"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (False, False, {"a": 1}, {"a": 1, "b": 2}),
        (False, False, {"a": 1, "b": 2}, {"a": 1}),
        (False, False, {1: "x"}, {True: "x"}),
        (False, False, {1.0: "x"}, {1: "x"}),
        (True, False, {"a": 1.0 + 1e-9}, {"a": 1.0}),
        (True, True, {(1, "a"): 1}, {(1, "a"): 1}),
        (True, True, {math.nan: 1}, {float("nan"): 1}),
    ],
    "set": [
        (True, True, {1, 2}, {2, 1}),
        (True, True, frozenset({1}), {1}),
        (False, False, {1, 2}, {1}),
        (False, False, {1}, {1.0}),
        (False, False, {0.1 + 0.2}, {0.3}),
        (False, False, [1], {1}),
    ],
    "unknown": [
        (False, False, AlwaysEqual(), 1),
        (False, False, [AlwaysEqual()], [1]),
        (False, False, {"a": AlwaysEqual()}, {"a": 1}),
        (False, False, FloatChild(7.0), 1.0),
        (False, False, Colour.RED, 1),
        (False, False, Pair(1, 2), (1, 2)),
        (False, False, OrderedDict(a=1), {"a": 1}),
        (False, False, np.ma.masked_array([1.0], [True]), np.array([1.0])),
        (False, False, np.rec.array([(1,)]), np.array([1])),
    ],
    "dtype-refused": [
        (False, False, np.array([1.0, None], dtype=object), np.array([1.0, 2.0])),
        (False, False, np.array([1.0], dtype=object), 1.0),
        (False, False, np.array(1.0, dtype=object), 1.0),
        (False, False, np.array(["2025-09-08"], dtype="M8[D]"), np.array([1.0])),
        (False, False, np.zeros(1, dtype=[("a", int)]), np.array([0])),
    ],
}
CASES = [
    pytest.param(check, accepted, got, want, id=f"{row}-{number}-{check.__name__}")
    for row, cases in RULES.items()
    for number, (close, equal, got, want) in enumerate(cases)
    for check, accepted in ((assert_close, close), (assert_equal, equal))
]


@pytest.mark.parametrize(("check", "accepted", "got", "want"), CASES)
def test_rule(check, accepted, got, want):
    if accepted:
        check(got, want)
        return
    error = failure(check, got, want)
    assert error.difference["different"] >= 1
    assert len(error.difference["got"]) <= 400


def test_documentation_lists_every_rule():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", (ROOT / "docs" / "comparison.md").read_text("utf-8"), re.MULTILINE)
    assert rows == list(RULES)


def test_equal_nan_only_when_asked():
    values = np.array([math.nan, 1.0])
    assert_close(values, values.copy(), equal_nan=True)
    assert_close(math.nan, math.nan, equal_nan=True)
    failure(assert_close, math.nan, 1.0, equal_nan=True)
    failure(assert_close, 1.0, math.nan, equal_nan=True)
    failure(assert_close, values, values.copy())


@pytest.mark.parametrize("got", [0.0, math.nan, -math.inf, 1e308])
def test_no_tolerance_reaches_infinity(got):
    failure(assert_close, got, math.inf, rtol=1e3, atol=1e300)
    failure(assert_close, np.array([got]), np.array([math.inf]), rtol=1e3, atol=1e300)


@pytest.mark.parametrize(
    "want", [AlwaysEqual(), np.array([None]), FloatChild(1.0), [object()], np.ma.masked_array([1.0]), range(3)]
)
def test_an_unusable_expectation_is_the_authors_fault(want):
    with pytest.raises(BadExpectation):
        assert_close([1.0] if type(want) is list else 1.0, want)
    with pytest.raises(BadExpectation):
        assert_equal([1.0] if type(want) is list else 1.0, want)


@pytest.mark.parametrize("tolerance", [-1e-9, math.nan, math.inf, True, "1e-6"])
def test_unusable_tolerances(tolerance):
    with pytest.raises(BadExpectation, match="rtol"):
        assert_close(1.0, 1.0, rtol=tolerance)
    with pytest.raises(BadExpectation, match="atol"):
        assert_close(1.0, 1.0, atol=tolerance)


def test_an_expectation_that_holds_itself():
    loop, same = [], []
    loop.append(loop)
    same.append(same)
    with pytest.raises(BadExpectation, match="nested"):
        assert_equal(same, loop)


def test_deep_results_end():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    failure(assert_equal, deep, [[1.0]])
    while deep:  # taken apart by hand: freeing it at once would need as deep a C stack
        deep = deep[0]


CAUSES = [
    (None, ARRAY, "Did you forget `return`?"),
    (ARRAY.T, ARRAY, "transposed"),
    (ARRAY.sum(axis=0, keepdims=True), ARRAY.sum(axis=0), "keepdims"),
    (ARRAY, ARRAY.sum(axis=0), "A sum over axis 0"),
    (ARRAY, ARRAY.mean(axis=1), "A mean over axis 1"),
    (ARRAY, 0.5, "is a sum or a mean missing"),
    (0.5, ARRAY, "taken over too much"),
    (ARRAY.reshape(-1), ARRAY, "`reshape` may be all"),
    (ARRAY * 6, ARRAY, "6 times too large"),
    (ARRAY / 6, ARRAY, "6 times too small"),
    (0.25 * 640, 0.25, "640 times too large"),
    (-ARRAY, ARRAY, "sign is the opposite"),
    (np.degrees(ARRAY), ARRAY, "degrees instead of radians"),
    (np.radians(ARRAY), ARRAY, "radians instead of degrees"),
    (ARRAY * 255, ARRAY, "0–255 instead of 0–1"),
    (ARRAY / 255, ARRAY, "0–1 instead of 0–255"),
    (0.125, 12.5, "share between 0 and 1 instead of a percentage"),
    (ARRAY * 1.7, ARRAY, "the expected one times 1.7"),
    (ARRAY + 1.5, ARRAY, "same amount, 1.5"),
    (ARRAY * 0, ARRAY, "Every value is 0"),
    (ARRAY[:, :2].T.copy(), ARRAY[:, :2], "The array is transposed"),
    (ARRAY[0, ::-1].copy(), ARRAY[0], "reverse order"),
    (ARRAY[:, [1, 2, 0]], ARRAY, "their order is not"),
    (ARRAY.astype(int), ARRAY, "decimals were lost"),
    (np.round(ARRAY, 1), ARRAY, "rounded (decimal places: 1)"),
    ((ARRAY * 1.00005).astype(np.float32), ARRAY, "calculated in float32"),
    (np.log(ARRAY * -1, where=ARRAY < 0, out=np.full((2, 3), np.nan)), ARRAY, "NaN"),
    (np.full((2, 3), np.inf), ARRAY, "infinity"),
    (np.array([44, 3], np.uint8), np.array([300, 3]), "uint8 wrapped around"),
    (1 + 2j, 1 - 2j, "imaginary parts"),
    (ARRAY > 0, ARRAY, "`.astype(float)`"),
    (2.0, 2, "Whole numbers are expected"),
    (1j, 1.0, "square root of a negative"),
    (np.array([[1], [2, 3]], dtype=object), ARRAY, "rows differ in length"),
    ([1.0, 2.0], ARRAY, "np.array(…)"),
    (ARRAY, [1.0], ".tolist()"),
    ("3", 3, "convert it with `float(…)`"),
    ("Yes", "yes", "upper and lower case"),
    ("a  b", "a b", "Only spaces"),
    ("a\r\nb", "a\nb", "line ends"),
    ("a\u200bb", "ab", "U+200B ZERO WIDTH SPACE at character 1"),
    ("a\u00a0b", "a b", "U+00A0 NO-BREAK SPACE at character 1"),
    ("e\u0301", "é", "accents are written differently"),
    ("it’s", "it's", "U+2019 RIGHT SINGLE QUOTATION MARK"),
    ("abc", "abcdef", "stops too early, after 3"),
    ("abcdef", "abc", "goes on after the expected end, at character 3"),
    ("line one\nline twa", "line one\nline two", "character 16 (line 2): 'a' instead of 'o'"),
]


@pytest.mark.parametrize(("got", "want", "words"), CAUSES, ids=[words for _, _, words in CAUSES])
def test_likely_cause(got, want, words):
    assert words in str(failure(assert_close, got, want))


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (1.7, 1.0),
        (3, 4),
        (2, 62),  # a count or a position is a multiple of another one by chance
        (1, 0.125),
        (np.array([1.0, 2.5]), np.array([1.0, 2.25])),
        (np.array([5, 7]), np.array([5, 9])),
    ],
)
def test_no_cause_is_made_up(got, want):
    assert len(failure(assert_close, got, want).sentences) <= (2 if hasattr(got, "shape") else 1)


PLACES = [
    ([1, 2, 3.5], [1, 2, 4.5], "[2]"),
    ({"loss": [1.0, 2.0]}, {"loss": [1.0, 2.5]}, "['loss'][1]"),
    ({"a": {"b": ARRAY}}, {"a": {"b": ARRAY + 1}}, "['a']['b'][0, 0]"),
    ((1, (2, "x")), (1, (2, "y")), "[1][1]"),
    ({3: None}, {3: 1}, "[3]"),
    ({"a": {1}}, {"a": {2}}, "['a']"),
    (np.zeros((2, 2, 2)), np.arange(8.0).reshape(2, 2, 2), "[0, 0, 1]"),
    ([AlwaysEqual()], [1], "[0]"),
    ([np.ones(2)], [np.ones(3)], "[0]"),
]


@pytest.mark.parametrize(("got", "want", "where"), PLACES)
def test_path_to_the_first_difference(got, want, where):
    error = failure(assert_close, got, want)
    assert error.difference["where"] == where
    assert str(error).startswith(where)


def test_name_of_the_value():
    assert str(failure(assert_close, -1.0, 1.0, name="loss")).startswith("loss: got -1.0, expected 1.0.")
    assert failure(assert_equal, [1], [2], name="dW").difference["where"] == "dW[0]"


def test_close_numbers_show_enough_digits():
    error = failure(assert_close, 0.123456789, 0.123456123, rtol=1e-9)
    assert str(error).startswith("Got 0.123457, expected 0.123456.")


def test_long_values_are_cut_in_the_middle():
    error = failure(assert_equal, "a" * 10**6 + "b" + "c" * 10**6, "a" * 10**6 + "d" + "c" * 10**6)
    assert "character 1000000 (line 1): 'b' instead of 'd'" in str(error)
    assert error.difference["got"].startswith("'aaa")
    assert error.difference["got"].endswith("ccc'")
    assert len(str(error)) < 500
    error = failure(assert_equal, list(range(10**5)), list(range(10**5 - 1)))
    assert str(error) == "Got 100000 items, expected 99999."
    assert len(failure(assert_equal, {"k" * 10**6: 1}, {"x": 1}).sentences[1]["values"]["key"]) <= 80


def test_values_of_sentences_are_short_and_plain():
    for got, want, _ in CAUSES:
        for item in failure(assert_close, got, want).sentences:
            for value in item["values"].values():
                assert type(value) in (str, int, float)
                assert len(str(value)) <= 200


def test_every_template_is_marked_for_translation():
    folder = ROOT / "workers" / "testkit" / "compare"
    marked = set()
    for path in folder.glob("*.py"):
        for literal in re.findall(r'gettext_noop\(\s*("(?:[^"\\]|\\.)*")\s*\)', path.read_text("utf-8")):
            marked.add(eval(literal))  # a string literal of our own source
    said = {item["template"] for got, want, _ in CAUSES for item in failure(assert_close, got, want).sentences}
    assert said <= marked
    assert len(marked) > 60


def test_fail():
    error = failure(fail, "The loss {x} grows.")
    assert str(error) == "The loss {x} grows."
    assert error.difference is None
    assert in_language(error.sentences[0], "fr", str) == "The loss {x} grows."


def test_fail_in_two_languages():
    error = failure(fail, {"en": "The loss grows.", "fr": "La perte augmente."})
    assert str(error) == "The loss grows."
    assert in_language(error.sentences[0], "fr", str) == "La perte augmente."
    assert in_language(error.sentences[0], "de", str) == "The loss grows."


@pytest.mark.parametrize("message", [{"fr": "Non"}, {"en": 3}, {}, 3])
def test_fail_needs_english(message):
    with pytest.raises((BadExpectation, TypeError)):
        fail(message)


def test_sentences_are_translated_by_template():
    error = failure(assert_close, 1.0, 2.5)
    french = {"Got {got}, expected {expected}.": "Obtenu : {got} ; attendu : {expected}."}
    assert in_language(error.sentences[0], "fr", lambda text: french[text]) == "Obtenu : 1.0 ; attendu : 2.5."


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=12,
)


@given(PLAIN)
def test_every_plain_value_equals_itself(value):
    assert_equal(value, value)
    assert_close(value, value)


@given(PLAIN, PLAIN)
def test_any_two_values_compare_without_another_error(got, want):
    try:
        assert_equal(got, want)
    except CheckFailed as error:
        assert len(str(error)) < 1500
    else:
        assert repr(got) == repr(want) or got == want
    try:
        assert_close(got, want)
    except CheckFailed as error:
        assert len(str(error)) < 1500


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 1e-6, 0.5]),
    st.sampled_from([0.0, 1e-9, 1.0]),
    st.booleans(),
)
def test_scalars_and_arrays_agree_with_the_formula(got, want, rtol, atol, equal_nan):
    if got == want or (math.isnan(got) and math.isnan(want)):
        expected = got == want or equal_nan
    else:
        expected = math.isfinite(got) and math.isfinite(want) and abs(got - want) <= atol + rtol * abs(want)
    for left, right in ((got, want), (np.array([got]), np.array([want])), ([got, 1.0], [want, 1.0])):
        try:
            assert_close(left, right, rtol, atol, equal_nan)
            accepted = True
        except CheckFailed:
            accepted = False
        assert accepted == expected


SHOWN = [
    (np.array([[1.0, 2.5, -3e-9]]), "array([[1.0, 2.5, -3e-09]])"),
    (np.arange(3) * 100, "array([0, 100, 200])"),
    (np.array([200, 1], np.uint8), "array([200, 1], dtype=uint8)"),
    (np.array([math.inf, 1 / 3], np.float32), "array([inf, 0.333333], dtype=float32)"),
    (np.ones((0, 3)), "array([], shape=(0, 3))"),
    (np.float64(0.1), "0.1"),
    ((1,), "(1,)"),
    ({"b": {2, 1}, "a": [None, True]}, "{'b': {1, 2}, 'a': [None, True]}"),
    (list(range(10)), "[0, 1, 2, 3, 4, 5, …]"),
    ([[[[[1]]]]], "[[[[[…]]]]]"),
    ("é\u00a0", "'é\\xa0'"),
    (-(10**1000), "-2**3321…"),
    (AlwaysEqual(), "<AlwaysEqual>"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN, ids=[text for _, text in SHOWN])
def test_values_are_shown_as_code(value, text):
    assert show(value) == text
