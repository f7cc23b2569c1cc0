"""The exercise page: statement, editor, and what it says when something stands in the way."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from django.utils import timezone

from exercises import actions
from exercises.models import Assignment, Draft, Node, Submission
from tests.pages import editor_text

DAY = datetime.timedelta(days=1)
URL = "/c/course/e/addition/"


@pytest.fixture
def node(db: None) -> Any:
    return Node.objects.create(name="n", queues=["grade.cpu"], slots=1, sandbox="FULL", seen_at=timezone.now())


def page(client: Any, user: Any, url: str = URL, **headers: str) -> str:
    client.force_login(user)
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.content.decode()


def test_it_works(client: Any, assignment: Any, bob: Any, node: Any) -> None:
    html = page(client, bob)
    assert "<math" in html
    assert "<code>add(a, b)</code>" in html
    assert editor_text(html) == "def add(a, b):\n    ...\n"
    assert 'lang="en"' in html
    assert "Grading is paused" not in html
    assert "style=" not in html


def test_the_statement_follows_the_language(client: Any, assignment: Any, bob: Any) -> None:
    assert "Écrivez" in page(client, bob, **{"Accept-Language": "fr"})


def test_the_editor_opens_with_the_newest_text(client: Any, assignment: Any, bob: Any) -> None:
    actions.save_draft(assignment, bob, "\n  draft <b>&amp;</b>")
    assert editor_text(page(client, bob)) == "\n  draft <b>&amp;</b>"
    submission = actions.submit(assignment, bob, "handed in without a script")
    assert editor_text(page(client, bob)) == "handed in without a script"
    actions.save_draft(assignment, bob, "later")
    assert editor_text(page(client, bob)) == "later"
    assert editor_text(page(client, bob, f"{URL}?from={submission.pk}")) == "handed in without a script"


def test_another_students_text_is_never_loaded(client: Any, assignment: Any, alice: Any, bob: Any) -> None:
    other = actions.submit(assignment, alice, "alice's")
    assert editor_text(page(client, bob, f"{URL}?from={other.pk}")) == "def add(a, b):\n    ...\n"
    assert editor_text(page(client, bob, f"{URL}?from=nonsense")) == "def add(a, b):\n    ...\n"


def test_closed_is_read_only_and_keeps_the_draft(client: Any, assignment: Any, bob: Any) -> None:
    actions.save_draft(assignment, bob, "kept")
    Assignment.objects.update(due_at=timezone.now() - DAY)
    html = page(client, bob)
    assert "Closed since" in html
    assert "readonly" in html
    assert "data-draft-url" not in html
    assert editor_text(html) == "kept"


def test_late_says_until_when(client: Any, assignment: Any, bob: Any) -> None:
    Assignment.objects.update(due_at=timezone.now() - DAY, closes_at=timezone.now() + DAY)
    assert "marked late" in page(client, bob)


def test_without_tries_only_the_public_tests_run(client: Any, assignment: Any, bob: Any, graded: Any) -> None:
    Assignment.objects.update(tries=1)
    assert "This is your last try" in page(client, bob)
    graded(actions.submit(assignment, bob, "x"))
    html = page(client, bob)
    assert "You have used every try" in html
    assert re.search(r'<button class="button primary" disabled', html)


def test_a_version_under_preparation(client: Any, assignment: Any, alice: Any, bob: Any) -> None:
    exercise = assignment.exercise
    exercise.versions.update(state="broken", fault="tests.py: no test")
    exercise.published = None
    exercise.save()
    html = page(client, bob)
    assert "being prepared" in html
    assert "tests.py: no test" not in html
    assert "tests.py: no test" in page(client, alice)


def test_no_node_is_said_and_its_reason_to_the_staff(client: Any, assignment: Any, alice: Any, bob: Any) -> None:
    assert "Grading is paused" in page(client, bob)
    Node.objects.create(
        name="weak", queues=["grade.cpu"], slots=1, sandbox="NONE: no user namespaces", seen_at=timezone.now()
    )
    html = page(client, bob)
    assert "Grading is paused" in html
    assert "no user namespaces" not in html
    assert "no user namespaces" in page(client, alice)
    Node.objects.create(name="good", queues=["grade.cpu"], slots=1, sandbox="FULL", seen_at=timezone.now())
    assert "Grading is paused" not in page(client, bob)


def test_a_node_for_another_queue_does_not_grade_this(client: Any, assignment: Any, bob: Any) -> None:
    Node.objects.create(name="g", queues=["grade.gpu"], slots=1, sandbox="FULL", seen_at=timezone.now())
    assert "Grading is paused" in page(client, bob)


def test_downloads(client: Any, assignment: Any, bob: Any) -> None:
    client.force_login(bob)
    response = client.get(URL + "starter.py")
    assert response.content == b"def add(a, b):\n    ...\n"
    assert "attachment; filename*=UTF-8''addition.py" in response["Content-Disposition"]
    tests = client.get(URL + "public-tests.py").content.decode()
    assert "adds small numbers" in tests
    assert "hidden" not in tests
    assignment.exercise.versions.update(public_tests="")
    assert client.get(URL + "public-tests.py").status_code == 404


def test_opening_the_page_writes_nothing(client: Any, assignment: Any, bob: Any) -> None:
    page(client, bob)
    assert not Draft.objects.exists()
    assert not Submission.objects.exists()
