"""Short texts for values of any size: code-like, so that they need no translation. Never calls a foreign `__repr__`."""

from __future__ import annotations

from typing import Any

import numpy as np

from workers.testkit.compare.kinds import DTYPES, NUMBERS, kind_of, plain, type_name

WIDTH = 80  # characters of a value within a sentence
WIDE = 400  # characters of a value in the report's difference
ITEMS = 6  # items of a container that are shown
DEPTH = 4
BRACKETS = {"list": ("[", "]"), "tuple": ("(", ")"), "set": ("{", "}"), "dict": ("{", "}")}
MAX_DIGITS = 400  # of a whole number: Python refuses to print very long ones


class Word:
    """Shown as its text alone, without quotes or brackets: what stands for a value that has no text of its own."""

    def __init__(self, text: str) -> None:
        self.text = text


def cut(text: str, width: int = WIDTH) -> str:
    """The text, its middle left out when it is longer than `width`."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 3
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def show(value: Any, width: int = WIDTH) -> str:
    """The value as a short line of code, at most `width` characters."""
    return cut(_show(value, width, DEPTH), width)


def _show(value: Any, width: int, depth: int) -> str:
    kind = kind_of(value)
    if kind == "none":
        return "None"
    if kind in NUMBERS:
        return show_number(plain(value, kind))
    if kind in ("str", "bytes"):
        text = plain(value, kind)
        if len(text) > 2 * width:  # before repr, which would copy all of it
            text = text[:width] + (("…") if kind == "str" else b"...") + text[-width:]
        return repr(text)
    if kind == "array":
        return _show_array(value, width)
    if type(value) is Word:
        return value.text
    if not kind:
        return f"<{type_name(value)}>"
    return _show_container(value, kind, width, depth)


def _show_container(value: Any, kind: str, width: int, depth: int) -> str:
    if not value:
        return {"set": "set()", "list": "[]", "tuple": "()", "dict": "{}"}[kind]
    opening, closing = BRACKETS[kind]
    if depth == 0:
        return f"{opening}…{closing}"
    parts: list[str] = []
    for item in value:
        if len(parts) == ITEMS:
            parts.append("…")
            break
        shown = _show(item, width, depth - 1)
        parts.append(f"{shown}: {_show(value[item], width, depth - 1)}" if kind == "dict" else shown)
    if kind == "set":
        parts.sort()
    comma = "," if kind == "tuple" and len(value) == 1 else ""
    return f"{opening}{', '.join(parts)}{comma}{closing}"


def _show_array(value: Any, width: int) -> str:
    kind = DTYPES.get(value.dtype.kind, "")
    dtype = "" if value.dtype in (np.float64, np.int64, np.bool_) or kind == "str" else f", dtype={value.dtype.name}"
    shape = f", shape={value.shape}"
    if kind not in NUMBERS:
        # Items of a text array can be megabytes long and those of an object array anything: show a few, or none.
        items = [_show(item, width, 1) for item in value.flat[:3]] if kind else []
        body = f"[{', '.join([*items, '…'])}]" if value.size > len(items) else f"[{', '.join(items)}]"
        return f"array({body}{shape}{dtype or ', dtype=' + value.dtype.name[:20]})"
    # A formatter of our own: NumPy's would pad all numbers to one width.
    formatter = {"float_kind": lambda x: show_number(float(x)), "complex_kind": lambda x: show_number(complex(x))}
    body = np.array2string(
        value,
        max_line_width=10**6,
        separator=", ",
        threshold=20,
        edgeitems=2,
        formatter=formatter,  # type: ignore[arg-type]  # NumPy's stubs want every key of the dictionary's type
    )
    body = " ".join(body.split()).replace("...", "…").replace("[ ", "[")
    return f"array({body}{shape if value.size > 20 or not value.size else ''}{dtype})"


def show_number(value: bool | int | float | complex, digits: int = 6) -> str:
    """A Python number with at most `digits` significant digits; whole numbers in full, unless very long."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        if value.bit_length() > MAX_DIGITS * 3:
            return f"{'-' if value < 0 else ''}2**{abs(value).bit_length() - 1}…"
        return str(value)
    if isinstance(value, complex):
        sign = "-" if str(value.imag).startswith("-") else "+"
        return f"{show_number(value.real, digits)}{sign}{show_number(abs(value.imag), digits)}j"
    text = f"{value:.{digits}g}"
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def show_pair(got: Any, want: Any) -> tuple[str, str]:
    """Two plain numbers with as few digits as are needed to tell them apart (at least 4)."""
    for digits in (4, 6, 9, 12, 17):
        shown = show_number(got, digits), show_number(want, digits)
        if shown[0] != shown[1]:
            break
    return shown
