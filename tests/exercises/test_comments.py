"""Comments of the staff on a line; the student answers once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from exercises import actions, comments
from exercises.comments import Comment
from exercises.errors import Refused

SOURCE = "def add(a, b):\n    return a - b  # <oops>\n"


@pytest.fixture
def submission(assignment: Any, bob: Any, graded: Any) -> Any:
    return graded(actions.submit(assignment, bob, SOURCE))


def test_it_works(client: Client, submission: Any, alice: Any, bob: Any) -> None:
    url = f"/s/{submission.pk}/"
    client.force_login(alice)
    response = client.post(f"{url}comment", {"line": "2", "text": "Look at the <sign>."})
    assert response.headers["Location"] == f"{url}#comments"
    client.force_login(bob)
    page = client.get(url).content.decode()
    assert "Look at the &lt;sign&gt;." in page and "return a - b  # &lt;oops&gt;</pre>" in page and "Line 2" in page
    found = Comment.objects.get()
    client.post(f"{url}comment/{found.pk}/answer", {"text": "Thank you!"})
    client.post(f"{url}comment/{found.pk}/answer", {"text": "Once more"})
    client.force_login(alice)
    page = client.get(url).content.decode()
    assert "Thank you!" in page and "Once more" not in page


def test_on_the_whole(submission: Any, alice: Any) -> None:
    assert comments.comment(submission, alice, "Well done").quoted == ""


@pytest.mark.parametrize("line", ["0", "3", "-1", "x", "1.5", "9" * 50])
def test_lines_that_are_not_there(submission: Any, alice: Any, line: str) -> None:
    with pytest.raises(Refused, match="lines 1 to 2"):
        comments.comment(submission, alice, "text", line)


@pytest.mark.parametrize("text", ["", "  \n", "\0", "x" * 5001])
def test_texts_that_are_none(submission: Any, alice: Any, text: str) -> None:
    with pytest.raises(Refused):
        comments.comment(submission, alice, text)
    assert not Comment.objects.exists()


def test_outsiders(client: Client, submission: Any, alice: Any, bob: Any, charlie: Any) -> None:
    found = comments.comment(submission, alice, "text")
    url = f"/s/{submission.pk}/"
    client.force_login(bob)
    assert client.post(f"{url}comment", {"text": "mine"}).status_code == 404  # students do not comment
    client.force_login(charlie)
    assert client.post(f"{url}comment", {"text": "mine"}).status_code == 404
    assert client.post(f"{url}comment/{found.pk}/answer", {"text": "mine"}).status_code == 404
    client.force_login(alice)
    assert client.post(f"{url}comment/{found.pk}/answer", {"text": "mine"}).status_code == 404
    assert Comment.objects.get().answer == ""
