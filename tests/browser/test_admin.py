"""Alice makes an exercise in the admin, publishes and assigns it, in a real browser under the real policy."""

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

from exercises import actions
from exercises.models import Assignment, Exercise, ExerciseVersion
from tests.conftest import make_report

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def admin_page(live_server: Any, context: BrowserContext, alice: Any, settings: Any) -> Iterator[Page]:
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


def shot(page: Page, name: str) -> None:
    """Pictures for a person to look at, in the folder that SCREENSHOTS names; none without it."""
    if folder := os.environ.get("SCREENSHOTS"):
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})


def assert_fits(page: Page) -> None:
    """On a phone the page itself does not scroll sideways."""
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def test_it_works(admin_page: Page, live_server: Any, course: Any) -> None:
    page = admin_page
    page.goto(live_server.url + reverse("admin:index"))
    shot(page, "index")
    page.goto(live_server.url + reverse("admin:exercises_exercise_add"))
    page.get_by_label("Course").select_option(label="Course")
    page.get_by_label("Short name").fill("mean")
    shot(page, "new")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator(".cm-editor")).to_have_count(7)  # six files and one wrong answer
    editor = page.locator(".field-solution .cm-content")
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# By Alice\n")
    page.get_by_text("Wrong answers (wrong/)").click()
    page.get_by_role("button", name="Add another Wrong answer").click()
    expect(page.locator(".cm-editor")).to_have_count(8)
    page.get_by_label("File name").nth(1).fill("zero.py")
    page.locator("#files-1 .cm-content").click()
    page.keyboard.type("# expect: 0/10\n")
    shot(page, "exercise")
    page.get_by_role("button", name="Save and publish").click()

    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    expect(page.locator(".state-panel")).to_contain_text("being prepared")
    exercise = Exercise.objects.get(slug="mean")
    files = exercise.read_files()
    assert files.text("solution.py").startswith("# By Alice\n") and files.text("wrong/zero.py") == "# expect: 0/10\n"

    page.get_by_role("link", name="Assign", exact=True).click()
    expect(page.get_by_label("Exercise")).to_have_value(str(exercise.pk))
    expect(page.get_by_text("Time of Europe/Paris.").first).to_be_visible()
    page.locator("#id_due_at_0").fill("2026-12-01")
    page.locator("#id_due_at_1").fill("23:59")
    shot(page, "assignment")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assignment = Assignment.objects.get()
    assert f"{assignment.due_at:%Y-%m-%d %H:%M}" == "2026-12-01 22:59"


def test_errors_stand_at_their_field(admin_page: Page, live_server: Any, exercise: Any) -> None:
    page = admin_page
    page.goto(live_server.url + reverse("admin:exercises_exercise_change", args=[exercise.pk]))
    page.locator(".field-tests .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("def")
    page.get_by_role("button", name="Save and publish").click()
    expect(page.locator(".field-tests .errorlist")).to_contain_text("line 1")
    shot(page, "error")
    assert exercise.versions.count() == 1


def test_without_javascript(browser: Any, live_server: Any, admin_page: Page, exercise: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(admin_page.context.cookies())
    page = context.new_page()
    page.goto(live_server.url + reverse("admin:exercises_exercise_change", args=[exercise.pk]))
    page.locator("textarea[name=solution]").fill("def add(a, b):\n    return b + a\n")
    page.get_by_role("button", name="Save", exact=True).click()
    context.close()
    assert exercise.read_files().text("solution.py") == "def add(a, b):\n    return b + a\n"


def test_every_page_is_accessible_and_fits(
    admin_page: Page, live_server: Any, assignment: Any, bob: Any, graded: Any
) -> None:
    exercise = assignment.exercise
    source = "def add(a, b):\n    return a - b  # " + "a long line " * 20
    submission = actions.submit(assignment, bob, source)
    report = make_report(exercise.published, {"adds hidden numbers": "failed"})
    report["tests"][1]["staff"] = "Traceback (most recent call last):\n  " + "tests.py " * 40
    graded(submission, report)
    actions.save_files(exercise, type(exercise.read_files())(exercise.read_files().files | {"tests.py": b"x = 1\n"}))
    version = actions.publish(exercise)
    ExerciseVersion.objects.filter(pk=version.pk).update(state="broken", fault="tests.py: no test was found " * 8)
    pages = {
        "index": reverse("admin:index"),
        "exercises": reverse("admin:exercises_exercise_changelist"),
        "exercise-broken": reverse("admin:exercises_exercise_change", args=[exercise.pk]),
        "preview": reverse("admin:exercises_exercise_preview", args=[exercise.pk]),
        "import": reverse("admin:exercises_exercise_import", args=[exercise.pk]),
        "version": reverse("admin:exercises_exerciseversion_change", args=[version.pk]),
        "assignments": reverse("admin:exercises_assignment_changelist"),
        "submissions": reverse("admin:exercises_submission_changelist"),
        "submission": reverse("admin:exercises_submission_change", args=[submission.pk]),
        "run": reverse("admin:exercises_run_change", args=[submission.run_id]),
        "enrolments": reverse("admin:courses_enrolment_changelist"),
        "score": reverse("admin:gradebook_score_change", args=[assignment.item.scores.get().pk]),
    }
    found = {}
    for name, url in pages.items():
        admin_page.goto(live_server.url + url)
        results = Axe().run(admin_page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        if results.violations_count:
            found[name] = results.generate_report()
        shot(admin_page, name)
        assert_fits(admin_page)
    assert not found, "\n".join(f"{name}: {report}" for name, report in found.items())
