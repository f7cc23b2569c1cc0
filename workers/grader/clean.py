"""What a jail says, made safe to store: types, lengths, no characters that a database refuses.

A judge is not trusted either: its author may have filled it with anything.
"""

from __future__ import annotations

import math
import re
import string
from typing import Any

from workers.grader.errors import JudgeFault
from workers.jobs.report import Difference, Sentence, Series, TextCheck, TextMark
from workers.jobs.sentences import english

MAX_SENTENCES = 12
MAX_TEMPLATE = 600
MAX_VALUE = 2000
MAX_SERIES, MAX_POINTS = 20, 10_000
MAX_CHECKS = 100
MAX_MARKS = 10_000  # of one check: an assertion may look at the texts of several calls
MAX_WHOLE = 1 << 53  # beyond it JSON readers round, and far beyond it Python refuses to write the digits
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")
SPEC = re.compile(r"[,.]?\d{0,2}[a-z%]?")


def clean(text: str, limit: int) -> str:
    """At most `limit` characters; NUL and half surrogate pairs, which PostgreSQL refuses, replaced."""
    safe = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{SYMBOL FOR NULL}")
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def text_of(data: dict[str, Any], key: str, limit: int) -> str:
    value = data.get(key, "")
    return clean(value, limit) if type(value) is str else ""


def sentences_of(data: object) -> list[Sentence]:
    """The judge's sentences. Raises JudgeFault when they have not the agreed form."""
    if type(data) is not list or len(data) > MAX_SENTENCES:
        raise JudgeFault("the judge's sentences have not the agreed form")
    result = [_sentence(item) for item in data]
    try:
        english(result)
    except (LookupError, ValueError, TypeError):
        raise JudgeFault("a sentence of the judge cannot be filled in") from None
    return result


def _sentence(item: object) -> Sentence:
    if type(item) is not dict or set(item) != {"template", "values"} or type(item["values"]) is not dict:
        raise JudgeFault("a sentence of the judge has not the agreed form")
    template, values = item["template"], item["values"]
    if type(template) is not str or len(template) > MAX_TEMPLATE or len(values) > 20:
        raise JudgeFault("a sentence of the judge is too long")
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        raise JudgeFault("a sentence of the judge is no template") from None
    for _, name, spec, conversion in fields:
        # "{x.attribute}" would read objects here, "{x:>999999999}" would fill the memory.
        if name is not None and (not NAME.fullmatch(name) or not SPEC.fullmatch(spec or "") or conversion):
            raise JudgeFault("a sentence of the judge holds a field that is not plain")
    return {"template": clean(template, MAX_TEMPLATE), "values": {_key(k): _plain(v) for k, v in values.items()}}


def _key(key: object) -> str:
    if type(key) is not str or not NAME.fullmatch(key):
        raise JudgeFault("a value of a sentence has no plain name")
    return key


def _plain(value: object) -> str | int | float:
    if type(value) is str:
        return clean(value, MAX_VALUE)
    if type(value) is int and abs(value) < 1 << 63:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else str(value)
    raise JudgeFault("a value of a sentence is no text or number")


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_WHOLE


def difference_of(data: object) -> Difference | None:
    if data is None:
        return None
    if type(data) is not dict or not all(_is_count(data.get(key)) for key in ("different", "total")):
        raise JudgeFault("the judge's difference has not the agreed form")
    where, got, expected = (text_of(data, key, MAX_VALUE) for key in ("where", "got", "expected"))
    return {
        "where": where,
        "got": got,
        "expected": expected,
        "different": data["different"],
        "total": data["total"],
    }


def series_of(data: object) -> list[Series]:
    """Recorded series; what is not finite becomes None, since JSON has no other form for it."""
    if type(data) is not list or len(data) > MAX_SERIES:
        raise JudgeFault("the judge's series have not the agreed form")
    return [_series(item) for item in data]


def _series(item: object) -> Series:
    if type(item) is not dict or type(item.get("name")) is not str:
        raise JudgeFault("a series of the judge has no name")
    y = _numbers(item.get("y"))
    x = None if item.get("x") is None else _numbers(item.get("x"))
    if x is not None and len(x) != len(y):
        raise JudgeFault("a series of the judge has axes of different lengths")
    return {"name": clean(item["name"], 80), "x": x, "y": y}


def checks_of(data: object) -> list[TextCheck]:
    """What the assertions over texts counted."""
    if type(data) is not list or len(data) > MAX_CHECKS:
        raise JudgeFault("the judge's counts have not the agreed form")
    return [_check(item) for item in data]


def _check(item: object) -> TextCheck:
    counts = ("right", "total", "needed")
    if type(item) is not dict or type(item.get("check")) is not str or not all(_is_count(item.get(c)) for c in counts):
        raise JudgeFault("a count of the judge has not the agreed form")
    right, total, needed = (item[name] for name in counts)
    check: TextCheck = {"check": clean(item["check"], 40), "right": right, "total": total, "needed": needed}
    if "marks" in item:
        check["marks"] = _marks(item["marks"], total)
    return check


def _marks(data: object, total: int) -> list[TextMark]:
    if type(data) is not list or len(data) != total or len(data) > MAX_MARKS:
        raise JudgeFault("the judge's marks have not the agreed form")
    return [_mark(item) for item in data]


def _mark(item: object) -> TextMark:
    if type(item) is not dict or type(item.get("right")) is not bool:
        raise JudgeFault("a mark of the judge has not the agreed form")
    return {"right": item["right"], "expected": text_of(item, "expected", MAX_VALUE)}


def _numbers(values: object) -> list[float | None]:
    if type(values) is not list or len(values) > MAX_POINTS:
        raise JudgeFault("a series of the judge is no list of numbers")
    if any(type(value) not in (int, float) for value in values):
        raise JudgeFault("a series of the judge holds something else than numbers")
    return [_number(value) for value in values]


def _number(value: int | float) -> float | None:
    usable = abs(value) < MAX_WHOLE if type(value) is int else math.isfinite(value)
    return float(value) if usable else None
