"""The student's pages of quizzes without a script: list, start, taking it, summary, end."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from quizzes import actions
from quizzes.models import Answer, Attempt, AttemptEvent, Override, Quiz
from tests.quizzes.quizzing import RIGHT, add_quiz, key_of, shown

START = "/c/course/q/exam/start"


@pytest.fixture
def attempt(quiz: Quiz, bob: Any) -> Attempt:
    return actions.start(quiz, bob)


@pytest.fixture
def bobs(client: Client, bob: Any) -> Client:
    client.force_login(bob)
    return client


def fields_of(attempt: Attempt, slug: str, response: Any) -> dict[str, Any]:
    """The form fields of one question, as a browser sends them."""
    key = key_of(attempt, slug)
    value = shown(attempt, key, response)
    if slug == "matching":
        return {f"{key}.{left}": right for left, right in value.items()}
    if slug == "ordering":
        return {f"{key}.{item}": str(place) for place, item in enumerate(value, 1)} | {f"{key}.set": "1"}
    return {key: value}


def save(client: Client, attempt: Attempt, slug: str, response: Any, **more: Any) -> Any:
    body = {"shown": key_of(attempt, slug), "sequence": "0", "tab": "t", "go": "here"} | fields_of(
        attempt, slug, response
    )
    return client.post(f"/a/{attempt.pk}/save", body | more)


def test_it_works(bobs: Client, quiz: Quiz, bob: Any) -> None:
    assert "Exam" in bobs.get("/c/course/quizzes/").content.decode()
    rules = bobs.get("/c/course/q/exam/").content.decode()
    assert "1 hour" in rules and "7 points" in rules
    begun = bobs.post(START)
    attempt = Attempt.objects.get()
    assert (begun.status_code, begun["Location"]) == (303, f"/a/{attempt.pk}/")
    for slug, response in RIGHT.items():
        done = save(bobs, attempt, slug, response, go="summary")
        assert (done.status_code, done["Location"]) == (303, f"/a/{attempt.pk}/summary")
    assert "Every question has an answer" in bobs.get(f"/a/{attempt.pk}/summary").content.decode()
    assert bobs.post(f"/a/{attempt.pk}/submit")["Location"] == f"/a/{attempt.pk}/"
    attempt.refresh_from_db()
    assert (attempt.state, attempt.score) == ("submitted", 7)
    end = bobs.get(f"/a/{attempt.pk}/").content.decode()
    assert "7 out of 7" in end and "20 out of 20" in end


def test_pages_are_kept_by_no_cache(bobs: Client, attempt: Attempt) -> None:
    paths = [f"/a/{attempt.pk}/", f"/a/{attempt.pk}/summary", "/c/course/quizzes/", "/c/course/q/exam/"]
    assert all("no-store" in bobs.get(path)["Cache-Control"] for path in paths)


def test_outsiders_find_nothing(client: Client, attempt: Attempt, charlie: Any) -> None:
    client.force_login(charlie)
    for path in ("/c/course/quizzes/", "/c/course/q/exam/", f"/a/{attempt.pk}/", f"/a/{attempt.pk}/summary"):
        assert client.get(path).status_code == 404, path
    assert client.post(START).status_code == 404
    for name in ("save", "submit"):
        assert client.post(f"/a/{attempt.pk}/{name}").status_code == 404
    attempt.refresh_from_db()
    assert attempt.state == "running"
    client.logout()
    assert client.get(f"/a/{attempt.pk}/").status_code == 302


def test_the_staff_reads_but_does_not_answer(client: Client, attempt: Attempt, alice: Any) -> None:
    client.force_login(alice)
    assert "This attempt is going on" in client.get(f"/a/{attempt.pk}/").content.decode()
    assert save(client, attempt, "single", "a").status_code == 404
    assert client.post(f"/a/{attempt.pk}/submit").status_code == 404
    assert not Answer.objects.exists()
    trial = client.post(START)
    preview = Attempt.objects.get(preview=True)
    assert trial["Location"] == f"/a/{preview.pk}/"
    assert "Preview" in client.get(f"/a/{preview.pk}/").content.decode()


def test_no_page_of_a_running_attempt_holds_the_key(bobs: Client, attempt: Attempt) -> None:
    for slug, response in RIGHT.items():
        save(bobs, attempt, slug, response)
    text = bobs.get(f"/a/{attempt.pk}/").content.decode() + bobs.get(f"/a/{attempt.pk}/summary").content.decode()
    assert "SECRETLESS single" in text
    for secret in ("why a", "GENERAL", "7850.0", "tokeni*ation", "7,840 weights", "fraction"):
        assert secret not in text, secret


def test_the_end_shows_what_the_review_allows(bobs: Client, attempt: Attempt, quiz: Quiz) -> None:
    save(bobs, attempt, "single", "b")
    actions.submit(attempt, by=None)
    closed = bobs.get(f"/a/{attempt.pk}/").content.decode()
    assert "SECRETLESS" not in closed and "0 out of 7" in closed
    quiz.review = {"after": ["attempt", "right", "marks", "feedback", "general_feedback", "answer"]}
    quiz.save()
    everything = bobs.get(f"/a/{attempt.pk}/").content.decode()
    for words in ("why b", "GENERAL", "right answer", "7850 ± 0.5", "tokeni…ation", "right 1"):
        assert words in everything, words
    quiz.review = {"after": []}
    quiz.save()
    nothing = bobs.get(f"/a/{attempt.pk}/").content.decode()
    assert "Received: your answers are saved" in nothing and "out of" not in nothing


def test_an_answer_is_cleared_and_flagged(bobs: Client, attempt: Attempt) -> None:
    key = key_of(attempt, "single")
    save(bobs, attempt, "single", "a", **{f"{key}.flag": "1"})
    answer = Answer.objects.get(key=key)
    assert (answer.response, answer.flagged) == ("a", True)
    save(bobs, attempt, "single", "a", clear=key)
    answer.refresh_from_db()
    assert (answer.response, answer.flagged) == (None, False)


def test_only_the_questions_of_the_page_are_saved(bobs: Client, attempt: Attempt) -> None:
    """A page shows one question; the fields of the others are in it too, as they were when it was loaded."""
    save(bobs, attempt, "short", "token")
    stale = fields_of(attempt, "short", "older")
    save(bobs, attempt, "single", "a", **stale)
    assert Answer.objects.get(key=key_of(attempt, "short")).response == "token"


def test_unchanged_answers_are_not_saved_again(bobs: Client, attempt: Attempt) -> None:
    save(bobs, attempt, "single", "a")
    save(bobs, attempt, "single", "a")
    attempt.refresh_from_db()
    assert attempt.sequence == 1


ORDERS = {"4321": "dcba", "1111": "bcda", "0009": "abcd", "9999": "abcd", "x234": "abcd"}


@pytest.mark.parametrize("places", ORDERS)
def test_an_order_by_places(bobs: Client, attempt: Attempt, places: str) -> None:
    """Of two items with one place, the one that was moved there comes first."""
    key = key_of(attempt, "ordering")
    body = {f"{key}.{name}": place for name, place in zip("abcd", places, strict=True)}
    bobs.post(f"/a/{attempt.pk}/save", {"shown": key, "go": "here", f"{key}.set": "1"} | body)
    stored = Answer.objects.get(key=key).response
    assert stored == [shown_name(attempt, key, name) for name in ORDERS[places]]


def shown_name(attempt: Attempt, key: str, name: str) -> str:
    """The author's id of what the student sees as `name`."""
    entry = next(entry for entry in attempt.layout if entry["key"] == key)
    return str(entry["order"]["abcd".index(name)])


def test_after_the_end_nothing_is_saved_and_the_page_says_so(bobs: Client, attempt: Attempt) -> None:
    actions.submit(attempt, by=None)
    answer = bobs.post(f"/a/{attempt.pk}/save", {"shown": "q1", "q1": "a", "go": "here"}, follow=True)
    assert "was not saved" in answer.content.decode()
    assert bobs.get(f"/a/{attempt.pk}/summary").status_code == 302


def test_submitting_brings_the_answers_that_still_waited(bobs: Client, attempt: Attempt) -> None:
    keys = {slug: key_of(attempt, slug) for slug in RIGHT}
    waiting = [{"key": keys[slug], "response": shown(attempt, keys[slug], RIGHT[slug])} for slug in ("single", "short")]
    waiting += [{"key": "q99", "response": "a"}, {"key": keys["multiple"], "response": 5}]
    body = {"answers": json.dumps(waiting), "tab": "t", "sequence": "0"}
    done = bobs.post(f"/a/{attempt.pk}/submit", body, headers={"Accept": "application/json"})
    assert done.json() == {
        "saved": [keys["single"], keys["short"]],
        "late": [],
        "refused": ["q99", keys["multiple"]],
        "state": "submitted",
    }
    attempt.refresh_from_db()
    assert attempt.score == 2
    again = bobs.post(f"/a/{attempt.pk}/submit", body, headers={"Accept": "application/json"})
    assert (again.json()["late"][0], again.json()["state"]) == (keys["single"], "submitted")


@pytest.mark.parametrize("answers", ["", "nonsense", "{}", "[1, null]", '[{"key": 3}]', "[" * 5000])
def test_strange_outstanding_answers_end_nothing_but_the_attempt(bobs: Client, attempt: Attempt, answers: str) -> None:
    assert bobs.post(f"/a/{attempt.pk}/submit", {"answers": answers}).status_code == 303
    attempt.refresh_from_db()
    assert attempt.state == "submitted"


def test_one_after_the_other(bobs: Client, course: Any, quiz: Quiz, bob: Any) -> None:
    Quiz.objects.update(navigation="sequential")
    attempt = actions.start(Quiz.objects.get(), bob)
    first = bobs.get(f"/a/{attempt.pk}/").content.decode()
    assert first.count('class="question"') == 1 and "Question 1 of 7" in first
    for _number in range(6):
        assert bobs.post(f"/a/{attempt.pk}/save", {"shown": attempt.place or "q1", "go": "advance"}).status_code == 303
        attempt.refresh_from_db()
    assert attempt.place == "q7"
    back = bobs.post(f"/a/{attempt.pk}/save", {"shown": "q1", "q1": "a", "go": "here"}, follow=True)
    assert "cannot be changed" in back.content.decode()
    assert not Answer.objects.filter(key="q1").exclude(response=None).exists()
    assert "hand in" in bobs.get(f"/a/{attempt.pk}/").content.decode()


def test_a_pause_shows_no_question(bobs: Client, attempt: Attempt, alice: Any) -> None:
    actions.pause([attempt], alice)
    paused = bobs.get(f"/a/{attempt.pk}/").content.decode()
    assert "SECRETLESS" not in paused and "Paused by the staff" in paused
    kept = bobs.post(f"/a/{attempt.pk}/save", {"shown": "q1", "q1": "a", "go": "here"}, follow=True)
    assert "was not saved" in kept.content.decode()
    bobs.post(f"/a/{attempt.pk}/submit")
    attempt.refresh_from_db()
    assert attempt.state == "paused"


def test_what_stands_before_the_start(bobs: Client, quiz: Quiz, bob: Any) -> None:
    now = timezone.now()
    Override.objects.create(quiz=quiz, student=bob, extra_seconds=1200)
    Quiz.objects.update(opens_at=now + datetime.timedelta(days=3), access_code="Secret-7")
    early = bobs.get("/c/course/q/exam/").content.decode()
    assert "1 hour 20 minutes" in early and "20 minutes more than usual" in early
    assert "not open yet" in early and "Secret-7" not in early and "(Paris)" in early
    assert bobs.post(START).status_code == 409
    Quiz.objects.update(opens_at=None)
    assert "Access code" in bobs.get("/c/course/q/exam/").content.decode()
    wrong = bobs.post(START, {"access_code": "secret-8"})
    assert wrong.status_code == 403 and "secret-8" in wrong.content.decode()
    assert bobs.post(START, {"access_code": " Secret-7 "}).status_code == 303
    assert "Go on" in bobs.get("/c/course/q/exam/").content.decode()
    actions.submit(Attempt.objects.get(), by=None)
    used = bobs.get("/c/course/q/exam/").content.decode()
    assert "used every attempt" in used and "Attempt 1" in used
    Quiz.objects.update(closes_at=now)
    assert bobs.post(START).status_code == 409


def test_starting_twice_goes_on_with_the_same_attempt(bobs: Client, attempt: Attempt) -> None:
    assert bobs.post(START)["Location"] == f"/a/{attempt.pk}/"
    assert bobs.get(START)["Location"] == "/c/course/q/exam/"
    assert Attempt.objects.count() == 1


def test_a_quiz_that_is_not_ready_says_so(bobs: Client, course: Any, bob: Any) -> None:
    add_quiz(course, "empty")
    answer = bobs.post("/c/course/q/empty/start")
    assert answer.status_code == 409 and "no questions yet" in answer.content.decode()


def test_hidden_quizzes_are_the_staffs(client: Client, quiz: Quiz, bob: Any, alice: Any) -> None:
    Quiz.objects.update(visible=False)
    client.force_login(bob)
    assert "No quizzes yet" in client.get("/c/course/quizzes/").content.decode()
    assert client.get("/c/course/q/exam/").status_code == 404
    client.force_login(alice)
    assert "not shown to students" in client.get("/c/course/quizzes/").content.decode()


def test_texts_come_in_the_readers_language(bobs: Client, attempt: Attempt) -> None:
    french = bobs.get(f"/a/{attempt.pk}/", headers={"Accept-Language": "fr"}).content.decode()
    assert "SECRETLESS single (fr)" in french and 'lang="fr">' in french
    assert "SECRETLESS single (fr)" not in bobs.get(f"/a/{attempt.pk}/").content.decode()


def test_a_page_left_open_over_the_end_ends_it(bobs: Client, attempt: Attempt) -> None:
    Attempt.objects.update(deadline=timezone.now() - datetime.timedelta(seconds=61))
    text = bobs.get(f"/a/{attempt.pk}/").content.decode()
    assert "The time was over" in text
    assert AttemptEvent.objects.filter(kind="expired").count() == 1
