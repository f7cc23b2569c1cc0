"""A whole term for one test: the site with its real grading worker, people in it, time that passes, pictures."""

from __future__ import annotations

import base64
import datetime
import os
import time
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.db.models import F
from playwright.sync_api import BrowserContext, Locator, Page

from accounts.models import User
from courses.models import ApiToken, Course
from deploy.client import Client
from exercises.dates import CreditStep, Extension
from exercises.models import Assignment, Run, Submission
from gradebook.models import GradeItem
from quizzes.models import Attempt, Quiz
from tests.browser.quiz_site import Browsers
from tests.faults.conftest import Installation

WIDTH = 1080


def picture(page: Page, name: str, height: int = 720, at: Locator | None = None) -> None:
    """The page from its top, or from `at`, into the folder that SCREENSHOTS names; nothing without it."""
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return
    page.evaluate("document.activeElement && document.activeElement.blur()")
    page.evaluate("window.scrollTo(0, 0)")
    box = at.bounding_box() if at is not None else None
    clip = {"x": 0, "y": max(0, box["y"] - 24) if box else 0, "width": WIDTH, "height": height, "scale": 1}
    asked = {"format": "webp", "quality": 70, "clip": clip, "captureBeyondViewport": True}
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))


def look(page: Page) -> None:
    """Accessible by axe, in light and dark, and no wider than a phone."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished))")  # colours fade
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    page.set_viewport_size({"width": WIDTH, "height": 900})


def days_pass(course: Course, days: int) -> None:
    """Every date of the course lies so much further back: what a clock does, without waiting for it."""
    back = datetime.timedelta(days=days)
    fields: list[tuple[Any, tuple[str, ...]]] = [
        (Assignment.objects.filter(course=course), ("opens_at", "due_at", "closes_at")),
        (Extension.objects.filter(assignment__course=course), ("due_at", "closes_at")),
        (CreditStep.objects.filter(assignment__course=course), ("until",)),
        (Submission.objects.filter(assignment__course=course), ("received_at",)),
        (GradeItem.objects.filter(course=course), ("closes_at",)),
        (Quiz.objects.filter(course=course), ("opens_at", "closes_at")),
        (Attempt.objects.filter(quiz__course=course), ("started_at", "deadline")),
    ]
    for rows, names in fields:
        rows.update(**{name: F(name) - back for name in names})


class PatientBrowsers(Browsers):
    """For a machine that grades beside them."""

    def watched(self, context: BrowserContext) -> Page:
        page = super().watched(context)
        page.set_default_timeout(60_000)
        return page


class Term:
    """The people of the term: staff in their browsers, students through the API or in a browser of their own."""

    def __init__(self, browsers: Browsers, installation: Installation) -> None:
        self.browsers, self.installation = browsers, installation
        self.page: Page  # Alice's

    def go(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def program(self, email: str) -> Client:
        """What a student's own program uses."""
        course = Course.objects.get(slug="intro")
        return Client(self.browsers.url, ApiToken.issue(User.objects.get(email=email), course))

    def hand_in(self, email: str, source: str) -> dict[str, Any]:
        """Hand in and wait for the grade, through the API."""
        program = self.program(email)
        identity = program.submit("intro", "mean", source, key=f"{email} {time.monotonic_ns()}")
        self.installation.wait(lambda: program.submission(identity)["status"] == "graded", f"{email} is graded")
        return program.submission(identity)

    def wait_idle(self) -> None:
        """Until nothing is being graded, listed or checked."""
        self.installation.wait(lambda: not Run.objects.filter(state__in=Run.OPEN).exists(), "nothing waits", 90)
