"""A student who writes the prompt of a picture, in real Chromium: the count, the result, phone and desktop."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from exercises import actions
from exercises.models import Node, Submission
from tests.exercises.image_site import make_assignment, make_report

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXERCISE = "/c/course/e/red-ball/"
PROMPT = "a light disc on a red square"


@pytest.fixture
def assignment(course: Any) -> Any:
    now = timezone.now()
    Node.objects.create(name="n", queues=["grade.llm"], slots=1, sandbox="FULL", runtimes=["model:image"], seen_at=now)
    return make_assignment(course)


def loaded(page: Page) -> list[bool]:
    """Of each picture on the page: whether the browser could show it."""
    page.wait_for_load_state("load")
    script = "all => all.map((one) => { one.loading = 'eager'; return one.decode().then(() => true, () => false); })"
    found: list[bool] = page.locator("main img").evaluate_all(f"async all => Promise.all(({script})(all))")
    return found


def test_it_works(enter: Callable[..., Page], assignment: Any, bob: Any, graded: Any) -> None:
    page = enter(bob, EXERCISE)
    assert loaded(page) == [True]
    page.get_by_role("textbox", name="Your prompt").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("word " * 17)
    expect(page.locator("[data-prompt-size]")).to_have_text("84 of 80 characters")
    expect(page.locator("[data-prompt-warning]")).to_have_text("This is too long.")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(PROMPT)
    expect(page.locator("[data-prompt-warning]")).to_have_text("")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/s/*/")
    found = Submission.objects.get()
    graded(found, make_report(found.run.version))
    expect(page.get_by_role("heading", name="Target and pictures")).to_be_visible()
    assert loaded(page) == [True] * 4  # the target, the best one, and the two that may be shown
    pair = page.locator(".picture-pair figure")
    boxes = [pair.nth(index).bounding_box() for index in range(2)]
    assert boxes[0] and boxes[1] and boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_page_is_accessible_and_fits(
    enter: Callable[..., Page], assignment: Any, alice: Any, bob: Any, graded: Any, width: int, scheme: str
) -> None:
    found = actions.submit(assignment, bob, PROMPT)
    graded(found, make_report(found.run.version))
    page = enter(bob, "/c/course/", viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in (EXERCISE, f"/s/{found.pk}/"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((part) => (part.open = true))")
        results = Axe().run(page)
        assert results.violations_count == 0, f"{path}\n{results.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
        if folder := os.environ.get("RENDU_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{width}-{len(path)}.png", full_page=True)
