"""The staff's pages of a quiz in real Chromium: the board follows a student who writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from quizzes import actions
from quizzes.models import Attempt, AttemptState, KeyChange, Question, Quiz
from tests.browser.quiz_contents import rich_quiz
from tests.browser.quiz_site import Browsers

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = "/c/course/q/final"


@pytest.fixture
def quiz(course: Any) -> Quiz:
    found: Quiz = rich_quiz(course, review={"after": ["marks"]})
    return found


@pytest.fixture
def attempt(quiz: Quiz, bob: Any) -> Attempt:
    return actions.start(quiz, bob)


@pytest.fixture
def browsers(browser: Browser, live_server: Any, settings: Any) -> Iterator[Browsers]:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    found = Browsers(browser, live_server.url)
    expect.set_options(timeout=15_000)
    yield found
    found.close()


def ask_for_the_time(page: Page) -> None:
    """What a student's page does every minute."""
    page.evaluate("window.dispatchEvent(new Event('online'))")


def test_it_works(
    browsers: Browsers, quiz: Quiz, attempt: Attempt, alice: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board shows a save without a reload; more time and an announcement reach the student's page."""
    monkeypatch.setattr("quizzes.views.board.REFRESH", 400)
    student = browsers.enter(bob, f"/a/{attempt.pk}/")
    board = browsers.enter(alice, f"{PAGES}/board/")
    row = board.locator("tr", has_text="Bob Durand")
    expect(row).to_contain_text("0/8")
    row.get_by_role("checkbox").check()
    student.get_by_role("radio", name="It continues").check()
    expect(row).to_contain_text("1/8")
    expect(row.get_by_role("checkbox")).to_be_checked()  # the table is another one, the tick stays
    # An open question keeps its button, although the table would change meanwhile.
    row.get_by_role("button", name="End").click()
    student.get_by_role("navigation", name="Questions").get_by_role("button", name="Question 5,").click()
    student.locator("#q5-typed").fill("tokenisation")
    expect(student.locator("[data-quiz-saved]")).to_have_attribute("data-state", "saved")
    board.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("2/8")
    board.get_by_label("Minutes").fill("25")
    board.get_by_role("button", name="Give more time", exact=True).first.click()
    expect(board.get_by_role("status").filter(has_text="The time of 1 attempt was changed.")).to_be_visible()
    ask_for_the_time(student)
    expect(student.locator("[data-quiz-time]")).to_contain_text("1:2")  # 1:24:59 or so, of one hour
    expect(student.locator("[data-quiz-time-note]")).to_contain_text("You have more time")
    board.get_by_label("To everybody who is writing").fill("Question 4: k means thousand.")
    board.get_by_role("button", name="Announce").click()
    board.get_by_role("dialog").get_by_role("button", name="Announce").click()
    expect(board.get_by_role("listitem").filter(has_text="k means thousand")).to_be_visible()
    ask_for_the_time(student)
    expect(student.get_by_text("Question 4: k means thousand.").first).to_be_visible()
    row.get_by_role("button", name="End").click()
    board.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(row).to_contain_text("submitted")
    assert Attempt.objects.get().state == AttemptState.SUBMITTED


def test_a_regrade_from_its_form(browsers: Browsers, quiz: Quiz, attempt: Attempt, alice: Any, bob: Any) -> None:
    """With the browser's own fields: what is previewed is what is applied."""
    actions.save_answer(attempt.pk, bob, "q1", "a", seen=0)
    actions.submit(attempt, by=bob)
    page = browsers.enter(alice, f"{PAGES}/regrade/")
    page.get_by_label("Question").select_option(str(Question.objects.get(slug="final-base-model").pk))
    page.get_by_role("button", name="Choose").click()
    page.get_by_role("checkbox", name="It answers").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Up: 1. Down: 0.")).to_be_visible()
    page.get_by_label("Reason").fill("Both can be defended.")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_text("1 score has moved.")).to_be_visible()
    assert KeyChange.objects.get().policy == "both"


def test_without_scripts(browsers: Browsers, quiz: Quiz, attempt: Attempt, alice: Any) -> None:
    page = browsers.enter(alice, f"{PAGES}/board/", java_script_enabled=False)
    page.get_by_role("radio", name="everybody in the table").check()
    page.get_by_role("button", name="Pause", exact=True).first.click()
    expect(page.get_by_text("1 attempt is paused.")).to_be_visible()
    page.locator("tr", has_text="Bob Durand").get_by_role("button", name="Go on").click()
    expect(page.get_by_text("1 attempt goes on.")).to_be_visible()
