"""Every address of the site, from the resolver itself: what is added there is in every test that goes by this list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import URLResolver, get_resolver

TABLE = Path(__file__).resolve().parent / "platform" / "roles.txt"
# The query of pages that show nothing without one.
QUERIES = {"diff": "?a={submission}&b={waiting}", "home": "?all"}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


class NoValue(LookupError):
    """An address has a parameter of which the world knows no value; the text says what to add."""


@dataclass(frozen=True)
class Address:
    name: str  # with its namespace; of one without a name, the namespace and the last part of its route
    route: str  # as the resolver has it

    def path(self, values: Mapping[str, Any]) -> str:
        """The address with `values` filled in; `MODEL.object_id` is the admin's object. Raises NoValue."""

        def value(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            parts = self.route.split("/")
            if name == "object_id" and "<" not in parts[2]:
                name = f"{parts[1]}.{parts[2]}"
            if name not in values:
                raise NoValue(f"{self.name}: add a value for {name!r} to `values` in tests/world.py")
            return str(values[name])

        query = QUERIES.get(self.name, "").format(**values)
        return "/" + PARAMETER.sub(value, self.route).replace("^", "").replace("$", "") + query


def every_address() -> list[Address]:
    """All that the site answers; of two patterns with one name, both."""
    return list(_walk(get_resolver().url_patterns, "", ""))


def _walk(patterns: Any, route: str, namespace: str) -> Iterator[Address]:
    for pattern in patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(
                pattern.url_patterns, here, namespace + (f"{pattern.namespace}:" if pattern.namespace else "")
            )
        else:
            yield Address(namespace + (pattern.name or str(pattern.pattern)), here)


def read_table() -> tuple[list[str], dict[tuple[str, str], list[str]]]:
    """`roles.txt`: the parts that people have, and the outcome for each of them by an address's name and method."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    (_name, _method, *parts), *rows = lines
    table: dict[tuple[str, str], list[str]] = {}
    for name, methods, *cells in rows:
        assert len(cells) == len(parts), f"roles.txt: {name} needs {len(parts)} outcomes, one for each of {parts}"
        for place, method in enumerate(methods.split("/")):
            assert (name, method) not in table, f"roles.txt: {name} {method} stands there twice"
            table[name, method] = [cell.split("/")[place] for cell in cells]
    return parts, table
