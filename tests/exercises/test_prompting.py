"""Prompt exercises: the wall before hidden rows, and the pages of a student who writes a prompt."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from exercises import actions
from exercises.models import Assignment, Node, Run, Submission
from exercises.prompting import estimated_tokens
from exercises.results import student_view, summary
from tests.exercises.prompt_site import HIDDEN, PUBLIC, call, make_assignment, make_report, rejected, row

TEMPLATE = "Is it odd or even? {input}"
EXERCISE = "/c/course/e/odd-even/"


@pytest.fixture
def assignment(course: Any) -> Any:
    return make_assignment(course)


@pytest.fixture
def submission(assignment: Any, bob: Any) -> Any:
    return actions.submit(assignment, bob, TEMPLATE)


def page(client: Any, user: Any, path: str) -> str:
    client.force_login(user)
    response = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def view_of(submission: Any, report: dict[str, Any]) -> dict[str, Any]:
    """The student's view of a report that is stored as it is: not even the recorder has looked at it."""
    Run.objects.filter(pk=submission.run_id).update(state="graded", score=0, max_score=10, report=report)
    submission.run.refresh_from_db()
    return student_view(submission.run)


# ---- The wall --------------------------------------------------------------------------------------------


def test_it_works(submission: Any, graded: Any) -> None:
    view = student_view(graded(submission, make_report(submission.run.version)).run)
    shown, hidden = view["tests"]
    (told,) = shown["calls"]
    assert [(r["row"], r["output"], r["right"], r["expected"]) for r in told["rows"]] == [
        ("7", "odd", True, "'odd'"),
        ("8", "<b>It is</b>", False, "'even'"),
    ]
    assert hidden["checks"] == [{"check": "labels", "right": 24, "total": 32, "needed": 28}]
    assert (view["prompt"]["tokens"], view["prompt"]["max_tokens"]) == (57, 120)
    assert view["prompt"]["models"][0]["config"] == {"do_sample": False, "num_beams": 1}


def test_no_hidden_row_and_no_time_gets_through(submission: Any, graded: Any) -> None:
    text = json.dumps(student_view(graded(submission, make_report(submission.run.version)).run))
    assert "SECRET" not in text
    assert "77.25" not in text


@pytest.mark.parametrize(
    "forged",
    [
        {"test": HIDDEN, "public": True},
        {"test": HIDDEN, "public": 1},
        {"test": "", "public": True},
        {"test": "no test of this exercise", "public": True},
        {"test": [PUBLIC], "public": True},
        {"test": PUBLIC, "public": False},
        {"test": PUBLIC, "public": "true"},
        {"test": PUBLIC, "public": 1},
    ],
)
def test_a_forged_call_shows_no_row(submission: Any, forged: dict[str, Any]) -> None:
    calls = [call(PUBLIC, True, [row("7", "odd")]), call(HIDDEN, False, [row("SECRET", "SECRET")]) | forged]
    text = json.dumps(view_of(submission, make_report(submission.run.version, completions=calls)))
    assert "SECRET" not in text
    assert '"row": "7"' in text


def test_what_stands_beside_the_known_keys_is_left_out(submission: Any) -> None:
    report = make_report(submission.run.version)
    report["prompt"] |= {"note": "SECRET", "tokens": "SECRET"}
    report["prompt"]["models"] = [{"role": ["SECRET"], "config": {"a": ["SECRET"]}, "note": "SECRET"}]
    report["completions"][0] |= {"note": "SECRET", "seconds": "SECRET"}
    report["completions"][0]["rows"][0] |= {"note": "SECRET", "cached": "SECRET", "finish": "SECRET"}
    for test in report["tests"]:
        marks = [{"right": False, "expected": "SECRET", "row": "SECRET"}] * 32
        test["checks"] = [{"check": "labels", "right": 1, "total": 32, "needed": 28, "marks": marks, "note": "SECRET"}]
    view = view_of(submission, report)
    assert "SECRET" not in json.dumps(view)
    assert view["prompt"]["tokens"] == 0
    assert [test["checks"][0]["right"] for test in view["tests"]] == [1, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"completions": None, "prompt": None},
        {"completions": "all", "prompt": [1]},
        {"completions": [1, None, {"test": PUBLIC, "public": True, "rows": 5}], "prompt": {"models": 7}},
        {"completions": [{"test": PUBLIC, "public": True, "rows": [None, {"row": 1, "output": {}}]}], "prompt": {}},
    ],
)
def test_a_malformed_report_breaks_no_page(
    client: Any, submission: Any, alice: Any, bob: Any, changes: dict[str, Any]
) -> None:
    report = make_report(submission.run.version, **changes)
    report["tests"][0]["checks"] = [3, {"check": "x"}, {"check": "x", "right": True, "total": 1, "needed": 1}]
    report["tests"][1]["checks"] = {"right": 9}
    view = view_of(submission, report)
    assert [test["checks"] for test in view["tests"]] == [[], []]
    for user in (alice, bob):
        assert "mark" in page(client, user, f"/s/{submission.pk}/")


def test_marks_go_to_rows_only_where_one_call_can_be_meant(submission: Any) -> None:
    report = make_report(submission.run.version)
    report["completions"].append(call(PUBLIC, True, [row("7", "even"), row("8", "odd")]))
    shown = view_of(submission, report)["tests"][0]
    assert [r["right"] for c in shown["calls"] for r in c["rows"]] == [None] * 4


def test_code_exercises_have_no_prompt(exercise: Any) -> None:
    assert "prompt" not in student_view(Run(version=exercise.published, state="queued"))


# ---- The pages -------------------------------------------------------------------------------------------


def test_the_editor_says_the_limits(client: Any, assignment: Any, bob: Any) -> None:
    text = page(client, bob, EXERCISE)
    for words in ("<code>{input}</code>", "120 tokens", "a small chat model", "Try it on the example rows"):
        assert words in text
    for words in ("An answer has 3 tokens at most", r"<code>\n</code>", "(an estimate)", "a run counts them exactly"):
        assert words in text
    assert 'data-language="text"' in text


def test_after_a_run_the_exact_count_is_shown(client: Any, submission: Any, bob: Any, graded: Any) -> None:
    graded(submission, make_report(submission.run.version))
    assert "57 tokens in your last run (counted)" in page(client, bob, EXERCISE)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("{input}", 0), ("abcd{input}", 1), ("abcde{input}{input}", 2)])
def test_the_estimate_leaves_the_placeholder_out(text: str, tokens: int) -> None:
    assert estimated_tokens(text, "{input}") == tokens


def test_the_result_shows_outputs_as_text(client: Any, submission: Any, bob: Any, graded: Any) -> None:
    graded(submission, make_report(submission.run.version))
    text = page(client, bob, f"/s/{submission.pk}/")
    for words in ("&lt;b&gt;It is&lt;/b&gt;", "&#x27;even&#x27;", "not as asked", "24 of 32 right, 28 needed"):
        assert words in text
    assert "<b>It is" not in text
    assert "SECRET" not in text
    assert "SmolLM2-135M-Instruct" in text
    assert "do_sample" in text


def test_a_trial_shows_the_example_rows_and_counts_for_nothing(
    client: Any, assignment: Any, bob: Any, graded: Any
) -> None:
    trial = actions.submit(assignment, bob, TEMPLATE, public_only=True)
    graded(trial, make_report(trial.run.version, public_only=True))
    text = page(client, bob, f"/s/{trial.pk}/")
    assert "Only the example rows were tried" in text
    assert "&lt;b&gt;It is" in text
    assert "Examples 1" in text
    assert "Examples 1" in page(client, bob, f"{EXERCISE}history")


def test_the_staff_sees_hidden_completions(client: Any, submission: Any, alice: Any, bob: Any, graded: Any) -> None:
    graded(submission, make_report(submission.run.version))
    assert "SECRET-31" in page(client, alice, f"/s/{submission.pk}/")
    own = f"/s/{submission.pk}/"
    for address in (own, f"{own}status", f"/api/submissions/{submission.pk}", EXERCISE):
        assert "SECRET" not in page(client, bob, address)


def test_a_rejected_prompt_says_why(client: Any, submission: Any, bob: Any, graded: Any) -> None:
    graded(submission, rejected(submission.run.version))
    text = page(client, bob, f"/s/{submission.pk}/")
    assert "Your prompt cannot be used" in text
    assert "does not hold {input}" in text
    assert "could not be loaded" not in text
    assert summary(student_view(submission.run)) == "Your prompt cannot be used, so no test ran."


def test_without_a_model_it_waits_for_one(client: Any, submission: Any, alice: Any, bob: Any) -> None:
    Node.objects.create(name="n", queues=["grade.cpu"], slots=1, sandbox="FULL", seen_at=timezone.now())
    text = page(client, bob, f"/s/{submission.pk}/")
    assert "Waiting for a node with a language model" in text
    assert "grade.llm" not in text
    assert "grade.llm" in page(client, alice, f"/s/{submission.pk}/")
    assert "No node with a language model is there now" in page(client, bob, EXERCISE)


def node_with(*runtimes: str) -> None:
    now = timezone.now()
    Node.objects.create(name="n7", queues=["grade.llm"], slots=1, sandbox="FULL", runtimes=runtimes, seen_at=now)


def test_a_node_without_the_right_model_is_named_to_the_staff(
    client: Any, submission: Any, alice: Any, bob: Any
) -> None:
    node_with("model:base")
    assert "Waiting for a node with a language model" in page(client, bob, f"/s/{submission.pk}/")
    for address in (f"/s/{submission.pk}/", EXERCISE):
        assert "n7 takes jobs from grade.llm, but has no model for the role chat." in page(client, alice, address)


def test_with_a_model_it_waits_its_turn(client: Any, submission: Any, bob: Any) -> None:
    node_with("model:chat")
    assert "Next in the queue" in page(client, bob, f"/s/{submission.pk}/")
    Run.objects.filter(pk=submission.run_id).update(state="running")
    assert "row by row" in page(client, bob, f"/s/{submission.pk}/status")
    assert "No node with a language model" not in page(client, bob, EXERCISE)


def test_a_text_file_is_handed_in_and_the_api_tells_the_same(
    client: Any, assignment: Any, bob: Any, graded: Any
) -> None:
    client.force_login(bob)
    sent = SimpleUploadedFile("prompt.txt", b"From a file: {input}\r\n")
    assert client.post(f"{EXERCISE}submit", {"source": "", "upload": sent, "key": "k"}).status_code == 303
    found = Submission.objects.get()
    assert found.source == "From a file: {input}\n"
    graded(found, make_report(found.run.version))
    body = client.get(f"/api/submissions/{found.pk}").json()
    assert body["prompt"]["tokens"] == 57
    assert body["tests"][0]["calls"][0]["rows"][1]["output"] == "<b>It is</b>"
    (described,) = client.get("/api/courses/course/assignments").json()
    assert described["prompt"]["placeholder"] == "{input}"


def test_a_refused_prompt_keeps_its_size(client: Any, assignment: Any, bob: Any) -> None:
    client.force_login(bob)
    Assignment.objects.update(due_at=timezone.now() - datetime.timedelta(days=1))
    response = client.post(f"{EXERCISE}submit", {"source": "x" * 40, "key": "k"})
    assert response.status_code == 409
    assert "40 characters, about 10 of 120 tokens" in response.content.decode()
