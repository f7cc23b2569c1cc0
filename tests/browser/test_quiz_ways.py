"""Other ways to take a quiz: by keyboard, without scripts or a way back, through a restart, in one browser only."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from playwright.sync_api import Browser, Page, Route, expect

from quizzes import actions
from quizzes.models import Answer, Attempt, Quiz
from tests.browser.quiz_contents import rich_quiz
from tests.browser.quiz_site import Browsers

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
# How long the network stays away in the test of a restart; CONTRIBUTING names the length that stands for a real outage.
CUT_SECONDS = float(os.environ.get("QUIZ_CUT_SECONDS") or 0)


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
    expect.set_options(timeout=10_000)
    found = Browsers(browser, live_server.url)
    yield found
    found.close()


def saved(page: Page, state: str = "saved") -> None:
    expect(page.locator("[data-quiz-saved]")).to_have_attribute("data-state", state)


def responses() -> dict[str, Any]:
    return dict(Answer.objects.exclude(response__isnull=True).values_list("key", "response"))


def tab_to(page: Page, selector: str) -> None:
    """Tab until the focus stands on `selector`: the way there must exist."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no Tab reaches {selector}")


def test_it_works(browsers: Browsers, quiz: Quiz, bob: Any) -> None:
    """By keyboard alone, from the start to the end."""
    page = browsers.enter(bob, "/c/course/q/final/")
    tab_to(page, ".quiz-go button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    tab_to(page, "dialog .primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/a/*/")
    tab_to(page, "#q1 [data-choice]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#q1 [data-flag]")
    page.keyboard.press("Space")
    tab_to(page, "[data-step=next]")
    page.keyboard.press("Enter")
    expect(page.locator("#q2 legend")).to_be_focused()
    tab_to(page, "[data-choice]")
    page.keyboard.press("Space")
    saved(page)
    assert responses() == {"q1": "b", "q2": ["a"]}
    tab_to(page, "[data-dot=q7]")
    page.keyboard.press("Enter")
    expect(page.locator("#q7 legend")).to_be_focused()
    first = page.locator("#q7 [data-item]").first.get_attribute("data-item")
    tab_to(page, "#q7 [data-move='1']")
    page.keyboard.press("Enter")
    expect(page.locator("#q7 [data-item]").nth(1)).to_have_attribute("data-item", str(first))
    assert page.evaluate("document.activeElement.dataset.move") == "1"  # the focus went along
    expect(page.locator("#q7 [data-order-status]")).to_contain_text("place 2 of 4")
    saved(page)
    assert "q7" in responses()
    tab_to(page, ".quiz-nav [value=summary]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/summary")
    tab_to(page, "[data-quiz-submit] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/a/*/")
    expect(page.locator(".mark")).to_be_visible()
    assert Attempt.objects.get().state == "submitted"


def test_without_scripts(browsers: Browsers, quiz: Quiz, bob: Any) -> None:
    page = browsers.enter(bob, "/c/course/q/final/", java_script_enabled=False)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Scripts are off in this browser")).to_be_visible()
    expect(page.get_by_text("Time left when this page was loaded: 1 hour.")).to_be_visible()
    expect(page.get_by_role("timer")).to_be_hidden()
    page.get_by_role("radio", name="It continues").check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    page.get_by_role("checkbox", name="It is never negative").check()
    page.get_by_role("button", name="Question 4, not answered").click()
    page.locator("#q4-typed").fill("7850")
    page.keyboard.press("Enter")
    expect(page.locator("#q4-typed")).to_have_value("7850")
    page.get_by_role("button", name="Question 7, not answered").click()
    page.locator("#q7 [data-item]").last.locator("select").select_option("1")
    page.locator("[data-flag]:visible").check()
    page.get_by_role("button", name="Question 1, answered").click()
    expect(page.get_by_role("radio", name="It continues")).to_be_checked()
    page.get_by_role("button", name="Clear my answer").click()
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    assert set(responses()) == {"q2", "q4", "q7"}
    page.locator(".quiz-nav").get_by_role("button", name="Look over and hand in").click()
    expect(page.get_by_role("heading", name="1 question is flagged")).to_be_visible()
    expect(page.get_by_role("heading", name="5 questions have no answer")).to_be_visible()
    page.get_by_role("button", name="Hand in now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Handed in")
    assert Attempt.objects.get().state == "submitted"


def test_without_a_way_back(browsers: Browsers, quiz: Quiz, bob: Any) -> None:
    Quiz.objects.update(navigation="sequential")
    attempt = actions.start(Quiz.objects.get(), bob)
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    expect(page.locator("fieldset")).to_have_count(1)
    page.get_by_role("radio", name="It continues").check()
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("Question 2 of 8").first).to_be_visible()
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("dialog")).to_contain_text("You have not answered this question")
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Question 3 of 8").first).to_be_visible()
    assert responses() == {"q1": "b"}


# ---- A server that is restarted ----------------------------------------------------------------------------------


class Server:
    """The site in a process of its own, on the tests' database; it can be stopped and started again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{self.port}"]
        environment = os.environ | {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "STATE_DIR": str(django_settings.STATE_DIR),
            "DATABASE_URL": database_url(),
        }
        options = ["--threads", "8", "--worker-class", "gthread", "--log-level", "critical"]
        self.process = subprocess.Popen([*command, *options], cwd=ROOT, env=environment)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                return
            time.sleep(0.1)
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


def database_url() -> str:
    """Where the tests' database is, for another process."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return f"postgres://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    found = Server()
    yield found
    found.stop()


def go_on(page: Page, seconds: float) -> None:
    """Time goes by without a network; the page stays as it is: answering goes on, and it says that nothing is saved."""
    page.wait_for_timeout(1000 * seconds)
    saved(page, "offline")
    expect(page.locator("fieldset:visible")).to_have_count(1)


@pytest.mark.timeout(180 + CUT_SECONDS)  # two starts of a server, the pauses between tries, and the cut itself
def test_a_restart_of_the_server_loses_nothing(browser: Browser, server: Server, attempt: Attempt, bob: Any) -> None:
    """The server stops, the network goes, the server is back halfway, then the network: every answer arrives."""
    server.start()
    expect.set_options(timeout=45_000)  # the pause between two tries grows to half a minute
    browsers = Browsers(browser, server.url)
    browsers.expected = ("Failed to load resource",)
    try:
        page = browsers.enter(bob, f"/a/{attempt.pk}/")
        page.get_by_role("radio", name="It answers").check()
        saved(page)
        server.stop()
        page.get_by_role("radio", name="It continues").check()
        saved(page, "offline")
        page.context.set_offline(True)
        page.get_by_role("button", name="Question 5,").click()
        page.locator("#q5-typed").fill("a first thought")
        go_on(page, CUT_SECONDS / 2)
        server.start()
        page.locator("#q5-typed").fill("tokenisation")
        page.get_by_role("button", name="Question 2,").click()
        page.get_by_role("checkbox", name="It is never negative").check()
        go_on(page, CUT_SECONDS / 2)
        page.context.set_offline(False)
        saved(page)  # by itself, when the next try is due
        assert responses() == {"q1": "b", "q2": ["a"], "q5": "tokenisation"}
        now = Attempt.objects.get()
        assert (now.state, now.deadline) == ("running", attempt.deadline)  # the clock ran on, for all alike
        assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('rendu:quiz:'))") == []
    finally:
        browsers.close()


# ---- Safe Exam Browser -------------------------------------------------------------------------------------------

KEY = "8" * 64


def as_exam_browser(route: Route) -> None:
    """What Safe Exam Browser adds to each request for a page; its scripts' requests carry nothing."""
    headers = dict(route.request.headers)
    if route.request.resource_type == "document":
        url = route.request.url.partition("#")[0]
        headers["x-safeexambrowser-configkeyhash"] = hashlib.sha256((url + KEY).encode()).hexdigest()
    route.continue_(headers=headers)


def test_in_the_safe_exam_browser_only(browsers: Browsers, quiz: Quiz, bob: Any) -> None:
    browsers.expected = ("403 (Forbidden)",)  # of the redirect, which the disguise does not follow
    Quiz.objects.update(seb_config_keys=[KEY])
    plain = browsers.enter(bob, "/c/course/q/final/")
    expect(plain.get_by_text("can only be taken in Safe Exam Browser")).to_be_visible()
    expect(plain.get_by_role("button", name="Start")).to_have_count(0)
    page = browsers.enter(bob, "/c/course/quizzes/")
    page.route("**/*", as_exam_browser)
    page.goto("/c/course/q/final/")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    page.wait_for_url("**/a/*/")
    page.goto(page.url)  # the test's disguise does not follow a redirect with a hash of its own, as the real one does
    page.get_by_role("radio", name="It continues").check()
    saved(page)
    assert responses() == {"q1": "b"}
    attempt = Attempt.objects.get()
    for path in (f"/a/{attempt.pk}/", f"/a/{attempt.pk}/summary", f"/api/attempts/{attempt.pk}"):
        refused = plain.request.get(path)
        assert refused.status == 403 and "It continues" not in refused.text(), path
    actions.submit(attempt, by=bob)
    plain.goto(f"/a/{attempt.pk}/")
    expect(plain.locator(".mark")).to_be_visible()
