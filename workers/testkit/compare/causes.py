"""Likely causes of a wrong number or array: looked for only after a comparison failed, never part of the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from workers.jobs.report import Sentence
from workers.jobs.sentences import gettext_noop, sentence
from workers.testkit.compare.show import show_number

MAX_SIZE = 1_000_000  # elements: past that, looking would cost more than the hint is worth
LOOSE = 1e-6  # relative; a cause must explain every element this well
NAMED_FACTORS = (  # factor of what came back to what was expected, and what it suggests
    (180 / np.pi, gettext_noop("Is the result in degrees instead of radians?")),
    (np.pi / 180, gettext_noop("Is the result in radians instead of degrees?")),
    (255.0, gettext_noop("Is it on the scale 0–255 instead of 0–1?")),
    (1 / 255, gettext_noop("Is it on the scale 0–1 instead of 0–255, or divided by 255 twice?")),
    (100.0, gettext_noop("Is it a percentage instead of a share between 0 and 1?")),
    (0.01, gettext_noop("Is it a share between 0 and 1 instead of a percentage?")),
)
TOO_LARGE = gettext_noop(
    "The result is {factor} times too large: is a division missing, or a sum taken where a mean belongs?"
)
TOO_SMALL = gettext_noop(
    "The result is {factor} times too small: is it a mean where a sum belongs, or is a factor lost?"
)
FACTOR = gettext_noop("The result is the expected one times {factor}.")
OFFSET = gettext_noop("Every value differs from the expected one by the same amount, {offset}.")
SIGN = gettext_noop("The sign is the opposite one throughout.")
HAS_NAN = gettext_noop("The result holds NaN (not a number), such as 0/0 or the logarithm of a negative number gives.")
HAS_INF = gettext_noop("The result holds infinity: a division by zero, or a number too large for a float?")
ALL_ZERO = gettext_noop("Every value is 0.")
WRAPPED = gettext_noop("Whole numbers of type {dtype} wrapped around: convert to float or int before calculating.")
TRUNCATED = gettext_noop("The decimals were lost: is it an integer division, or an array of whole numbers?")
ROUNDED = gettext_noop("The values look rounded (decimal places: {digits}): return them unrounded.")
PRECISION = gettext_noop("The values are close: were they calculated in {dtype}? More precision is needed here.")
TRANSPOSED = gettext_noop("The array is transposed.")
REVERSED = gettext_noop("The values are in reverse order.")
SHUFFLED = gettext_noop("The values are right, but their order is not.")
CONJUGATE = gettext_noop("The imaginary parts have the opposite sign.")
SHAPE_TRANSPOSED = gettext_noop("The shape is the transposed one: did two axes change places?")
SHAPE_SQUEEZE = gettext_noop("Only axes of length 1 differ: see `keepdims`, `reshape` or `squeeze`.")
SHAPE_FLAT = gettext_noop("The number of values is right: `reshape` may be all that is missing.")
SHAPE_REDUCE = gettext_noop("A {function} over axis {axis} of your result gives the expected values.")
SHAPE_SCALAR = gettext_noop("A single number is expected: is a sum or a mean missing?")
SHAPE_REDUCED = gettext_noop("It is one number only: was a sum or a mean taken over too much?")
KIND_BOOL = gettext_noop("True and False are not numbers here: convert them with `.astype(float)` or `.astype(int)`.")
KIND_TO_BOOL = gettext_noop("True or False is expected: is it a comparison that is missing?")
KIND_INT = gettext_noop("Whole numbers are expected: see `int`, `//` or `.astype(int)`.")
KIND_COMPLEX = gettext_noop("The result is complex: is it a square root of a negative number?")
KIND_OBJECT = gettext_noop("An array of Python objects: do its rows differ in length?")


def value_causes(got: Any, want: Any) -> list[Sentence]:
    """What may explain that two arrays of one shape and of numeric or boolean dtype differ; [] when nothing does."""
    if got.size > MAX_SIZE or not got.size:
        return []
    with np.errstate(all="ignore"):
        got_wide, want_wide = _wide(got), _wide(want)
        bad = _not_finite(got_wide, want_wide)
        if bad or not np.isfinite(want_wide).all() or not np.isfinite(got_wide).all():
            return bad
        for find in (_wrapped, _zero, _truncated, _conjugate, _precision, _rounded, _proportional, _order, _offset):
            found = find(got, want, got_wide, want_wide)
            if found:
                return found
    return []


def _wide(array: Any) -> Any:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _alike(left: Any, right: Any) -> bool:
    """Equal within LOOSE of the larger array's scale, or of each value, whichever is stricter on large values."""
    return bool(np.allclose(left, right, rtol=LOOSE, atol=LOOSE * 1e-6 * float(np.max(np.abs(right), initial=0.0))))


def _not_finite(got: Any, want: Any) -> list[Sentence]:
    if np.isnan(got).any() and not np.isnan(want).any():
        return [sentence(HAS_NAN)]
    if np.isinf(got).any() and not np.isinf(want).any():
        return [sentence(HAS_INF)]
    return []


def _wrapped(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    if got.dtype.kind not in "iu" or got.dtype.itemsize > 4 or want.dtype.kind == "c":
        return []
    rounds = (want_wide - got_wide) / 2.0 ** (8 * got.dtype.itemsize)
    fits = _alike(rounds, np.round(rounds)) and np.any(np.abs(rounds) > 0.5)
    return [sentence(WRAPPED, dtype=str(got.dtype))] if fits else []


def _zero(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    return [sentence(ALL_ZERO)] if got.size > 1 and not got_wide.any() else []


def _truncated(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    if got.dtype.kind == "c" or want.dtype.kind == "c" or not got_wide.any():
        return []
    lost = np.array_equal(got_wide, np.trunc(want_wide)) or np.array_equal(got_wide, np.floor(want_wide))
    return [sentence(TRUNCATED)] if lost else []


def _conjugate(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    return [sentence(CONJUGATE)] if want.dtype.kind == "c" and _alike(got_wide.conj(), want_wide) else []


def _precision(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    size = {"f": got.dtype.itemsize, "c": got.dtype.itemsize // 2}.get(got.dtype.kind, 8)
    if size > 4:
        return []
    reach = 1e-3 if size == 4 else 5e-2
    close = np.allclose(got_wide, want_wide, rtol=reach, atol=reach * 0.01 * float(np.max(np.abs(want_wide))))
    return [sentence(PRECISION, dtype=str(got.dtype))] if close else []


def _rounded(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    for digits in range(7):
        if np.array_equal(got_wide, np.round(want_wide, digits)) and got_wide.any():
            return [sentence(ROUNDED, digits=digits)]
    return []


def _proportional(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    nonzero = want_wide != 0
    if not nonzero.any() or not got_wide.any():
        return []
    largest = np.unravel_index(int(np.argmax(np.abs(want_wide))), want_wide.shape)
    ratio = got_wide[largest] / want_wide[largest]
    if np.iscomplexobj(ratio) and abs(ratio.imag) > LOOSE * abs(ratio):
        return []
    factor = float(np.real(ratio))
    if not factor or not _alike(got_wide, factor * want_wide):
        return []
    counted = got.size == 1 and any(array.dtype.kind in "biu" for array in (got, want))
    return _name_factor(factor, int(np.count_nonzero(nonzero)) > 1, counted)


def _name_factor(factor: float, several: bool, counted: bool) -> list[Sentence]:
    """The words for a factor. A lone number is proportional to any other, so there only telling factors are named.

    `counted`: a lone whole number, such as a position or a count, is a multiple of another one by chance.
    """
    if abs(factor - 1) <= 10 * LOOSE:
        return []
    if abs(factor + 1) <= LOOSE:
        return [sentence(SIGN)]
    for named, question in NAMED_FACTORS:
        if abs(factor / named - 1) <= LOOSE:
            return [sentence(FACTOR, factor=show_number(factor)), sentence(question)]
    if counted:
        return []
    for value, template in ((factor, TOO_LARGE), (1 / factor, TOO_SMALL)):
        if 1.5 < value < 1e7 and abs(value - round(value)) <= 1e-9 * value:
            return [sentence(template, factor=round(value))]
    return [sentence(FACTOR, factor=show_number(factor))] if several else []


def _order(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    if got.size < 2 or np.array_equal(got_wide, np.broadcast_to(got_wide.flat[0], got.shape)):
        return []
    if got.ndim == 2 and got.shape[0] == got.shape[1] and _alike(got_wide.T, want_wide):
        return [sentence(TRANSPOSED)]
    if got.ndim == 1 and _alike(got_wide[::-1], want_wide):
        return [sentence(REVERSED)]
    if _alike(np.sort(got_wide, axis=None), np.sort(want_wide, axis=None)):
        return [sentence(SHUFFLED)]
    return []


def _offset(got: Any, want: Any, got_wide: Any, want_wide: Any) -> list[Sentence]:
    if got.size < 2 or any(array.dtype.kind in "bc" for array in (got, want)):
        return []
    offsets = got_wide - want_wide
    if np.ptp(want_wide) and _alike(got_wide, want_wide + offsets.flat[0]):
        return [sentence(OFFSET, offset=show_number(float(offsets.flat[0])))]
    return []


def shape_cause(got: Any, want: Any) -> list[Sentence]:
    """What may explain that two arrays differ in shape; at most one sentence."""
    return next(_shape_causes(got, want), [])


def _shape_causes(got: Any, want: Any) -> Iterator[list[Sentence]]:
    if got.ndim > 1 and got.shape == want.shape[::-1]:
        yield [sentence(SHAPE_TRANSPOSED)]
    if _without_ones(got.shape) == _without_ones(want.shape):
        yield [sentence(SHAPE_SQUEEZE)]
    reductions: tuple[tuple[str, Callable[..., Any]], ...] = (("sum", np.sum), ("mean", np.mean))
    if got.ndim <= 4 and got.size <= MAX_SIZE and all(a.size and a.dtype.kind in "biuf" for a in (got, want)):
        for axis in range(got.ndim):
            for name, function in reductions:
                with np.errstate(all="ignore"):
                    reduced = function(got.astype(np.float64), axis=axis, keepdims=got.ndim == want.ndim)
                if reduced.shape == want.shape and _alike(reduced, want.astype(np.float64)):
                    yield [sentence(SHAPE_REDUCE, function=name, axis=axis)]
    if want.ndim == 0:
        yield [sentence(SHAPE_SCALAR)]
    if got.ndim == 0:
        yield [sentence(SHAPE_REDUCED)]
    if got.size == want.size:
        yield [sentence(SHAPE_FLAT)]


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def dtype_cause(got: str, want: str) -> list[Sentence]:
    """What may explain that kind `got` came where kind `want` belongs; at most one sentence."""
    numbers = ("int", "float", "complex")
    if not got:
        return [sentence(KIND_OBJECT)]
    if got == "bool" and want in numbers:
        return [sentence(KIND_BOOL)]
    if want == "bool" and got in numbers:
        return [sentence(KIND_TO_BOOL)]
    if want == "int" and got == "float":
        return [sentence(KIND_INT)]
    if got == "complex" and want in numbers:
        return [sentence(KIND_COMPLEX)]
    return []
