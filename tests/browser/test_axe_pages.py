"""Every page outside the admin, for everybody: by axe, in light and dark, at a desk and on a phone, in two languages.

The list comes from the site's addresses: each one that a student may open is visited as a student, each other one that
an instructor may open as an instructor.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from exercises import actions as exercising
from exercises import regrade
from exercises.models import Assignment, Run, RunState
from quizzes import actions as quizzing
from quizzes.models import Quiz
from tests.addresses import every_address, read_table
from tests.browser.quiz_contents import rich_quiz
from tests.browser.quiz_site import Browsers
from tests.conftest import deliver
from tests.exercises import prompt_site
from tests.world import World, build

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A French phone in the dark, since French words are longer, and an English desk by day.
LOOKS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "en-GB"},
    "phone": {"viewport": {"width": 380, "height": 780}, "color_scheme": "dark", "locale": "fr-FR"},
}
# The same address in another state, or with a question chosen: what `World.values` names.
STATES: dict[str, dict[str, list[str]]] = {
    "student": {
        "submission": ["/s/{replaced}/", "/s/{waiting}/", "/s/{prompt}/", "/s/{refused}/", "/s/{prompting}/"],
        "exercise": ["/c/course/e/odd-even/"],
        "history": ["/c/course/e/odd-even/history"],
        "attempt": ["/a/{attempt}/?q=q2", "/a/{attempt}/?q=q6", "/a/{whole}/"],
        "quiz": ["/c/course/q/later/"],
    },
    "instructor": {
        "course": ["/c/course/"],
        "submission": ["/s/{submission}/", "/s/{prompt}/"],
        "history": ["/c/course/e/one/history?student={student}"],
        "quiz-regrade": ["/c/course/q/one/regrade/?question={question}"],
        "attempt-log": ["/a/{ended}/log/"],
        "gradebook-column": ["/c/course/gradebook/addition/"],
    },
    "classmate": {"attempt": ["/a/{ended}/"], "quiz": ["/c/course/q/one/"]},
    "anonymous": {"account_login": ["/nowhere/"]},
}
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
OPEN_DETAILS = "document.querySelectorAll('details:not(.menu)').forEach((part) => (part.open = true))"


@pytest.fixture
def world(transactional_db: None) -> World:
    """The small course with prompts, a quiz on one page, and one that is not begun."""
    cache.clear()  # the limits of sign-in
    found = build()
    bob = found.people["student"]
    prompts = prompt_site.make_assignment(found.course)
    prompt = exercising.submit(prompts, bob, "Number: {input}")
    deliver(prompt, prompt_site.make_report(prompt.run.version))
    refused = exercising.submit(prompts, bob, "no row")
    deliver(refused, prompt_site.rejected(refused.run.version))
    prompting = exercising.submit(prompts, bob, "Number: {input}")
    whole = quizzing.start(rich_quiz(found.course, slug="whole", one_page=True), bob)
    for key, response in {"q1": "a", "q2": ["a", "b"], "q6": {"1": "a", "2": "b"}, "q7": ["a", "b", "d", "c"]}.items():
        quizzing.save_answer(whole.pk, bob, key, response, seen=10**6, flagged=key == "q2")
    _regrades(found)
    later: Quiz = rich_quiz(found.course, slug="later", questions=["loss"])
    assert not later.attempt_set.exists()
    found.values |= {"prompt": prompt.pk, "refused": refused.pk, "prompting": prompting.pk, "whole": whole.pk}
    return found


def _regrades(world: World) -> None:
    """One that counts, and one to decide on, in which Bob moves."""
    assignment = Assignment.objects.get(pk=world.values["exercises.assignment"])
    alice = world.people["instructor"]
    regrade.apply(regrade.start(assignment, "rescore", alice, "to see"), alice)
    for entry in regrade.start(assignment, "rerun", alice, "a test was wrong").entries.all():
        Run.objects.filter(pk=entry.new_id).update(state=RunState.GRADED, score=10, max_score=10)


@pytest.fixture
def browsers(browser: Browser, live_server: Any, settings: Any, world: World) -> Iterator[Browsers]:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    found = Browsers(browser, live_server.url)
    yield found
    found.close()


def is_page(client: Client, path: str) -> bool:
    """Whether the address gives a whole page: no file, no fragment, nothing for programs."""
    response = client.get(path)
    kind, shown = response.headers.get("Content-Type", ""), "Content-Disposition" not in response.headers
    whole = kind.startswith("text/html") and shown and b"<html" in response.content
    response.close()
    return whole


def pages_of(part: str, world: World) -> list[str]:
    """Every page that the table of roles opens to this part and not to students, each in all its states."""
    parts, table = read_table()
    client = Client()
    if part != "anonymous":
        client.force_login(world.people[part])
    found = []
    for address in every_address():
        if address.name.startswith(("admin:", "api:")) or (address.name, "GET") not in table:
            continue
        cells = dict(zip(parts, table[address.name, "GET"], strict=True))
        if cells[part] == "200" and (part == "student" or cells["student"] != "200"):
            found.append(address.path(world.values))
        found += [path.format(**world.values) for path in STATES[part].get(address.name, ())]
    return [path for path in dict.fromkeys(found) if path == "/nowhere/" or is_page(client, path)]


def look(page: Page, path: str, kind: str) -> list[str]:
    """What is wrong with the page that is open; a picture in the folder that SCREENSHOTS names."""
    page.evaluate(OPEN_DETAILS)
    if folder := os.environ.get("SCREENSHOTS"):
        name = re.sub(r"\W+", "-", path).strip("-")
        page.screenshot(path=Path(folder) / f"{kind}-{name}.png", full_page=True)
    results = Axe().run(page)
    found = [results.generate_report()] if results.violations_count else []
    found += page.evaluate(OVERFLOW)
    if kind.endswith("phone"):  # French at a desk too: that needs no second look of the axe's
        page.set_viewport_size({"width": 1280, "height": 900})
        found += page.evaluate(OVERFLOW)
        page.set_viewport_size(LOOKS["phone"]["viewport"])
    return [f"{path}: {wrong}" for wrong in found]


def visit(browsers: Browsers, world: World, part: str, kind: str, paths: list[str]) -> tuple[Page, list[str]]:
    person = world.people.get(part)
    page = browsers.enter(person, paths[0], **LOOKS[kind]) if person else None
    if page is None:
        context = browsers.browser.new_context(base_url=browsers.url, **LOOKS[kind])
        browsers.contexts.append(context)
        page = browsers.watched(context)
    problems = []
    for path in paths:
        page.goto(path)
        expect(page.locator("h1").first).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", LOOKS[kind]["locale"][:2])
        problems += look(page, path, f"{part}-{kind}")
    return page, problems


@pytest.mark.parametrize("kind", LOOKS)
def test_it_works(browsers: Browsers, world: World, kind: str) -> None:
    """The student's pages, and those of a classmate whose quiz is over."""
    paths = pages_of("student", world)
    assert len(paths) > 20
    _page, problems = visit(browsers, world, "student", kind, paths)
    after = [path.format(**world.values) for found in STATES["classmate"].values() for path in found]
    problems += visit(browsers, world, "classmate", kind, after)[1]
    assert problems == []


@pytest.mark.parametrize("kind", LOOKS)
def test_the_staff(browsers: Browsers, world: World, kind: str) -> None:
    """The instructor's pages; last the sheet of sign-in codes, which only a button makes."""
    paths = pages_of("instructor", world)
    assert len(paths) > 25
    page, problems = visit(browsers, world, "instructor", kind, paths)
    page.goto("/c/course/q/one/codes/")
    page.locator("button[value=make]").click()
    page.get_by_role("dialog").locator("button[value=yes]").click()
    expect(page.locator(".slip").first).to_be_visible()
    problems += look(page, "slips", f"instructor-{kind}")
    assert problems == []


@pytest.mark.parametrize("kind", LOOKS)
def test_nobody(browsers: Browsers, world: World, kind: str) -> None:
    """The sign-in in its two steps, the slip's code, and a page that does not exist."""
    browsers.expected = ("404",)
    page, problems = visit(browsers, world, "anonymous", kind, pages_of("anonymous", world))
    page.goto("/accounts/login/")
    page.locator("input[type=email]").fill("alice@example.org")
    page.keyboard.press("Enter")
    expect(page.locator("input[autocomplete=one-time-code]")).to_be_visible()
    problems += look(page, "code", f"anonymous-{kind}")
    assert problems == []
