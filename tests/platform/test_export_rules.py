"""What Moodle's and Canvas's imports ask of a file, rule by rule."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from courses.models import Course, Enrolment, Role
from gradebook import actions
from gradebook.export import canvas_csv, moodle_csv
from gradebook.models import GradeItem
from gradebook.table import build_table

Rows = list[list[str]]


def item(course: Course, slug: str, title: str, **fields: Any) -> GradeItem:
    count = GradeItem.objects.count()
    return GradeItem.objects.create(course=course, slug=slug, title_en=title, position=count, **fields)


def read(text: str) -> Rows:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.fixture
def moodle(course: Course, alice: User, bob: User) -> Callable[[], Rows]:
    return lambda: read(moodle_csv(build_table(course)))


@pytest.fixture
def canvas(course: Course, alice: User, bob: User) -> Callable[[], Rows]:
    return lambda: read(canvas_csv(build_table(course)))


class TestMoodle:
    def test_it_works(self, course: Course, alice: User, bob: User, moodle: Callable[[], Rows]) -> None:
        """Users by e-mail address; a column of grades and one of feedback for each item."""
        actions.enter(item(course, "oral", "Oral"), bob, Decimal("7.5"), alice)
        assert moodle() == [
            ["First name", "Surname", "Email address", "Oral", "Feedback: Oral"],
            ["Bob", "Durand", "bob@example.org", "7.50", ""],
        ]

    def test_no_byte_order_mark(self, course: Course) -> None:
        """Moodle would read it into the first header."""
        assert moodle_csv(build_table(course)).startswith("First name")

    def test_nothing_handed_in_is_empty_and_no_zero(
        self, course: Course, alice: User, bob: User, moodle: Callable[[], Rows]
    ) -> None:
        """An empty cell leaves Moodle's grade alone; 0 would overwrite it."""
        item(course, "none", "None")
        actions.enter(item(course, "zero", "Zero"), bob, Decimal(0), alice)
        actions.set_excused(item(course, "ill", "Ill"), bob, True, alice, "ill")
        assert moodle()[1][3::2] == ["", "0.00", ""]

    def test_only_who_takes_part(self, course: Course, moodle: Callable[[], Rows]) -> None:
        """One unknown user makes Moodle refuse the whole file."""
        for email, fields in (("gone@example.org", {"active": False}), ("ta@example.org", {"role": Role.ASSISTANT})):
            Enrolment.objects.create(course=course, user=User.objects.create_user(email), **fields)
        assert [row[2] for row in moodle()[1:]] == ["bob@example.org"]

    def test_no_ragged_row(self, course: Course, alice: User, bob: User, moodle: Callable[[], Rows]) -> None:
        """Moodle refuses them; commas, quotes and line breaks stand inside quotes."""
        actions.set_comment(item(course, "oral", 'Oral, "final"'), bob, 'one,\n"two"\r\nthree;', alice)
        item(course, "tp", "TP")
        rows = moodle()
        assert {len(row) for row in rows} == {7}
        assert rows[1][4].startswith('one,\n"two"')

    def test_every_header_is_there_once(self, course: Course, moodle: Callable[[], Rows]) -> None:
        titles = ["Quiz", "Quiz", "Quiz (2)", "Quiz (2)", "Feedback: Quiz", "Surname", "Email address"]
        for number, title in enumerate(titles):
            item(course, f"i{number}", title)
        head = moodle()[0]
        assert len(head) == 3 + 2 * len(titles) == len(set(head))
        assert head[3:6] == ["Quiz", "Feedback: Quiz", "Quiz (2)"]

    def test_decimals(self, course: Course, alice: User, bob: User, moodle: Callable[[], Rows]) -> None:
        """With a point, which Moodle reads in every language, and never with a separator of thousands."""
        actions.enter(item(course, "oral", "Oral", max_points=Decimal(5000)), bob, Decimal("1234.5"), alice)
        assert moodle()[1][3] == "1234.50"


class TestCanvas:
    def test_it_works(self, course: Course, alice: User, bob: User, canvas: Callable[[], Rows]) -> None:
        """The columns in Canvas's order; the points possible in the second row."""
        actions.enter(item(course, "oral", "Oral", max_points=Decimal(20)), bob, Decimal("7.5"), alice)
        assert canvas() == [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Oral"],
            ["Points Possible", "", "", "", "", "20.00"],
            ["Durand, Bob", "", "", "bob@example.org", "", "7.50"],
        ]

    def test_the_address_is_no_id(self, canvas: Callable[[], Rows]) -> None:
        """Canvas looks people up by ID, SIS User ID, then SIS Login ID, never by e-mail."""
        assert canvas()[2][1:4] == ["", "", "bob@example.org"]

    def test_excused(self, course: Course, alice: User, bob: User, canvas: Callable[[], Rows]) -> None:
        actions.set_excused(item(course, "ill", "Ill"), bob, True, alice, "ill")
        item(course, "none", "None")
        assert canvas()[2][5:] == ["EX", ""]

    @pytest.mark.parametrize(
        "title",
        [
            *("Final Grade", "Current Score", "Essay Final Points", "Unposted Current Score", "current grade"),
            *("Override Score", "Override Grade", "Override Status"),
            *("Notes", " notes ", "Section", "ID", "SIS Login ID", "Student", "Root Account", "Integration ID"),
        ],
    )
    def test_names_that_mean_something_else(self, course: Course, canvas: Callable[[], Rows], title: str) -> None:
        """Canvas drops totals without a word and takes the others for columns of its own: the short name stands."""
        item(course, "week-1", title)
        assert canvas()[0][5:] == ["week-1"]

    @pytest.mark.parametrize("title", ["Final exam", "Notes de cours", "Grade 1", "Section 2", "Identity"])
    def test_other_names_stay(self, course: Course, canvas: Callable[[], Rows], title: str) -> None:
        item(course, "week-1", title)
        assert canvas()[0][5:] == [title]

    def test_no_name_reads_like_an_assignments_id(self, course: Course, canvas: Callable[[], Rows]) -> None:
        """`Quiz (2)` would be Canvas's assignment number 2, or else the one called Quiz."""
        for number, title in enumerate(["Quiz", "Quiz", "TP (2)", "TP [2]", "Oral (May)"]):
            item(course, f"i{number}", title)
        assert canvas()[0][5:] == ["Quiz", "Quiz [2]", "TP [2]", "TP [2] [2]", "Oral (May)"]

    def test_no_ragged_row(self, course: Course, bob: User, canvas: Callable[[], Rows]) -> None:
        User.objects.filter(pk=bob.pk).update(family_name='Durand, "Jr."', given_name="Bob\nPaul")
        item(course, "oral", "Oral, « été »; 2")
        assert {len(row) for row in canvas()} == {6}
