"""French words are longer: every page still fits a phone and a desk, in real Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from exercises import actions
from exercises.models import Node
from tests.conftest import make_report
from workers.testkit import CheckFailed, assert_close

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (390, 1280)
# What reaches past the right edge of the page, and words that are cut off: a table may scroll inside its own box.
OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth + 1, found = [];
  if (document.documentElement.scrollWidth > wide) found.push(`page: ${document.documentElement.scrollWidth}`);
  for (const it of document.querySelectorAll("button, a.button, .chip, .verdict, h1, h2, th, label, .bar a, summary")) {
    const box = it.getBoundingClientRect();
    if (!box.width || box.height < 2 || it.closest(".visually-hidden, .scroll, pre, .cm-editor, .skip")) continue;
    const cut = it.scrollWidth > it.clientWidth + 2 && getComputedStyle(it).display != "inline";
    if (box.right > wide || box.left < -1 || cut)
      found.push(`${it.tagName} ${it.className} "${it.textContent.trim()}"`);
  }
  return found;
}"""


@pytest.fixture
def in_french(browser: Browser, live_server: Any, settings: Any) -> Iterator[Callable[[Any, int], Page]]:
    """`in_french(user, width)`: a page of a French browser in which `user` is signed in (None: nobody)."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    contexts = []

    def open_browser(user: Any, width: int) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale="fr-FR", viewport={"width": width, "height": 800}
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return context.new_page()

    yield open_browser
    for context in contexts:
        context.close()


@pytest.fixture
def submissions(assignment: Any, bob: Any, graded: Any) -> list[Any]:
    """One with a failed test, one that waits."""
    Node.objects.create(name="n", queues=["grade.cpu"], slots=1, sandbox="FULL", seen_at=timezone.now())
    failed = actions.submit(assignment, bob, "def add(a, b):\n    return a - b\n")
    report = make_report(failed.run.version, {"adds small numbers": "failed", "adds hidden numbers": "timeout"})
    with pytest.raises(CheckFailed) as caught:
        assert_close(np.array([[1.0, 3.0], [2.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    report["tests"][0] |= {"sentences": caught.value.sentences, "difference": caught.value.difference}
    graded(failed, report)
    return [failed, actions.submit(assignment, bob, "x = 1")]


def overflows(page: Page, paths: list[str]) -> dict[str, Any]:
    """What does not fit, by page; every page must be French."""
    found = {}
    for path in paths:
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        wrong = page.evaluate(OVERFLOW)
        if wrong:
            found[path] = wrong
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_it_works(in_french: Callable[..., Page], submissions: list[Any], bob: Any, width: int) -> None:
    exercise = "/c/course/e/addition/"
    paths = ["/?all", "/join/", "/c/course/", exercise, f"{exercise}history", "/c/course/grades/", reverse("account")]
    paths += [f"/s/{submission.pk}/" for submission in submissions]
    assert overflows(in_french(bob, width), paths) == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_staff(
    in_french: Callable[..., Page], submissions: list[Any], assignment: Any, alice: Any, bob: Any, width: int
) -> None:
    cell = reverse("gradebook-cell", args=["course", assignment.item.slug, bob.pk])
    paths = ["/c/course/", "/c/course/gradebook/", cell, f"/s/{submissions[0].pk}/", reverse("mfa_index")]
    assert overflows(in_french(alice, width), paths) == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_nobody(in_french: Callable[..., Page], width: int, db: None) -> None:
    assert overflows(in_french(None, width), ["/accounts/login/", "/nowhere/"]) == {}
