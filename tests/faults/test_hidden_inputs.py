"""Code that prints, returns, raises and writes the inputs of hidden tests, graded for real: its student sees none."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from exercises import actions
from exercises.models import Assignment, Run, RunState
from tests.exercises.test_views_hidden import addresses, body

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.django_db(transaction=True)]

MARK = "HIDDEN-INPUT-5731"
TESTS = f'''
from workers.testkit import assert_equal, record, test


@test("open", points=4, public=True)
def opened(solution, rng):
    assert_equal(solution.f("open"), "OPEN")


@test("hidden", points=3, hint={{"en": "Mind the case.", "fr": "Attention aux majuscules."}})
def hidden(solution, rng):
    record("curve", [573100.5])
    assert_equal(solution.f("{MARK}"), "{MARK}".upper() + "!")


@test("hidden too", points=3)
def hidden_too(solution, rng):
    assert_equal(solution.f("{MARK}-2"), "?")
'''
LEAKS = {
    "returns": "    return str(x)",
    "prints": "    print(x)\n    import sys\n    print(x, file=sys.stderr, flush=True)\n    return 'OPEN'",
    "raises": "    if x != 'open':\n        raise ValueError(x)\n    return 'OPEN'",
    "exits": "    if x != 'open':\n        raise SystemExit(x)\n    return 'OPEN'",
    "warns": "    import warnings\n    warnings.warn(x)\n    return 'OPEN'",
    "stores": (
        "    with open('/box/seen.txt', 'a') as file:\n        file.write(x)\n"
        "    with open('/box/seen.txt') as file:\n        print(file.read())\n    SEEN.append(x)\n"
        "    print(SEEN)\n    return SEEN[0]"
    ),
    "names": "    globals()[x] = 1\n    type(x, (Exception,), {})\n    raise type(x, (Exception,), {})(x)",
    "sleeps": "    import time\n    time.sleep(9 if x != 'open' else 0)",
}


def test_it_works(installation: Any, exercise: Any, assignment: Any, bob: Any, alice: Any) -> None:
    files = exercise.read_files()
    files.files["tests.py"] = TESTS.encode()
    files.files["solution.py"] = b"def f(x):\n    return {'open': 'OPEN'}.get(x, x.upper() + '!')\n"
    files.files["exercise.toml"] += b"[limits]\nseconds = 1\n"
    actions.save_files(exercise, files)
    version = actions.publish(exercise)
    installation.start()
    installation.wait(lambda: not Run.objects.filter(version=version, state__in=Run.OPEN).exists(), "it is listed")
    assignment = Assignment.objects.get(pk=assignment.pk)  # with the version that is published now
    assert assignment.version == version
    student, staff = Client(), Client()
    student.force_login(bob)
    staff.force_login(alice)
    seen_by_staff = 0
    for name, leak in LEAKS.items():
        submission = actions.submit(assignment, bob, f"SEEN = []\n\n\ndef f(x):\n{leak}\n")
        installation.wait(
            lambda pk=submission.run_id: Run.objects.filter(pk=pk, state=RunState.GRADED).exists(), f"{name} is graded"
        )
        for address in addresses(submission.pk):
            response = student.get(address)
            assert response.status_code == 200, address
            assert MARK.lower() not in body(response).lower(), (name, address)
            assert "573100.5" not in body(response), (name, address)
        seen_by_staff += MARK in body(staff.get(f"/s/{submission.pk}/"))
    assert seen_by_staff >= 3  # the marker did travel: staff reads it, so its absence above means something
