"""Every export opens right in LibreOffice, cell by cell: in an English one and a French one, with formulas at work."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from accounts.models import User
from courses.models import Course, Enrolment, Section
from gradebook import actions
from gradebook.models import GradeItem
from quizzes import actions as quizzing
from tests.quizzes.quizzing import RIGHT, WRONG, add_question, add_quiz, add_slots, answer, content

SOFFICE = shutil.which("soffice")
pytestmark = [
    pytest.mark.skipif(
        SOFFICE is None, reason="no `soffice` on the PATH: install it with `apt-get install libreoffice-calc-nogui`"
    ),
    pytest.mark.django_db,
    pytest.mark.once,
]

ENGLISH, FRENCH = "1033", "1036"  # as LibreOffice numbers languages
# Comma, quotation mark, UTF-8, from line 1, columns by themselves, language, and the worst that an import may do: guess
# dates and the like, and work formulas out.
OPTIONS = "44,34,76,1,,{language},false,true,false,false,false,-1,true"
SECONDS = 100  # a first start makes a profile
CMD = "=cmd|' /C calc'!A0"
# (e-mail, family name, given name, section): each as hostile or as difficult as a name gets.
PEOPLE = [
    ("a1@example.org", "Lefèvre-Ælund", "Zoë, dite « Zo »", "Groupe été"),
    ("a2@example.org", 'O\'Neil "Red" Durand', "Anne\nMarie", "Zürich; 2"),
    ("a3@example.org", CMD, '=HYPERLINK("http://evil.example","x")', "=A"),
    ("a4@example.org", "+33 6 12", "-1+1", "@SUM(A1:A9)"),
    ("a5@example.org", "\t=1+1", "\r=1+1", "x;=1+1"),
    ("a6@example.org", "Martin", "Anne", "Ü中文😀"),
    ("a7@example.org", "Martin", "Anne", "Ü中文😀"),
    ("a8@example.org", "first\r\n=1+1", "＝1+1", "%"),
]
POINTS = ["7.5", "0", "12.05", "3.14", "10", "1.02", "1.03", None]
# What a spreadsheet guesses at: these come through as they are in the workbook only.
GUESSED = ["007", "1e3", "3-4"]


@pytest.fixture
def gradebook(course: Course, alice: User) -> list[GradeItem]:
    """Two columns of one name and one whose name is a formula; comments; one cell excused."""
    titles = [("oral", "Oral"), ("oral-2", "Oral"), ("sum", "=1+1"), ("tp", "TP é, « n° 1 »")]
    items = [
        GradeItem.objects.create(course=course, slug=slug, title_en=title, max_points=Decimal(20), position=place)
        for place, (slug, title) in enumerate(titles)
    ]
    for (email, family, given, section), points in zip(PEOPLE, POINTS, strict=True):
        user = User.objects.create_user(email, family_name=family, given_name=given)
        found, _made = Section.objects.get_or_create(course=course, name=section)
        Enrolment.objects.create(course=course, user=user, section=found)
        if points is not None:
            actions.enter(items[0], user, Decimal(points), alice)
    first = User.objects.get(email="a1@example.org")
    actions.set_comment(items[0], first, f"-5 for lateness\n{CMD}", alice)
    actions.set_excused(items[1], first, True, alice, "ill")
    return items


@pytest.fixture
def statistics(course: Course) -> Any:
    """A quiz in which a student has typed a formula, and whose question's name is one."""
    quiz = add_quiz(course, "final")
    short = add_question(course, "short", content("short", name=CMD))
    add_slots(quiz, add_question(course, "numerical", content("numerical", name="Poids, « n° 1 »")), short)
    for number, (email, *_rest) in enumerate(PEOPLE[:3]):
        student = User.objects.filter(email=email).first() or User.objects.create_user(email)
        Enrolment.objects.get_or_create(course=course, user=student)
        attempt = quizzing.start(quiz, student)
        answer(attempt, "numerical", RIGHT["numerical"] if number else WRONG["numerical"])
        answer(attempt, "short", ["=1+1", "a\n-2", CMD][number])
        quizzing.submit(attempt, by=student)
    return quiz


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A person's settings, made at the first start."""
    return tmp_path_factory.mktemp("profile").as_uri()


@pytest.fixture
def opened(tmp_path: Path, profile: str) -> Callable[..., dict[str, list[list[Any]]]]:
    """`opened(files, language)`: the rows of each file as LibreOffice reads it; all files of a call in one start."""

    def convert(files: dict[str, bytes], language: str = "") -> dict[str, list[list[Any]]]:
        source, target = tmp_path / f"in{language}", tmp_path / f"out{language}"
        source.mkdir()
        for name, data in files.items():
            (source / name).write_bytes(data)
        reading = [f"--infilter=CSV:{OPTIONS.format(language=language)}"] if language else []
        command = [str(SOFFICE), f"-env:UserInstallation={profile}", "--headless", *reading]
        command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(target)]
        done = subprocess.run([*command, *(str(source / n) for n in files)], capture_output=True, timeout=SECONDS)
        assert done.returncode == 0, done.stderr
        return {name: rows_of(target / f"{Path(name).stem}.xlsx") for name in files}

    return convert


def rows_of(file: Path) -> list[list[Any]]:
    """Values by row and column. No cell may be a formula."""
    sheet = load_workbook(file).active
    assert sheet is not None
    assert [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def downloads(client: Client, alice: User, quiz: Any) -> dict[str, bytes]:
    client.force_login(alice)
    paths = {f"{name}.csv": f"/c/course/grades.csv?format={name}" for name in ("plain", "moodle", "canvas")}
    paths |= {"statistics.csv": f"/c/course/q/{quiz.slug}/statistics.csv"}
    return {name: client.get(path).content for name, path in paths.items()}


def parsed(data: bytes) -> list[list[str]]:
    """The file's cells as RFC 4180 has them."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def plain(text: str) -> str:
    """A spreadsheet knows one kind of line break inside a cell."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "\n")


def same(cell: str, shown: Any, decimal: str) -> bool:
    """Whether LibreOffice shows what the file says: text as text, numbers as numbers where its language reads them."""
    if cell == "":
        return shown in (None, "")
    if isinstance(shown, str):
        return plain(shown) == plain(cell)
    if isinstance(shown, bool) or not isinstance(shown, int | float) or decimal not in (".", ""):
        return False
    try:
        return abs(float(cell.rstrip("%")) - float(shown)) < 1e-9
    except ValueError:
        return False


def differences(data: bytes, rows: list[list[Any]], decimal: str) -> list[str]:
    found = []
    expected = parsed(data)
    assert len(rows) == len(expected)
    for y, line in enumerate(expected):
        for x, cell in enumerate(line):
            shown = rows[y][x] if x < len(rows[y]) else None
            whole = cell.isdigit() and shown == int(cell)
            if not whole and not same(cell, shown, decimal):
                found.append(f"row {y + 1}, column {x + 1}: {cell!r} is shown as {shown!r}")
    return found


def test_it_works(client: Client, gradebook: Any, statistics: Any, alice: User, opened: Callable[..., Any]) -> None:
    """English: every text as it stands in the file, every number a number, no formula.

    Only what looks like a number is one: a family name 007 is read as 7, as the documentation says.
    """
    agent = User.objects.create_user("a9@example.org", family_name="007")
    Enrolment.objects.create(course=gradebook[0].course, user=agent)
    files = downloads(client, alice, statistics)
    rows = opened(files, ENGLISH)
    for name, data in files.items():
        assert differences(data, rows[name], ".") == [], name
    assert rows["plain.csv"][0][0] == "email"  # the byte order mark is no part of it
    found, oral = {row[0]: row for row in rows["plain.csv"]}, rows["plain.csv"][0].index("oral")
    assert found["a3@example.org"][1:4] == [f"'{CMD}", '\'=HYPERLINK("http://evil.example","x")', "'=A"]
    assert found["a3@example.org"][oral] == 12.05
    assert found["a9@example.org"][1] == 7
    assert ["a9@example.org", "007"] in [row[:2] for row in parsed(files["plain.csv"])]
    assert found["a2@example.org"][2] == "Anne\nMarie"
    assert [row[oral] for row in rows["plain.csv"] if row[1:3] == ["Martin", "Anne"]] == [1.02, 1.03]
    canvas = rows["canvas.csv"]
    assert canvas[0].count("Oral") == 1 and "Oral [2]" in canvas[0]
    assert "EX" in next(row for row in canvas if row[3] == "a1@example.org")


def test_french(client: Client, gradebook: Any, statistics: Any, alice: User, opened: Callable[..., Any]) -> None:
    """Where numbers have a comma, one with a point stays the text that it is: 3.14 becomes no date and no 314."""
    files = downloads(client, alice, statistics)
    rows = opened(files, FRENCH)
    for name, data in files.items():
        assert differences(data, rows[name], ",") == [], name
    found, oral = {row[0]: row for row in rows["plain.csv"]}, rows["plain.csv"][0].index("oral")
    assert found["a3@example.org"][oral] == "12.05"


def test_the_workbook(
    client: Client, gradebook: list[GradeItem], course: Course, alice: User, opened: Callable[..., Any]
) -> None:
    """Numbers are numbers whatever the language, and nothing is guessed at."""
    for number, name in enumerate(GUESSED):
        user = User.objects.create_user(f"b{number}@example.org", family_name=name, given_name="1/2")
        section = Section.objects.create(course=course, name=name)
        Enrolment.objects.create(course=course, user=user, section=section)
    client.force_login(alice)
    data = client.get("/c/course/grades.csv?format=xlsx").content
    rows = {row[0]: row for row in opened({"grades.xlsx": data})["grades.xlsx"]}
    for email, family, given, section in PEOPLE:
        assert [plain(text) for text in rows[email][1:4]] == [plain(family), plain(given), plain(section)]
    for number, name in enumerate(GUESSED):
        assert rows[f"b{number}@example.org"][1:4] == [name, "1/2", name]
    assert [rows[email][4] for email, *_rest in PEOPLE] == [None if p is None else float(p) for p in POINTS]
    assert rows["a1@example.org"][5] == "EX"
    assert rows["email"][4:8] == [item.slug for item in gradebook]
