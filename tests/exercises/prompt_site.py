"""A published prompt exercise, and reports on it as a node with a small chat model sends them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

SPEC = """
title = { en = "Odd or even", fr = "Pair ou impair" }
kind = "prompt"
languages = ["en", "fr"]
[prompt]
model = "chat"
max_new_tokens = 3
max_prompt_tokens = 120
placeholder = "{input}"
stop = ["\\n"]
"""
TESTS_PY = """
from workers.testkit import test
from workers.testkit.texts import assert_labels

@test("the rows of the statement", points=2, public=True)
def shown(solution, rng):
    assert_labels(solution.complete(["7", "8"]), ["odd", "even"], ["odd", "even"], at_least=1, least_rows=2)

@test("rows that you do not see", points=8)
def hidden(solution, rng):
    assert_labels(solution.complete([str(n) for n in range(32)]), ["even", "odd"] * 16, ["odd", "even"], at_least=0.85)
"""
FILES = {
    "exercise.toml": SPEC.encode(),
    "statement.en.md": b"Write a prompt that says whether a number is `odd` or `even`.\n",
    "statement.fr.md": "Écrivez un prompt qui dit si un nombre est `odd` ou `even`.\n".encode(),
    "starter.txt": b"Number: {input}\n",
    "solution.txt": b"Number: 3\nodd\nNumber: {input}\n",
    "tests.py": TESTS_PY.encode(),
}
PUBLIC, HIDDEN = "the rows of the statement", "rows that you do not see"
MODEL = {
    "role": "chat",
    "model": "SmolLM2-135M-Instruct",
    "backend": "transformers",
    "weights": "b1" * 32,
    "template": "{% for message in messages %}{{ message.content }}{% endfor %}",
    "context": 8192,
    "config": {"do_sample": False, "num_beams": 1},
}


def make_assignment(course: Any) -> Any:
    """The exercise with its tests listed, given to the course, due in a week."""
    from exercises import actions
    from exercises.models import Assignment, Exercise, ExerciseVersion, Run
    from gradebook.models import GradeItem
    from workers.jobs import ExerciseFiles

    exercise = Exercise.objects.create(course=course, slug="odd-even")
    actions.save_files(exercise, ExerciseFiles(FILES))
    version = actions.publish(exercise)
    version.manifest, version.max_score, version.state = make_manifest(version), 10.0, ExerciseVersion.State.READY
    version.save()
    Run.objects.filter(version=version).delete()
    exercise.published = version
    exercise.save()
    names = {"title_en": "Odd or even", "title_fr": "Pair ou impair"}
    item = GradeItem.objects.create(course=course, slug="odd-even", max_points=Decimal(10), **names)
    due = timezone.now() + datetime.timedelta(days=7)
    return Assignment.objects.create(course=course, exercise=exercise, slug="odd-even", item=item, due_at=due)


def make_manifest(version: Any) -> dict[str, Any]:
    tests = [
        {"name": name, "points": points, "public": public, "timing": False, "hint": None, "title": None}
        for name, points, public in ((PUBLIC, 2.0, True), (HIDDEN, 8.0, False))
    ]
    facts = {"exercise": "odd-even", "version": version.sha256, "grading_version": version.grading_sha256}
    return facts | {"ok": True, "fault": "", "machine": False, "max_score": 10.0, "tests": tests}


def row(text: str, output: str, **changes: Any) -> dict[str, Any]:
    facts = {"row": text, "output": output, "uncut": "", "prompt_tokens": 21, "new_tokens": 2, "finish": "stop"}
    return facts | {"cached": False} | changes


def call(test: str, public: bool, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "test": test,
        "public": public,
        "model": "chat",
        "raw": False,
        "max_new_tokens": 3,
        "seconds": 77.25,
        "rows": rows,
    }


def _test(name: str, public: bool, points: float, passed: bool, check: dict[str, Any]) -> dict[str, Any]:
    values = {key: check[key] for key in ("right", "total", "needed")}
    told = [{"template": "{right} of {total} answers are as asked; {needed} are needed.", "values": values}]
    return {
        "name": name,
        "public": public,
        "verdict": "passed" if passed else "failed",
        "points": points if passed else 0.0,
        "max_points": points,
        "message": "" if passed else "some answers are not as asked",
        "sentences": [] if passed else told,
        "seconds": 1.5,
        "timing": None,
        "difference": None,
        "input": "complete(['7', '8'])",
        "output": "",
        "hint": None,
        "series": [],
        "staff": "",
        "checks": [check],
    }


def make_report(version: Any, public_only: bool = False, **changes: Any) -> dict[str, Any]:
    """One of two example rows is wrong; 24 of 32 hidden ones are right, 28 are needed."""
    marks = [{"right": True, "expected": "'odd'"}, {"right": False, "expected": "'even'"}]
    shown = {"check": "labels", "right": 1, "total": 2, "needed": 2, "marks": marks}
    unseen = {"check": "labels", "right": 24, "total": 32, "needed": 28}
    tests = [_test(PUBLIC, True, 2.0, False, shown), _test(HIDDEN, False, 8.0, False, unseen)]
    rows = [row("7", "odd"), row("8", "<b>It is</b>", uncut="<b>It is</b>\nodd", new_tokens=3, finish="length")]
    calls = [call(PUBLIC, True, rows), call(HIDDEN, False, [row(f"SECRET-{n}", "SECRET-out") for n in range(32)])]
    prompt = {"tokens": 57, "max_tokens": 120, "characters": 214, "max_new_tokens": 3, "rows": 34, "models": [MODEL]}
    prompt |= {"prompt_tokens": 700, "new_tokens": 69, "from_cache": 0, "seconds": 77.25}
    facts = {"exercise": "odd-even", "version": version.sha256, "grading_version": version.grading_sha256}
    report = facts | {
        "verdict": "failed",
        "score": 0.0,
        "max_score": 10.0,
        "seed": 1,
        "seconds": 77.25,
        "public_only": public_only,
        "message": "",
        "sentences": [],
        "tests": tests[:1] if public_only else tests,
        "output": "",
        "staff": "",
        "sandbox": {"level": "FULL", "machine_fault": False},
        "prompt": prompt,
        "completions": calls[:1] if public_only else calls,
    }
    return report | changes


def rejected(version: Any) -> dict[str, Any]:
    """The report on a prompt without a placeholder."""
    words = {
        "template": "Your prompt does not hold {placeholder}: each example is put in its place.",
        "values": {"placeholder": "{input}"},
    }
    report = make_report(version, verdict="rejected", completions=[], sentences=[words], message="no placeholder")
    report["prompt"] |= {"tokens": 0, "rows": 0, "prompt_tokens": 0, "new_tokens": 0, "models": []}
    report["tests"] = [test | {"verdict": "skipped", "sentences": [], "checks": []} for test in report["tests"]]
    return report
