"""What a person may see of a run. This is the wall between hidden tests and students: pages and API read only this.

Hidden inputs are visible to student code, so whatever hidden tests print, return, raise, record or how long they take
may carry them. Of a hidden test a student sees its name, passed or not, points, and its author's hint: nothing else.
The run's own verdict is computed from what the student may see, and no time of a graded run is shown.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language, gettext, ngettext

from exercises import imaging, prompting
from exercises.models import Run, RunState, localized
from workers.jobs.report import Sentence
from workers.jobs.sentences import in_language

SHARED = ("timeout", "memory", "crashed")


def translate(sentences: list[Sentence]) -> str:
    """The grader's sentences in the language of the page."""
    language = (get_language() or "en")[:2]
    # An empty msgid would give the catalogue's header.
    return " ".join(in_language(item, language, gettext) for item in sentences if item["template"])


def public_status(run: Run) -> str:
    """queued, running, graded, superseded or error: the words of the API."""
    words: dict[str, str] = {RunState.SENT: "running", RunState.JUDGE_FAILED: "error"}
    return words.get(run.state, str(run.state))


def _title(entry: dict[str, Any]) -> str:
    """The test's name in the language of the page. (Versions listed before titles existed have none.)"""
    return str((entry.get("title") or {}).get((get_language() or "en")[:2]) or entry["name"])


def _hidden(test: dict[str, Any], entry: dict[str, Any], ran: bool) -> dict[str, Any]:
    full = test["points"] >= entry["points"]
    shown = "passed" if full else "failed" if ran else "skipped"  # what did not load is no secret
    return {
        "name": entry["name"],
        "title": _title(entry),
        "public": False,
        "verdict": shown,
        "points": test["points"],
        "max_points": entry["points"],
        "message": None,
        "seconds": None,
        "timing": None,
        # From the manifest, not from the report: a report could carry hidden inputs in its hint.
        "hint": localized(entry["hint"]) if shown == "failed" and entry.get("hint") else None,
    }


def _public(test: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    helped = test["verdict"] in ("passed", "inconclusive", "skipped")
    return {
        "name": entry["name"],
        "title": _title(entry),
        "public": True,
        "verdict": test["verdict"],
        "points": test["points"],
        "max_points": entry["points"],
        "message": translate(test.get("sentences") or []) or str(test.get("message") or ""),
        "seconds": test.get("seconds"),
        "timing": test.get("timing"),
        "hint": None if helped or not entry.get("hint") else localized(entry["hint"]),
        "difference": test.get("difference"),
        "input": str(test.get("input") or ""),
        "output": str(test.get("output") or ""),
        "series": test.get("series") or [],
    }


def _verdict(run: Run, report: dict[str, Any], tests: list[dict[str, Any]]) -> str:
    """The run's verdict without what only hidden tests would tell: how they failed."""
    if report["verdict"] not in SHARED:
        return str(report["verdict"])
    shared = {test["verdict"] for test in tests if test["public"]}
    return str(report["verdict"]) if shared == {report["verdict"]} else "failed"


def student_view(run: Run) -> dict[str, Any]:
    """The result as its student sees it: the body of `GET /api/submissions/{id}` and the context of the result page."""
    view: dict[str, Any] = {
        "status": public_status(run),
        "score": None,
        "max_score": run.max_score if run.max_score is not None else run.version.max_score,
        "verdict": None,
        "message": "",
        "tests": [],
        "output": "",
    }
    of_prompt = prompting.spec_of(run.version) is not None
    of_image = imaging.spec_of(run.version) is not None
    if of_prompt:
        view["prompt"] = None
    if of_image:
        view["image"] = None
    report = run.report
    if run.state != RunState.GRADED or report is None or run.version.manifest is None:
        return view
    rejected = report["verdict"] == "rejected"
    by_name = {test["name"]: test for test in report["tests"]}
    tests = []
    for entry in run.version.manifest["tests"]:
        test = by_name.get(entry["name"])
        if test is not None:
            tests.append(_public(test, entry) if entry["public"] else _hidden(test, entry, not rejected))
    if of_prompt:
        view |= prompting.student_part(report, tests)
    if of_image:
        view |= imaging.student_part(report, tests)
    return view | {
        "score": run.score,
        "verdict": _verdict(run, report, tests),
        # Only what kept the file from loading: that is before any test.
        "message": (translate(report.get("sentences") or []) or report["message"]) if rejected else "",
        "tests": tests,
        "output": report["output"],
    }


def picture_of(run: Run, number: int) -> bytes | None:
    """A picture of an image exercise, as WebP, by its number in the student's view; None when there is none."""
    if run.state != RunState.GRADED or imaging.spec_of(run.version) is None:
        return None
    return imaging.picture_of(run.report, number)


def staff_view(run: Run) -> dict[str, Any]:
    """The whole report, for those who teach the course."""
    return student_view(run) | {"report": run.report, "fault": run.fault, "disputed": run.disputed, "seed": run.seed}


def summary(view: dict[str, Any]) -> str:
    """One sentence for the head of the result."""
    total = len(view["tests"])
    passed = sum(test["verdict"] in ("passed", "inconclusive") for test in view["tests"])
    if view["verdict"] == "rejected" and ("prompt" in view or "image" in view):
        return gettext("Your prompt cannot be used, so no test ran.")
    if view["verdict"] == "rejected":
        return gettext("Your file could not be loaded, so no test ran.")
    return ngettext("%(passed)d of %(total)d test passed.", "%(passed)d of %(total)d tests passed.", total) % {
        "passed": passed,
        "total": total,
    }
