"""What every template of the site needs: dates in the course's zone, points, and who teaches."""

from __future__ import annotations

import math
import zoneinfo
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from courses.models import Course

register = template.Library()


@register.filter
def teaches(user: Any, course: Any) -> bool:
    """Whether `user` is on the staff of `course`. Asked once a request and course: the answer stays on the user."""
    if not isinstance(course, Course) or not user.is_authenticated:
        return False
    known: dict[int, bool] = user.__dict__.setdefault("_teaches", {})
    if course.pk not in known:
        known[course.pk] = Course.objects.taught_by(user).filter(pk=course.pk).exists()
    return known[course.pk]


@register.filter
def points(value: Any) -> str:
    """Points as people write them: 6, 7.5 or 7,5, never 6.0; a dash for none."""
    if value is None or value == "":
        return "–"
    rounded = round(float(value), 2)
    return number_format(int(rounded) if rounded == int(rounded) else rounded, use_l10n=True)


@register.filter
def whole(value: Any) -> int:
    """For plural forms, which want a whole number: 1 for one, 2 for one and a half."""
    return math.ceil(float(value or 0))


@register.filter
def significant(value: float | None) -> str:
    """A measured number in four significant digits; a dash for none."""
    return "–" if value is None else f"{value:.4g}"


@register.filter
def zone_name(zone: zoneinfo.ZoneInfo) -> str:
    """What people call a zone: Paris for Europe/Paris."""
    return zone.key.rsplit("/", 1)[-1].replace("_", " ")


def _day(moment: datetime, now: datetime) -> str:
    """The day as one says it: today, tomorrow, yesterday, else the date; the year only when it is another one."""
    distance = (moment.date() - now.date()).days
    named = {0: gettext("today"), 1: gettext("tomorrow"), -1: gettext("yesterday")}
    if distance in named:
        return named[distance]
    pattern = pgettext("date without year", "l j F") if moment.year == now.year else pgettext("date", "l j F Y")
    return format_date(moment, pattern)


def _element(moment: datetime, text: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="seconds"), text)


def _local(moment: datetime, zone: zoneinfo.ZoneInfo | None) -> datetime:
    return moment.astimezone(zone or timezone.get_current_timezone())


@register.simple_tag
def when(moment: datetime | None, zone: zoneinfo.ZoneInfo | None = None, seconds: bool = False) -> str:
    """A `<time>` with day and time of day in `zone` (a course's), without the zone's name; empty for no moment."""
    if moment is None:
        return ""
    return _element(_local(moment, zone), day_and_time(moment, zone, seconds))


def day_and_time(moment: datetime, zone: zoneinfo.ZoneInfo | None = None, seconds: bool = False) -> str:
    """The same as plain text."""
    local = _local(moment, zone)
    day = _day(local, _local(timezone.now(), zone))
    time = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    return pgettext("moment", "%(day)s, %(time)s") % {"day": day, "time": time}


@register.simple_tag
def when_zoned(moment: datetime | None, zone: zoneinfo.ZoneInfo) -> str:
    """The same with the zone's name, as every deadline shows it: "Friday 12 September, 23:59 (Paris)"."""
    return format_html("{} ({})", when(moment, zone), zone_name(zone)) if moment else ""


@register.simple_tag
def when_short(moment: datetime | None, zone: zoneinfo.ZoneInfo | None = None) -> str:
    """For tables: "12 Sep 2026, 23:59:41"."""
    if moment is None:
        return ""
    local = _local(moment, zone)
    return _element(local, format_date(local, pgettext("short moment", "j M Y, H:i:s")))
