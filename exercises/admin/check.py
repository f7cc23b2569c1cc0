"""The check of an exercise's files: started from its page, followed while a node works, shown line by line."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exercises import queue
from exercises.admin.pages import ExercisePages, Page
from exercises.checks import start_check
from exercises.models import Exercise, ExerciseCheck, Run, RunState
from workers.jobs import BadExercise

WAIT = 2000  # ms between two looks
STEPS = {
    "folder": _("Files"),
    "listing": _("List of the tests"),
    "reference": _("Reference solution"),
    "starter": _("Starter"),
    "wrong": _("Wrong solutions"),
    "public": _("Public tests"),
    "repeats": _("Repetition of the model"),
    "mutants": _("Mutants"),
}


class CheckPages(ExercisePages):
    """Two more pages: the check, and the part of it that moves."""

    def pages(self) -> dict[str, Page]:
        return super().pages() | {"check": self.check_page, "check/state": self.check_state}

    def begin_check(self, request: HttpRequest, exercise: Exercise) -> HttpResponse:
        """Start a check of the saved files and go to where it is followed."""
        user: Any = request.user
        try:
            start_check(exercise, user)
        except BadExercise as error:
            messages.error(request, gettext("It cannot be checked: %(fault)s") % {"fault": error})
            return HttpResponseRedirect(self.page_of(exercise))
        return HttpResponseRedirect(self.page_of(exercise, "check"))

    def check_page(self, request: HttpRequest, exercise: Exercise) -> HttpResponse:
        if request.method == "POST":
            return self.begin_check(request, exercise)
        context = check_context(exercise) | {
            "back": self.page_of(exercise),
            "state_url": self.page_of(exercise, "check_state"),
            "wait": WAIT,
        }
        return TemplateResponse(request, "admin/exercises/exercise/check.html", context)

    def check_state(self, request: HttpRequest, exercise: Exercise) -> HttpResponse:
        """The part that moves. Without the header `X-Poll-After` it is final."""
        context = check_context(exercise)
        response = TemplateResponse(request, "admin/exercises/exercise/_check.html", context)
        if context["waiting"]:
            response["X-Poll-After"] = str(WAIT)
        patch_cache_control(response, no_store=True, private=True)
        return response


def check_context(exercise: Exercise) -> dict[str, Any]:
    """The newest check as its template shows it."""
    newest = exercise.checks.exclude(run__state=RunState.SUPERSEDED).select_related("run", "by").first()
    context: dict[str, Any] = {"exercise": exercise, "check": newest, "waiting": False}
    if newest is None:
        return context
    run = newest.run
    context |= {
        "run": run,
        "waiting": run.state in Run.OPEN,
        "position": queue.position(run),
        "no_node": run.state == RunState.QUEUED and queue.expected_wait(run) is None,
        "stale": _hash(exercise) != newest.sha256,
        "result": newest.result,
    }
    return context | (_result_context(newest) if newest.result else {})


def _hash(exercise: Exercise) -> str:
    try:
        return exercise.read_files().version
    except BadExercise:
        return ""


def _result_context(check: ExerciseCheck) -> dict[str, Any]:
    result = check.result
    wrong = result["wrong"]
    return {
        "problems": _lines(result["problems"]),
        "warnings": _lines(result["warnings"]),
        "steps": [STEPS.get(step, step) for step in result["steps"]],
        "bad_wrong": [line for line in wrong if not line["ok"]],
        "good_wrong": [line for line in wrong if line["ok"]],
        "mutants": _percentages(result["mutants"]),
    }


def _lines(findings: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [finding | {"name": STEPS.get(finding["step"], finding["step"])} for finding in findings]


def _percentages(mutants: dict[str, Any] | None) -> dict[str, Any] | None:
    if mutants is None:
        return None
    shares = {key: f"{100 * mutants[key]:.1f}" for key in ("strength", "needed")}
    return mutants | shares | {"weak": mutants["strength"] < mutants["needed"]}
