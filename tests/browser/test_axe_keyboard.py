"""With the keyboard alone: marks down a column, and a quiz and an exercise made in the admin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from exercises.models import Exercise
from gradebook import actions
from gradebook.models import GradeItem, Score
from quizzes.models import Quiz, Slot
from tests.browser.quiz_site import Browsers
from tests.conftest import make_person
from tests.quizzes.quizzing import add_question

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_TABS = 120  # stops before a control must have come


@pytest.fixture
def browsers(browser: Browser, live_server: Any, settings: Any) -> Iterator[Browsers]:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    found = Browsers(browser, live_server.url)
    yield found
    found.close()


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus; out of an editor, Escape first, as its description says."""
    for _stop in range(MOST_TABS):
        if page.evaluate("document.activeElement.closest('.cm-editor') !== null"):
            page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            # Who does not see the focus does not know where the keyboard writes.
            assert target.evaluate("e => e.matches(':focus-visible') || e.closest('.cm-focused') !== null")
            return
    raise AssertionError(f"{MOST_TABS} stops and no {target}")


def enter(page: Page) -> None:
    """Press Enter on what leads to another page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


# ---- A column of marks -----------------------------------------------------------------------------------


@pytest.fixture
def column(course: Any, alice: Any) -> GradeItem:
    """Four students; the cell of the third one is locked."""
    item = GradeItem.objects.create(course=course, slug="oral", title_en="Oral", max_points=Decimal(20))
    for number in range(4):
        person = make_person(f"s{number}@example.org", "Student", f"N{number}", course, "student")
        if number == 2:
            actions.enter(item, person, Decimal(3), alice)
            actions.set_locked(item, person, True, alice)
    return item


def test_it_works(browsers: Browsers, column: GradeItem, alice: Any) -> None:
    page = browsers.enter(alice, "/c/course/gradebook/oral/")
    fields = [page.get_by_label(f"Points of Student N{number}") for number in (0, 1, 3)]
    fields[0].focus()
    page.keyboard.type("12,5")
    page.keyboard.press("Enter")
    expect(fields[1]).to_be_focused()
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    expect(fields[2]).to_be_focused()  # the locked row has no field
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    expect(fields[2]).to_be_focused()  # the last one; nothing was sent
    page.keyboard.press("Shift+Enter")
    expect(fields[1]).to_be_focused()
    page.keyboard.type("14")  # its text was selected
    page.keyboard.press("ArrowUp")
    expect(fields[0]).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(fields[1]).to_have_value("14")
    assert not Score.objects.filter(locked=False).exists()
    tab_to(page, page.get_by_role("button", name="Save the marks"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    marks = dict(Score.objects.values_list("student__family_name", "derived"))
    assert marks == {"N0": Decimal("12.5"), "N1": Decimal(14), "N2": Decimal(3), "N3": Decimal(9)}


def test_a_refused_mark_is_named_at_its_field(browsers: Browsers, column: GradeItem, alice: Any) -> None:
    browsers.expected = ("400",)
    page = browsers.enter(alice, "/c/course/gradebook/oral/")
    page.get_by_label("Points of Student N1").focus()
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    page.keyboard.type("10")
    page.get_by_role("button", name="Save the marks").press("Enter")
    wrong = page.get_by_label("Points of Student N1")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_value("many")
    expect(wrong).to_have_accessible_description("A number is needed, such as 12.5.")
    assert Score.objects.get(student__family_name="N3").derived == 10


# ---- The admin -------------------------------------------------------------------------------------------


def test_a_quiz_is_made(browsers: Browsers, course: Any, alice: Any) -> None:
    question = add_question(course, "single")
    page = browsers.enter(alice, reverse("admin:index"))
    tab_to(page, page.locator(f"a[href='{reverse('admin:quizzes_quiz_add')}']").first)
    enter(page)
    tab_to(page, page.locator("#id_course"))
    page.keyboard.type("Course")  # a list of choices takes the beginning of a word
    tab_to(page, page.locator("#id_slug"))
    page.keyboard.type("week-1")
    tab_to(page, page.locator("#id_title_en"))
    page.keyboard.type("Week 1")
    tab_to(page, page.locator("input[name=_continue]"))
    enter(page)
    expect(page.get_by_text("was added successfully")).to_be_visible()
    quiz = Quiz.objects.get(slug="week-1")
    tab_to(page, page.locator("#id_slots-0-question"))
    page.keyboard.type("single")
    tab_to(page, page.locator("input[name=_save]"))
    enter(page)
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert Slot.objects.get(quiz=quiz).question == question


def test_an_exercise_is_made(browsers: Browsers, course: Any, alice: Any) -> None:
    """Through seven editors, in which Tab indents: Escape, then Tab leaves each."""
    page = browsers.enter(alice, reverse("admin:exercises_exercise_add"))
    tab_to(page, page.locator("#id_course"))
    page.keyboard.type("Course")
    tab_to(page, page.locator("#id_slug"))
    page.keyboard.type("mean")
    enter(page)
    expect(page.locator(".cm-editor")).to_have_count(7)
    tab_to(page, page.locator(".field-solution .cm-content"))
    page.keyboard.press("Control+Home")
    page.keyboard.type("# By Alice\n")
    tab_to(page, page.get_by_role("button", name="Save and publish").first)
    enter(page)
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    assert Exercise.objects.get(slug="mean").read_files().text("solution.py").startswith("# By Alice\n")
