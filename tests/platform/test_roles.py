"""Who may open what: every address of the site × every part that a person can have in a course.

The expectation is `roles.txt`. What every address speaks of belongs to Bob, a student of Alice's course.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.addresses import Address, every_address, read_table
from tests.world import World, build

# Pages of libraries, which take any method for GET: of the admin, of sign-in, the description of the API.
ANY_METHOD = ("admin:", "account_", "mfa_", "api:openapi", "api:api-root")
METHODS = ("GET", "POST", "PUT", "DELETE")
ADDRESSES: dict[str, list[Address]] = {}
for _address in every_address():
    ADDRESSES.setdefault(_address.name, []).append(_address)

# What is sent instead of nothing, where nothing would be refused before anybody asks who it is.
REGRADE = {"action": "start", "kind": "rerun", "reason": "a test was wrong"}
JSON = "application/json"
BODIES: dict[tuple[str, str], Any] = {
    ("submit", "POST"): {"source": "a = 1\n", "key": "k"},
    ("draft", "PUT"): json.dumps({"source": "a = 1\n"}),
    ("comment", "POST"): {"text": "Good."},
    ("comment-answer", "POST"): {"text": "Thank you."},
    ("regrade", "POST"): REGRADE,
    ("language", "POST"): {"language": "fr"},
    ("gradebook-cell", "POST"): {"action": "lock"},
    ("gradebook-column", "POST"): {"action": "lock"},
    ("quiz-board", "POST"): {"action": "announce", "text": "Ten minutes."},
    ("quiz-codes", "POST"): {"action": "revoke"},
    ("quiz-overrides", "POST"): {"action": "save"},
    ("api:create_submission", "POST"): {"source": "a = 1\n"},
    ("api:put_draft", "PUT"): {"source": "a = 1\n"},
    ("api:put_answer", "PUT"): {"response": "b", "sequence": 9},
    ("api:next_question", "POST"): {"key": "q1"},
    ("api:post_event", "POST"): {"kind": "opened"},
}
PARTS, EXPECTED = read_table()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for all cells, in a transaction that is taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(world: World, django_db_blocker: Any) -> dict[str, Client]:
    """A browser for each part."""
    found = {part: Client() for part in PARTS}
    with django_db_blocker.unblock():
        for part in PARTS[1:]:
            found[part].force_login(world.people[part])
    return found


def ask(client: Client, name: str, method: str, path: str, world: World) -> str:
    """The outcome of a request, which changes nothing that the next cell could see."""
    body = BODIES.get((name, method))
    words: dict[str, Any] = {"data": body} if body else {}
    if method != "GET" and (name.startswith("api:") or isinstance(body, str)):
        words["content_type"] = JSON
    session = dict(client.cookies)
    with transaction.atomic():
        response = getattr(client, method.lower())(path, **words)
        transaction.set_rollback(True)
    if response.streaming:
        list(response.streaming_content)  # to its end, where it closes its file
    client.cookies.clear()  # a sign-out, a chosen language
    client.cookies.update(session)
    return outcome(response)


def outcome(response: Any) -> str:
    """The words of the table: `in`, `door`, `none`, `go`; else the status."""
    if response.status_code not in (301, 302, 303):
        return str(response.status_code)
    for word, page in (("in", "account_login"), ("door", "admin:login")):
        if response["Location"].startswith(reverse(page)):
            return word
    return "none" if response["Location"] == reverse("admin:index") else "go"


def test_it_works() -> None:
    assert PARTS[:2] == ["anonymous", "student"] and len(PARTS) == 8


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_everybody_gets_what_the_table_says(
    name: str, world: World, clients: dict[str, Client], django_db_blocker: Any
) -> None:
    methods = [method for method in METHODS if (name, method) in EXPECTED]
    assert methods, (
        f"The address {name!r} ({ADDRESSES[name][0].route}) is new: add a line to tests/platform/roles.txt that says "
        "for each part what GET and POST (or the methods that it takes) give."
    )
    with django_db_blocker.unblock():
        for address in ADDRESSES[name]:
            path = address.path(world.values)
            for method in methods:
                got = [ask(clients[part], name, method, path, world) for part in PARTS]
                differ = [
                    f"{part}: {is_} instead of {should}"
                    for part, is_, should in zip(PARTS, got, EXPECTED[name, method], strict=True)
                    if is_ != should
                ]
                assert not differ, f"{method} {path}: {'; '.join(differ)}"


def test_other_methods_are_refused(world: World, clients: dict[str, Client], django_db_blocker: Any) -> None:
    """What is not in the table is answered with 405."""
    taken: dict[str, set[str]] = {}
    for name, method in EXPECTED:
        for address in ADDRESSES.get(name, ()):
            taken.setdefault(address.route, set()).add(method)
    listed = {name for name, _method in EXPECTED}
    with django_db_blocker.unblock():
        for name in sorted(listed & set(ADDRESSES)):
            for address in () if name.startswith(ANY_METHOD) else ADDRESSES[name]:
                for method in set(METHODS) - taken.get(address.route, set()):
                    path = address.path(world.values)
                    got = ask(clients["superuser"], name, method, path, world)
                    assert got == "405", f"{method} {path}: {got}: give it a line in roles.txt if it is meant"


def test_every_line_has_an_address() -> None:
    gone = sorted({name for name, _method in EXPECTED} - set(ADDRESSES))
    assert not gone, f"roles.txt has lines of addresses that are no more: {', '.join(gone)}"
