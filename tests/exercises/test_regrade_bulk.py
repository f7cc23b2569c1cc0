"""A regrade of a whole class: the preview says what applying does, undo brings every cell back, the events stay."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from exercises import actions, regrade, reports, tokens
from exercises.dates import CreditStep, Extension
from exercises.models import Run, RunState, Submission
from gradebook.actions import set_comment, set_excused, set_locked, set_override
from gradebook.models import GradeEvent, Score
from tests.conftest import deliver, make_person, make_report
from workers.jobs import SCHEMA, Report

STUDENTS, EACH = 10, 5
HALF = {"adds hidden numbers": "failed"}  # 4 of 10
FIELDS = ("student_id", "derived", "override", "reason", "locked", "frozen", "excused", "comment")
VERDICTS: list[dict[str, str]] = [{}, HALF, {"adds small numbers": "failed"}, HALF | {"adds small numbers": "failed"}]


def cells() -> dict[int, tuple[Any, ...]]:
    return {score.student_id: (*(getattr(score, f) for f in FIELDS), score.points) for score in Score.objects.all()}


def send(run: Run, report: dict[str, Any]) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, attempt=1)
    message = Report(SCHEMA, str(run.pk), 1, tokens.make(str(run.pk), 1), "node", "report", report)
    assert reports.record_report(message.to_dict()) == "graded"


@pytest.fixture
def class_of_ten(assignment: Any, alice: Any) -> list[Any]:
    """Fifty submissions, and every kind of cell that a person has touched."""
    people = [
        make_person(f"s{n}@example.org", "Student", f"N{n}", assignment.course, "student") for n in range(STUDENTS)
    ]
    day = datetime.timedelta(days=1)
    now = timezone.now()
    CreditStep.objects.create(assignment=assignment, until=now + 9 * day, percent=50)
    Extension.objects.create(assignment=assignment, student=people[6], due_at=now + 20 * day, closes_at=now + 20 * day)
    for number in range(EACH):
        for place, person in enumerate(people):
            found = actions.submit(assignment, person, f"n = {number}")
            deliver(found, make_report(found.run.version, VERDICTS[(place + number) % 3 + 1]))
    # Half of them were late: what a submission is worth depends on its own date.
    late = Submission.objects.filter(number__gt=3, student__in=people[5:8])
    late.update(received_at=now + 8 * day)
    actions.rescore(assignment)
    set_override(assignment.item, people[0], Decimal("8.5"), alice, "appeal")
    set_override(assignment.item, people[1], Decimal(0), alice, "copied")
    set_locked(assignment.item, people[2], True, alice)
    set_excused(assignment.item, people[3], True, alice, "ill")
    set_comment(assignment.item, people[4], "Well explained.", alice)
    # Nothing of this one's could be graded so far.
    Run.objects.filter(student=people[9]).update(state=RunState.JUDGE_FAILED, score=None, max_score=None)
    for found in Submission.objects.filter(student=people[9]).order_by("-received_at")[:1]:
        reports.update_score(found)
    return people


def run_again(assignment: Any, by: Any, best: dict[str, str]) -> Any:
    """A regrade whose runs have come back: everybody's last submission with `best`, the others as wrong as can be."""
    started = regrade.start(assignment, "rerun", by, "a test was wrong")
    for entry in started.entries.select_related("new__version", "submission"):
        send(entry.new, make_report(entry.new.version, best if entry.submission.number == EACH else VERDICTS[3]))
    return started


def test_it_works(class_of_ten: list[Any], assignment: Any, alice: Any) -> None:
    before, events = cells(), GradeEvent.objects.count()
    assert len(before) == STUDENTS
    started = run_again(assignment, alice, {})
    assert cells() == before and GradeEvent.objects.count() == events  # nothing counts before it is applied
    seen = regrade.preview(started)
    assert (seen.total, seen.waiting, seen.failed) == (STUDENTS * EACH, 0, 0)

    assert regrade.apply(started, alice) == STUDENTS * EACH
    after = cells()
    moved = {move.student.pk: move.new for move in seen.moves}
    for person in class_of_ten:
        derived = FIELDS.index("derived")
        assert after[person.pk][derived] == moved.get(person.pk, before[person.pk][derived]), person
    kept = [field for field in FIELDS if field != "derived"]
    for person in class_of_ten[:3]:  # two overrides and a lock
        assert after[person.pk][-1] == before[person.pk][-1]
        assert all(after[person.pk][FIELDS.index(f)] == before[person.pk][FIELDS.index(f)] for f in kept)
    assert after[class_of_ten[9].pk][-1] == 10

    assert regrade.undo(started, alice) == STUDENTS * EACH
    assert cells() == before
    written = GradeEvent.objects.filter(kind=GradeEvent.Kind.DERIVED).order_by("pk")
    assert GradeEvent.objects.count() == events + 2 * len(seen.moves)
    there, back = written[len(written) - 2 * len(seen.moves) :], len(seen.moves)
    assert all(event.why.startswith("a test was wrong; run ") for event in there[:back])
    assert all(event.why.startswith("undone (a test was wrong); run ") for event in there[back:])
    assert {(e.score.student_id, e.old, e.new) for e in there[:back]} == {
        (e.score.student_id, e.new, e.old) for e in there[back:]
    }


def test_what_the_staff_did_in_between_stays(class_of_ten: list[Any], assignment: Any, alice: Any) -> None:
    """Undo takes back the regrade, not the decisions that people have made since."""
    before = cells()
    started = run_again(assignment, alice, {})
    regrade.apply(started, alice)
    set_override(assignment.item, class_of_ten[8], Decimal(6), alice, "after the regrade")
    later = actions.submit(assignment, class_of_ten[4], "n = 5")
    deliver(later, make_report(later.run.version))
    regrade.undo(started, alice)
    score = Score.objects.get(student=class_of_ten[8])
    assert (score.points, score.derived) == (6, before[class_of_ten[8].pk][FIELDS.index("derived")])
    assert Score.objects.get(student=class_of_ten[4]).points == 10  # the new submission's own result
    rest = {pk: cell for pk, cell in cells().items() if pk not in (class_of_ten[4].pk, class_of_ten[8].pk)}
    assert rest == {pk: cell for pk, cell in before.items() if pk in rest}


def test_a_process_that_ends_on_the_way_loses_nothing(
    class_of_ten: list[Any], assignment: Any, alice: Any, client: Any, monkeypatch: Any
) -> None:
    """Grades move in small transactions, so that nobody's submission waits for a whole class."""
    before = cells()
    started = run_again(assignment, alice, {})
    monkeypatch.setattr(regrade, "STUDENTS", 3)
    client.force_login(alice)
    for decide, action in ((regrade.apply, "apply"), (regrade.undo, "undo")):
        with monkeypatch.context() as broken:
            count, real = iter(range(5)), reports.update_score

            def dying(submission: Any, why: str = "", count: Any = count, real: Any = real) -> None:
                if next(count) == 4:
                    raise KeyboardInterrupt
                real(submission, why)

            broken.setattr(regrade, "update_score", dying)
            with pytest.raises(KeyboardInterrupt):
                decide(started, alice)
        started.refresh_from_db()
        assert regrade.unfinished(started)
        page = client.get(f"/c/{assignment.course.slug}/e/{assignment.slug}/regrade/").content.decode()
        assert "Some grades have not moved yet." in page
        body = {"action": action, "regrade": started.pk}
        client.post(f"/c/{assignment.course.slug}/e/{assignment.slug}/regrade/", body)
        started.refresh_from_db()
        assert not regrade.unfinished(started)
        seen = {s.run_id for s in Submission.objects.exclude(run__purpose=Run.Purpose.REGRADE)}
        assert bool(seen) == (action == "undo")
        with pytest.raises(regrade.RegradeError):
            decide(started, alice)
    assert cells() == before
