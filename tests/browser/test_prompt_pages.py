"""A student who writes a prompt, in real Chromium: the count, a trial on the example rows, handing in, the result."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from exercises.models import Node, Submission
from tests.exercises.prompt_site import make_assignment, make_report

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXERCISE = "/c/course/e/odd-even/"
PROMPT = "Number: 3\nodd\nNumber: {input}"


@pytest.fixture
def assignment(course: Any) -> Any:
    now = timezone.now()
    Node.objects.create(name="n", queues=["grade.llm"], slots=1, sandbox="FULL", runtimes=["model:chat"], seen_at=now)
    return make_assignment(course)


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Your prompt").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def test_it_works(enter: Callable[..., Page], assignment: Any, bob: Any, graded: Any) -> None:
    page = enter(bob, EXERCISE)
    size, warning = page.locator("[data-prompt-size]"), page.locator("[data-prompt-warning]")
    write(page, "Is it odd?")
    expect(warning).to_have_text("{input} is missing: the model would see no row.")
    write(page, PROMPT)
    expect(size).to_have_text("29 characters, about 6 of 120 tokens (an estimate)")
    expect(warning).to_have_text("")
    page.get_by_role("button", name="Try it on the example rows").click()
    expect(page.get_by_role("heading", name="Next in the queue")).to_be_visible()
    trial = Submission.objects.get()
    assert (trial.source, trial.public_only) == (PROMPT, True)
    graded(trial, make_report(trial.run.version, public_only=True))
    expect(page.get_by_text("Only the example rows were tried")).to_be_visible()
    rows = page.locator(".completions li")
    expect(rows.nth(1)).to_contain_text("<b>It is</b>")
    expect(rows.nth(1)).to_contain_text("not as asked")
    page.get_by_role("link", name="Back to your prompt").click()
    expect(page.locator(".prompt-count")).to_contain_text("57 tokens in your last run (counted)")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/s/*/")
    handed_in = Submission.objects.get(public_only=False)
    graded(handed_in, make_report(handed_in.run.version))
    expect(page.get_by_text("24 of 32 right, 28 needed")).to_be_visible()
    assert "SECRET" not in page.content()


def test_a_very_long_prompt_is_warned_of(enter: Callable[..., Page], assignment: Any, bob: Any) -> None:
    page = enter(bob, EXERCISE)
    write(page, "word " * 120 + "{input}")
    expect(page.locator("[data-prompt-warning]")).to_have_text("This may be too long.")
