"""The check on the admin's pages: started, followed, shown line by line."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exercises import actions, reports, tokens
from exercises.models import Exercise, ExerciseCheck, Run, RunState
from workers.jobs import SCHEMA, ExerciseFiles, Report

RESULT: dict[str, Any] = {
    "outcome": "failed",
    "why": "",
    "problems": [{"step": "reference", "file": "tests.py", "text": "test 'a' is flaky: <seed> 7"}],
    "warnings": [{"step": "folder", "file": "wrong/", "text": "there is no wrong solution"}],
    "steps": ["folder", "listing", "reference"],
    "tests": 2,
    "max_score": 10.0,
    "seeds": [1, 2, 3],
    "reference_passed": 2,
    "reference_seconds": 0.01,
    "starter_score": 0.0,
    "wrong": [
        {"file": "wrong/plus.py", "expected": "0/10", "got": "0/10 failed", "ok": True},
        {"file": "wrong/minus.py", "expected": "0/10", "got": "4/10 partial", "ok": False},
    ],
    "mutants": {
        "total": 8,
        "killed": 7,
        "strength": 0.875,
        "needed": 0.95,
        "survivors": [
            {"id": "solution.py:2: a + b -> a - b", "diff": "-    return a + b\n+    return a - b"} | {"reason": ""}
        ],
        "equivalent": [],
    },
    "seconds": 2.5,
}


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def page(exercise: Any, name: str = "check") -> str:
    return reverse(f"admin:exercises_exercise_{name}", args=[exercise.pk])


def arrive(check: ExerciseCheck, **changes: Any) -> None:
    """A node's result arrives."""
    run = str(check.run.pk)
    Run.objects.filter(pk=run).update(state=RunState.RUNNING, attempt=1)
    body = RESULT | {"version": check.sha256} | changes
    sent = Report(SCHEMA, run, 1, tokens.make(run, 1), "node-1", "report", body)
    assert reports.record_report(sent.to_dict()) == "checked"


def test_it_works(teacher: Client, exercise: Exercise) -> None:
    assert "not been checked yet" in teacher.get(page(exercise)).content.decode()
    assert teacher.post(page(exercise)).url == page(exercise)
    check = exercise.checks.get()
    content = teacher.get(page(exercise)).content.decode()
    assert f'data-poll-url="{page(exercise, "check_state")}"' in content
    assert "No grading node takes such work" in content
    state = teacher.get(page(exercise, "check_state"))
    assert int(state["X-Poll-After"]) > 0 and "no-store" in state["Cache-Control"]
    arrive(check)
    state = teacher.get(page(exercise, "check_state"))
    content = state.content.decode()
    assert "X-Poll-After" not in state and "data-poll-url" not in teacher.get(page(exercise)).content.decode()
    assert "does not hold" in content and "test &#x27;a&#x27; is flaky: &lt;seed&gt; 7" in content
    assert "87.5 %" in content and '<span class="gd">-    return a + b</span>' in content
    assert "full marks in 2 of 3 runs" in content and "node-1" in content
    assert content.index("wrong/minus.py") < content.index("wrong/plus.py")  # what is not as expected comes first
    assert "have been changed since" not in content


def test_saving_and_checking_in_one_go(teacher: Client, exercise: Exercise) -> None:
    context = teacher.get(page(exercise, "change")).context
    form = context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields if name not in ("remove", "upload")}
    formset = context["inline_admin_formsets"][0].formset
    for part in (formset.management_form, *formset.forms):
        data |= {part.add_prefix(name): part[name].value() or "" for name in part.fields if name != "DELETE"}
    response = teacher.post(
        page(exercise, "change"), data | {"solution": "def add(a, b):\n    return b + a\n", "_check": "1"}
    )
    assert response.url == page(exercise)
    assert exercise.checks.get().sha256 == exercise.read_files().version
    assert b"b + a" in exercise.read_files().files["solution.py"]
    assert exercise.versions.count() == 1


def test_a_result_of_older_files_says_so(teacher: Client, exercise: Exercise) -> None:
    teacher.post(page(exercise))
    arrive(exercise.checks.get())
    actions.save_files(exercise, ExerciseFiles(exercise.read_files().files | {"data/x": b"1"}))
    assert "have been changed since" in teacher.get(page(exercise)).content.decode()


def test_what_the_node_lacks_is_named(teacher: Client, exercise: Exercise) -> None:
    teacher.post(page(exercise))
    arrive(exercise.checks.get(), outcome="not checked", why="it needs a GPU, and this node has none", problems=[])
    assert "it needs a GPU, and this node has none" in teacher.get(page(exercise)).content.decode()


def test_nodes_that_failed_are_not_the_exercise_s_fault(teacher: Client, exercise: Exercise) -> None:
    teacher.post(page(exercise))
    Run.objects.filter(gate__exercise=exercise).update(state=RunState.JUDGE_FAILED, fault="no <namespaces>")
    content = teacher.get(page(exercise)).content.decode()
    assert "could not be checked" in content and "no &lt;namespaces&gt;" in content


def test_french(teacher: Client, exercise: Exercise, alice: Any) -> None:
    teacher.post(page(exercise))
    arrive(exercise.checks.get(), outcome="held", problems=[])
    assert teacher.get(page(exercise), headers={"accept-language": "fr"}).status_code == 200


def test_outsiders(client: Client, exercise: Exercise, bob: Any, charlie: Any, other_course: Any) -> None:
    from courses.models import Enrolment

    for person in (bob, charlie):
        client.force_login(person)
        assert client.post(page(exercise)).status_code in (302, 404)
    Enrolment.objects.filter(user=charlie).update(role="instructor")
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    for name in ("check", "check_state", "duplicate", "archive"):
        assert client.post(page(exercise, name)).status_code == 302  # "does not exist", back to the list
    assert not ExerciseCheck.objects.exists() and Exercise.objects.count() == 1


def test_an_exercise_with_checks_can_be_deleted(teacher: Client, course: Any) -> None:
    fresh = Exercise.objects.create(course=course, slug="fresh")
    actions.save_files(fresh, ExerciseFiles({"exercise.toml": b"x"}))
    teacher.post(page(fresh))
    assert teacher.post(page(fresh, "delete"), {"post": "yes"}).status_code == 302
    assert not Exercise.objects.filter(pk=fresh.pk).exists() and not Run.objects.exists()
