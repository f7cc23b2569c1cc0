"""The class list in the browser: a preview that changes nothing, errors by line, then all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from courses import roster
from courses.models import Enrolment, Role, Section
from courses.rehearsal import rehearse

URL = "/c/course/class-list/"
TEXT = """email,family_name,given_name,section,role
zoe@example.org,Lefèvre,Zoé,B,
bob@example.org,,,A,
"""


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def test_it_works(teacher: Client, course: Any, alice: Any, bob: Any) -> None:
    page = teacher.post(URL, {"upload": SimpleUploadedFile("c.csv", TEXT.encode("utf-8-sig")), "action": "preview"})
    content = page.content.decode()
    assert "new person" in content and "Section: – → A" in content and "Import 2 people" in content
    assert not User.objects.filter(email="zoe@example.org").exists() and not Section.objects.filter(name="B").exists()
    assert not AuditEvent.objects.filter(kind="part").exists()
    response = teacher.post(URL, {"text": page.context["text"], "action": "import"}, follow=True)
    assert "1 enrolled, 0 back, 1 changed, 0 as they were." in response.content.decode()
    zoe = Enrolment.objects.get(user__email="zoe@example.org")
    assert (str(zoe.section), zoe.role, zoe.user.family_name) == ("B", Role.STUDENT, "Lefèvre")
    assert str(Enrolment.objects.get(user=bob).section) == "A"
    event = AuditEvent.objects.get(kind="part")
    assert (event.by, event.detail) == (alice, "CSV: 1 + 0 + 1")


def test_errors_by_line_and_nothing_half_done(teacher: Client, course: Any) -> None:
    text = TEXT + "not an address,,,,\nzoe@example.org,,,,\n"
    for action in ("preview", "import"):
        response = teacher.post(URL, {"text": text, "action": action})
        content = response.content.decode()
        assert response.status_code == 400
        assert "line 4: not an address is not an e-mail address" in content
        assert "line 5: zoe@example.org stands in line 2 already" in content
        assert "not an address,,,," in content  # the text is still there to be changed
    assert not User.objects.filter(email="zoe@example.org").exists()


@pytest.mark.parametrize("data", [{}, {"text": "  \n"}, {"upload": SimpleUploadedFile("c.csv", b"\xff\xfeabc")}])
def test_what_is_no_class_list(teacher: Client, course: Any, data: dict[str, Any]) -> None:
    response = teacher.post(URL, data)
    assert response.status_code == 400 and "alert error" in response.content.decode()


def test_many_problems_are_cut(teacher: Client, course: Any) -> None:
    content = teacher.post(URL, {"text": "email\n" + "bad\n" * 90}).content.decode()
    assert "line 51: bad" in content and "line 52: bad" not in content and "and 40 more" in content


def test_who_is_not_in_the_file_stays(teacher: Client, course: Any, bob: Any) -> None:
    content = teacher.post(URL, {"text": "email\nzoe@example.org\n"}).content.decode()
    assert "1 student of the course is not in the file" in content
    teacher.post(URL, {"text": "email\nzoe@example.org\n", "action": "import"})
    assert Enrolment.objects.get(user=bob).active


def test_every_kind_of_line(course: Any, other_course: Any, alice: Any, bob: Any, charlie: Any) -> None:
    gone = User.objects.create_user("gone@example.org", given_name="Gil", family_name="Noir")
    Enrolment.objects.create(course=course, user=gone, active=False)
    text = "email,nom,prénom,groupe,rôle\nnew@example.org,,,,\n"
    text += "charlie@example.org,,,,\ngone@example.org,,,,\nbob@example.org,Durant,,,assistant\nalice@example.org,,,,\n"
    people = roster.read(text.encode())
    steps = rehearse(course, people).steps
    assert [step.kind for step in steps] == ["new", "enrolled", "back", "changed", "same"]
    assert steps[3].changes == ["Name: Bob Durand → Bob Durant", "Role: student → assistant"]
    assert Enrolment.objects.get(user=bob).role == Role.STUDENT


def test_outsiders(client: Client, course: Any, bob: Any, charlie: Any, alice: Any) -> None:
    """An assistant is no outsider, but a file may appoint staff: that is the instructors'."""
    assert client.get(URL).url.startswith("/accounts/login/")
    Enrolment.objects.filter(user=alice).update(role=Role.ASSISTANT)
    for person in (bob, charlie, alice):
        client.force_login(person)
        assert client.get(URL).status_code == 404
        assert client.post(URL, {"text": TEXT, "action": "import"}).status_code == 404
    assert not User.objects.filter(email="zoe@example.org").exists()
