"""The wall: nothing that a hidden test printed, returned, raised, recorded or took is in any answer to a student."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from typing import Any

import pytest

from exercises import actions
from exercises.models import Run
from tests.conftest import make_report

MARK = "SECRET"
SECONDS = 7.654321
SECRET_FIELDS: dict[str, Any] = {
    "message": f"{MARK}-message",
    "sentences": [{"template": f"{MARK}-sentence {{v}}", "values": {"v": f"{MARK}-value"}}],
    "seconds": SECONDS,
    "timing": {"ratio": SECONDS, "low": SECONDS, "high": SECONDS, "at_most": SECONDS, "pairs": 987654},
    "difference": {
        "where": f"{MARK}-where",
        "got": f"{MARK}-got",
        "expected": f"{MARK}-expected",
        "different": 987654,
        "total": 987655,
    },
    "input": f"{MARK}-input",
    "output": f"{MARK}-output",
    "hint": {"en": f"{MARK}-hint", "fr": f"{MARK}-hint"},
    "series": [{"name": f"{MARK}-series", "x": None, "y": [987654.5]}],
    "staff": f"{MARK}-traceback",
}
MARKERS = (MARK, "7.65", "987654")


@pytest.fixture
def submission(assignment: Any, bob: Any, graded: Any) -> Any:
    """Bob's graded submission. The hidden test timed out, and its report is full of what nobody may see."""
    found = actions.submit(assignment, bob, "def add(a, b): ...")
    report = make_report(found.run.version, {"adds small numbers": "failed", "adds hidden numbers": "timeout"})
    report["tests"] = [test if test["public"] else test | SECRET_FIELDS for test in report["tests"]]
    graded(
        found,
        report
        | {"verdict": "timeout", "seconds": SECONDS, "staff": f"{MARK}-staff", "message": f"{MARK}-top", "seed": 987654}
        | {"sandbox": {"level": f"{MARK}-sandbox"}},
    )
    Run.objects.filter(pk=found.run_id).update(worker=f"{MARK}-node", fault=f"{MARK}-fault", seed=987654)
    return found


def addresses(pk: Any) -> list[str]:
    base = "/c/course/e/addition"
    return [
        "/c/course/",
        "/c/course/work.zip",
        f"{base}/",
        f"{base}/?from={pk}",
        f"{base}/draft",
        f"{base}/starter.py",
        f"{base}/public-tests.py",
        f"{base}/history",
        f"{base}/diff?a={pk}&b={pk}",
        f"/s/{pk}/",
        f"/s/{pk}/status",
        f"/s/{pk}/source",
        "/api/courses/course/assignments",
        "/api/courses/course/assignments/addition",
        "/api/courses/course/assignments/addition/draft",
        f"/api/submissions/{pk}",
    ]


def body(response: Any) -> str:
    data = b"".join(response.streaming_content) if response.streaming else response.content
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = b"\n".join(archive.read(name) for name in archive.namelist())
    return str(data.decode())


def test_it_works(client: Any, submission: Any, alice: Any) -> None:
    """The markers are there to be found: the staff sees them."""
    client.force_login(alice)
    page = body(client.get(f"/s/{submission.pk}/"))
    for part in ("sentence", "where", "got", "expected", "input", "output", "traceback", "staff", "node", "fault"):
        assert f"{MARK}-{part}" in page
    assert "987654" in page


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_answer_to_the_student_holds_a_marker(client: Any, submission: Any, bob: Any, language: str) -> None:
    client.force_login(bob)
    for address in addresses(submission.pk):
        response = client.get(address, headers={"Accept-Language": language})
        assert response.status_code == 200, address
        assert "no-store" in response["Cache-Control"], address
        text = body(response)
        for marker in MARKERS:
            assert marker not in text, (address, marker)


def test_the_student_learns_no_finer_verdict(client: Any, submission: Any, bob: Any) -> None:
    client.force_login(bob)
    page = body(client.get(f"/s/{submission.pk}/"))
    assert "too slow" not in page
    assert "It took too long" not in page
    assert "Think of negatives." in page  # the author's hint, from the manifest


def test_outsiders_find_nothing(client: Any, submission: Any, charlie: Any) -> None:
    client.force_login(charlie)
    for address in addresses(submission.pk):
        assert client.get(address).status_code == 404, address
    base = "/c/course/e/addition"
    assert client.post(f"{base}/submit", {"source": "x"}).status_code == 404
    assert client.put(f"{base}/draft", '{"source": "x"}', content_type="application/json").status_code == 404


def test_a_stranger_gets_the_answer_of_what_does_not_exist(client: Any, submission: Any, charlie: Any) -> None:
    client.force_login(charlie)
    unknown = uuid.UUID(int=submission.pk.int ^ 1)
    theirs, nobody = client.get(f"/s/{submission.pk}/"), client.get(f"/s/{unknown}/")
    assert theirs.status_code == nobody.status_code == 404
    pages = [re.sub(r'value="\w{64}"', "", response.content.decode()) for response in (theirs, nobody)]  # CSRF tokens
    assert pages[0].replace(str(submission.pk), "") == pages[1].replace(str(unknown), "")


def test_another_student_of_the_course_sees_none_of_it(client: Any, submission: Any, course: Any) -> None:
    from accounts.models import User
    from courses.models import Enrolment

    other = User.objects.create_user("dora@example.org")
    Enrolment.objects.create(course=course, user=other)
    client.force_login(other)
    for address in (f"/s/{submission.pk}/", f"/s/{submission.pk}/status", f"/s/{submission.pk}/source"):
        assert client.get(address).status_code == 404


def test_who_left_the_course_sees_it_no_more(client: Any, submission: Any, bob: Any) -> None:
    bob.enrolments.update(active=False)
    client.force_login(bob)
    for address in addresses(submission.pk):
        assert client.get(address).status_code == 404, address
