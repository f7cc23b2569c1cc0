"""Alice imports questions, edits one, puts them into a quiz and tries it, in a real browser under the real policy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from quizzes.models import Attempt, Question
from tests.quizzes.quizzing import add_quiz

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GIFT = """$CATEGORY: Week 1

::Squares:: What is \\\\(3^2\\\\)? {=9#Yes, $3 \\\\cdot 3$. ~6 ~%50%about 9}

::Optimisers:: Which are optimisers? {~%50%SGD ~%50%Adam ~ReLU}

Explain. {}
"""


@pytest.fixture
def page_of_alice(live_server: Any, context: BrowserContext, alice: Any, settings: Any) -> Iterator[Page]:
    """Alice's browser, signed in by her session's cookie; no script error and no breach of the policy is tolerated."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    client = Client()
    client.force_login(alice)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    # What has no address was injected by the tools that look at the page (axe, screenshots), not by the page.
    page.on(
        "console",
        lambda message: faults.append(message.text) if message.type == "error" and message.location["url"] else None,
    )
    yield page
    assert faults == []


def look(page: Page, name: str) -> None:
    """No finding of axe; a picture in the folder that SCREENSHOTS names."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    # The empty heading above a table's first column is Django's own.
    findings = Axe().run(page, options={"rules": {"empty-table-header": {"enabled": False}}})
    assert findings.violations_count == 0, findings.generate_report()


def test_it_works(page_of_alice: Page, live_server: Any, course: Any) -> None:
    page = page_of_alice
    page.goto(live_server.url + reverse("admin:quizzes_question_import"))
    look(page, "import")
    page.get_by_label("or its text").fill(GIFT)
    page.get_by_role("button", name="Show what is in it").click()
    expect(page.get_by_role("heading", name="Optimisers")).to_be_visible()
    expect(page.get_by_text("ticking every box")).to_be_visible()
    expect(page.locator("math").first).to_be_visible()
    look(page, "import-preview")
    page.get_by_role("button", name="Save 2 questions, without what is left out").click()
    expect(page.get_by_text("2 new questions")).to_be_visible()
    look(page, "questions")

    page.get_by_role("link", name="squares").click()
    expect(page.get_by_role("heading", name="As it is saved")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text('"Squares"')
    look(page, "question")

    quiz = add_quiz(course)
    page.goto(live_server.url + reverse("admin:quizzes_quiz_change", args=[quiz.pk]))
    page.locator("#id_slots-0-pool").fill("Week 1")
    page.locator("#id_slots-0-count").fill("2")
    page.get_by_role("button", name="Save and continue editing").first.click()
    expect(page.locator("#id_slots-0-place")).to_have_value("1")
    look(page, "quiz")
    page.get_by_role("button", name="Try it as a student").click()
    expect(page).to_have_url(live_server.url + reverse("attempt", args=[Attempt.objects.get().pk]))
    assert Question.objects.count() == 2
