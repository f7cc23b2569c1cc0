"""Grades reach the LMS: once, newest last, and also when it was down; who waits sees it and sends again."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone

from courses.models import Enrolment
from exercises.actions import submit
from gradebook import actions
from gradebook.models import GradeItem
from lti import delivery, outbox
from lti.models import Context, Identity, Member, Passback, Platform, ResourceLink
from lti.service import Service
from tests.platform.lti.lms import SCOPES, Browser, Lms

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
State, Problem = Passback.State, Passback.Problem


@pytest.fixture
def came(visitor: Browser, sheet: Any, known_bob: Any) -> Browser:
    """Bob has opened the activity."""
    visitor.launch()
    return visitor


@pytest.fixture
def service() -> Service:
    return Service()


def give(item: GradeItem, student: Any, points: str | None) -> None:
    actions.set_derived(item, student, None if points is None else Decimal(points), "test")


def shown(lms: Lms, user: str = "bob-1", column: str = "/ags/column1") -> Any:
    return lms.scores[column, user].get("scoreGiven")


def test_it_works(
    came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any, graded: Callable[..., Any]
) -> None:
    """A submission, its report, the gradebook, the outbox, the LMS."""
    graded(submit(assignment, bob, "def add(a, b):\n    return a + b\n"))
    assert Passback.objects.get().state == State.WAITING
    assert delivery.deliver_once(service) == 1
    (score,) = lms.log
    when = datetime.datetime.fromisoformat(score.pop("timestamp"))
    assert abs(timezone.now() - when) < datetime.timedelta(minutes=1) and when.tzinfo is not None
    assert score == {
        "userId": "bob-1",
        "scoreGiven": 10.0,
        "scoreMaximum": 10.0,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
    }
    row = Passback.objects.get()
    assert (row.state, row.sent_points, row.lease_until) == (State.SENT, 10, None)
    assert delivery.deliver_once(service) == 0 and len(lms.log) == 1
    assert lms.requests.count("POST /token") == 1


def test_changes(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any, alice: Any) -> None:
    item = assignment.item
    for step in (
        lambda: give(item, bob, "4.25"),
        lambda: actions.set_override(item, bob, Decimal("7.5"), alice, "oral"),
        lambda: actions.set_excused(item, bob, True, alice, ""),
        lambda: actions.set_excused(item, bob, False, alice, ""),
        lambda: actions.clear_override(item, bob, alice),
        lambda: give(item, bob, None),
    ):
        step()
        delivery.deliver_once(service)
    assert [score.get("scoreGiven") for score in lms.log] == [4.25, 7.5, None, 7.5, 4.25, None]
    assert lms.log[2]["activityProgress"] == "Initialized" and "scoreMaximum" not in lms.log[2]
    actions.set_comment(item, bob, "well done", alice)  # nothing that the LMS shows
    assert delivery.deliver_once(service) == 0 and len(lms.log) == 6


def test_other_points_of_the_column(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    give(assignment.item, bob, "4")
    delivery.deliver_once(service)
    assignment.item.max_points = Decimal(20)
    assignment.item.save()
    delivery.deliver_once(service)
    assert [score["scoreMaximum"] for score in lms.log] == [10.0, 20.0]
    assignment.item.position = 3  # nothing that the LMS shows
    assignment.item.save()
    assert delivery.deliver_once(service) == 0


def test_a_grade_that_is_taken_back_leaves_nothing(came: Browser, assignment: Any, bob: Any) -> None:
    """The line stands or falls with the grade."""
    with pytest.raises(RuntimeError), transaction.atomic():
        give(assignment.item, bob, "4")
        raise RuntimeError
    assert not Passback.objects.exists()


def test_grades_from_before_the_first_launch(
    visitor: Browser, sheet: Any, known_bob: Any, lms: Lms, service: Service, assignment: Any
) -> None:
    give(assignment.item, known_bob.user, "4")
    assert not Passback.objects.exists()  # the LMS does not know Bob in this course yet
    visitor.launch()
    assert delivery.deliver_once(service) == 1 and shown(lms) == 4.0
    visitor.launch()
    assert delivery.deliver_once(service) == 0


def test_only_students_who_came(
    came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any, alice: Any, registered: Any, course: Any
) -> None:
    emil = type(bob).objects.create_user("emil@example.org")
    Enrolment.objects.create(course=course, user=emil)
    Identity.objects.create(issuer=registered.issuer, subject="emil-1", user=emil)  # never came from this course
    give(assignment.item, emil, "4")
    Enrolment.objects.filter(user=bob).update(role="assistant")
    give(assignment.item, bob, "4")
    assert not Passback.objects.exists()


# ---- The LMS is down -------------------------------------------------------------------------------------


def test_down_and_back(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    lms.fail = 503
    give(assignment.item, bob, "4")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        pauses = []
        for _attempt in range(12):
            assert delivery.deliver_once(service) == 0
            row = Passback.objects.get()
            assert (row.state, row.problem, row.late) == (State.WAITING, Problem.UNREACHABLE, True)
            pauses.append((row.next_at - timezone.now()).total_seconds())
            asked = len(lms.requests)
            assert delivery.deliver_once(service) == 0 and len(lms.requests) == asked  # not before its time
            clock.move_to(row.next_at + datetime.timedelta(seconds=1))
        assert pauses[:4] == [10, 20, 40, 80] and pauses[-1] == 3600
        give(assignment.item, bob, "6")  # meanwhile
        lms.fail = 0
        assert delivery.deliver_once(service) == 1
    assert [score["scoreGiven"] for score in lms.log] == [6.0]
    assert Passback.objects.get().state == State.SENT and not Passback.objects.get().late


def test_nobody_listens(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    Platform.objects.update(token_url="http://127.0.0.1:9/token")
    give(assignment.item, bob, "4")
    assert delivery.deliver_once(service) == 0
    assert Passback.objects.get().problem == Problem.UNREACHABLE
    Platform.objects.update(token_url=f"{lms.url}/token")
    outbox.renew(Passback.objects.all())
    assert delivery.deliver_once(service) == 1


def test_one_platform_down_holds_up_no_other(
    came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any, registered: Any, course: Any
) -> None:
    dead = Platform.objects.create(
        name="Dead",
        issuer="http://127.0.0.1:9",
        client_id="x",
        deployments="1",
        auth_url="http://127.0.0.1:9/a",
        token_url="http://127.0.0.1:9/t",
        jwks_url="http://127.0.0.1:9/j",
    )
    context = Context.objects.create(platform=dead, deployment="1", context_id="c", course=course)
    column = "http://127.0.0.1:9/column"
    for number in range(3):
        link = ResourceLink.objects.create(
            context=context, link_id=str(number), item=assignment.item, scopes=SCOPES, line_item=column
        )
        assert link.takes_scores
    other = Identity.objects.create(issuer=dead.issuer, subject="b", user=bob)
    Member.objects.create(context=context, identity=other)
    give(assignment.item, bob, "4")
    assert Passback.objects.count() == 4
    assert delivery.deliver_once(service) == 1 and shown(lms) == 4.0
    waiting = Passback.objects.filter(state=State.WAITING)
    assert {row.attempts for row in waiting} == {1} and {row.late for row in waiting} == {True}


def test_no_token(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    lms.fail_token = 401
    give(assignment.item, bob, "4")
    delivery.deliver_once(service)
    row = Passback.objects.get()
    assert (row.state, row.problem) == (State.WAITING, Problem.TOKEN) and row.late


def test_a_token_that_was_taken_back(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    give(assignment.item, bob, "4")
    delivery.deliver_once(service)
    lms.tokens.clear()
    give(assignment.item, bob, "5")
    assert delivery.deliver_once(service) == 1 and shown(lms) == 5.0


def test_a_platform_out_of_use_keeps_its_grades(
    came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any
) -> None:
    Platform.objects.update(active=False)
    give(assignment.item, bob, "4")
    assert delivery.deliver_once(service) == 0
    Platform.objects.update(active=True)
    assert delivery.deliver_once(service) == 1


# ---- Order -----------------------------------------------------------------------------------------------


def test_a_change_while_it_is_under_way(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    give(assignment.item, bob, "4")
    row = Passback.objects.select_related("identity", "link__item", "link__context__platform").get()
    assert delivery.claim(row, timezone.now())
    give(assignment.item, bob, "9")
    row.changed_at -= datetime.timedelta(seconds=5)  # as it was when this attempt read it
    delivery._done(row, Decimal(4), Decimal(10))
    assert Passback.objects.get().state == State.WAITING
    assert delivery.deliver_once(service) == 1 and shown(lms) == 9.0


def test_two_dispatchers(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    give(assignment.item, bob, "4")
    row = Passback.objects.get()
    assert delivery.claim(row, timezone.now()) and not delivery.claim(row, timezone.now())
    assert delivery.deliver_once(service) == 0 and lms.log == []
    # The other one has died: its lease ends.
    with time_machine.travel(timezone.now() + delivery.LEASE * 2, tick=False):
        assert delivery.deliver_once(service) == 1


def test_an_older_score_overwrites_nothing(
    came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any
) -> None:
    """A teacher has graded in the LMS, later: that stays until somebody here says otherwise."""
    later = (timezone.now() + datetime.timedelta(minutes=5)).isoformat()
    lms.scores["/ags/column1", "bob-1"] = {"timestamp": later, "scoreGiven": 1.0}
    give(assignment.item, bob, "4")
    assert delivery.deliver_once(service) == 0
    row = Passback.objects.get()
    assert (row.state, row.problem) == (State.FAILED, Problem.NEWER) and shown(lms) == 1.0
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=10), tick=False):
        outbox.renew(Passback.objects.all())
        assert delivery.deliver_once(Service()) == 1
    assert shown(lms) == 4.0


def test_a_conflict_of_our_own_making(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    """Moodle compares with the moment at which it stored the last score, in whole seconds."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        give(assignment.item, bob, "4")
        delivery.deliver_once(service)
        stored = (timezone.now() + datetime.timedelta(seconds=3)).isoformat()
        lms.scores["/ags/column1", "bob-1"]["timestamp"] = stored
        clock.shift(1)
        give(assignment.item, bob, "5")
        assert delivery.deliver_once(service) == 0
        assert Passback.objects.get().state == State.WAITING
        clock.shift(10)
        assert delivery.deliver_once(service) == 1
    assert shown(lms) == 5.0


# ---- Refusals --------------------------------------------------------------------------------------------


def test_refused(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> None:
    lms.fail_users["bob-1"] = 422
    give(assignment.item, bob, "4")
    delivery.deliver_once(service)
    row = Passback.objects.get()
    assert (row.state, row.problem) == (State.FAILED, Problem.REFUSED) and "422" in row.detail
    assert delivery.deliver_once(service) == 0 and len(lms.log) == 1  # not again by itself
    give(assignment.item, bob, "5")  # a change is another matter
    lms.fail_users.clear()
    assert delivery.deliver_once(service) == 1


@pytest.mark.parametrize("url", ["https://evil.example/column", "http://169.254.169.254/x", "file:///etc/passwd"])
def test_a_grade_service_elsewhere(
    visitor: Browser, sheet: Any, known_bob: Any, lms: Lms, service: Service, assignment: Any, url: str
) -> None:
    """A platform must not have this server call addresses of its choice, with its token or without."""
    visitor.launch(**{AGS: {"scope": SCOPES, "lineitem": url}})
    give(assignment.item, known_bob.user, "4")
    assert delivery.deliver_once(service) == 0
    row = Passback.objects.get()
    assert (row.state, row.problem) == (State.FAILED, Problem.FOREIGN) and lms.log == []


def test_a_column_is_made_where_there_is_none(
    visitor: Browser, sheet: Any, known_bob: Any, lms: Lms, service: Service, assignment: Any
) -> None:
    bare = {AGS: {"scope": SCOPES, "lineitems": f"{lms.url}/ags/lineitems"}}
    visitor.launch(**bare)
    give(assignment.item, known_bob.user, "4")
    assert delivery.deliver_once(service) == 1
    (column,) = lms.items
    assert (column["label"], column["scoreMaximum"], column["resourceLinkId"]) == ("Addition", 10.0, "r1")
    assert shown(lms, column="/ags/made0") == 4.0
    visitor.launch(**bare)  # the launch names none: ours stays
    give(assignment.item, known_bob.user, "5")
    delivery.deliver_once(service)
    # Forgotten here, it is found there.
    ResourceLink.objects.update(line_item="")
    give(assignment.item, known_bob.user, "6")
    delivery.deliver_once(service)
    assert len(lms.items) == 1 and shown(lms, column="/ags/made0") == 6.0


def test_an_lms_that_takes_no_grades(
    visitor: Browser, sheet: Any, known_bob: Any, service: Service, assignment: Any
) -> None:
    visitor.launch(**{AGS: None})
    give(assignment.item, known_bob.user, "4")
    assert not Passback.objects.exists() and delivery.deliver_once(service) == 0


def test_the_loop_outlives_a_fault(came: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def broken(*args: Any) -> int:
        rounds.append(1)
        raise RuntimeError("a fault")

    monkeypatch.setattr(delivery, "deliver_once", broken)
    monkeypatch.setattr(delivery, "EVERY", 0)
    monkeypatch.setattr(delivery, "close_old_connections", lambda: None)
    delivery.run_delivery(lambda: len(rounds) >= 3)
    assert len(rounds) == 3


# ---- Seen, and sent again --------------------------------------------------------------------------------


@pytest.fixture
def failed(came: Browser, lms: Lms, service: Service, assignment: Any, bob: Any) -> Passback:
    lms.fail_users["bob-1"] = 422
    give(assignment.item, bob, "4")
    delivery.deliver_once(service)
    lms.fail_users.clear()
    return Passback.objects.get()


def test_the_student_sees_it_and_sends_again(
    failed: Passback, came: Browser, lms: Lms, service: Service, course: Any
) -> None:
    page = came.client.get("/c/course/grades/", secure=True).content.decode()
    assert "has not arrived in Test LMS" in page and "Send again" in page and "422" not in page
    answer = came.client.post("/c/course/lms/again", {"id": failed.pk}, secure=True)
    assert answer.status_code == 302 and answer["Location"] == "/c/course/grades/"
    assert delivery.deliver_once(service) == 1 and shown(lms) == 4.0
    assert "has not arrived" not in came.client.get("/c/course/grades/", secure=True).content.decode()


def test_the_staff_sees_it_and_sends_all(
    failed: Passback, client: Client, lms: Lms, service: Service, alice: Any, bob: Any
) -> None:
    staff = Client()
    staff.force_login(alice)
    assert "LMS" in staff.get("/c/course/gradebook/").content.decode()
    page = staff.get("/c/course/lms/").content.decode()
    assert "Bob Durand" in page and "422" in page and "Send all again" in page
    assert "has not arrived" in staff.get(f"/c/course/gradebook/addition/{bob.pk}/").content.decode()
    assert staff.post("/c/course/lms/again")["Location"] == "/c/course/lms/"
    assert delivery.deliver_once(service) == 1 and shown(lms) == 4.0


def test_nobody_elses(failed: Passback, charlie: Any, course: Any, bob: Any) -> None:
    for person, status in ((charlie, 404), (type(bob).objects.create_user("emil@example.org"), 404)):
        client = Client()
        client.force_login(person)
        assert client.post("/c/course/lms/again", {"id": failed.pk}).status_code == status
    emil = type(bob).objects.get(email="emil@example.org")
    Enrolment.objects.create(course=course, user=emil)
    assert client.post("/c/course/lms/again", {"id": failed.pk}).status_code == 404
    assert client.post("/c/course/lms/again", {"id": "x"}).status_code == 404
    client.post("/c/course/lms/again")
    assert Passback.objects.get().state == State.FAILED


def test_students_do_not_flood(failed: Passback, came: Browser) -> None:
    answers = [came.client.post("/c/course/lms/again", {"id": failed.pk}, secure=True) for _n in range(8)]
    assert [answer.status_code for answer in answers][-1] == 429
