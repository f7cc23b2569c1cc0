"""Messages over the broker. Each is JSON; the receiver checks every field, since the other side may be hostile.

site    -> grade.*  Job          one run to grade, one exercise version to list, or one exercise to check
grader  -> record   Beat         "started", then every 15 s while it grades
grader  -> record   Report       the outcome of one attempt
grader  -> record   NodeHello    every 10 s: what this node is and can do
"""

from __future__ import annotations

import dataclasses
import json
import typing
from dataclasses import dataclass
from typing import Any, Self

SCHEMA = 1
MAX_MESSAGE_BYTES = 2 << 20  # a report past this size is cut by the grader and refused by the recorder


class BadMessage(ValueError):
    """A message that does not have the agreed form. The text says which field and why."""


def _check(name: str, value: object, hint: Any) -> object:
    origin = typing.get_origin(hint) or hint
    if origin is float and type(value) is int:
        return float(value)
    if origin is tuple:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise BadMessage(f"{name}: a list of strings is needed")
        return tuple(value)
    if type(value) is not origin:  # exact: a bool is no int
        raise BadMessage(f"{name}: {origin.__name__} is needed, got {type(value).__name__}")
    return value


@dataclass(frozen=True)
class Message:
    """Base of all messages: to and from plain dictionaries, with a check of names and types."""

    schema: int  # version of this form; a receiver refuses another

    def to_dict(self) -> dict[str, Any]:
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Build the message from `data`. Raises BadMessage when a field is missing, unknown or of a wrong type."""
        if type(data) is not dict:
            raise BadMessage("a message must be an object")
        hints = typing.get_type_hints(cls)
        if set(data) != set(hints):
            raise BadMessage(f"fields differ: {sorted(set(data) ^ set(hints))[:5]}")
        if data["schema"] != SCHEMA:
            raise BadMessage(f"schema {data['schema']!r} is not {SCHEMA}")
        if len(json.dumps(data)) > MAX_MESSAGE_BYTES:
            raise BadMessage("the message is too large")
        values: dict[str, Any] = {name: _check(name, data[name], hint) for name, hint in hints.items()}
        return cls(**values)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Job(Message):
    run: str  # id of the run (a UUID's text)
    attempt: int  # 1, 2 or 3
    token: str  # signed by the site over (run, attempt); echoed in beats and the report
    # "list": read the tests' manifest; "check": what `python -m workers check` does; "public": public tests only;
    # "submit", "regrade": all tests
    purpose: str
    version: str  # sha256 of the exercise's folder: names the bundle in the broker and in the node's cache
    source: str  # the student's text; empty for "list" and "check"
    seed: int  # 0 <= seed < 2**63: the run's random numbers
    lease_until: float  # seconds since the epoch by the site's clock; a grader drops a job that it reads later


@dataclass(frozen=True)
class Beat(Message):
    run: str
    attempt: int
    token: str
    worker: str  # name of the node


@dataclass(frozen=True)
class Report(Message):
    run: str
    attempt: int
    token: str
    worker: str  # name of the node
    outcome: (
        str  # "report": `report` holds the result; "bundle": the exercise's bundle was not in the broker, send again
    )
    # What `python -m workers grade --json` prints; for "list" the manifest, for "check" what `check --json` prints.
    report: dict[str, Any]


@dataclass(frozen=True)
class NodeHello(Message):
    worker: str  # name of the node
    queues: tuple[str, ...]  # queues that it consumes
    slots: int  # grades at the same time
    sandbox: str  # "FULL", "REDUCED" or "NONE: why"
    devices: tuple[str, ...]  # "cpu", "gpu:NVIDIA T4", …
    runtimes: tuple[str, ...]  # modules that its runtimes can import: "numpy", "torch", …
