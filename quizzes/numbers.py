"""Reading a number as people type it, exactly.

Accepted: `7850`, `7 850` (any kind of blank, or an apostrophe, between groups of three), `7,850.5` and `7.850,5` (the
last of two different marks is the decimal one), `0,1175` and `0.1175` (a single comma or point is always decimal),
`-3`, `+3`, `−3`, `1e3`, `1,5·10^3`, `1.5 × 10**3`, `3/4`, `12 %` (where % is one of the units). A unit follows the
number, with or without a blank.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from fractions import Fraction

MOST_POWER = 320  # beyond a float's range; larger ones would only cost memory
_SIGNS = str.maketrans({"−": "-", "–": "-", "⁄": "/", "’": "'"})
_PLAIN = r"\d+(?:[.,]\d*)?|[.,]\d+"
_GROUPED = r"\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?|\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:\.\d{3})+,\d+"
_GROUPS_ONLY = r"\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:\.\d{3}){2,}"
_MANTISSA = rf"(?:{_GROUPED}|{_GROUPS_ONLY}|{_PLAIN})"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?) ?(?P<mantissa>{_MANTISSA})"
    r"(?:[eE](?P<power>[+-]?\d+)| ?[·×*x] ?10 ?(?:\^|\*\*) ?(?P<ten>[+-]?\d+))?"
    rf"(?: ?/ ?(?P<below>{_PLAIN}))?"
    r" ?(?P<unit>.*)",
    re.DOTALL,
)


def _exact(digits: str) -> Fraction:
    digits = digits.replace(" ", "").replace("'", "")
    marks = [mark for mark in digits if mark in ".,"]
    if len(marks) > 1:
        # Two kinds: the last one is decimal. One kind several times: groups.
        decimal = marks[-1] if len(set(marks)) > 1 else ""
        digits = "".join("." if mark == decimal else mark for mark in digits if mark not in ".," or mark == decimal)
    return Fraction(digits.replace(",", ".").rstrip(".") if digits[0] not in ".," else f"0.{digits[1:]}")


def read_number(text: str) -> tuple[Fraction, str] | None:
    """The number and the unit behind it ("" for none); None when the text does not begin with a number."""
    text = " ".join(unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS).split())
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    value = _exact(found["mantissa"])
    # Digits first: int() of a long string is slow and refused by Python beyond 4,300 digits.
    power_text = (found["power"] or found["ten"] or "0").lstrip("+")
    if len(power_text) > 5 or abs(int(power_text)) > MOST_POWER:
        return None
    value *= Fraction(10) ** int(power_text)
    if found["below"] is not None:
        below = _exact(found["below"])
        if not below:
            return None
        value /= below
    return (-value if found["sign"] == "-" else value), found["unit"].strip()


def _of_float(value: float) -> Fraction:
    """The decimal that the author wrote: 0.1 is one tenth, and 0.3 ± 0.1 includes 0.4."""
    return Fraction(repr(value))


def fits(text: str, value: float, tolerance: float, units: Mapping[str, float], unit_needed: bool) -> bool:
    """Whether the typed text is `value` within the tolerance, ends included.

    With `units` (name -> factor), number × factor counts; without a typed unit the factor is 1, unless a unit is
    needed. A text behind the number that is no unit of the question makes the answer wrong.
    """
    read = read_number(text)
    if read is None:
        return False
    number, unit = read
    if unit:
        factors = {unicodedata.normalize("NFKC", name).replace(" ", ""): factor for name, factor in units.items()}
        factor = factors.get(unit.replace(" ", ""))
        if factor is None:
            return False
        number *= _of_float(factor)
    elif unit_needed:
        return False
    return abs(number - _of_float(value)) <= _of_float(tolerance)
