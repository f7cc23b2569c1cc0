"""The similarity report and two submissions side by side: who is compared, what is shown, and to whom."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from config.people import erase_student
from courses.models import Course, Enrolment
from exercises import actions, similarity_report
from exercises.models import Assignment, Exercise, Submission
from exercises.similarity_report import Options, report, side_by_side
from gradebook.models import GradeItem
from tests.conftest import EXERCISE_FILES, make_report
from workers.jobs import ExerciseFiles

PAGE = "/c/course/e/addition/similarity/"
STARTER = EXERCISE_FILES["starter.py"].decode()
COPIED = """
def add(a, b):
    carry, digits = 0, []
    for x, y in zip(reversed(str(a)), reversed(str(b))):  # <digit> by digit
        carry, digit = divmod(int(x) + int(y) + carry, 10)
        digits.append(str(digit))
    return int("".join(reversed(digits)))
"""
RENAMED = COPIED.replace("carry", "over").replace("digits", "found").replace("# <digit> by digit", "")
OWN = """
def add(a, b):
    while b:
        a, b = a ^ b, (a & b) << 1
    return a if a < 2 ** 31 else ~(a ^ 0xFFFFFFFF)
"""


@pytest.fixture(autouse=True)
def nothing_kept(db: None) -> None:
    cache.clear()


def person(course: Course, name: str) -> User:
    user = User.objects.create_user(f"{name}@example.org", given_name=name.title())
    Enrolment.objects.create(course=course, user=user)
    return user


@pytest.fixture
def work(assignment: Assignment, bob: Any) -> dict[str, Submission]:
    """Bob and Dana hand in the same under other names; Emil works alone; Fay hands in the starter."""
    sources = {"dana": RENAMED, "emil": OWN, "fay": STARTER}
    people = {"bob": bob} | {name: person(assignment.course, name) for name in sources}
    return {name: actions.submit(assignment, people[name], ({"bob": COPIED} | sources)[name]) for name in people}


def seen(assignment: Assignment, user: Any, **options: Any) -> Any:
    return report(assignment, Options(**options), user)


def names(found: Any) -> list[set[str]]:
    return [{pair.a.student.given_name, pair.b.student.given_name} for pair in found.pairs]


def test_it_works(client: Client, work: dict[str, Submission], alice: Any) -> None:
    client.force_login(alice)
    response = client.get(PAGE)
    page = response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert "4 submissions compared" in page and "3 pairs" in page and "1 is too short to compare" in page
    assert "Bob Durand" in page and "Emil" not in page and "100 %" in page
    link = html.unescape(re.search(r'href="(/c/course/e/addition/similarity/[^"]+/)\?', page)[1])  # type: ignore[index]
    page = client.get(link).content.decode()
    assert page.count("<mark>") == 2 and "# &lt;digit&gt; by digit" in page and "1 passage" in page
    assert 'href="#b1"' in page and 'id="b1"' in page
    assert PAGE in client.get("/c/course/e/addition/insight/").content.decode()


def test_the_page_judges_nobody(client: Client, work: dict[str, Submission], alice: Any) -> None:
    client.force_login(alice)
    page = client.get(PAGE).content.decode()
    assert "Short functions look alike" in page and "do not tell who wrote first" in page
    assert not re.search(r"plagiari|cheat|suspect|guilt", page, re.IGNORECASE)


def test_best_or_last(work: dict[str, Submission], assignment: Assignment, alice: Any, graded: Any) -> None:
    graded(work["bob"])
    later = actions.submit(assignment, work["bob"].student, OWN)
    graded(later, make_report(later.run.version, {"adds small numbers": "failed"}))
    assert names(seen(assignment, alice, which="best")) == [{"Bob", "Dana"}]
    assert names(seen(assignment, alice, which="last")) == [{"Bob", "Emil"}]


def test_of_equal_points_the_later_one(assignment: Assignment, bob: Any, graded: Any) -> None:
    first, second = (graded(actions.submit(assignment, bob, text)) for text in (COPIED, OWN))
    assert similarity_report.chosen([assignment], "best") == {second.pk: bob.pk}
    assert first.received_at < second.received_at


def test_runs_of_the_public_tests_and_the_staff_do_not_count(
    assignment: Assignment, alice: Any, bob: Any, work: dict[str, Submission]
) -> None:
    actions.submit(assignment, bob, OWN, public_only=True)
    actions.submit(assignment, alice, COPIED)
    assert seen(assignment, alice).compared == 4


def test_what_most_share_can_be_left_out(assignment: Assignment, alice: Any, bob: Any) -> None:
    given = "\n".join(f"def helper_{n}(a, b):\n    return np.clip(a * {n}, b.min(), b.max())" for n in range(3))
    for number, extra in enumerate((COPIED, RENAMED, OWN, "")):
        actions.submit(assignment, person(assignment.course, f"student{number}"), f"{given}\n{extra}\n")
    assert len(seen(assignment, alice).pairs) == 6
    found = seen(assignment, alice, common=True)
    assert names(found) == [{"Student0", "Student1"}]
    pair = found.pairs[0]
    shown = side_by_side(assignment, pair.a, pair.b, Options(common=True), alice)
    assert shown.pair.common == pair.common
    assert not any("helper" in piece.text for piece in shown.left if piece.passage)


@pytest.fixture
def last_year(exercise: Exercise, alice: Any) -> Assignment:
    """The same exercise in a course of the year before, which Alice taught too, with Gil's submission."""
    course = Course.objects.create(slug="last-year", title_en="Last year")
    Enrolment.objects.create(course=course, user=alice, role="instructor")
    copy = Exercise.objects.create(course=course, slug=exercise.slug)
    actions.save_files(copy, ExerciseFiles(EXERCISE_FILES))
    version = actions.publish(copy)
    copy.published = version
    copy.save()
    item = GradeItem.objects.create(course=course, slug="addition", title_en="Addition")
    given = Assignment.objects.create(course=course, exercise=copy, slug="addition", item=item)
    actions.submit(given, person(course, "gil"), COPIED)
    return given


def test_earlier_courses(
    client: Client, work: dict[str, Submission], assignment: Assignment, last_year: Assignment, alice: Any
) -> None:
    assert len(seen(assignment, alice).pairs) == 1
    found = seen(assignment, alice, earlier=True)
    assert found.earlier == 1
    assert {"Bob", "Gil"} in names(found) and {"Dana", "Gil"} in names(found)
    client.force_login(alice)
    page = client.get(f"{PAGE}?earlier=1").content.decode()
    assert "Last year" in page
    pair = next(pair for pair in found.pairs if pair.b.assignment_id == last_year.pk)
    assert client.get(f"{PAGE}{pair.a.pk}/{pair.b.pk}/").status_code == 200
    told = AuditEvent.objects.filter(course=last_year.course, kind=AuditEvent.Kind.WORK_SEEN)
    assert [event.about for event in told] == [pair.b.student]


def test_courses_of_others_stay_theirs(
    client: Client, work: dict[str, Submission], assignment: Assignment, last_year: Assignment, alice: Any
) -> None:
    gil = Submission.objects.get(assignment=last_year)
    Enrolment.objects.filter(user=alice, course=last_year.course).delete()
    found = seen(assignment, alice, earlier=True)
    assert found.earlier == 0
    client.force_login(alice)
    assert client.get(f"{PAGE}{work['bob'].pk}/{gil.pk}/").status_code == 404
    assert "Compare with my other courses" not in client.get(PAGE).content.decode()


def test_nobody_is_compared_with_an_own_work_of_last_year(
    assignment: Assignment, last_year: Assignment, alice: Any
) -> None:
    gil = User.objects.get(given_name="Gil")
    Enrolment.objects.create(course=assignment.course, user=gil)
    actions.submit(assignment, gil, COPIED)
    assert seen(assignment, alice, earlier=True).pairs == []


def test_a_result_is_kept_until_somebody_submits(
    work: dict[str, Submission], assignment: Assignment, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = seen(assignment, alice)
    calls = []
    plain = similarity_report._compare
    monkeypatch.setattr(similarity_report, "_compare", lambda *words: calls.append(1) or plain(*words))
    assert seen(assignment, alice) == first and not calls
    actions.submit(assignment, work["emil"].student, COPIED)
    assert len(seen(assignment, alice, which="last").pairs) == 3 and calls == [1]


def test_somebody_erased_leaves_the_kept_result(
    work: dict[str, Submission], assignment: Assignment, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = similarity_report._found(assignment, Options(), alice)
    assert len(found["pairs"]) == 1
    assert str(work["dana"].pk) in found["pairs"][0][:2]
    # Erased between the choice and the reading of names: the choice is what it was.
    chosen = similarity_report.chosen([assignment], "best")
    erase_student(work["dana"].student, really=True)
    monkeypatch.setattr(similarity_report, "chosen", lambda given, which: chosen if given else {})
    assert seen(assignment, alice).pairs == []


def test_hostile_submissions_take_no_time_from_the_others(
    assignment: Assignment, alice: Any, work: dict[str, Submission]
) -> None:
    for number, text in enumerate(("x " * 60_000, "x " * 60_001, "'''\n" * 30_000, "(" * 100_000)):
        actions.submit(assignment, person(assignment.course, f"hostile{number}"), text)
    found = seen(assignment, alice)
    assert found.cut == 4 and {"Bob", "Dana"} in names(found)
    # The shortest are read first: when there is no time for all, it is the longest that are missing.
    every = list(Submission.objects.values_list("pk", flat=True))
    sizes = [len(source) for _pk, source in similarity_report._sources(every)]
    assert sizes == sorted(sizes)


def test_the_budget(
    client: Client, assignment: Assignment, alice: Any, work: dict[str, Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity_report, "BUDGET_SECONDS", -1.0)
    client.force_login(alice)
    page = client.get(PAGE).content.decode()
    assert "4, the longest, were not read" in page


def test_prompts(assignment: Assignment, alice: Any, bob: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity_report, "kind_of", lambda given: "prompt")
    text = "Classify the review as positive or negative. Answer with one word. {{review}}"
    actions.submit(assignment, bob, text)
    actions.submit(assignment, person(assignment.course, "dana"), f"{text.upper()} Thank you very much indeed!")
    (pair,) = seen(assignment, alice).pairs
    assert (pair.common, round(pair.share_a)) == (14, 100)


@pytest.mark.parametrize(("kind", "read"), [("code", "code"), ("prompt", "prompt"), ("image-prompt", "prompt")])
def test_how_each_kind_is_read(assignment: Assignment, kind: str, read: str) -> None:
    assert assignment.version is not None
    assignment.version.__dict__["spec"] = replace(assignment.version.spec, kind=kind)
    assert similarity_report.kind_of(assignment) == read


@pytest.mark.parametrize("address", ["?which=x&common=2&sort=%00", "?which=last&common=1&earlier=1&sort=share"])
def test_addresses(client: Client, work: dict[str, Submission], alice: Any, address: str) -> None:
    client.force_login(alice)
    assert client.get(PAGE + address).status_code == 200


def test_options_make_addresses() -> None:
    options = Options("last", True, True, "share")
    assert Options.read(QueryDict(options.query())) == options
    assert Options.read(QueryDict(options.query(sort="tokens"))).sort == "tokens"


def test_empty_class(client: Client, assignment: Assignment, alice: Any) -> None:
    client.force_login(alice)
    assert "Nothing in common" in client.get(PAGE).content.decode()


def test_it_is_audited(client: Client, work: dict[str, Submission], alice: Any) -> None:
    client.force_login(alice)
    client.get(PAGE)
    client.get(f"{PAGE}{work['bob'].pk}/{work['dana'].pk}/")
    told = AuditEvent.objects.filter(by=alice, kind=AuditEvent.Kind.WORK_SEEN, detail="addition: similarity")
    assert {event.about and event.about.given_name for event in told} == {None, "Bob", "Dana"}


def test_outsiders(client: Client, work: dict[str, Submission], alice: Any, bob: Any, charlie: Any) -> None:
    pair = f"{PAGE}{work['bob'].pk}/{work['dana'].pk}/"
    for user in (bob, charlie):
        client.force_login(user)
        assert [client.get(path).status_code for path in (PAGE, pair)] == [404, 404]
    client.force_login(alice)
    assert client.get(f"{PAGE}{work['bob'].pk}/{work['bob'].pk}/").status_code == 404
