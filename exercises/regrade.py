"""Regrades: run submissions again or re-score their stored results, see who moves by how much, apply, undo.

New results are new runs beside the old ones. Which of them counts is one pointer of the submission: applying moves it,
undoing moves it back. Overrides in the gradebook win over both.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.actions import record
from audit.models import AuditEvent
from courses.models import Enrolment
from exercises.models import Assignment, ExerciseVersion, Run, RunState, Submission
from exercises.regrade_models import Regrade, RegradeEntry
from exercises.reports import counted, update_score
from gradebook.actions import cents
from gradebook.models import Score

if TYPE_CHECKING:
    from accounts.models import User

BATCH = 200
STUDENTS = 20  # whose grades move in one transaction: SQLite has one writer, and nobody's submission waits for a class


class RegradeError(ValueError):
    """The regrade cannot be made or changed; the text says why and what to do."""


# ---- Making one ------------------------------------------------------------------------------------------


@transaction.atomic
def start(assignment: Assignment, kind: str, by: User, reason: str) -> Regrade:
    """Queue the runs of a rerun behind live work, or work out a re-score at once. Nothing counts yet.

    Raises RegradeError: no reason, no version, nothing to regrade, another regrade under way, other tests.
    """
    if not reason.strip():
        raise RegradeError(_("A regrade needs a reason: it stands in the history of every grade that it moves."))
    version = assignment.version
    if version is None or version.manifest is None:
        raise RegradeError(_("The exercise has no version that is ready."))
    if open_regrade(assignment) is not None:
        raise RegradeError(_("Another regrade is under way: apply or cancel it first."))
    found = Submission.objects.filter(assignment=assignment, public_only=False, run__state__in=FINISHED)
    if not found.exists():
        raise RegradeError(_("Nothing has been graded yet."))
    regrade = Regrade.objects.create(
        assignment=assignment, version=version, kind=kind, by=by, reason=reason.strip()[:300]
    )
    make = _rerun if kind == Regrade.Kind.RERUN else _rescored
    for submissions in _batches(found.select_related("run__version").order_by("received_at")):
        runs = [run for submission in submissions if (run := make(submission, version)) is not None]
        Run.objects.bulk_create(runs)
        RegradeEntry.objects.bulk_create(
            RegradeEntry(regrade=regrade, submission=run.submission, old=run.submission.run, new=run)
            for run in runs
            if run.submission is not None
        )
    return regrade


FINISHED = (RunState.GRADED, RunState.JUDGE_FAILED)


def _batches(submissions: Any) -> Iterable[list[Submission]]:
    ids = list(submissions.values_list("pk", flat=True))
    for place in range(0, len(ids), BATCH):
        yield list(submissions.filter(pk__in=ids[place : place + BATCH]))


def _rerun(submission: Submission, version: ExerciseVersion) -> Run:
    """With the seed of the first grade: another result means another exercise, or a flaky one."""
    return Run(
        purpose=Run.Purpose.REGRADE,
        version=version,
        submission=submission,
        student_id=submission.student_id,
        # Behind live work, where any node may take it; what needs a GPU or a model waits in its own queue.
        queue="grade.bulk" if version.queue == "grade.cpu" else version.queue,
        seed=submission.run.seed,
    )


def _rescored(submission: Submission, version: ExerciseVersion) -> Run | None:
    old = submission.run
    if old.state != RunState.GRADED:
        return None  # there is no result to score
    report = reweighted(old.report or {}, version)
    return Run(
        purpose=Run.Purpose.REGRADE,
        version=version,
        submission=submission,
        student_id=submission.student_id,
        queue=old.queue,
        seed=old.seed,
        state=RunState.GRADED,
        started_at=old.started_at,
        finished_at=timezone.now(),
        verdict=report["verdict"],
        score=report["score"],
        max_score=version.max_score,
        report=report,
    )


def reweighted(report: Mapping[str, Any], version: ExerciseVersion) -> dict[str, Any]:
    """The stored report with the points that `version` gives to its tests. Raises RegradeError for other tests."""
    entries = {entry["name"]: entry for entry in (version.manifest or {}).get("tests", [])}
    result = copy.deepcopy(dict(report))
    names = {test["name"] for test in result["tests"]}
    if names - set(entries) or (names != set(entries) and result["verdict"] != "rejected"):
        raise RegradeError(_("The current version has other tests than the stored results: run the submissions again."))
    for test in result["tests"]:
        entry = entries[test["name"]]
        test["max_points"] = entry["points"]
        test["points"] = entry["points"] if test["verdict"] in ("passed", "inconclusive") else 0.0
    score = sum(test["points"] for test in result["tests"])
    if result["verdict"] in ("passed", "partial"):
        full = score >= (version.max_score or 0.0) - 1e-9
        result["verdict"] = "passed" if full else "partial" if score else "failed"
    return result | {"score": score, "max_score": version.max_score, "version": version.sha256}


# ---- Looking at it ---------------------------------------------------------------------------------------


def open_regrade(assignment: Assignment) -> Regrade | None:
    """The regrade that is neither applied nor cancelled."""
    return Regrade.objects.filter(assignment=assignment, applied_at=None, cancelled_at=None).first()


@dataclass(frozen=True)
class Move:
    """What a regrade does to one student's grade, out of the column's points."""

    student: User
    old: Decimal | None
    new: Decimal | None
    overridden: bool  # a person's points win: the total does not move

    @property
    def change(self) -> Decimal:
        return (self.new or Decimal(0)) - (self.old or Decimal(0))


@dataclass(frozen=True)
class Preview:
    total: int  # submissions
    waiting: int  # not graded yet
    failed: int  # could not be graded again: the old result stays
    flaky: int  # another score from the same version and seed
    moves: list[Move]  # of students whose grade changes, the largest loss first
    same: int  # students whose grade stays


def preview(regrade: Regrade) -> Preview:
    """Who moves by how much. A handful of queries, whatever the number of submissions."""
    assignment = regrade.assignment
    fields = ("submission_id", "new__state", "new__score", "new__max_score", "new__disputed")
    entries = {row[0]: row[1:] for row in regrade.entries.values_list(*fields)}
    states = [row[0] for row in entries.values()]
    results: dict[int, list[tuple[datetime, float | None, float | None]]] = {}
    rows = Submission.objects.filter(assignment=assignment, public_only=False, run__state__in=FINISHED)
    for pk, student, at, state, score, most in rows.order_by("received_at").values_list(
        "pk", "student_id", "received_at", "run__state", "run__score", "run__max_score"
    ):
        before = score / most if state == RunState.GRADED and score is not None and most else None
        after = before
        if pk in entries and entries[pk][0] == RunState.GRADED and entries[pk][2]:
            after = entries[pk][1] / entries[pk][2]
        results.setdefault(student, []).append((at, before, after))
    moves, same = _moves(assignment, results)
    return Preview(
        total=len(entries),
        waiting=sum(state in Run.OPEN for state in states),
        failed=sum(state == RunState.JUDGE_FAILED for state in states),
        flaky=sum(bool(row[3]) for row in entries.values()),
        moves=moves,
        same=same,
    )


def _moves(
    assignment: Assignment, results: Mapping[int, list[tuple[datetime, float | None, float | None]]]
) -> tuple[list[Move], int]:
    enrolments = Enrolment.objects.filter(course=assignment.course_id, user__in=list(results)).select_related("user")
    people = {enrolment.user_id: enrolment for enrolment in enrolments}
    overridden = set(
        Score.objects.filter(item=assignment.item, override__isnull=False).values_list("student_id", flat=True)
    )
    extensions = list(assignment.extensions.all())
    moves = []
    for student, graded in results.items():
        if student not in people:
            continue
        section = people[student].section_id
        own = [e for e in extensions if e.student_id == student]
        own += [e for e in extensions if section and e.section_id == section]
        dated = assignment.dated_by(own[0] if own else None)
        old = counted(dated, [(share, at) for at, share, _new in graded if share is not None])
        new = counted(dated, [(share, at) for at, _old, share in graded if share is not None])
        old, new = (None if value is None else cents(value) for value in (old, new))
        if old != new:
            moves.append(Move(people[student].user, old, new, student in overridden))
    moves.sort(key=lambda move: (move.change, move.student.email))
    return moves, len(results) - len(moves)


# ---- Deciding --------------------------------------------------------------------------------------------


def apply(regrade: Regrade, by: User) -> int:
    """Let the new results count; how many submissions changed. Raises RegradeError while runs are waiting.

    The decision is one transaction, the students' grades follow in many. When the process ends among them, calling this
    again goes on: see `unfinished`.
    """
    with transaction.atomic():
        regrade = _locked(regrade)
        if regrade.undone_at or regrade.cancelled_at or (regrade.applied_at and not unfinished(regrade)):
            raise RegradeError(_("This regrade has been decided already."))
        if regrade.entries.filter(new__state__in=Run.OPEN).exists():
            raise RegradeError(_("Submissions are still being graded: wait until the preview is complete."))
        if not regrade.applied_at:
            regrade.applied_at = timezone.now()
            regrade.save(update_fields=["applied_at"])
            _record(regrade, by, regrade.reason)
    return _point(regrade, "old", "new", regrade.reason)


def undo(regrade: Regrade, by: User) -> int:
    """Let the old results count again; how many submissions changed. The events stay. Raises RegradeError.

    Calling it again goes on where a process ended in the middle, as with `apply`.
    """
    with transaction.atomic():
        regrade = _locked(regrade)
        if not regrade.applied_at or (regrade.undone_at and not unfinished(regrade)):
            raise RegradeError(_("Only a regrade that counts can be undone."))
        later = Regrade.objects.filter(assignment=regrade.assignment, applied_at__gt=regrade.applied_at, undone_at=None)
        if later.exists():
            raise RegradeError(_("A later regrade counts: undo that one first."))
        why = f"undone ({regrade.reason})"
        if not regrade.undone_at:
            regrade.undone_at = timezone.now()
            regrade.save(update_fields=["undone_at"])
            _record(regrade, by, why)
    return _point(regrade, "new", "old", why)


def unfinished(regrade: Regrade) -> bool:
    """Whether submissions still stand where they stood before the decision, since its process ended on the way."""
    if not regrade.applied_at:
        return False
    left = F("new") if regrade.undone_at else F("old")
    return regrade.entries.filter(new__state=RunState.GRADED, submission__run=left).exists()


def _record(regrade: Regrade, by: User, why: str) -> None:
    assignment = regrade.assignment
    record(assignment.course, by, AuditEvent.Kind.REGRADE, detail=f"{assignment.slug}: {why}")


@transaction.atomic
def cancel(regrade: Regrade) -> None:
    """Give the regrade up before it counts: runs that wait are dropped, those under way end unseen."""
    regrade = _locked(regrade)
    if regrade.applied_at or regrade.cancelled_at:
        raise RegradeError(_("This regrade has been decided already."))
    regrade.cancelled_at = timezone.now()
    regrade.save(update_fields=["cancelled_at"])
    # Conditional: the dispatcher may be claiming one of them right now, and then it runs for nothing.
    Run.objects.filter(regrade_entry__regrade=regrade, state=RunState.QUEUED).update(
        state=RunState.SUPERSEDED, finished_at=timezone.now()
    )


def _locked(regrade: Regrade) -> Regrade:
    """Two people who press Apply at once: the second one waits, then meets the first one's decision."""
    return (
        Regrade.objects.select_for_update(of=("self",))
        .select_related("assignment__item", "assignment__course")
        .get(pk=regrade.pk)
    )


def _point(regrade: Regrade, before: str, after: str, why: str) -> int:
    """Move the pointer of every submission that still stands where the regrade found or left it, and the grades."""
    graded = regrade.entries.filter(new__state=RunState.GRADED)
    students = sorted(set(graded.values_list("submission__student_id", flat=True)))
    parts = (students[place : place + STUDENTS] for place in range(0, len(students), STUDENTS))
    return sum(_point_some(regrade, part, before, after, why) for part in parts)


@transaction.atomic
def _point_some(regrade: Regrade, students: list[int], before: str, after: str, why: str) -> int:
    graded = regrade.entries.filter(new__state=RunState.GRADED, submission__student__in=students)
    entries = graded.select_related("submission")
    changed = []
    for entry in entries:
        if entry.submission.run_id == getattr(entry, f"{before}_id"):
            entry.submission.run_id = getattr(entry, f"{after}_id")
            changed.append(entry.submission)
    Submission.objects.bulk_update(changed, ["run"], batch_size=BATCH)
    done: set[int] = set()
    found = Submission.objects.filter(pk__in=[submission.pk for submission in changed])
    for submission in found.select_related("assignment__item", "student").order_by("-received_at"):
        if submission.student_id not in done:
            done.add(submission.student_id)
            update_score(submission, why)
    return len(changed)
