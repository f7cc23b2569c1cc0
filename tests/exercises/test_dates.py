"""Deadlines: to the minute, in the course's time zone, with extensions, late credit, and what counts of several."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from courses.models import Course, Enrolment, Section
from exercises import actions
from exercises.dates import CreditStep, Extension
from exercises.errors import NotOpen, NoTriesLeft
from exercises.models import Assignment, Submission
from gradebook.models import Score
from gradebook.table import build_table
from tests.conftest import make_report

PARIS = "Europe/Paris"


def moment(text: str, zone: str = PARIS) -> dt.datetime:
    """A civil time such as "2026-03-29 01:59"."""
    import zoneinfo

    return dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone))


def set_dates(assignment: Any, due: str, closes: str | None = None, **fields: Any) -> Any:
    Assignment.objects.filter(pk=assignment.pk).update(
        due_at=moment(due), closes_at=moment(closes) if closes else None, **fields
    )
    assignment.refresh_from_db()
    return assignment


class TestCivilTime:
    """The minute that people read is the last one that counts, whatever the clocks did."""

    @pytest.mark.parametrize(
        "due",
        [
            "2026-11-25 23:59",
            "2026-12-31 23:59",
            "2028-02-29 23:59",  # leap day
            "2026-03-29 01:59",  # an hour is skipped right after it
            "2026-03-29 03:00",
            "2026-10-25 02:30",  # the first of two
            "2026-06-01 00:00",
        ],
    )
    def test_it_works(self, assignment: Any, bob: Any, due: str) -> None:
        set_dates(assignment, due)
        last = moment(due)
        with time_machine.travel(last + dt.timedelta(seconds=59.9), tick=False):
            assert not actions.submit(assignment, bob, "a").late
        with time_machine.travel(last + dt.timedelta(seconds=60), tick=False), pytest.raises(NotOpen):
            actions.submit(assignment, bob, "b")

    def test_the_courses_zone_decides(self, assignment: Any, bob: Any) -> None:
        Course.objects.filter(pk=assignment.course_id).update(time_zone="America/Martinique")
        Assignment.objects.filter(pk=assignment.pk).update(
            due_at=moment("2026-11-25 23:59", "America/Martinique"), closes_at=None
        )
        assignment.refresh_from_db()
        with time_machine.travel(moment("2026-11-26 04:00"), tick=False):  # 23:00 in Martinique
            assert not actions.submit(assignment, bob, "a").late

    def test_a_due_date_moved_later_forgives(self, assignment: Any, bob: Any, graded: Any) -> None:
        set_dates(assignment, "2026-11-25 23:59", "2026-12-31 23:59")
        CreditStep.objects.create(assignment=assignment, until=moment("2026-12-31 23:59"), percent=50)
        with time_machine.travel(moment("2026-11-26 10:00"), tick=False):
            submission = graded(actions.submit(assignment, bob, "a"))
            assert submission.late and Score.objects.get().points == 5
            actions.assign(assignment.exercise, due_at=moment("2026-11-26 23:59"), closes_at=moment("2026-12-31 23:59"))
            submission = Submission.objects.get()
            assert not submission.late and Score.objects.get().points == 5
            actions.rescore(Assignment.objects.get())
        assert Score.objects.get().points == 10


class TestCredit:
    @pytest.fixture
    def stepped(self, assignment: Any) -> Any:
        """Due on the 1st; 80 % until the 3rd, 50 % until the 5th; open until the 10th."""
        set_dates(assignment, "2026-12-01 23:59", "2026-12-10 23:59")
        for day, percent in ((3, 80), (5, 50)):
            CreditStep.objects.create(assignment=assignment, until=moment(f"2026-12-0{day} 23:59"), percent=percent)
        return assignment

    @pytest.mark.parametrize(
        ("at", "points"),
        [
            ("2026-12-01 23:59", 10),
            ("2026-12-02 00:00", 8),
            ("2026-12-03 23:59", 8),
            ("2026-12-04 00:00", 5),
            ("2026-12-05 23:59", 5),
            ("2026-12-06 00:00", 0),
        ],
    )
    def test_it_works(self, stepped: Any, bob: Any, graded: Any, at: str, points: int) -> None:
        with time_machine.travel(moment(at), tick=False):
            graded(actions.submit(stepped, bob, "a"))
        assert Score.objects.get().points == points

    def test_acceptance_counts_not_grading(self, stepped: Any, bob: Any, graded: Any) -> None:
        with time_machine.travel(moment("2026-12-01 23:58"), tick=False):
            submission = actions.submit(stepped, bob, "a")
        with time_machine.travel(moment("2026-12-08 00:00"), tick=False):
            graded(submission)
        assert Score.objects.get().points == 10

    def test_a_result_after_the_closing_counts(self, assignment: Any, bob: Any, graded: Any) -> None:
        """The queue was long: accepted in the last minute, graded when nothing is accepted any more."""
        set_dates(assignment, "2026-12-01 23:59")
        with time_machine.travel(moment("2026-12-01 23:59"), tick=False):
            submission = actions.submit(assignment, bob, "a")
        with time_machine.travel(moment("2026-12-02 02:00"), tick=False):
            graded(submission)
            assert Score.objects.get().points == 10 and not submission.late

    def test_a_late_better_one_may_count_less(self, stepped: Any, bob: Any, graded: Any) -> None:
        with time_machine.travel(moment("2026-12-01 12:00"), tick=False):
            first = actions.submit(stepped, bob, "a")
            graded(first, make_report(first.run.version, {"adds small numbers": "failed"}))  # 6 of 10
        with time_machine.travel(moment("2026-12-04 12:00"), tick=False):
            graded(actions.submit(stepped, bob, "b"))  # 10 of 10, half of it
        assert Score.objects.get().points == 6

    def test_pages_say_what_it_brings(self, stepped: Any, bob: Any, graded: Any, client: Client) -> None:
        with time_machine.travel(moment("2026-12-04 12:00"), tick=False):
            client.force_login(bob)
            assert "It counts 50 % of its points." in client.get("/c/course/e/addition/").content.decode()
            submission = graded(actions.submit(stepped, bob, "b"))
            page = client.get(f"/s/{submission.pk}/").content.decode()
        assert "brings 50 % of these points" in page

    def test_without_steps_late_is_marked_only(self, assignment: Any, bob: Any, graded: Any) -> None:
        set_dates(assignment, "2026-12-01 23:59", "2026-12-10 23:59")
        with time_machine.travel(moment("2026-12-04 12:00"), tick=False):
            submission = graded(actions.submit(assignment, bob, "a"))
        assert submission.late and Score.objects.get().points == 10


class TestExtensions:
    @pytest.fixture
    def due(self, assignment: Any) -> Any:
        return set_dates(assignment, "2026-12-01 23:59", tries=1)

    def test_it_works(self, due: Any, bob: Any, client: Client) -> None:
        Extension.objects.create(assignment=due, student=bob, due_at=moment("2026-12-08 23:59"), extra_tries=1)
        with time_machine.travel(moment("2026-12-02 23:59"), tick=False):
            client.force_login(bob)
            for url in ("/c/course/", "/c/course/e/addition/"):
                assert "8 Dec" in client.get(url).content.decode()
        with time_machine.travel(moment("2026-12-08 23:59"), tick=False):
            assert not actions.submit(due, bob, "a").late
            assert actions.tries_left(due, bob) == 1
        with time_machine.travel(moment("2026-12-09 00:00"), tick=False), pytest.raises(NotOpen):
            actions.submit(due, bob, "b")

    def test_extra_tries_end_too(self, due: Any, bob: Any, graded: Any) -> None:
        Extension.objects.create(assignment=due, student=bob, extra_tries=1)
        with time_machine.travel(moment("2026-12-01 12:00"), tick=False):
            graded(actions.submit(due, bob, "a"))
            graded(actions.submit(due, bob, "b"))
            with pytest.raises(NoTriesLeft):
                actions.submit(due, bob, "c")

    def test_a_section(self, due: Any, bob: Any, course: Any) -> None:
        section = Section.objects.get(course=course)
        Extension.objects.create(assignment=due, section=section, due_at=moment("2026-12-05 23:59"))
        with time_machine.travel(moment("2026-12-04 12:00"), tick=False):
            with pytest.raises(NotOpen):
                actions.submit(due, bob, "a")
            Enrolment.objects.filter(user=bob).update(section=section)
            assert not actions.submit(due, bob, "a").late

    def test_ones_own_wins_over_the_sections(self, due: Any, bob: Any, course: Any) -> None:
        section = Section.objects.get(course=course)
        Enrolment.objects.filter(user=bob).update(section=section)
        Extension.objects.create(assignment=due, section=section, due_at=moment("2026-12-20 23:59"))
        Extension.objects.create(assignment=due, student=bob, due_at=moment("2026-12-05 23:59"))
        with time_machine.travel(moment("2026-12-06 12:00"), tick=False), pytest.raises(NotOpen):
            actions.submit(due, bob, "a")

    def test_closing_and_credit_move_along(self, due: Any, bob: Any, graded: Any) -> None:
        set_dates(due, "2026-12-01 23:59", "2026-12-03 23:59")
        CreditStep.objects.create(assignment=due, until=moment("2026-12-03 23:59"), percent=50)
        Extension.objects.create(assignment=due, student=bob, due_at=moment("2026-12-08 23:59"))
        with time_machine.travel(moment("2026-12-10 12:00"), tick=False):  # two days late, as on the 3rd
            graded(actions.submit(due, bob, "a"))
        assert Score.objects.get().points == 5

    def test_the_gradebook_waits_for_it(self, due: Any, bob: Any, client: Client) -> None:
        due.item.closes_at = due.due_at
        due.item.save()
        with time_machine.travel(moment("2026-12-02 12:00"), tick=False):
            assert build_table(due.course).rows[0].total_20 == 0
            Extension.objects.create(assignment=due, student=bob, due_at=moment("2026-12-08 23:59"))
            assert build_table(due.course).rows[0].total_20 is None
            client.force_login(bob)
            assert "8 Dec" in client.get("/c/course/grades/").content.decode()

    def test_a_students_copy_is_never_saved(self, due: Any, bob: Any) -> None:
        with pytest.raises(TypeError, match="one student's copy"):
            due.dated(bob.pk).save()

    def test_for_a_student_or_a_section(self, due: Any, bob: Any, charlie: Any, course: Any, other_course: Any) -> None:
        both = Extension(assignment=due, student=bob, section=Section.objects.get(course=course))
        with pytest.raises(ValidationError, match="one of the two"):
            both.full_clean()
        with pytest.raises(IntegrityError), transaction.atomic():
            both.save()
        with pytest.raises(ValidationError, match="not in the course"):
            Extension(assignment=due, student=charlie).full_clean()
        foreign = Section.objects.create(course=other_course, name="X")
        with pytest.raises(ValidationError, match="another course"):
            Extension(assignment=due, section=foreign).full_clean()

    def test_the_list_of_exercises_asks_few_questions(
        self, due: Any, bob: Any, client: Client, django_assert_max_num_queries: Any
    ) -> None:
        Extension.objects.create(assignment=due, student=bob, extra_tries=1)
        client.force_login(bob)
        with django_assert_max_num_queries(16):
            client.get("/c/course/")


class TestPolicy:
    @pytest.mark.parametrize(("counts", "points"), [("best", 10), ("last", 4), ("first", 6)])
    def test_it_works(self, assignment: Any, bob: Any, graded: Any, counts: str, points: int) -> None:
        Assignment.objects.update(counts=counts)
        assignment.refresh_from_db()
        for failing in ({"adds small numbers": "failed"}, {}, {"adds hidden numbers": "failed"}):
            submission = actions.submit(assignment, bob, "a")
            graded(submission, make_report(submission.run.version, failing))
        assert Score.objects.get().points == Decimal(points)

    def test_a_change_of_policy_moves_scores(self, assignment: Any, bob: Any, graded: Any) -> None:
        graded(actions.submit(assignment, bob, "a"))
        second = actions.submit(assignment, bob, "b")
        graded(second, make_report(second.run.version, {"adds small numbers": "failed"}))
        assert Score.objects.get().points == 10
        actions.assign(assignment.exercise, due_at=assignment.due_at, counts="last")
        assert Score.objects.get().points == 6


class TestAdmin:
    def test_it_works(self, assignment: Any, alice: Any, bob: Any, client: Client) -> None:
        client.force_login(alice)
        url = f"/admin/exercises/assignment/{assignment.pk}/change/"
        page = client.get(url).content.decode()
        assert "extensions-0-student" in page and "credit_steps-0-until_0" in page
        due = timezone.localtime(assignment.due_at, assignment.course.zone)
        data = {
            "position": "0",
            "visible": "on",
            "due_at_0": f"{due:%Y-%m-%d}",
            "due_at_1": f"{due:%H:%M:%S}",
            "points": "10",
            "weight": "10",
            "counts": "best",
            "credit_steps-TOTAL_FORMS": "1",
            "credit_steps-INITIAL_FORMS": "0",
            "credit_steps-0-until_0": f"{due + dt.timedelta(days=2):%Y-%m-%d}",
            "credit_steps-0-until_1": "23:59",
            "credit_steps-0-percent": "80",
            "extensions-TOTAL_FORMS": "1",
            "extensions-INITIAL_FORMS": "0",
            "extensions-0-student": str(bob.pk),
            "extensions-0-due_at_0": f"{due + dt.timedelta(days=7):%Y-%m-%d}",
            "extensions-0-due_at_1": "23:59",
            "extensions-0-extra_tries": "2",
            "extensions-0-reason": "illness",
        }
        response = client.post(url, data)
        assert response.status_code == 302, response.content.decode()
        extension = Extension.objects.get()
        assert (extension.student, extension.extra_tries) == (bob, 2)
        assert timezone.localtime(extension.due_at, assignment.course.zone).strftime("%H:%M") == "23:59"
        assert CreditStep.objects.get().percent == 80
        page = client.get(url).content.decode()
        assert 'value="illness"' in page and 'name="extensions-0-id" value' in page  # and can be changed again
        data |= {
            "extensions-INITIAL_FORMS": "1",
            "extensions-0-id": str(extension.pk),
            "extensions-0-extra_tries": "3",
            "credit_steps-INITIAL_FORMS": "1",
            "credit_steps-0-id": str(CreditStep.objects.get().pk),
            "credit_steps-0-DELETE": "on",
        }
        assert client.post(url, data).status_code == 302
        extension.refresh_from_db()
        assert extension.extra_tries == 3 and not CreditStep.objects.exists()

    def test_only_people_of_the_course_are_offered(
        self, assignment: Any, alice: Any, bob: Any, charlie: Any, client: Client
    ) -> None:
        client.force_login(alice)
        page = client.get(f"/admin/exercises/assignment/{assignment.pk}/change/").content.decode()
        assert str(bob) in page and str(charlie) not in page
