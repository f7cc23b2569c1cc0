"""Kinds of values: the only types that are compared, told apart by their exact type.

A subclass is another type: its `__eq__`, `__len__` or `__repr__` could say anything, so none of them is ever called.
"""

from __future__ import annotations

from typing import Any

import numpy as np

PLAIN: dict[type, str] = {
    type(None): "none",
    bool: "bool",
    int: "int",
    float: "float",
    complex: "complex",
    str: "str",
    bytes: "bytes",
    list: "list",
    tuple: "tuple",
    dict: "dict",
    set: "set",
    frozenset: "set",
    np.ndarray: "array",
}
DTYPES = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex", "U": "str", "S": "bytes"}
NUMPY_SCALARS = frozenset(np.sctypeDict.values())
NUMBERS = frozenset({"bool", "int", "float", "complex"})
# What a lenient comparison takes for an expected kind: a whole number may stand for a float, never the reverse, and a
# boolean is a number only when both sides are boolean.
ACCEPTED = {
    "bool": {"bool"},
    "int": {"int"},
    "float": {"int", "float"},
    "complex": {"int", "float", "complex"},
    "str": {"str"},
    "bytes": {"bytes"},
}


def kind_of(value: Any) -> str:
    """The kind of a value, or the empty text for a type that is not compared. Arrays without axes are scalars."""
    kind = PLAIN.get(type(value), "")
    if kind == "array":
        return DTYPES.get(value.dtype.kind, "") if value.ndim == 0 else "array"
    if not kind and type(value) in NUMPY_SCALARS:
        return DTYPES.get(value.dtype.kind, "")
    return kind


def accepts(want: str, got: str, exact: bool) -> bool:
    """Whether a value of kind `got` may stand where kind `want` is expected."""
    return got == want if exact else got in ACCEPTED.get(want, {want})


def plain(value: Any, kind: str) -> Any:
    """A scalar as Python's own number or text; `kind` is its kind."""
    converters: dict[str, Any] = {
        "bool": bool,
        "int": int,
        "float": float,
        "complex": complex,
        "str": str,
        "bytes": bytes,
    }
    if kind not in converters or type(value) is converters[kind]:
        return value
    return converters[kind](value[()] if type(value) is np.ndarray else value)


def type_name(value: Any) -> str:
    """The type as a programmer writes it: `list`, `float64`, `numpy.ndarray`."""
    if type(value) is np.ndarray:
        return "numpy.ndarray" if value.ndim else f"numpy.{value.dtype.name}"
    if type(value) in NUMPY_SCALARS:
        return f"numpy.{value.dtype.name}"
    return str(type.__dict__["__name__"].__get__(type(value)))[:60]  # past a metaclass that lies about its name
