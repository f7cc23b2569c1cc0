"""Checks of exercises as background jobs: started by an author, run by a grading node, shown line by line.

What is checked are the files as they stand at that moment, packed and named by their hash, whatever is saved or
published meanwhile. The result comes from a node and is untrusted: its form and its size are checked, and nothing of it
is markup.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from exercises import metrics
from exercises.models import Bundle, Exercise, ExerciseCheck, ExerciseVersion, Run, RunState
from workers.jobs import BadExercise, ExerciseFiles, Report
from workers.jobs.bundle import pack

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)

OUTCOMES = ("held", "failed", "not checked")  # of workers.check; "machine" is an attempt that failed
MOST_LINES = 500  # kept of the findings, wrong solutions or mutants; the whole message is bounded already
MOST_TEXT = 20_000  # characters kept of one text
MOST_RUNS = 1000  # of the reference
STEPS = {"folder", "listing", "reference", "starter", "wrong", "public", "repeats", "mutants"}
KEPT_CHECKS = 20  # of one exercise; older ones go


class NotAccepted(Exception):
    """The attempt gave no result of the check: the node could not, or what it sent is none."""


# ---- Starting --------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_check(exercise: Exercise, by: User | None) -> ExerciseCheck:
    """Queue a check of the exercise's files as they stand. The same files under check already: that check.

    Raises workers.jobs.BadExercise when the files are no folder at all.
    """
    files = exercise.read_files()
    # Locked: a double click makes one check.
    Exercise.objects.select_for_update().get(pk=exercise.pk)
    going = exercise.checks.filter(run__state__in=Run.OPEN).select_related("run").first()
    if going is not None and going.sha256 == files.version:
        return going
    # What still waits would be checked for nobody; what runs may end.
    Run.objects.filter(gate__exercise=exercise, state=RunState.QUEUED).update(
        state=RunState.SUPERSEDED, finished_at=timezone.now()
    )
    _forget_old(exercise)
    Bundle.objects.get_or_create(sha256=files.version, defaults={"data": pack(files)})
    check = ExerciseCheck.objects.create(exercise=exercise, sha256=files.version, by=by)
    Run.objects.create(purpose=Run.Purpose.CHECK, gate=check, queue=queue_of(files), seed=0)
    return check


def queue_of(files: ExerciseFiles) -> str:
    """Behind live work, where any node may take it; what needs a GPU or a model waits in its own queue."""
    try:
        spec = files.spec()
    except BadExercise:
        return "grade.bulk"  # the check says what is wrong with it
    if spec.roles:
        return "grade.llm"
    return "grade.gpu" if spec.device == "gpu" else "grade.bulk"


def _forget_old(exercise: Exercise) -> None:
    """Delete the oldest checks, and the packed files of ended ones that nothing else names."""
    ended = exercise.checks.exclude(run__state__in=Run.OPEN)
    names = set(ended.values_list("sha256", flat=True))
    old = list(ended.values_list("pk", flat=True)[KEPT_CHECKS - 1 :])
    ExerciseCheck.objects.filter(pk__in=old).delete()
    names -= set(ExerciseVersion.objects.filter(sha256__in=names).values_list("sha256", flat=True))
    names -= set(
        ExerciseCheck.objects.filter(sha256__in=names, run__state__in=Run.OPEN).values_list("sha256", flat=True)
    )
    Bundle.objects.filter(sha256__in=names).delete()


# ---- Arrival ---------------------------------------------------------------------------------------------------------


def record_result(run: Run, report: Report) -> str:
    """Keep what a node found: "checked", or "late" when there is a result already. Raises NotAccepted."""
    result, check = report.report, run.gate
    assert check is not None  # a run of this purpose is made with its check
    if result.get("version") == check.sha256 and result.get("outcome") == "machine":
        raise NotAccepted(str(result.get("why") or "the node could not check")[:MOST_TEXT])
    if problem := result_problem(result, check.sha256):
        metrics.REFUSED.labels("report").inc()
        log.warning("refused the result of check %s: %s", check.pk, problem)
        raise NotAccepted(f"The result of the check was not accepted: {problem}")
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(
            state=RunState.GRADED, attempt=report.attempt, finished_at=Now(), worker=report.worker[:200], fault=""
        )
        if changed != 1:
            return "late"
        ExerciseCheck.objects.filter(pk=check.pk).update(outcome=result["outcome"], result=_known(result))
    return "checked"


FINDING = {"step": str, "file": str, "text": str}
WRONG = {"file": str, "expected": str, "got": str, "ok": bool}
MUTANT = {"id": str, "diff": str, "reason": str}
COUNTS = ("tests", "reference_passed")
NUMBERS = ("max_score", "reference_seconds", "seconds")
LISTS: dict[str, Mapping[str, type]] = {"problems": FINDING, "warnings": FINDING, "wrong": WRONG}
MUTANT_LISTS = ("survivors", "equivalent")


def result_problem(result: Mapping[str, Any], sha256: str) -> str:
    """Why `result` cannot be that of a check of the files `sha256`; empty when it can."""
    if result.get("version") != sha256:
        return "it speaks of other files"
    if result.get("outcome") not in OUTCOMES or not isinstance(result.get("why"), str):
        return "outcome or why"
    for key, form in LISTS.items():
        if not _are(result.get(key), form):
            return key
    steps, seeds = result.get("steps"), result.get("seeds")
    if not isinstance(steps, list) or not all(isinstance(step, str) and step in STEPS for step in steps):
        return "steps"
    if not isinstance(seeds, list) or len(seeds) > MOST_RUNS:
        return "seeds"
    counts, numbers = (result.get(key) for key in COUNTS), (result.get(key) for key in NUMBERS)
    if not all(map(_is_count, counts)) or not all(map(_is_number, numbers)):
        return "a number"
    if result.get("starter_score") is not None and not _is_number(result["starter_score"]):
        return "starter_score"
    if result["outcome"] == "held" and result["problems"]:
        return "held, with problems"
    return _mutants_problem(result.get("mutants"))


def _mutants_problem(mutants: Any) -> str:
    if mutants is None:
        return ""
    if not isinstance(mutants, dict) or not all(_is_count(mutants.get(key)) for key in ("total", "killed")):
        return "mutants"
    if not all(_is_number(mutants.get(key)) and mutants[key] <= 1 for key in ("strength", "needed")):
        return "mutants: strength"
    bad = [key for key in MUTANT_LISTS if not _are(mutants.get(key), MUTANT)]
    return f"mutants: {bad[0]}" if bad else ""


def _known(result: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that were looked at, cut to their sizes, and nothing else that came with them."""
    kept = {key: result[key] for key in ("steps", "starter_score", *COUNTS, *NUMBERS)}
    kept |= {"why": result["why"][:MOST_TEXT]}
    kept |= {key: _lines(result[key], form) for key, form in LISTS.items()}
    kept["runs"] = len(result["seeds"])
    mutants = result.get("mutants")
    if mutants is not None:
        lists = {key: _lines(mutants[key], MUTANT) for key in MUTANT_LISTS}
        mutants = {key: mutants[key] for key in ("total", "killed", "strength", "needed")} | lists
    return kept | {"mutants": mutants}


def _lines(lines: list[Mapping[str, Any]], form: Mapping[str, type]) -> list[dict[str, Any]]:
    return [{key: _short(line[key]) for key in form} for line in lines[:MOST_LINES]]


def _short(value: Any) -> Any:
    return value[:MOST_TEXT] if isinstance(value, str) else value


def _are(lines: Any, form: Mapping[str, type]) -> bool:
    return isinstance(lines, list) and all(isinstance(line, dict) and _fits(line, form) for line in lines)


def _fits(line: Mapping[str, Any], form: Mapping[str, type]) -> bool:
    return all(type(line.get(key)) is kind for key, kind in form.items())


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 1_000_000


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
