"""The template tags that every page uses."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import pytest
import time_machine
from django.utils import translation

from config.templatetags.pages import points, significant, teaches, when, when_zoned, whole
from config.templatetags.rendering import highlighted

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
NOW = datetime.datetime(2026, 9, 10, 12, 0, tzinfo=datetime.UTC)


def at(day: int, hour: int, month: int = 9, year: int = 2026) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, 59, 41, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (at(10, 21), "today, 23:59"),
        (at(10, 22), "tomorrow, 00:59"),  # the day is the course's, not UTC's
        (at(9, 21), "yesterday, 23:59"),
        (at(12, 21), "Saturday 12 September, 23:59"),
        (at(12, 21, 1, 2027), "Tuesday 12 January 2027, 22:59"),
    ],
)
def test_it_works(moment: datetime.datetime, text: str) -> None:
    with time_machine.travel(NOW, tick=False):
        local = moment.astimezone(PARIS)
        assert when(moment, PARIS) == f'<time datetime="{local.isoformat(timespec="seconds")}">{text}</time>'


def test_seconds_zone_and_nothing() -> None:
    with time_machine.travel(NOW, tick=False):
        assert "today, 23:59:41<" in when(at(10, 21), PARIS, True)
        assert when_zoned(at(10, 21), zoneinfo.ZoneInfo("America/New_York")).endswith("17:59</time> (New York)")
    assert when(None, PARIS) == when_zoned(None, PARIS) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(6.0, "6"), (7.5, "7.5"), (0, "0"), (None, "–"), ("", "–"), (1 / 3, "0.33"), (9.999, "10")]
)
def test_points(value: Any, text: str) -> None:
    assert points(value) == text


def test_points_in_french() -> None:
    with translation.override("fr"):
        assert points(7.5) == "7,5"


def test_small_numbers() -> None:
    assert (whole(1.5), whole(None), significant(0.123456), significant(None)) == (2, 0, "0.1235", "–")


def test_code_is_escaped() -> None:
    html = highlighted("x = '<script>' & 1")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_who_teaches(course: Any, alice: Any, bob: Any, charlie: Any) -> None:
    assert [teaches(user, course) for user in (alice, bob, charlie)] == [True, False, False]
    assert not teaches(alice, "")  # a page without a course
