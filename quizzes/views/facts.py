"""Words of the staff's pages for what happened to an attempt: facts, no judgement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, ngettext

from quizzes.models import AttemptEvent
from quizzes.views.words import duration

Kind = AttemptEvent.Kind


def facts(events: Mapping[str, int]) -> list[str]:
    """What the board says about an attempt beside its state: "page left 3 times"."""
    return [_counted(kind, events[kind]) for kind in _SHOWN if events.get(kind)]


_SHOWN = (
    *(Kind.DEVICE, Kind.FOCUS_LOST, Kind.OFFLINE, Kind.CONFLICT, Kind.LATE),
    *(Kind.EXTENDED, Kind.PAUSED, Kind.REOPENED),
)


def _counted(kind: str, n: int) -> str:
    return {
        Kind.DEVICE: ngettext("another device %(n)d time", "another device %(n)d times", n),
        Kind.FOCUS_LOST: ngettext("page left %(n)d time", "page left %(n)d times", n),
        Kind.OFFLINE: ngettext("%(n)d loss of connection", "%(n)d losses of connection", n),
        Kind.CONFLICT: ngettext("%(n)d answer changed in two windows", "%(n)d answers changed in two windows", n),
        Kind.LATE: ngettext("%(n)d answer came too late", "%(n)d answers came too late", n),
        Kind.EXTENDED: ngettext("time changed %(n)d time", "time changed %(n)d times", n),
        Kind.PAUSED: ngettext("paused %(n)d time", "paused %(n)d times", n),
        Kind.REOPENED: ngettext("opened again %(n)d time", "opened again %(n)d times", n),
    }[Kind(kind)] % {"n": n}


def told(event: AttemptEvent) -> str:
    """What one line of the log says beside the event's kind."""
    detail: Mapping[str, Any] = event.detail if isinstance(event.detail, dict) else {}
    kind = event.kind
    if kind == Kind.DEVICE:
        return gettext("before: %(before)s; now: %(now)s") % {
            "before": _device(detail.get("before")),
            "now": _device(detail.get("now")),
        }
    if kind in (Kind.STARTED, Kind.OPENED):
        return _device(detail.get("facts"))
    if kind in (Kind.EXTENDED, Kind.REOPENED):
        return _time(detail.get("seconds"), kind == Kind.EXTENDED)
    if kind in (Kind.PAUSED, Kind.RESUMED) and isinstance(left := detail.get("left"), int | float):
        return gettext("%(time)s left") % {"time": duration(left)}
    if kind == Kind.RESCORED:
        return f"{detail.get('old')} → {detail.get('new')}"
    if kind in (Kind.CONFLICT, Kind.LATE):
        return gettext("question %(key)s") % {"key": str(detail.get("key", ""))[:8]}
    return ""


def _device(found: Any) -> str:
    if not isinstance(found, dict):
        return ""
    return ", ".join(str(found[name])[:200] for name in ("address", "browser") if found.get(name))


def _time(seconds: Any, signed: bool) -> str:
    if not isinstance(seconds, int | float):
        return gettext("without a time limit")
    sign = ("+" if seconds >= 0 else "−") if signed else ""
    return f"{sign}{duration(abs(seconds))}"
