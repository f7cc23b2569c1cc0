"""A student at work, in real Chromium: writing, handing in, reading the result, with and without JavaScript."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from exercises import actions
from exercises.models import Assignment, Draft, Node, Run, Submission
from tests.world import rich_report

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXERCISE = "/c/course/e/addition/"


@pytest.fixture(autouse=True)
def node(assignment: Any) -> None:
    """Somebody who could grade what is handed in."""
    Node.objects.create(name="n", queues=["grade.cpu"], slots=1, sandbox="FULL", seen_at=timezone.now())


def write(page: Page, text: str) -> None:
    editor = page.get_by_role("textbox", name="Your code")
    editor.click()
    page.keyboard.press("Control+A")
    # Typing over a selection, Chromium carries its colours along as an inline style, which the policy refuses.
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def test_it_works(enter: Callable[..., Page], bob: Any, graded: Any) -> None:
    """From the list to the verdict, which arrives without a reload."""
    page = enter(bob, "/c/course/")
    page.get_by_role("link", name="Addition").click()
    write(page, "def add(a, b): return a + b")
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", "saved")
    assert Draft.objects.get().source == "def add(a, b): return a + b"
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Next in the queue")).to_be_visible()
    page.evaluate("window.same = true")
    graded(Submission.objects.get(), rich_report(Run.objects.get().version))
    expect(page.get_by_role("heading", name="A good start")).to_be_visible()
    expect(page.locator(".plot canvas")).to_be_visible()
    expect(page.locator(".mark")).to_have_attribute("aria-label", "6 out of 10")
    assert page.evaluate("window.same") is True
    assert page.title().startswith("6 / 10")
    page.get_by_role("link", name="Back to your code").click()
    expect(page.locator(".cm-content")).to_contain_text("return a + b")


def test_control_enter_runs_the_public_tests(enter: Callable[..., Page], bob: Any) -> None:
    page = enter(bob, EXERCISE)
    write(page, "def add(a, b): return 3")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/s/*/")
    assert Submission.objects.get().public_only


def test_a_refusal_keeps_the_text_and_says_why(
    enter: Callable[..., Page], browser_problems: list[str], bob: Any
) -> None:
    page = enter(bob, EXERCISE)
    write(page, "too late")
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", "saved")
    Assignment.objects.update(due_at=timezone.now() - datetime.timedelta(days=1))
    with page.expect_response("**/submit") as answer:
        page.get_by_role("button", name="Submit").click()
    assert answer.value.status == 409
    expect(page.get_by_role("alert")).to_contain_text("closed")
    expect(page.locator(".cm-content")).to_have_text("too late")
    assert not Submission.objects.exists()
    browser_problems.clear()  # it reports the 409 as one


def test_the_last_try_asks_first(enter: Callable[..., Page], bob: Any) -> None:
    Assignment.objects.update(tries=1)
    page = enter(bob, EXERCISE)
    write(page, "x = 1")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert not Submission.objects.exists()
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("dialog").get_by_role("button", name="Hand it in").click()
    page.wait_for_url("**/s/*/")


def test_without_javascript_text_and_file_are_handed_in(enter: Callable[..., Page], bob: Any) -> None:
    page = enter(bob, EXERCISE, java_script_enabled=False)
    page.get_by_label("Your code").fill("typed = 1")
    page.get_by_role("button", name="Run public tests").click()
    expect(page.get_by_role("link", name="Load this page again")).to_be_visible()
    page.goto(EXERCISE)
    assert page.get_by_label("Your code").input_value() == "typed = 1"
    page.get_by_label("File (.py or .ipynb)").set_input_files({"name": "a.py", "mimeType": "", "buffer": b"file = 2"})
    page.get_by_role("button", name="Submit").click()
    assert [(s.source, s.public_only) for s in Submission.objects.order_by("received_at")] == [
        ("typed = 1", True),
        ("file = 2", False),
    ]


def test_two_versions_are_compared(enter: Callable[..., Page], bob: Any, assignment: Any) -> None:
    actions.submit(assignment, bob, "a = 1\n")
    actions.submit(assignment, bob, "a = 2\n")
    page = enter(bob, EXERCISE + "history")
    page.get_by_role("button", name="Compare A and B").click()
    expect(page.locator(".cm-mergeView")).to_be_visible()
    expect(page.locator("[data-merge-fallback]")).to_be_hidden()
