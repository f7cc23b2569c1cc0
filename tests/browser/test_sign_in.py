"""Sign-in, own courses, grades and gradebook, as people see them: in a real browser."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from accounts.mail import wait_until_sent
from courses.models import Course, Enrolment
from gradebook import actions
from gradebook.models import GradeItem
from tests.signing import mailed_code

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def no_limits_left(transactional_db: None) -> None:
    cache.clear()


@pytest.fixture
def site(live_server: Any, page: Page, settings: Any) -> Any:
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    page.set_default_timeout(20_000)
    return live_server


def sign_in(page: Page, site: Any, email: str, path: str = "/") -> None:
    page.goto(site.url + path)
    page.get_by_label("E-mail").fill(email)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    wait_until_sent()
    page.get_by_label("Code", exact=True).fill(mailed_code().lower())
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/login/).*$"))


def test_it_works(page: Page, site: Any, bob: Any) -> None:
    sign_in(page, site, "bob@example.org", "/accounts/")
    expect(page.get_by_role("heading", name="Bob Durand")).to_be_visible()
    page.get_by_text("Bob Durand").first.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{site.url}/accounts/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_code_is_told_at_the_field(page: Page, site: Any, bob: Any) -> None:
    page.goto(f"{site.url}/accounts/login/")
    page.get_by_label("E-mail").fill("bob@example.org")
    page.get_by_role("button", name="Send me a code").click()
    field = page.get_by_label("Code", exact=True)
    expect(field).to_be_focused()
    assert field.get_attribute("autocomplete") == "one-time-code"
    field.fill("BBBB-BBBB")
    page.get_by_role("button", name="Sign in").click()
    expect(field).to_have_accessible_description(re.compile("not the code"))
    expect(field).to_have_attribute("aria-invalid", "true")


def test_one_click_for_the_demonstration(page: Page, site: Any, settings: Any, alice: Any, bob: Any) -> None:
    settings.DEBUG = True
    page.goto(f"{site.url}/accounts/login/?next=/accounts/")
    page.get_by_role("button", name="Bob Durand").click()
    page.get_by_label("Code", exact=True).fill(page.locator("#shown-code").inner_text())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Bob Durand")).to_be_visible()


def test_somebody_new_comes_with_a_join_code(page: Page, site: Any, course: Course) -> None:
    Course.objects.filter(pk=course.pk).update(join_code="Welcome-24")
    page.goto(f"{site.url}/accounts/login/")
    page.get_by_label("E-mail").fill("dana@example.org")
    page.get_by_text("I am new and have a join code").click()
    page.get_by_label("Join code").fill("welcome-24")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    wait_until_sent()
    page.get_by_label("Code", exact=True).fill(mailed_code())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Given name").fill("Dana")
    page.get_by_label("Family name").fill("Noir")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Dana Noir")).to_be_visible()
    assert Enrolment.objects.get(user__email="dana@example.org").course == course


def test_the_language_stays(page: Page, site: Any, bob: Any) -> None:
    sign_in(page, site, "bob@example.org", "/accounts/")
    page.get_by_role("button", name="Français").or_(page.get_by_role("button", name="French")).click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.context.clear_cookies()  # another browser: the person's language comes with the sign-in
    page.goto(f"{site.url}/accounts/login/")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    sign_in(page, site, "bob@example.org", "/accounts/")
    expect(page.locator("html")).to_have_attribute("lang", "fr")


@pytest.fixture
def grades(course: Course, alice: Any, bob: Any) -> None:
    for position, slug in enumerate(("one", "two", "three")):
        item = GradeItem.objects.create(course=course, slug=slug, title_en=f"Item {slug}", position=position)
        actions.set_derived(item, bob, Decimal(position * 3), "run")


def test_a_teacher_sets_points(page: Page, site: Any, grades: None) -> None:
    sign_in(page, site, "alice@example.org", "/c/course/gradebook/")
    page.get_by_role("row", name="Durand, Bob").get_by_role("link", name="3", exact=True).click()
    page.get_by_role("textbox", name="Points").fill("7.5")
    page.get_by_label("Reason").fill("Appeal")
    page.get_by_role("button", name="Set the points").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    page.get_by_role("navigation", name="You are here").get_by_role("link", name="Gradebook").click()
    cell = page.get_by_role("link", name="7.5*")
    expect(cell).to_have_accessible_description("Override: Appeal")
    page.get_by_role("link", name="Item two").click()
    expect(page.get_by_role("columnheader", name="Item two")).to_have_attribute("aria-sort", "descending")
