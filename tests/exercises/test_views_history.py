"""The table of submissions and the comparison of two."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from exercises import actions
from exercises.views import history as view

URL = "/c/course/e/addition/history"
DIFF = "/c/course/e/addition/diff"


@pytest.fixture
def pair(assignment: Any, bob: Any, graded: Any) -> Any:
    first = graded(actions.submit(assignment, bob, "a = 1\nb = 2\n"))
    return first, actions.submit(assignment, bob, "a = 1\nb = 3 < 4\n", public_only=True)


def get(client: Any, user: Any, url: str) -> str:
    client.force_login(user)
    response = client.get(url)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return str(response.content.decode())


def test_it_works(client: Any, pair: Any, bob: Any) -> None:
    html = get(client, bob, URL)
    assert html.index("Public tests 1") < html.index("Submission 1")
    assert "10 / 10" in html
    assert "waiting" in html


def test_the_staff_sees_a_students(client: Any, pair: Any, alice: Any, bob: Any) -> None:
    html = get(client, alice, f"{URL}?student={bob.pk}")
    assert "Submissions of Bob Durand" in html
    assert "Submission 1" in html
    assert "Nothing handed in yet" in get(client, alice, URL)


@pytest.mark.parametrize("student", ["0", "x", "9" * 30, "-1", "1.0"])
def test_a_student_that_is_not_there(client: Any, pair: Any, alice: Any, student: str) -> None:
    client.force_login(alice)
    assert client.get(f"{URL}?student={student}").status_code == 404


def test_students_see_their_own_only(client: Any, pair: Any, alice: Any, bob: Any) -> None:
    client.force_login(bob)
    assert client.get(f"{URL}?student={alice.pk}").status_code == 404
    assert "Submission 1" in get(client, bob, f"{URL}?student={bob.pk}")


def test_long_histories_have_pages(client: Any, pair: Any, bob: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(view, "PAGE", 1)
    assert "Submission 1" not in get(client, bob, URL)
    assert "Submission 1" in get(client, bob, f"{URL}?page=2")
    assert "Submission 1" in get(client, bob, f"{URL}?page=99")


def test_two_are_compared_oldest_first(client: Any, pair: Any, bob: Any) -> None:
    first, second = pair
    html = get(client, bob, f"{DIFF}?a={second.pk}&b={first.pk}")
    assert "-b = 2" in html
    assert "+b = 3 &lt; 4" in html
    assert html.index("<template data-a>a = 1\nb = 2") < html.index("<template data-b>a = 1\nb = 3 &lt; 4")


def test_the_same_and_the_too_long(client: Any, pair: Any, bob: Any, monkeypatch: Any) -> None:
    first, second = pair
    assert "The two are the same." in get(client, bob, f"{DIFF}?a={first.pk}&b={first.pk}")
    monkeypatch.setattr(view, "MAX_LINES", 1)
    assert "too long to compare" in get(client, bob, f"{DIFF}?a={first.pk}&b={second.pk}")


def test_only_what_one_may_see_is_compared(client: Any, assignment: Any, pair: Any, alice: Any, bob: Any) -> None:
    other = actions.submit(assignment, alice, "alice's")
    for user, a, b in (
        (bob, pair[0].pk, other.pk),
        (alice, pair[0].pk, other.pk),  # two people's
        (bob, pair[0].pk, uuid.uuid4()),
        (bob, pair[0].pk, "nonsense"),
        (bob, "", ""),
    ):
        client.force_login(user)
        assert client.get(f"{DIFF}?a={a}&b={b}").status_code == 404
