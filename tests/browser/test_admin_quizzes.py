"""Alice imports questions, edits one, puts them into a quiz and tries it, in a real browser under the real policy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from quizzes.models import Attempt, Question
from tests.quizzes.drawing import chart
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


def edit(page: Page) -> None:
    """The form of a question by keyboard: another option, moved up; a picture; what a student would see; saved."""
    rows = page.locator("[data-q-list=options] [data-q-row]")
    page.get_by_role("button", name="Add: Option").press("Enter")
    expect(rows).to_have_count(4)
    page.keyboard.type("nearly $9$")  # the caret is in the new row already
    rows.nth(3).get_by_role("button", name="Up").press("Enter")
    expect(rows.nth(2).get_by_label("Text English")).to_have_value("nearly $9$")
    expect(rows.nth(2).get_by_role("button", name="Up")).to_be_focused()
    page.locator("[data-q-pictures] summary").press("Enter")
    page.locator("#id_picture").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": chart()})
    page.get_by_label("What it shows").fill("a falling loss")
    page.get_by_label("Statement English").press("Control+End")
    page.get_by_role("button", name="Add the picture").press("Enter")
    expect(page.get_by_label("Statement English")).to_have_value(
        re.compile(r".* !\[a falling loss\]\(picture:\w{32}\)")
    )
    look(page, "question-edited")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Preview as a student").press("Enter")
    preview = opened.value
    expect(preview.get_by_role("img", name="a falling loss")).to_be_visible()
    expect(preview.get_by_role("radio", name="nearly")).to_be_visible()
    look(preview, "question-preview")
    preview.close()
    page.get_by_label("Points").fill("many")
    page.get_by_role("button", name="Save and continue editing").first.click()
    expect(page.get_by_label("Points")).to_have_accessible_description("Write a number, such as 7850 or 0.5.")
    look(page, "question-error")
    page.get_by_label("Points").fill("2")
    page.get_by_role("button", name="Save and continue editing").first.click()
    expect(page.locator(".report img")).to_be_visible()
    content = Question.objects.get(slug="squares").current.content  # type: ignore[union-attr]  # just saved
    assert [option["text"]["en"] for option in content["options"]][2] == "nearly $9$" and content["points"] == 2


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
    expect(page.get_by_label("Name", exact=True)).to_have_value("Squares")
    look(page, "question")
    edit(page)
    page.get_by_role("button", name="Edit as JSON").click()
    expect(page.locator(".cm-content")).to_contain_text('"Squares"')
    look(page, "question-json")

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
