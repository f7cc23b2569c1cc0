"""Debian's Chromium for pytest-playwright: the project downloads no browser of its own."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

ARGUMENTS = [
    "--no-sandbox",  # tests may run as root, where Chromium's own sandbox cannot start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no `chromium` on the PATH: install it with `apt-get install chromium`")
    return {**browser_type_launch_args, "executable_path": path, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Tests name their own server. (pytest-base-url's fixture of this name warns under pytest 9.)"""


@pytest.fixture
def browser_problems() -> list[str]:
    """What the browser wrote into its console as an error, such as what the content security policy refused."""
    return []


@pytest.fixture
def enter(
    browser: Browser, browser_problems: list[str], live_server: Any, settings: Any
) -> Iterator[Callable[..., Page]]:
    """`enter(user, path, **options)`: a page of a browser of its own in which `user` is signed in."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    contexts: list[BrowserContext] = []

    def open_page(user: Any, path: str, **options: Any) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: browser_problems.append(str(error)))
        page.on("console", lambda message: browser_problems.append(message.text) if message.type == "error" else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not browser_problems
