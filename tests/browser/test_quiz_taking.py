"""Bob takes a quiz in real Chromium: whatever happens to network, server, windows and clock, no answer is lost."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from quizzes import actions
from quizzes.models import Answer, AnswerEvent, Attempt, AttemptEvent, Quiz
from tests.browser.quiz_contents import rich_quiz
from tests.browser.quiz_site import Browsers

# Playwright keeps an event loop in this thread; Django would refuse the database here, although nothing is async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FAILED = ("Failed to load resource",)


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
    found = Browsers(browser, live_server.url)
    expect.set_options(timeout=10_000)
    yield found
    found.close()


def saved(page: Page, state: str = "saved") -> None:
    expect(page.locator("[data-quiz-saved]")).to_have_attribute("data-state", state)


def go(page: Page, number: int) -> Any:
    """Brings a question to the front by the navigator."""
    page.get_by_role("navigation", name="Questions").get_by_role("button", name=f"Question {number},").click()
    question = page.locator(f"#q{number}")
    expect(question).to_be_visible()
    return question


def responses() -> dict[str, Any]:
    return dict(Answer.objects.exclude(response__isnull=True).values_list("key", "response"))


def typed(page: Page) -> Any:
    """The field of the question in view."""
    return page.locator("[data-typed]:visible")


def choose(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name).check()


ALL = {
    "q1": "b",
    "q2": ["a", "b"],
    "q3": "true",
    "q4": "7850",
    "q5": "tokenisation",
    "q6": {"p1": "p1", "p2": "p2", "p3": "p3"},
    "q7": ["i1", "i2", "i3", "i4"],
    "q8": {"p1": "p1", "p2": "p2"},
}


def answer_all(page: Page) -> None:
    """One question after the other, as a student does, with Next."""
    choose(page, "It continues the text")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("checkbox", name="It is never negative").check()
    page.get_by_role("checkbox", name="It is 0 exactly").check()
    page.get_by_role("button", name="Next").click()
    choose(page, "True")
    page.get_by_role("button", name="Next").click()
    typed(page).fill("7850")
    page.get_by_role("button", name="Next").click()
    typed(page).fill("tokenisation")
    page.keyboard.press("Enter")  # saves, and leaves the page where it is
    page.get_by_role("button", name="Next").click()
    for line, name in enumerate(("ReLU", "sigmoid", "identity"), 1):
        page.locator(f"#q6-{line}").select_option(label=name)
    page.get_by_role("button", name="Next").click()
    put_in_order(page)
    page.get_by_role("button", name="Next").click()
    sides = page.locator("#q8 .match-sides li")
    one = sides.filter(has_text="1").filter(has_not_text="σ").locator("b").inner_text()
    page.locator("#q8-1").select_option(label=one)
    page.locator("#q8-2").select_option(label="AB".replace(one, ""))


def put_in_order(page: Page) -> None:
    """With the buttons: each line goes up until it stands where it should."""
    items = page.locator("#q7 [data-item]")
    for place, words in enumerate(("random start", "forward pass", "loss", "gradient step")):
        for _move in range(4):
            if words in items.nth(place).inner_text():
                break
            items.filter(has_text=words).get_by_role("button", name="Up").click()
    page.get_by_label("This order is my answer").check()


def test_it_works(browsers: Browsers, quiz: Quiz, bob: Any) -> None:
    """From the list of quizzes to the points, with a question of every type."""
    page = browsers.enter(bob, "/c/course/quizzes/")
    page.get_by_role("link", name="Chatbots: final quiz").click()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    expect(page.get_by_role("timer")).to_contain_text("59:5")
    answer_all(page)
    saved(page)
    assert responses() == ALL
    go(page, 3).get_by_label("Flag").check()
    expect(page.get_by_role("button", name="Question 3, answered, flagged")).to_be_visible()
    expect(page.get_by_text("8 of 8 answered")).to_be_visible()
    page.locator(".quiz-nav").get_by_role("button", name="Look over and hand in").click()
    expect(page.get_by_role("heading", name="Every question has an answer")).to_be_visible()
    expect(page.get_by_role("link", name="Question 3")).to_be_visible()
    page.get_by_role("button", name="Hand in now").click()
    expect(page.get_by_role("heading", name="Everything right")).to_be_visible()
    expect(page.locator(".mark")).to_have_attribute("aria-label", "9 out of 9")
    assert Attempt.objects.get().state == "submitted"
    assert set(AttemptEvent.objects.values_list("kind", flat=True)) >= {"started", "opened", "submitted"}


def test_an_answer_is_changed_and_cleared(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    choose(page, "It answers")
    choose(page, "It refuses")
    saved(page)
    assert responses() == {"q1": "c"}
    page.get_by_role("button", name="Clear my answer").click()
    expect(page.get_by_text("0 of 8 answered")).to_be_visible()
    saved(page)
    assert responses() == {}
    page.reload()
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)


def test_without_a_network_nothing_is_lost(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    """Answers given offline survive a reload of the browser's memory of them, and arrive when the network is back."""
    browsers.expected = FAILED
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    choose(page, "It answers")
    saved(page)
    page.context.set_offline(True)
    choose(page, "It continues")
    saved(page, "offline")
    go(page, 4).get_by_label("Your answer").fill("7850")
    go(page, 3).get_by_role("radio", name="True").check()
    expect(page.locator("[data-quiz-saved]")).to_contain_text("3 not saved yet")
    page.locator(".quiz-nav").get_by_role("button", name="Look over and hand in").click()
    expect(page.locator("[data-quiz-box=stay]")).to_be_visible(timeout=15_000)
    assert responses() == {"q1": "a"}
    page.context.set_offline(False)
    saved(page)
    expect(page.locator("[data-quiz-box=stay]")).to_be_hidden()
    assert responses() == {"q1": "b", "q3": "true", "q4": "7850"}
    assert not AnswerEvent.objects.filter(stale=True).exists()
    page.wait_for_timeout(300)
    assert AttemptEvent.objects.filter(kind="online").exists()


def test_what_was_not_saved_comes_back_after_a_reload(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    browsers.expected = FAILED
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    page.route("**/answers/*", lambda route: route.abort())
    choose(page, "It continues")
    go(page, 7)
    put_in_order(page)
    go(page, 5).get_by_label("Your answer").fill("tokens")
    saved(page, "offline")
    assert responses() == {}
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.locator("#q5-typed")).to_have_value("tokens")
    page.unroute_all()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    saved(page)
    assert responses() == {"q1": "b", "q5": "tokens", "q7": ALL["q7"]}
    page.reload()
    assert asked == ["beforeunload"]  # nothing waits any more, so nothing is asked


@pytest.mark.parametrize("reopened", [False, True])
def test_a_newer_answer_of_the_server_stays(browsers: Browsers, attempt: Attempt, bob: Any, reopened: bool) -> None:
    """What this browser could not send is older than what another device has saved since: the person decides."""
    browsers.expected = FAILED
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    page.context.set_offline(True)
    choose(page, "It answers")
    saved(page, "offline")
    if reopened:
        page.close()
        page = browsers.watched(page.context)
    actions.save_answer(attempt.pk, bob, "q1", "c", seen=0, tab="elsewhere")
    page.context.set_offline(False)
    if reopened:
        page.goto(f"/a/{attempt.pk}/")
    expect(page.get_by_role("radio", name="It refuses")).to_be_checked()
    saved(page)
    assert responses() == {"q1": "c"}
    page.get_by_role("button", name="Use the answer of this browser").click()
    expect(page.get_by_role("radio", name="It answers")).to_be_checked()
    saved(page)
    assert responses() == {"q1": "a"}


def test_two_windows(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    """The later answer counts, both are logged, and the other window shows it and says so."""
    first = browsers.enter(bob, f"/a/{attempt.pk}/")
    second = browsers.watched(first.context)
    second.goto(f"/a/{attempt.pk}/")
    choose(first, "It answers")
    saved(first)
    choose(second, "It refuses")
    expect(second.locator("[data-notice=stale]")).to_be_visible()
    assert responses() == {"q1": "c"}
    assert list(AnswerEvent.objects.order_by("sequence").values_list("response", "stale")) == [
        ("a", False),
        ("c", True),
    ]
    first.bring_to_front()
    first.evaluate("window.dispatchEvent(new Event('online'))")
    expect(first.get_by_role("radio", name="It refuses")).to_be_checked()
    expect(first.locator("[data-quiz-box=elsewhere]")).to_be_visible()


def test_signed_out_in_the_middle(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    browsers.expected = FAILED
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    Session.objects.all().delete()
    choose(page, "It continues")
    saved(page, "signed-out")
    expect(page.get_by_role("link", name="Sign in (new tab)")).to_be_visible()
    again = browsers.enter(bob, "/c/course/quizzes/")  # signs in; another context, so its cookie is copied
    cookie = next(c for c in again.context.cookies() if c["name"] == "sessionid")
    page.context.add_cookies([{"name": "sessionid", "value": cookie["value"], "url": browsers.url}])
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    saved(page)
    expect(page.locator("[data-quiz-box=signed-out]")).to_be_hidden()
    assert responses() == {"q1": "b"}


def end_in(attempt: Attempt, seconds: float) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(deadline=timezone.now() + datetime.timedelta(seconds=seconds))


def test_the_time_is_over_with_the_page_open(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    """The last answer is typed in the last seconds; the page hands in by itself."""
    page = browsers.enter(bob, f"/a/{attempt.pk}/?q=q4")
    end_in(attempt, 6)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_role("timer")).to_contain_text("0:0")
    typed(page).fill("7850")
    expect(page.get_by_role("heading", level=1)).to_have_text("Handed in", timeout=30_000)
    assert responses() == {"q4": "7850"}
    found = Attempt.objects.get()
    assert (found.state, found.score) == ("expired", 1)


def test_the_time_is_over_with_the_browser_gone(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    choose(page, "It continues")
    page.goto("about:blank")  # at once: the save outlives the page
    page.wait_for_timeout(300)
    end_in(attempt, -61)
    assert actions.expire_due() == 1
    found = Attempt.objects.get()
    assert (found.state, found.score, responses()) == ("expired", 1, {"q1": "b"})


def test_more_time_a_pause_and_an_announcement_appear(
    browsers: Browsers, attempt: Attempt, alice: Any, bob: Any
) -> None:
    end_in(attempt, 100)
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    look = "window.dispatchEvent(new Event('online'))"  # as after an outage; else it looks once a minute
    actions.extend([attempt], 1200, alice)
    page.evaluate(look)
    expect(page.get_by_role("timer")).to_contain_text("21:")
    expect(page.locator("[data-quiz-time-note]")).to_have_text("You have more time: 22 minutes left")
    actions.announce(attempt.quiz, "Ten minutes more for everybody", alice)
    page.evaluate(look)
    expect(page.get_by_role("listitem").filter(has_text="Ten minutes more")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("From the staff: Ten minutes more for everybody")
    actions.pause([attempt], alice)
    page.evaluate(look)
    expect(page.locator("[data-quiz-box=paused]")).to_be_visible()
    expect(page.locator("#q1")).to_be_hidden()
    left = page.get_by_role("timer").inner_text()
    page.wait_for_timeout(1200)
    assert page.get_by_role("timer").inner_text() == left
    actions.resume([attempt], alice)
    page.evaluate(look)
    expect(page.locator("#q1")).to_be_visible()
    choose(page, "It continues")
    saved(page)


def test_thresholds_are_announced_and_the_clock_can_be_hidden(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    end_in(attempt, 303)
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    page.get_by_role("button", name="Hide the time").click()
    expect(page.locator("[data-quiz-time]")).to_be_hidden()
    expect(page.locator("#announcer")).to_have_text("5 minutes left", timeout=10_000)
    page.reload()
    expect(page.get_by_role("button", name="Show the time")).to_be_visible()
    page.get_by_role("button", name="Show the time").click()
    expect(page.get_by_role("timer")).to_contain_text("4:5")


def test_handing_in_carries_the_saves_under_way(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    """The network takes no save any more; the submission in the last second brings the answers along."""
    browsers.expected = FAILED
    page = browsers.enter(bob, f"/a/{attempt.pk}/?q=q4")
    page.route("**/answers/*", lambda route: route.abort())
    typed(page).fill("7850")
    saved(page, "offline")
    end_in(attempt, 1)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", level=1)).to_have_text("Handed in", timeout=30_000)
    assert responses() == {"q4": "7850"}
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('rendu:quiz:'))") == []


def test_too_late_is_said_plainly(browsers: Browsers, attempt: Attempt, bob: Any) -> None:
    """The attempt was handed in elsewhere: what this window still held is named, here and on the end's page."""
    browsers.expected = FAILED
    page = browsers.enter(bob, f"/a/{attempt.pk}/")
    choose(page, "It continues")
    saved(page)
    actions.submit(attempt, by=bob)
    go(page, 3).get_by_role("radio", name="True").check()
    expect(page.locator("[data-quiz-box=over]")).to_be_visible()
    expect(page.locator("[data-quiz-late]")).to_have_text("3")
    assert responses() == {"q1": "b"}
    page.get_by_role("link", name="To the end page").click()
    expect(page.locator("[data-quiz-box=over]")).to_contain_text("they arrived too late: questions 3.")
    page.get_by_role("button", name="Forget them").click()
    page.reload()
    expect(page.locator("[data-quiz-box=over]")).to_be_hidden()
