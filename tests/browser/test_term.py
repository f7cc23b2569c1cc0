"""A term in fast motion: from an empty course to the exported grades, as its instructor goes through it.

The site, the dispatcher, the recorder and the grading worker are the real ones. With SCREENSHOTS set to a folder, the
pictures of the instructor's tour are taken on the way: `SCREENSHOTS=docs/images/tour` renews those of the docs.
"""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from courses.models import Course
from exercises.models import Assignment, Exercise, Submission
from tests.browser.term_site import WIDTH, PatientBrowsers, Term, days_pass, look, picture
from tests.faults.conftest import Installation

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.sandbox,
    pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
]

CLASS = """email,family_name,given_name,section
Bob@Example.org,Durand,Bob,Group 1
zoe@example.org,Lefèvre,Zoé,Group 2
emile@example.org,"O'Neil, Jr.",Émile,Group 2
nour@example.org,Haddad,Nour,Group 1
"""
FORGETS = "def mean(values):\n    return sum(values) / len(values)\n"  # the empty list: 8 of 10
GUESSES = "def mean(values):\n    return 3.0\n"  # the public test alone: 2 of 10
WHOLE = "def mean(values):\n    return sum(values) / len(values) if values else None\n"
GIFT = """$CATEGORY: Week 1

::Squares:: What is \\\\(3^2\\\\)? {=9 ~6 ~3}

::Slope:: The slope of ReLU at 2 is {=1 ~0 ~2}
"""


@pytest.fixture
def term(browser: Browser, live_server: Any, settings: Any) -> Iterator[Term]:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    expect.set_options(timeout=60_000)
    browsers = PatientBrowsers(browser, live_server.url)
    # Short: the path of a Unix socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="rendu-", ignore_cleanup_errors=True) as folder:
        installation = Installation(Path(folder))
        try:
            installation.start()
            yield Term(browsers, installation)
            browsers.close()
        finally:
            installation.stop()


def test_it_works(term: Term) -> None:
    a_course_is_made(term)
    the_class_is_enrolled(term)
    an_exercise_is_written(term)
    it_is_assigned(term)
    students_hand_in(term)
    a_test_was_wrong(term)
    a_line_is_discussed(term)
    a_quiz_is_taken(term)
    marks_by_hand(term)
    the_term_ends(term)


def a_course_is_made(term: Term) -> None:
    """The person who runs the site makes the course and names its instructor; she makes a section."""
    olga = User.objects.create_superuser("olga@example.org", given_name="Olga", family_name="Ng")
    page = term.browsers.enter(olga, "/admin/courses/course/add/")
    page.get_by_label("Short name").fill("intro")
    page.get_by_label("Title in English").fill("Introduction to AI")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.goto("/admin/courses/enrolment/add/")
    page.get_by_label("Course").select_option(label="Introduction to AI")
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Given name").fill("Alice")
    page.get_by_label("Family name").fill("Martin")
    page.get_by_label("Role").select_option("instructor")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()

    alice = User.objects.get(email="alice@example.org")
    term.page = term.browsers.enter(alice, "/admin/courses/section/add/", viewport={"width": WIDTH, "height": 900})
    term.page.evaluate("localStorage['django.admin.navSidebarIsOpen'] = 'false'")  # more room for the pictures
    term.page.get_by_label("Course").select_option(label="Introduction to AI")
    term.page.get_by_label("Name").fill("Group 1")
    term.page.get_by_role("button", name="Save", exact=True).click()
    expect(term.page.get_by_text("was added successfully")).to_be_visible()


def the_class_is_enrolled(term: Term) -> None:
    """Two lines are wrong at first: both are named, and nobody is enrolled before all is right."""
    page = term.go("/c/intro/gradebook/")
    page.get_by_role("link", name="Enrol a class").click()
    page.get_by_label("or its text").fill(CLASS + "bob@example.org,,,\nnobody,,,\n")
    page.get_by_role("button", name="Show what it does").click()
    term.browsers.expected += ("400 (Bad Request)",)
    expect(page.get_by_text("line 6: bob@example.org stands in line 2 already")).to_be_visible()
    expect(page.get_by_text("line 7: nobody is not an e-mail address")).to_be_visible()
    picture(page, "class-list-errors")
    look(page)
    assert not User.objects.filter(email="bob@example.org").exists()
    page.get_by_label("CSV file").set_input_files(
        {"name": "class.csv", "mimeType": "text/csv", "buffer": CLASS.encode("utf-8-sig")}
    )
    page.get_by_role("button", name="Show what it does").click()
    expect(page.get_by_role("row").filter(has_text="Émile")).to_contain_text("new person")
    picture(page, "class-list", 640)
    look(page)
    page.get_by_role("button", name="Import 4 people").click()
    expect(page.get_by_text("4 enrolled")).to_be_visible()
    expect(page.get_by_text("4 of 4 students")).to_be_visible()


def an_exercise_is_written(term: Term) -> None:
    """From the template, checked by a grading node, published."""
    page = term.go("/admin/exercises/exercise/add/")
    page.get_by_label("Course").select_option(label="Introduction to AI")
    page.get_by_label("Short name").fill("mean")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-tests .cm-editor")).to_be_visible()
    picture(page, "exercise", 900)
    page.get_by_role("button", name="Save and check").click()
    expect(page.locator("#check")).to_contain_text("Nothing has to be changed.", timeout=90_000)
    picture(page, "check", 900)
    page.get_by_role("link", name="Back to the files").click()
    publish(term, 1)


def publish(term: Term, number: int) -> None:
    page = term.page
    page.get_by_role("button", name="Save and publish").click()
    expect(page.get_by_text(f"Version {number} is published.")).to_be_visible()
    term.wait_idle()
    page.reload()
    expect(page.get_by_text("Students work on it.")).to_be_visible()


def day(days: int) -> str:
    """A day from now, in the course's zone."""
    now = timezone.now().astimezone(Course.objects.get(slug="intro").zone)
    return f"{now + datetime.timedelta(days=days):%Y-%m-%d}"


def it_is_assigned(term: Term) -> None:
    """Due in two days, 80 % of the points until the fourth; Zoé has six days."""
    page = term.page
    page.get_by_role("link", name="Assign", exact=True).click()
    for name, days in (("due_at", 2), ("closes_at", 4)):
        page.locator(f"#id_{name}_0").fill(day(days))
        page.locator(f"#id_{name}_1").fill("23:59")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.locator("#id_credit_steps-0-until_0").fill(day(4))
    page.locator("#id_credit_steps-0-until_1").fill("23:59")
    page.locator("#id_credit_steps-0-percent").fill("80")
    page.locator("#id_extensions-0-student").select_option(label="Zoé Lefèvre")
    page.locator("#id_extensions-0-due_at_0").fill(day(6))
    page.locator("#id_extensions-0-due_at_1").fill("23:59")
    page.locator("#id_extensions-0-reason").fill("illness")
    picture(page, "assignment", 1060, page.get_by_role("heading", name="Dates"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert Assignment.objects.get().extensions.get().reason == "illness"


def students_hand_in(term: Term) -> None:
    """Two in time, one of them again and late, one by her extension; Nour never does."""
    assert term.hand_in("bob@example.org", FORGETS)["score"] == 8
    assert term.hand_in("emile@example.org", GUESSES)["score"] == 2
    days_pass(Course.objects.get(slug="intro"), 3)
    assert term.hand_in("emile@example.org", WHOLE)["score"] == 10  # brings 80 %
    days_pass(Course.objects.get(slug="intro"), 3)
    assert term.hand_in("zoe@example.org", WHOLE)["score"] == 10
    row = term.go("/c/intro/gradebook/").get_by_role("row").filter(has_text="O'Neil")
    expect(row).to_contain_text("8")


def a_test_was_wrong(term: Term) -> None:
    """The empty list was worth too much: a new version, who would move, and only then it counts."""
    exercise = Exercise.objects.get()
    page = term.go(f"/admin/exercises/exercise/{exercise.pk}/change/")
    tests = exercise.read_files().text("tests.py").replace("points=6", "points=7")
    tests = tests.replace('empty list",\n    points=2', 'empty list",\n    points=1')
    page.locator(".field-tests .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(tests)
    publish(term, 2)
    page.get_by_role("link", name="mean", exact=True).nth(1).click()
    expect(page.get_by_role("heading", name="Regrade", exact=True)).to_be_visible()
    page.get_by_label("Reason").fill("The empty list was worth too much.")
    page.get_by_role("button", name="Start and preview").click()
    row = page.get_by_role("row").filter(has_text="Bob Durand")
    expect(row).to_contain_text("+1")
    expect(page.get_by_role("button", name="Apply")).to_be_enabled()
    picture(page, "regrade", 640)
    assert score_of("bob@example.org") == "8.00"
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("have their new results.")).to_be_visible()
    assert score_of("bob@example.org") == "9.00"


def score_of(email: str) -> str:
    from gradebook.models import Score

    return str(Score.objects.get(student__email=email, item__slug="mean").points)


def a_line_is_discussed(term: Term) -> None:
    """Alice asks about a line; Bob finds the question under his code and answers."""
    page = term.go("/c/intro/gradebook/")
    page.get_by_role("row").filter(has_text="Durand").get_by_role("link").filter(has_text="9").first.click()
    page.get_by_role("link", name="Submissions").click()
    page.get_by_role("link", name="Submission 1").click()
    page.get_by_label("Line (empty: on the whole)").fill("2")
    page.get_by_label("Comment", exact=True).fill("What does this do with an empty list?")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("What does this do with an empty list?")).to_be_visible()
    submission = Submission.objects.get(student__email="bob@example.org")
    bob = term.browsers.enter(submission.student, f"/s/{submission.pk}/")
    bob.get_by_label("Your answer (there is one)").fill("It divides by zero. I see.")
    bob.get_by_role("button", name="Answer").click()
    expect(bob.get_by_text("It divides by zero.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Answer of Bob Durand")).to_be_visible()
    picture(page, "comment", 640, page.locator("#source-title"))
    bob.context.close()
    term.browsers.contexts.remove(bob.context)


def a_quiz_is_taken(term: Term) -> None:
    """Questions from a file, a quiz drawn from their pool; Bob in his browser, Zoé by her program."""
    page = term.go("/admin/quizzes/question/import/")
    page.get_by_label("or its text").fill(GIFT)
    page.get_by_role("button", name="Show what is in it").click()
    picture(page, "questions", 760)
    page.get_by_role("button", name="Save 2 questions").click()
    expect(page.get_by_text("2 new questions")).to_be_visible()
    page.goto("/admin/quizzes/quiz/add/")
    page.get_by_label("Course").select_option(label="Introduction to AI")
    page.get_by_label("Short name").fill("check")
    page.get_by_label("Title in English").fill("Check of week 1")
    page.locator("#id_seconds").fill("600")
    page.locator("#id_points").fill("10")
    page.locator("#id_closes_at_0").fill(day(1))
    page.locator("#id_closes_at_1").fill("12:00")
    page.get_by_role("button", name="Save and continue editing").first.click()
    page.locator("#id_slots-0-pool").fill("Week 1")
    page.locator("#id_slots-0-count").fill("2")
    page.get_by_role("button", name="Save and continue editing").first.click()
    expect(page.locator("#id_slots-0-place")).to_have_value("1")

    bob = term.browsers.enter(User.objects.get(email="bob@example.org"), "/c/intro/quizzes/")
    bob.get_by_role("link", name="Check of week 1").click()
    bob.get_by_role("button", name="Start").click()
    bob.get_by_role("dialog").get_by_role("button", name="Start").click()
    bob.wait_for_url("**/a/*/")
    for _question in range(2):
        bob.get_by_role("radio", name=re.compile(": [91]$")).check()
        expect(bob.locator("[data-quiz-saved]")).to_have_attribute("data-state", "saved")
        on, over = (bob.get_by_role("button", name=name) for name in ("Next", "Look over and hand in"))
        on.or_(over).first.click()
    bob.get_by_role("button", name="Hand in now").click()
    expect(bob.get_by_text("20 out of 20")).to_be_visible()
    zoe_takes_half(term)
    page.goto("/c/intro/q/check/board/")
    expect(page.get_by_role("row").filter(has_text="Bob Durand")).to_contain_text("2/2")
    picture(page, "board")


def zoe_takes_half(term: Term) -> None:
    """One right answer of two."""
    program = term.program("zoe@example.org")
    attempt = program.call("POST", "courses/intro/quizzes/check/attempts", {})
    for question in attempt["questions"]:
        if "ReLU" not in question["text"]["en"]:
            right = next(option["id"] for option in question["options"] if option["text"]["en"] == "9")
            path = f"attempts/{attempt['id']}/answers/{question['key']}"
            program.call("PUT", path, {"response": right, "sequence": 0})
    program.call("POST", f"attempts/{attempt['id']}/submit", {})


def marks_by_hand(term: Term) -> None:
    """Practice weighs 60, the oral 40."""
    page = term.go("/c/intro/weights/")
    page.locator("#id_category-0-title_en").fill("Practice")
    page.locator("#id_category-0-weight").fill("60")
    page.get_by_role("button", name="Save the categories").click()
    columns = page.get_by_role("region", name="Columns")
    for title in ("Mean of a list", "Check of week 1"):
        columns.get_by_role("row").filter(has_text=title).get_by_role("combobox").select_option(label="Practice")
    page.get_by_role("button", name="Save the weights").click()
    new = page.locator("form").filter(has=page.get_by_role("button", name="Add the column"))
    new.get_by_label("Title in English").fill("Oral")
    new.get_by_label("Short name").fill("oral")
    new.get_by_label("Weight").fill("40")
    new.get_by_role("button", name="Add the column").click()
    expect(page.get_by_role("link", name="Oral")).to_be_visible()
    picture(page, "weights", 820)
    page.get_by_role("link", name="Oral").click()
    page.get_by_label("Points of Bob Durand").fill("15")
    page.keyboard.press("Enter")
    page.get_by_label("Points of Zoé Lefèvre").fill("12,5")
    page.get_by_label("Points of Émile O'Neil, Jr.").fill("18")
    picture(page, "oral", 520)
    page.get_by_role("button", name="Save the marks").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


EXPECTED = [
    ["email", "family_name", "given_name", "section", "mean", "check", "oral", "total", "total_20"],
    ["bob@example.org", "Durand", "Bob", "Group 1", "9.00", "10.00", "15.00", "87.00", "17.40"],
    # Nothing handed in, both closed: 0 of 60. The oral has no closing, so it does not count yet.
    ["nour@example.org", "Haddad", "Nour", "Group 1", "", "", "", "0.00", "0.00"],
    ["zoe@example.org", "Lefèvre", "Zoé", "Group 2", "10.00", "5.00", "12.50", "70.00", "14.00"],
    ["emile@example.org", "O'Neil, Jr.", "Émile", "Group 2", "8.00", "", "18.00", "60.00", "12.00"],
]


def the_term_ends(term: Term) -> None:
    """The column is locked, everything has closed, and the file holds what was earned, cell by cell."""
    days_pass(Course.objects.get(slug="intro"), 3)
    page = term.go("/c/intro/gradebook/mean/")
    page.get_by_role("button", name="Lock the column").click()
    page.get_by_role("dialog").get_by_role("button", name="Lock").click()
    expect(page.get_by_role("button", name="Unlock the column")).to_be_visible()
    page.goto("/c/intro/gradebook/")
    expect(page.get_by_role("row").filter(has_text="Durand")).to_contain_text("17.4")
    picture(page, "gradebook", 560)
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV", exact=True).click()
    rows = list(csv.reader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig"), newline="")))
    assert rows == EXPECTED
