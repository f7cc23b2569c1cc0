"""Comparison of numbers and of arrays: shape, then kind of element, then every element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from workers.jobs.report import Sentence
from workers.jobs.sentences import sentence
from workers.testkit.compare.causes import dtype_cause, shape_cause, value_causes
from workers.testkit.compare.errors import BadExpectation
from workers.testkit.compare.kinds import DTYPES, accepts, kind_of, plain, type_name
from workers.testkit.compare.messages import CELL, COUNT, DTYPE, SHAPE, TYPE, VALUE, reject
from workers.testkit.compare.rules import Place, Rules
from workers.testkit.compare.show import WIDE, cut, show, show_pair


def compare_numbers(got: Any, want: Any, rules: Rules, place: Place) -> None:
    """Compare two numbers or arrays (any mix). Raises CheckFailed."""
    if type(got) is float and type(want) is float and math.isfinite(got) and math.isfinite(want):
        if abs(got - want) <= (0.0 if rules.exact else rules.atol + rules.rtol * abs(want)):
            return
    elif type(got) is np.ndarray and type(want) is np.ndarray and _quickly_close(got, want, rules):
        return
    _refuse_unknown_elements(got, want, place)
    got_shape, want_shape = _shape(got), _shape(want)
    if got_shape != want_shape:
        statement = SHAPE.at(place, got=str(got_shape), expected=str(want_shape))
        causes = shape_cause(np.asarray(got), np.asarray(want))
        reject([statement, *causes], place, show(got, WIDE), show(want, WIDE))
    if want_shape:
        _compare_arrays(got, want, rules, place)
    else:
        _compare_scalars(got, want, rules, place)


def _shape(value: Any) -> tuple[int, ...]:
    return value.shape if type(value) is np.ndarray else ()


def _refuse_unknown_elements(got: Any, want: Any, place: Place) -> None:
    if type(want) is np.ndarray and want.dtype.kind not in DTYPES:
        raise BadExpectation(f"an expected array of dtype {want.dtype} cannot be compared")
    if type(got) is np.ndarray and got.dtype.kind not in DTYPES:
        _reject_dtype(got, want, place)


def _quickly_close(got: Any, want: Any, rules: Rules) -> bool:
    """The common case, two finite float64 arrays of one shape that agree. False: look closer."""
    if got.dtype != np.float64 or want.dtype != np.float64 or got.shape != want.shape or rules.exact:
        return False
    with np.errstate(all="ignore"):
        bound = np.abs(want)
        bound *= rules.rtol
        bound += rules.atol
        # An infinite bound (an infinite value is expected) would accept every finite value; NaN fails both lines.
        return bool((np.abs(got - want) <= bound).all()) and bool(np.isfinite(bound).all())


def _compare_scalars(got: Any, want: Any, rules: Rules, place: Place) -> None:
    got_kind, want_kind = kind_of(got), kind_of(want)
    if not accepts(want_kind, got_kind, rules.exact):
        statement = TYPE.at(place, got=type_name(got), expected=type_name(want))
        reject([statement, *dtype_cause(got_kind, want_kind)], place, show(got, WIDE), show(want, WIDE))
    itemsize = _part_size(want.dtype) if hasattr(want, "dtype") else 8
    got_plain, want_plain = plain(got, got_kind), plain(want, want_kind)
    if _scalar_close(got_plain, want_plain, want_kind, rules, itemsize):
        return
    shown_got, shown_want = show_pair(got_plain, want_plain)
    causes = _scalar_causes(got, got_plain, want_plain)
    statement = VALUE.at(place, got=cut(shown_got), expected=cut(shown_want))
    reject([statement, *causes], place, cut(shown_got, WIDE), cut(shown_want, WIDE))


def _part_size(dtype: Any) -> int:
    """Bytes of one real part; 8 for what has no rounding of its own."""
    size = int(dtype.itemsize)
    return {"f": size, "c": size // 2}.get(dtype.kind, 8)


def _scalar_close(got: Any, want: Any, want_kind: str, rules: Rules, itemsize: int) -> bool:
    if got == want:
        return True
    if want_kind in ("bool", "int"):
        return False
    got_nan, want_nan = got != got, want != want
    if got_nan or want_nan:
        return rules.equal_nan and bool(got_nan and want_nan)
    rtol, atol = rules.tolerances(itemsize)
    try:
        distance, size = abs(got - want), abs(want)
    except OverflowError:  # a whole number beyond the floats, or complex parts whose modulus is
        return False
    return math.isfinite(distance) and math.isfinite(size) and distance <= atol + rtol * size


def _scalar_causes(got: Any, got_plain: Any, want_plain: Any) -> list[Sentence]:
    try:
        got_array = np.asarray(got if hasattr(got, "dtype") else got_plain).reshape(1)
        want_array = np.asarray(want_plain).reshape(1)
    except OverflowError:
        return []
    if "O" in (got_array.dtype.kind, want_array.dtype.kind):  # whole numbers beyond 64 bits
        return []
    return value_causes(got_array, want_array)


def _compare_arrays(got: Any, want: Any, rules: Rules, place: Place) -> None:
    got_kind, want_kind = DTYPES[got.dtype.kind], DTYPES[want.dtype.kind]
    # `np.array([])` holds floats whatever was meant: without elements only a strict comparison asks for the kind.
    if not accepts(want_kind, got_kind, rules.exact) and (want.size or rules.exact):
        _reject_dtype(got, want, place)
    same = _same(got, want, want_kind, rules)
    if not same.all():
        _reject_element(got, want, same, place)


def _reject_dtype(got: Any, want: Any, place: Place) -> None:
    texts = [str(value.dtype)[:40] if hasattr(value, "dtype") else type_name(value) for value in (got, want)]
    want_kind = DTYPES[want.dtype.kind] if type(want) is np.ndarray else kind_of(want)
    statement = DTYPE.at(place, got=texts[0], expected=texts[1])
    causes = dtype_cause(DTYPES.get(got.dtype.kind, ""), want_kind)
    reject([statement, *causes], place, show(got, WIDE), show(want, WIDE))


def _same(got: Any, want: Any, want_kind: str, rules: Rules) -> Any:
    """Boolean array: which elements agree. `got` and `want` have one shape and kinds that go together."""
    equal = np.asarray(got == want)
    if want_kind not in ("float", "complex"):
        return equal
    rtol, atol = rules.tolerances(_part_size(want.dtype))
    with np.errstate(all="ignore"):
        if not rules.exact:
            # At least double precision, so that the comparison itself neither rounds nor wraps (uint8 minus uint8).
            wide = np.result_type(want.dtype, np.complex128 if want_kind == "complex" else np.float64)
            distance = np.abs(got.astype(wide) - want.astype(wide))
            size = np.abs(want.astype(wide))
            equal |= (distance <= atol + rtol * size) & np.isfinite(distance) & np.isfinite(size)
        if rules.equal_nan:
            equal |= (got != got) & (want != want)
    return equal


def _reject_element(got: Any, want: Any, same: Any, place: Place) -> None:
    wrong = ~same
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
    first_got, first_want = _element(got, index), _element(want, index)
    numeric = want.dtype.kind in "biufc"
    shown = show_pair(first_got, first_want) if numeric else (show(first_got), show(first_want))
    where = place.element(index)
    statement = VALUE.at(where, got=shown[0], expected=shown[1])
    if len(index) == 2:
        statement = sentence(
            CELL, where=statement["values"]["where"], row=index[0], column=index[1], got=shown[0], expected=shown[1]
        )
    different, total = int(np.count_nonzero(wrong)), int(want.size)
    count = [sentence(COUNT, different=different, total=total)] if total > 1 else []
    causes = value_causes(got, want) if numeric else []
    reject([statement, *count, *causes], where, shown[0], shown[1], different, total)


def _element(array: Any, index: tuple[int, ...]) -> Any:
    value = array[index]
    return plain(value, kind_of(value))
