"""Browsers of signed-in people, for the tests of quizzes."""

from __future__ import annotations

from typing import Any

from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page


class Browsers:
    """Opens browsers and collects what their pages complain about."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.contexts: list[BrowserContext] = []
        self.faults: list[str] = []
        # Messages that a test provokes: a refused or failed request is an error in the console.
        self.expected: tuple[str, ...] = ()

    def enter(self, user: Any, path: str, **options: Any) -> Page:
        """A page of a browser of its own in which `user` is signed in."""
        client = Client()
        client.force_login(user)
        context = self.browser.new_context(base_url=self.url, **options)
        self.contexts.append(context)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.url}])
        page = self.watched(context)
        page.goto(path)
        return page

    def watched(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.set_offline(False)
            for page in context.pages:
                page.unroute_all(behavior="ignoreErrors")
                page.on("dialog", lambda dialog: dialog.accept())
                page.goto("about:blank")
                page.wait_for_timeout(200)  # what a page says when it is left is still on its way to the server
            context.close()
        assert [fault for fault in self.faults if not any(words in fault for words in self.expected)] == []
