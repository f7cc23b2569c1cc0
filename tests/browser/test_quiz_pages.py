"""Pictures of a quiz, at a desk and on a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from quizzes import actions
from quizzes.models import Quiz
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
def browsers(browser: Browser, live_server: Any, settings: Any) -> Iterator[Browsers]:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    found = Browsers(browser, live_server.url)
    yield found
    found.close()


def shot(page: Page, name: str) -> None:
    """Pictures for a person to look at, in the folder that SCREENSHOTS names; none without it."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


LOOKS = [
    pytest.param({"viewport": {"width": 1280, "height": 900}}, id="desk"),
    pytest.param({"viewport": {"width": 380, "height": 780}, "color_scheme": "dark", "locale": "fr-FR"}, id="phone"),
]


@pytest.mark.parametrize("look", LOOKS)
def test_it_works(browsers: Browsers, quiz: Quiz, bob: Any, look: dict[str, Any], request: Any) -> None:
    """It comes with the page: whoever turns to it when the network has gone sees it, as wide as the screen allows."""
    browsers.expected = ("Failed to load resource",)  # what the page reports when the network goes
    attempt = actions.start(quiz, bob)
    page = browsers.enter(bob, f"/a/{attempt.pk}/", **look)
    picture = page.locator("#q4 .question-text img")
    page.wait_for_function("(image) => image.complete && image.naturalWidth === 900", arg=picture.element_handle())
    page.context.set_offline(True)
    page.locator("[data-dot=q4]").click()
    expect(picture).to_be_visible()
    shot(page, f"{request.node.callspec.id}-picture")
    box = picture.bounding_box()
    assert box is not None and 250 < box["width"] <= 900 and box["x"] + box["width"] <= page.viewport_size["width"]  # type: ignore[index]  # it has one
    assert abs(box["width"] / box["height"] - 900 / 520) < 0.02
    page.context.set_offline(False)
