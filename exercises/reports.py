"""What arrives from the graders: beats, reports, announcements of nodes.

Everything here is untrusted. A message counts only with the token that this site signed for that attempt, and a
report only when it agrees with the manifest of the version: neither a forged frame nor a taken-over node can invent
points. The first valid report of any attempt wins; later ones are kept as evidence. The deadline is never looked at:
it was decided when the submission was received.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from exercises import checks, metrics, tokens
from exercises.items import sync_items
from exercises.models import Assignment, Exercise, ExerciseVersion, LateReport, Node, Run, RunState, Submission
from exercises.regrade_models import RegradeEntry
from gradebook.actions import set_derived
from workers.jobs import BadMessage, Beat, NodeHello, Report
from workers.jobs.report import TEST_VERDICTS, VERDICTS

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.LEASE_SECONDS)


def _refuse(kind: str, why: str) -> None:
    metrics.REFUSED.labels(kind).inc()
    log.warning("refused a %s: %s", kind, why)


# ---- Beats and announcements -----------------------------------------------------------------------------


def record_beat(data: object) -> bool:
    """Prolong the lease of an attempt under way, by the database's clock. True when it was under way."""
    try:
        beat = Beat.from_dict(data)
    except BadMessage as error:
        _refuse("beat", str(error))
        return False
    if not tokens.valid(beat.token, beat.run, beat.attempt):
        _refuse("beat", "bad token")
        return False
    mine = Run.objects.filter(pk=beat.run, attempt=beat.attempt)
    mine.filter(state=RunState.SENT).update(state=RunState.RUNNING, started_at=Now(), worker=beat.worker[:200])
    return mine.filter(state=RunState.RUNNING).update(lease_until=Now() + LEASE) == 1


def record_hello(data: object) -> bool:
    """Remember a node and when it was last heard."""
    try:
        hello = NodeHello.from_dict(data)
    except BadMessage as error:
        _refuse("hello", str(error))
        return False
    if not 0 <= hello.slots <= 1024 or len(hello.queues) > 20:
        _refuse("hello", f"{hello.slots} slots, {len(hello.queues)} queues")
        return False
    Node.objects.update_or_create(
        name=hello.worker[:200],
        defaults={
            "queues": list(hello.queues),
            "slots": hello.slots,
            "sandbox": hello.sandbox[:300],
            "devices": list(hello.devices)[:20],
            "runtimes": list(hello.runtimes)[:20],
            "seen_at": timezone.now(),
        },
    )
    return True


# ---- Reports ---------------------------------------------------------------------------------------------


def storable(value: Any) -> Any:
    """The value as every database can store it. PostgreSQL refuses NUL, lone surrogates and NaN in JSON: a student who
    prints one of them would make each report fail, and three failed attempts give a try back."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


def record_report(data: object) -> str:
    """Take one report. Returns what became of it: refused, requeued, judge_failed, graded, listed, checked or late."""
    try:
        report = Report.from_dict(data)
    except BadMessage as error:
        _refuse("report", str(error))
        return "refused"
    if not tokens.valid(report.token, report.run, report.attempt):
        _refuse("report", "bad token")
        return "refused"
    report = dataclasses.replace(report, report=storable(report.report))
    related = ("version", "gate", "submission__assignment__item", "student")
    run = Run.objects.select_related(*related).filter(pk=report.run).first()
    if run is None:
        _refuse("report", "no such run")
        return "refused"
    if report.outcome == "bundle":
        # The broker was wiped between dispatch and now. It counts as an attempt, so that no loop is endless.
        return fail_attempt(run, report.attempt, "the exercise's bundle was not in the broker", None)
    if run.purpose == Run.Purpose.LIST:
        return _record_listing(run, report)
    if run.purpose == Run.Purpose.CHECK:
        return _record_check(run, report)
    if problem := report_problem(report.report, run):
        _refuse("report", problem)
        return fail_attempt(run, report.attempt, f"The grader's report was not accepted: {problem}", None)
    if report.report["verdict"] == "error":
        return fail_attempt(run, report.attempt, str(report.report["staff"])[:20000] or "error", report.report)
    return _record_grade(run, report)


def report_problem(report: dict[str, Any], run: Run) -> str:
    """Why `report` cannot be the result of `run`; empty when it can. The manifest decides what may be earned."""
    manifest = run.version.manifest
    if manifest is None or report.get("version") != run.version.sha256:
        return "it speaks of another version"
    tests = report.get("tests")
    if report.get("verdict") not in VERDICTS or not isinstance(tests, list):
        return "the verdict or the list of tests is missing"
    if not all(isinstance(report.get(key), str) for key in ("message", "output", "staff")):
        return "a text is missing"
    if not _are_sentences(report.get("sentences")):
        return "the sentences are missing"
    expected = {t["name"]: t for t in manifest["tests"] if t["public"] or run.purpose != Run.Purpose.PUBLIC}
    total = 0.0
    seen: set[str] = set()
    for test in tests:
        if not isinstance(test, dict) or not isinstance(test.get("name"), str) or test["name"] not in expected:
            return "a test that the exercise does not have"
        if problem := _test_problem(test, expected[test["name"]]) or ("a test twice" if test["name"] in seen else ""):
            return problem
        seen.add(test["name"])
        total += test["points"]
    if seen != set(expected) and report["verdict"] not in ("rejected", "error"):
        return "a test is missing"
    score: Any = report.get("score")
    most = sum(t["points"] for t in expected.values())
    if not _is_number(score) or not math.isclose(score, total, abs_tol=1e-6) or score > most + 1e-6:
        return "the score is not the sum of the tests' points"
    if report["verdict"] == "passed" and not math.isclose(score, most, abs_tol=1e-6):
        return "passed without full marks"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _test_problem(test: dict[str, Any], entry: dict[str, Any]) -> str:
    if test.get("verdict") not in TEST_VERDICTS or test.get("public") is not entry["public"]:
        return f"{entry['name']}: verdict or public"
    if not _is_number(test.get("points")) or test["points"] > entry["points"] + 1e-9:
        return f"{entry['name']}: more points than the test gives"
    if test["verdict"] not in ("passed", "inconclusive") and test["points"]:
        return f"{entry['name']}: points for a test that did not pass"
    if not all(isinstance(test.get(key), str) for key in ("message", "input", "output", "staff")):
        return f"{entry['name']}: a text is missing"
    if not _are_sentences(test.get("sentences")) or not _is_difference(test.get("difference")):
        return f"{entry['name']}: sentences or difference"
    if not _are_series(test.get("series")) or not _is_timing(test.get("timing")):
        return f"{entry['name']}: series or timing"
    return ""


def _are_sentences(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict)
        and isinstance(item.get("template"), str)
        and isinstance(item.get("values"), dict)
        and all(isinstance(part, str | int | float) for part in item["values"].values())
        for item in value
    )


def _is_difference(value: Any) -> bool:
    if value is None:
        return True
    texts, counts = ("where", "got", "expected"), ("different", "total")
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(key), str) for key in texts)
        and all(type(value.get(key)) is int for key in counts)
    )


def _are_series(value: Any) -> bool:
    def numbers(points: Any) -> bool:
        # None stands where a NaN was.
        return isinstance(points, list) and all(p is None or isinstance(p, int | float) for p in points)

    return isinstance(value, list) and all(
        isinstance(series, dict)
        and isinstance(series.get("name"), str)
        and numbers(series.get("y"))
        and (series.get("x") is None or numbers(series["x"]))
        for series in value
    )


def _is_timing(value: Any) -> bool:
    keys = ("ratio", "low", "high", "at_most", "pairs")
    return value is None or (isinstance(value, dict) and all(isinstance(value.get(key), int | float) for key in keys))


@transaction.atomic
def _record_grade(run: Run, report: Report) -> str:
    result = report.report
    changed = Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(
        state=RunState.GRADED,
        attempt=report.attempt,
        worker=report.worker[:200],
        finished_at=Now(),
        verdict=result["verdict"],
        score=result["score"],
        max_score=run.version.public_score if run.purpose == Run.Purpose.PUBLIC else run.version.max_score,
        report=result,
        fault="",
    )
    if changed != 1:
        return _keep_late(run, report)
    if run.purpose != Run.Purpose.PUBLIC and run.submission is not None:
        update_score(run.submission)
    if run.purpose == Run.Purpose.REGRADE:
        _compare_with_old(run, result["score"])
    metrics.GRADED.labels(result["verdict"]).inc()
    return "graded"


def _compare_with_old(run: Run, score: float) -> None:
    """The alarm of a regrade: the same version, source and seed must give the same score."""
    entry = RegradeEntry.objects.filter(new=run).select_related("old").first()
    if entry is None or entry.old.version_id != run.version_id or entry.old.score in (None, score):
        return
    Run.objects.filter(pk=run.pk).update(disputed=True)
    log.error(
        "run %s: a rerun gave %s, before it was %s: the exercise or a node is flaky", run.pk, score, entry.old.score
    )


def _keep_late(run: Run, report: Report) -> str:
    run.refresh_from_db(fields=["state", "score", "verdict", "attempt"])
    result = report.report
    if run.state == RunState.GRADED and run.attempt == report.attempt and run.score == result["score"]:
        return "late"  # the same report, delivered twice
    differs = run.state == RunState.GRADED and run.score != result["score"]
    LateReport.objects.create(
        run=run,
        attempt=report.attempt,
        verdict=result["verdict"],
        score=result["score"],
        differs=differs,
        report=result,
    )
    if differs:
        # The same source and seed, two scores: the exercise or a node is flaky, and staff must know.
        Run.objects.filter(pk=run.pk).update(disputed=True)
        log.error("run %s: attempt %s gave %s, recorded is %s", run.pk, report.attempt, result["score"], run.score)
    return "late"


# Of what the submissions are worth, in the order of their acceptance.
CHOOSE: dict[str, Callable[[list[Decimal]], Decimal]] = {
    Assignment.Counts.BEST: max,
    Assignment.Counts.LAST: itemgetter(-1),
    Assignment.Counts.FIRST: itemgetter(0),
}


def update_score(submission: Submission, why: str = "") -> None:
    """Bring the gradebook's cell in line with the submission that counts, scaled to the item's points.

    Each is worth its share of the points times the credit of the moment at which it was accepted. `why` stands before
    the run in the cell's history.
    """
    assignment = submission.assignment.dated(submission.student_id)
    graded = Submission.objects.filter(
        assignment=assignment, student=submission.student, public_only=False, run__state=RunState.GRADED
    ).filter(run__max_score__gt=0)
    shares = graded.annotate(share=F("run__score") / F("run__max_score")).exclude(share=None)
    found = shares.order_by("received_at").values_list("share", "received_at")
    origin = f"run {submission.run_id}"
    points = counted(assignment, found)
    set_derived(assignment.item, submission.student, points, f"{why}; {origin}" if why else origin)


def counted(assignment: Assignment, found: Iterable[tuple[float, datetime]]) -> Decimal | None:
    """Points of a student who handed in `found`: shares of the points and moments of acceptance, in that order.

    `assignment` has the student's own dates. None when nothing was graded.
    """
    worth = [Decimal(repr(share)) * _decimal(assignment.credit_at(at)) for share, at in found]
    return CHOOSE[assignment.counts](worth) * assignment.item.max_points if worth else None


def _decimal(share: Fraction) -> Decimal:
    return Decimal(share.numerator) / share.denominator


# ---- Attempts that failed --------------------------------------------------------------------------------


def fail_attempt(run: Run, attempt: int, fault: str, report: dict[str, Any] | None) -> str:
    """An attempt without a grade: back in the queue, or `judge_failed` after the last one. No try is charged."""
    mine = Run.objects.filter(pk=run.pk, attempt=attempt, state__in=Run.LIVE)
    if attempt < settings.MAX_ATTEMPTS:
        changed = mine.update(state=RunState.QUEUED, lease_until=None, fault=fault)
        return "requeued" if changed else "late"
    changed = mine.update(
        state=RunState.JUDGE_FAILED, finished_at=Now(), lease_until=None, fault=fault, verdict="error", report=report
    )
    if changed:
        metrics.JUDGE_FAILED.inc()
        log.error("run %s could not be graded after %s attempts: %s", run.pk, attempt, fault[:500])
        if run.purpose == Run.Purpose.LIST:
            ExerciseVersion.objects.filter(pk=run.version.pk, state=ExerciseVersion.State.LISTING).update(
                state=ExerciseVersion.State.BROKEN, fault=fault
            )
    return "judge_failed" if changed else "late"


def _record_check(run: Run, report: Report) -> str:
    try:
        return checks.record_result(run, report)
    except checks.NotAccepted as error:
        return fail_attempt(run, report.attempt, str(error), None)


# ---- Listings --------------------------------------------------------------------------------------------


def manifest_problem(manifest: dict[str, Any], version: ExerciseVersion) -> str:
    """Why `manifest` cannot be the listing of `version`; empty when it can."""
    if manifest.get("version") != version.sha256 or type(manifest.get("ok")) is not bool:
        return "it speaks of another version"
    if not manifest["ok"]:
        return "" if isinstance(manifest.get("fault"), str) else "the fault is missing"
    tests = manifest.get("tests")
    if not isinstance(tests, list) or not 0 < len(tests) <= 500:
        return "from 1 to 500 tests are accepted"
    names = set()
    for test in tests:
        if not isinstance(test, dict) or not isinstance(test.get("name"), str) or type(test.get("public")) is not bool:
            return "a test without name or kind"
        if not _is_number(test.get("points")):
            return f"{test['name']}: points"
        names.add(test["name"])
    total = sum(test["points"] for test in tests)
    if len(names) != len(tests) or total <= 0 or not math.isclose(total, manifest.get("max_score") or 0, abs_tol=1e-6):
        return "two tests of one name, or points that do not add up"
    return ""


def _record_listing(run: Run, report: Report) -> str:
    manifest = report.report
    if problem := manifest_problem(manifest, run.version):
        _refuse("report", problem)
        return fail_attempt(run, report.attempt, f"The list of tests was not accepted: {problem}", None)
    if not manifest["ok"] and manifest.get("machine"):
        return fail_attempt(run, report.attempt, manifest["fault"], None)
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(
            state=RunState.GRADED, finished_at=Now(), worker=report.worker[:200], fault=manifest.get("fault", "")
        )
        if changed != 1:
            return "late"
        version = run.version
        if not manifest["ok"]:
            ExerciseVersion.objects.filter(pk=version.pk).update(
                state=ExerciseVersion.State.BROKEN, fault=manifest["fault"]
            )
            return "listed"
        ExerciseVersion.objects.filter(pk=version.pk).update(
            state=ExerciseVersion.State.READY, fault="", manifest=manifest, max_score=manifest["max_score"]
        )
        newest = Exercise.objects.select_related("published").get(pk=version.exercise_id)
        if newest.published is None or newest.published.number < version.number:
            Exercise.objects.filter(pk=version.exercise_id).update(published=version)
            sync_items(version.exercise)
    return "listed"
