"""grades.csv, format "plain": what other programs read."""

from __future__ import annotations

import csv
import datetime
import io
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import User
from courses.models import Course, Enrolment, Role, Section
from gradebook import actions
from gradebook.export import FORMATS, canvas_csv, moodle_csv, plain_csv, safe_cell, xlsx
from gradebook.models import GradeItem
from gradebook.table import build_table, mean, rounded

PAST = datetime.timedelta(days=-1)
AHEAD = datetime.timedelta(days=1)


def item(course: Course, slug: str, most: str = "10", weight: str = "10", closes: Any = None, position: int = 0) -> Any:
    return GradeItem.objects.create(
        course=course,
        slug=slug,
        title_en=slug,
        max_points=Decimal(most),
        weight=Decimal(weight),
        closes_at=timezone.now() + closes if closes else None,
        position=position,
    )


def student(course: Course, email: str, family: str = "", given: str = "", section: str = "") -> User:
    user = User.objects.create_user(email, family_name=family, given_name=given)
    found = Section.objects.get_or_create(course=course, name=section)[0] if section else None
    Enrolment.objects.create(course=course, user=user, section=found)
    return user


def give(item: Any, user: User, points: str) -> None:
    actions.set_derived(item, user, Decimal(points), "test")


def export(course: Course) -> list[list[str]]:
    return list(csv.reader(io.StringIO(plain_csv(build_table(course)).removeprefix("\ufeff"), newline="")))


def test_it_works(course: Course, bob: Any, alice: Any) -> None:
    """Byte for byte: this is an interface."""
    one = item(course, "one", position=1)
    item(course, "two", most="20", weight="20", closes=AHEAD, position=2)
    give(one, bob, "7.5")
    text = plain_csv(build_table(course))
    assert text == (
        "\ufeffemail,family_name,given_name,section,one,two,total,total_20\r\n"
        "bob@example.org,Durand,Bob,,7.50,,7.50,15.00\r\n"
    )


def test_an_empty_course(course: Course) -> None:
    assert plain_csv(build_table(course)) == "\ufeffemail,family_name,given_name,section,total,total_20\r\n"


def test_nothing_handed_in(course: Course, bob: Any) -> None:
    item(course, "open", closes=AHEAD, position=1)
    assert export(course)[1][4:] == ["", "0.00", ""]
    item(course, "closed", closes=PAST, position=2)
    assert export(course)[1][4:] == ["", "", "0.00", "0.00"]


def test_a_zero_is_not_an_empty_cell(course: Course, bob: Any) -> None:
    give(item(course, "one"), bob, "0")
    assert export(course)[1][4:] == ["0.00", "0.00", "0.00"]


def test_closed_items_count_as_zero(course: Course, bob: Any) -> None:
    give(item(course, "one", position=1), bob, "10")
    item(course, "two", weight="30", closes=PAST, position=2)
    assert export(course)[1][4:] == ["10.00", "", "10.00", "5.00"]


def test_an_excused_item_leaves_the_divisor(course: Course, bob: Any, alice: Any) -> None:
    give(item(course, "one", position=1), bob, "9")
    missed = item(course, "two", weight="30", closes=PAST, position=2)
    poor = item(course, "three", position=3)
    give(poor, bob, "1")
    for excused in (missed, poor):
        actions.set_excused(excused, bob, True, alice, "ill")
    assert export(course)[1][4:] == ["9.00", "", "1.00", "9.00", "18.00"]
    actions.set_excused(poor, bob, False, alice, "")
    assert export(course)[1][4:] == ["9.00", "", "1.00", "10.00", "10.00"]


def test_an_override_wins(course: Course, bob: Any, alice: Any) -> None:
    one = item(course, "one", position=1)
    give(one, bob, "3")
    actions.set_override(one, bob, Decimal("8.25"), alice, "appeal")
    give(one, bob, "4")  # a regrade does not touch it
    assert export(course)[1][4:] == ["8.25", "8.25", "16.50"]
    actions.clear_override(one, bob, alice)
    assert export(course)[1][4] == "4.00"


@pytest.mark.parametrize(
    ("points", "most", "weight", "total", "total_20"),
    [
        ("0.125", "10", "10", "0.13", "0.26"),  # the cell itself is rounded when stored
        ("1", "3", "10", "3.33", "6.67"),
        ("2", "3", "10", "6.67", "13.33"),
        ("1", "32", "10", "0.31", "0.63"),  # 0.3125 and 0.625: a half goes up
        ("1", "800", "4.000", "0.01", "0.03"),  # 0.005 and 0.025
        ("10", "10", "0.001", "0.00", "20.00"),
        ("0.02", "10", "2", "0.00", "0.04"),  # from the exact 0.004: the rounded total would give 0.00
    ],
)
def test_two_decimals_half_up(
    course: Course, bob: Any, points: str, most: str, weight: str, total: str, total_20: str
) -> None:
    give(item(course, "one", most, weight), bob, points)
    assert export(course)[1][5:] == [total, total_20]


def test_thirds_make_a_whole(course: Course, bob: Any) -> None:
    give(item(course, "one", most="3", position=1), bob, "1")
    give(item(course, "two", most="3", position=2), bob, "2")
    assert export(course)[1][6:] == ["10.00", "10.00"]


def test_rounding_helpers() -> None:
    assert str(rounded(Fraction(2675, 1000))) == "2.68"
    assert str(rounded(Fraction(-5, 1000))) == "0.00"
    assert mean([]) is None
    assert mean([Decimal("0.01"), Decimal("0.02")]) == Decimal("0.02")


def test_who_is_listed_and_in_which_order(course: Course, other_course: Course, alice: Any, charlie: Any) -> None:
    for email, family in [
        ("z@example.org", "Étienne"),
        ("b@example.org", "durand"),
        ("a@example.org", "Durand"),
        ("y@example.org", "Zola"),
        ("x@example.org", "Faure"),
        ("w@example.org", ""),
    ]:
        student(course, email, family)
    gone = student(course, "gone@example.org", "Gone")
    Enrolment.objects.filter(user=gone).update(active=False)
    helper = student(course, "helper@example.org", "Helper")
    Enrolment.objects.filter(user=helper).update(role=Role.ASSISTANT)
    give(item(course, "one"), gone, "5")
    assert [row[0][0] for row in export(course)[1:]] == ["w", "a", "b", "z", "x", "y"]


def test_homonyms_are_two_rows(course: Course) -> None:
    one = item(course, "one")
    first = student(course, "m1@example.org", "Martin", "Anne")
    second = student(course, "m2@example.org", "Martin", "Anne")
    give(one, second, "2")
    give(one, first, "1")
    assert [(row[0], row[4]) for row in export(course)[1:]] == [("m1@example.org", "1.00"), ("m2@example.org", "2.00")]


def test_items_of_another_course_stay_out(course: Course, other_course: Course, bob: Any, charlie: Any) -> None:
    give(item(other_course, "one"), charlie, "1")
    item(course, "one", position=1)
    assert export(course) == [
        ["email", "family_name", "given_name", "section", "one", "total", "total_20"],
        ["bob@example.org", "Durand", "Bob", "", "", "0.00", ""],
    ]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+33 1", "'+33 1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r'=1"),
        ("\0=1", "'\0=1"),
        ("＝1+1", "'＝1+1"),
        ('x;=HYPERLINK("http://evil.example")', 'x;\'=HYPERLINK("http://evil.example")'),
        ("x\n=cmd|' /C calc'!A0", "x\n'=cmd|' /C calc'!A0"),
        ("O'Neil-Durand", "O'Neil-Durand"),
        ("a=b", "a=b"),
        ("Lefèvre; Zoé", "Lefèvre; Zoé"),
        ("", ""),
    ],
)
def test_formulas_become_text(text: str, safe: str) -> None:
    assert safe_cell(text) == safe


def test_hostile_and_difficult_names(course: Course) -> None:
    names = [
        ('=HYPERLINK("http://evil.example","x")', "-1"),
        ("Durand, Jr.", 'Anne "Nan"'),
        ("Ü中文😀", "Zoé"),
        ("a\nb", "\t"),
    ]
    for number, (family, given) in enumerate(names):
        student(course, f"s{number}@example.org", family, given, "=A")
    rows = {row[0]: row for row in export(course)[1:]}
    assert rows["s0@example.org"][1:4] == ['\'=HYPERLINK("http://evil.example","x")', "'-1", "'=A"]
    assert rows["s1@example.org"][1:3] == ["Durand, Jr.", 'Anne "Nan"']
    assert rows["s2@example.org"][1:3] == ["Ü中文😀", "Zoé"]
    assert rows["s3@example.org"][1:3] == ["a\nb", "'\t"]
    assert all(len(row) == 6 for row in rows.values())


def test_titles_with_commas_and_quotes_stay_one_cell(course: Course, bob: Any) -> None:
    title = 'Backprop, by hand; "hard"\n=1+1'
    one = GradeItem.objects.create(course=course, slug="one", title_en=title)
    give(one, bob, "7")
    safe = title.replace("\n=", "\n'=")
    moodle = list(csv.reader(io.StringIO(moodle_csv(build_table(course)), newline="")))
    assert dict(zip(*moodle, strict=True))[safe] == "7.00"
    canvas = list(csv.reader(io.StringIO(canvas_csv(build_table(course)).removeprefix("\ufeff"), newline="")))
    assert dict(zip(canvas[0], canvas[2], strict=True))[safe] == "7.00"


class TestPage:
    def test_it_works(self, client: Client, course: Course, alice: Any, bob: Any) -> None:
        give(item(course, "one"), bob, "7")
        client.force_login(alice)
        response = client.get("/c/course/grades.csv?format=plain")
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"] == 'attachment; filename="course-grades-plain.csv"'
        assert "no-store" in response.headers["Cache-Control"]
        assert response.content.decode("utf-8") == plain_csv(build_table(course))
        assert client.get("/c/course/grades.csv").content == response.content

    def test_unknown_formats(self, client: Client, course: Course, alice: Any) -> None:
        client.force_login(alice)
        response = client.get("/c/course/grades.csv?format=<b>")
        assert (response.status_code, response.content) == (400, b"format: one of plain, moodle, canvas, xlsx\n")
        assert response.headers["Content-Type"].startswith("text/plain")

    def test_one_section(self, client: Client, course: Course, other_course: Course, alice: Any, bob: Any) -> None:
        dana = student(course, "dana@example.org", section="B")
        foreign = Section.objects.create(course=other_course, name="X")
        client.force_login(alice)
        section = Enrolment.objects.get(user=dana).section
        assert section is not None
        page = client.get(f"/c/course/grades.csv?section={section.pk}").content.decode()
        assert "dana@" in page and "bob@" not in page
        for wrong in (foreign.pk, "x", "-1", "99999999999999999999", "٣"):
            assert client.get(f"/c/course/grades.csv?section={wrong}").status_code == 404

    def test_it_is_for_staff(self, client: Client, course: Course, bob: Any, charlie: Any) -> None:
        assert client.get("/c/course/grades.csv").url.startswith("/accounts/login/")
        for person in (bob, charlie):
            client.force_login(person)
            assert client.get("/c/course/grades.csv").status_code == 404


class TestCommand:
    def test_it_works(self, course: Course, bob: Any) -> None:
        give(item(course, "one"), bob, "7")
        out = StringIO()
        call_command("exportgrades", "course", "--format", "plain", stdout=out)
        assert out.getvalue() == plain_csv(build_table(course))

    def test_to_a_file(self, course: Course, bob: Any, tmp_path: Path) -> None:
        file = tmp_path / "grades.csv"
        call_command("exportgrades", "course", "--output", str(file))
        assert file.read_bytes() == plain_csv(build_table(course)).encode()
        with pytest.raises(CommandError, match="No such file"):
            call_command("exportgrades", "course", "--output", str(tmp_path / "none" / "grades.csv"))

    def test_one_section(self, course: Course, bob: Any) -> None:
        student(course, "dana@example.org", section="B")
        out = StringIO()
        call_command("exportgrades", "course", "--section", "B", stdout=out)
        assert "dana@" in out.getvalue() and "bob@" not in out.getvalue()

    def test_it_says_what_is_wrong(self, course: Course) -> None:
        with pytest.raises(CommandError, match="no course 'nowhere'; courses: course"):
            call_command("exportgrades", "nowhere")
        with pytest.raises(CommandError, match="no section 'Q'; sections: A"):
            call_command("exportgrades", "course", "--section", "Q")
        with pytest.raises(CommandError, match="invalid choice: 'pdf'"):
            call_command("exportgrades", "course", "--format", "pdf")

    def test_its_bytes_do_not_depend_on_the_terminal(self, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
        student(course, "z@example.org", "Ďurík")
        bytes_out = io.BytesIO()
        terminal = io.TextIOWrapper(bytes_out, encoding="latin-1", newline="\r")
        monkeypatch.setattr("sys.stdout", terminal)
        call_command("exportgrades", "course")
        terminal.flush()
        expected = "\ufeffemail,family_name,given_name,section,total,total_20\r\nz@example.org,Ďurík,,,0.00,\r\n"
        assert bytes_out.getvalue() == expected.encode("utf-8")


class TestOtherFormats:
    @pytest.fixture
    def table(self, course: Any, alice: Any, bob: Any) -> Any:
        for slug, title in (("one", "=1+1"), ("two", "Quiz"), ("three", "Quiz"), ("final", "Final Grade")):
            GradeItem.objects.create(course=course, slug=slug, title_en=title)
        items = {item.slug: item for item in GradeItem.objects.all()}
        actions.set_derived(items["one"], bob, Decimal("7.5"), "run")
        actions.set_comment(items["one"], bob, "-5 for the lateness", alice)
        actions.set_excused(items["two"], bob, True, alice, "ill")
        return build_table(course)

    def test_moodle(self, table: Any) -> None:
        head, row = csv.reader(io.StringIO(moodle_csv(table)))
        assert head[:3] == ["First name", "Surname", "Email address"]
        assert sorted(head[3:]) == sorted(
            ["'=1+1", "Feedback: =1+1", "Quiz", "Feedback: Quiz", "Quiz (2)", "Feedback: Quiz (2)"]
            + ["Final Grade", "Feedback: Final Grade"]
        )
        cells = dict(zip(head, row, strict=True))
        assert cells["Email address"] == "bob@example.org"
        assert (cells["'=1+1"], cells["Feedback: =1+1"]) == ("7.50", "'-5 for the lateness")
        assert {cells["Quiz"], cells["Quiz (2)"]} == {""}

    def test_canvas(self, table: Any) -> None:
        head, points, row = csv.reader(io.StringIO(canvas_csv(table).removeprefix("\ufeff")))
        assert head[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        assert points[0] == "Points Possible" and set(points[5:]) == {"10.00"}
        assert "final" in head and "Final Grade" not in head  # Canvas drops that header without a word
        cells = dict(zip(head, row, strict=True))
        assert (cells["Student"], cells["SIS Login ID"]) == ("Durand, Bob", "bob@example.org")
        assert cells["'=1+1"] == "7.50" and "EX" in (cells["Quiz"], cells["Quiz [2]"])

    def test_xlsx(self, table: Any, bob: Any) -> None:
        bob.family_name = "=cmd|' /C calc'!A0\x01"
        table.rows[0].enrolment.user.family_name = bob.family_name
        sheet = load_workbook(io.BytesIO(xlsx(table))).active
        assert sheet is not None
        head, row = (list(cells) for cells in sheet.iter_rows())
        values = {name.value: cell for name, cell in zip(head, row, strict=True)}
        assert values["family_name"].value == "=cmd|' /C calc'!A0" and values["family_name"].data_type == "s"
        assert values["one"].value == 7.5 and values["one"].data_type == "n"
        assert values["two"].value == "EX" and values["three"].value is None

    @pytest.mark.parametrize("name", sorted(FORMATS))
    def test_pages_and_commands_offer_it(self, client: Client, table: Any, alice: Any, name: str) -> None:
        client.force_login(alice)
        response = client.get(f"/c/course/grades.csv?format={name}")
        assert response.status_code == 200 and response.headers["Content-Type"] == FORMATS[name].content_type
        assert f"grades-{name}.{FORMATS[name].suffix}" in response.headers["Content-Disposition"]
        assert f"format={name}" in client.get("/c/course/gradebook/").content.decode()
