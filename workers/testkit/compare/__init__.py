"""The one comparator: what a check in tests.py accepts, what it tells the student (docs/comparison.md).

    assert_close(got, want, rtol=1e-6, atol=1e-9, equal_nan=False)    numbers within a tolerance
    assert_equal(got, want)                                           the same kind of value, exactly
    fail(message)                                                     the author's own words

All raise CheckFailed. A wrong use (an expected value of unknown type, a negative tolerance) raises BadExpectation:
the exercise is at fault then, not the student.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from workers.jobs.sentences import author_words
from workers.testkit.compare.errors import BadExpectation, CheckFailed
from workers.testkit.compare.rules import Place, Rules
from workers.testkit.compare.walk import compare

__all__ = ["BadExpectation", "CheckFailed", "assert_close", "assert_equal", "fail"]


def assert_close(
    got: Any, want: Any, rtol: float = 1e-6, atol: float = 1e-9, equal_nan: bool = False, *, name: str = ""
) -> None:
    """Check that `got` has the shape of `want` and that each number obeys |got - want| <= atol + rtol * |want|.

    Whole numbers, texts, keys and set elements that are expected must be met exactly. When float32 (float16) is
    expected, rtol is at least 1e-5 (1e-2) and atol at least 1e-6 (1e-3). `name` says in the message which of several
    values it is, such as "dW". Raises CheckFailed, or BadExpectation when `want` or a tolerance cannot be used.
    """
    compare(got, want, Rules(exact=False, rtol=rtol, atol=atol, equal_nan=equal_nan), Place(name))


def assert_equal(got: Any, want: Any, *, name: str = "") -> None:
    """Check that `got` is of the kind of `want` and equals it exactly: 1 is not 1.0, a list is no tuple, NaN nothing.

    `name` says in the message which of several values it is. Raises CheckFailed or BadExpectation.
    """
    compare(got, want, Rules(exact=True), Place(name))


def fail(message: str | Mapping[str, str]) -> NoReturn:
    """End the test as failed. `message`: a text, or texts by language, {"en": "…", "fr": "…"}; English is needed.

    The sentence holds the texts as values by language (`workers.jobs.sentences.in_language` picks one).
    """
    words = {"en": message} if isinstance(message, str) else dict(message)
    if not isinstance(words.get("en"), str) or not all(isinstance(text, str) for text in words.values()):
        raise BadExpectation('fail: a text is needed, or {"en": "…", "fr": "…"}')
    raise CheckFailed([author_words(words)])
