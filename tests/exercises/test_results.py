"""The wall between hidden tests and students, and sentences in the reader's language."""

from __future__ import annotations

import json
from typing import Any

from django.utils import translation

from exercises import actions
from exercises.results import student_view, translate
from tests.conftest import make_report


def test_it_works(assignment: Any, bob: Any, graded: Any) -> None:
    submission = graded(actions.submit(assignment, bob, "a = 1"))
    view = student_view(submission.run)
    assert (view["status"], view["score"], view["verdict"]) == ("graded", 10, "passed")


def test_nothing_of_a_hidden_test_gets_through(assignment: Any, bob: Any, graded: Any) -> None:
    submission = actions.submit(assignment, bob, "a = 1")
    report = make_report(submission.run.version, {"adds hidden numbers": "memory"}, seed=424242, seconds=77.25)
    hidden = next(test for test in report["tests"] if not test["public"])
    hidden |= {
        "message": "MARK",
        "input": "MARK",
        "output": "MARK",
        "staff": "MARK",
        "seconds": 77.25,
        "sentences": [{"template": "MARK", "values": {}}],
        "difference": {"where": "MARK", "got": "MARK", "expected": "MARK", "different": 1, "total": 1},
        "hint": {"en": "MARK", "fr": "MARK"},
        "series": [{"name": "MARK", "x": None, "y": [1.0]}],
    }
    report |= {"staff": "MARK", "message": "MARK"}
    graded(submission, report)
    text = json.dumps(student_view(submission.run))
    assert "MARK" not in text
    assert "77.25" not in text
    assert "424242" not in text
    assert "memory" not in text
    assert "Think of negatives." in text


def test_how_hidden_tests_failed_is_not_told_by_the_runs_verdict(assignment: Any, bob: Any, graded: Any) -> None:
    submission = actions.submit(assignment, bob, "a = 1")
    verdicts = {"adds small numbers": "failed", "adds hidden numbers": "timeout"}
    report = make_report(submission.run.version, verdicts, verdict="timeout")
    assert student_view(graded(submission, report).run)["verdict"] == "failed"


def test_sentences_are_translated_and_cannot_be_bombs() -> None:
    words = {"template": "{en}", "values": {"en": "Look at {x}.", "fr": "Regardez {x}."}}
    with translation.override("fr"):
        assert translate([words]) == "Regardez {x}."
    with translation.override("en"):
        assert translate([{"template": "{a:>999999999} {b} {c.x}", "values": {"b": 1}}]) == "{a:>999999999} 1 {c.x}"
        assert translate([{"template": "", "values": {}}]) == ""


def test_a_tests_name_is_shown_in_the_readers_language(assignment: Any, bob: Any, graded: Any) -> None:
    version = assignment.version
    version.manifest["tests"][0]["title"] = {"fr": "ajoute de petits nombres"}
    version.save()
    submission = graded(actions.submit(assignment, bob, "a = 1"))
    with translation.override("fr"):
        titles = [test["title"] for test in student_view(submission.run)["tests"]]
    assert titles == ["ajoute de petits nombres", "adds hidden numbers"]
