"""Every quiz page for everybody: readable by all, on a phone, in the dark, in French, without scripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from quizzes import actions
from quizzes.models import Attempt, Quiz
from tests.browser.quiz_contents import rich_quiz
from tests.browser.quiz_site import Browsers

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVERYTHING = ["attempt", "right", "marks", "feedback", "general_feedback", "answer"]


@pytest.fixture
def quiz(course: Any) -> Quiz:
    found: Quiz = rich_quiz(course, review={"after": EVERYTHING})
    return found


@pytest.fixture
def enter(browser: Browser, live_server: Any, settings: Any) -> Iterator[Callable[..., Page]]:
    """`enter(user, path, **options)`: a page of a browser of its own in which `user` is signed in."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    browsers = Browsers(browser, live_server.url)
    yield browsers.enter
    browsers.close()


def answer_some(attempt: Attempt) -> None:
    for key, response in {
        "q1": "a",
        "q2": ["a", "b"],
        "q4": "7 850",
        "q6": {"1": "a", "2": "b"},
        "q7": ["a", "b", "d", "c"],
    }.items():
        actions.save_answer(attempt.pk, attempt.student, key, response, seen=10**6, flagged=key in ("q2", "q6"))


def shot(page: Page, name: str) -> None:
    """Pictures for a person to look at, in the folder that SCREENSHOTS names; none without it."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


LOOKS = [
    pytest.param({"viewport": {"width": 1280, "height": 900}}, id="desk"),
    pytest.param({"viewport": {"width": 380, "height": 780}, "color_scheme": "dark", "locale": "fr-FR"}, id="phone"),
]


@pytest.mark.parametrize("look", LOOKS)
def test_it_works(enter: Callable[..., Page], quiz: Quiz, bob: Any, look: dict[str, Any], request: Any) -> None:
    """Accessible by axe and no wider than the screen: list, start, questions one by one, summary, end."""
    kind = request.node.callspec.id
    page = enter(bob, "/c/course/quizzes/", **look)

    def check(name: str) -> None:
        shot(page, f"{kind}-{name}")
        results = Axe().run(page)
        assert results.violations_count == 0, f"{name}\n{results.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"

    check("list")
    page.locator(".row-title a").click()
    check("start")
    attempt = actions.start(quiz, bob)
    actions.announce(quiz, "Question 4: k means thousand.", bob)
    answer_some(attempt)
    page.goto(f"/a/{attempt.pk}/?q=q2")
    expect(page.locator("#q2")).to_be_visible()
    check("one-question")
    Quiz.objects.update(one_page=True)
    page.reload()
    expect(page.locator("fieldset:visible")).to_have_count(8)
    check("one-page")
    page.goto(f"/a/{attempt.pk}/summary")
    check("summary")
    actions.submit(attempt, by=bob)
    page.goto(f"/a/{attempt.pk}/")
    check("end")
    page.goto("/c/course/q/final/")
    check("start-after")
