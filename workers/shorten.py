"""Cut a report to a size that the site accepts, the longest texts and series first, and say so in them."""

from __future__ import annotations

import json
from typing import Any

CUT = " […] "


def shorten_text(text: str, limit: int) -> str:
    """The text, its middle left out when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = max(1, (limit - len(CUT)) // 2)
    return text[:half] + CUT + text[-half:]


def _thin(values: list[Any], limit: int) -> list[Any]:
    step = -(-len(values) // limit)
    return values if step <= 1 else [*values[::step], values[-1]][: limit + 1]


def _shorten(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return shorten_text(value, limit)
    if isinstance(value, list):
        if value and all(item is None or isinstance(item, int | float) for item in value):  # None: where a NaN was
            return _thin(value, limit)
        return [_shorten(item, limit) for item in value]
    if isinstance(value, dict):
        # Names and hashes say what the report is about: they are short and stay whole.
        return {k: v if k in ("name", "version", "grading_version") else _shorten(v, limit) for k, v in value.items()}
    return value


def shorten_report(report: dict[str, Any], max_bytes: int) -> dict[str, Any]:
    """The report in at most `max_bytes` of JSON; x and y of a series are thinned alike."""
    limit = 200_000
    while len(json.dumps(report)) > max_bytes and limit > 100:
        report = _shorten(report, limit)
        limit //= 2
    return report
