"""The check of an exercise on a real node: it comes back with its result, also when the node dies under it."""

from __future__ import annotations

from typing import Any

import pytest

from exercises import actions, checks
from exercises.models import ExerciseCheck, Run, RunState
from workers.jobs import ExerciseFiles

pytestmark = [
    pytest.mark.faults,
    pytest.mark.sandbox,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(240),
]


def state(check: ExerciseCheck) -> Run:
    return Run.objects.get(gate=check)


def test_it_works(installation: Any, exercise: Any, alice: Any) -> None:
    """A draft that nobody has published, with a wrong solution that gets more than its first line says."""
    installation.start()
    files = exercise.read_files().files | {"wrong/plus.py": b"# expect: 0/10\ndef add(a, b):\n    return a + b\n"}
    actions.save_files(exercise, ExerciseFiles(files))
    check = checks.start_check(exercise, alice)
    installation.wait(lambda: state(check).state == RunState.GRADED, "the check has its result", 120)
    check.refresh_from_db()
    assert check.outcome == "failed"
    assert {line["file"]: line["ok"] for line in check.result["wrong"]} == {
        "wrong/minus.py": True,
        "wrong/plus.py": False,
    }
    assert state(check).attempt == 1


def test_a_node_that_dies_under_a_check(installation: Any, exercise: Any, alice: Any) -> None:
    installation.start()
    check = checks.start_check(exercise, alice)
    installation.wait(lambda: state(check).state == RunState.RUNNING, "the check runs")
    for child in installation.pool_children():
        child.kill()
    installation.wait(lambda: state(check).state == RunState.GRADED, "the check has its result", 180)
    check.refresh_from_db()
    assert check.outcome == "held" and state(check).attempt >= 2
