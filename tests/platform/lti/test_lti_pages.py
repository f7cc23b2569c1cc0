"""The pages around LTI: for administrators of the LMS, superusers, staff; keys; a person's data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from config.people import erase_student, export_student, purge_course
from lti import keys
from lti.models import Context, Identity, Member, Passback, Platform, ResourceLink, ToolKey


def test_it_works(client: Client, db: None) -> None:
    page = client.get("/lti/").content.decode()
    for path in ("/lti/launch", "/lti/login", "/lti/select", "/lti/jwks.json", "/lti/canvas.json"):
        assert f"http://testserver{path}" in page
    answer = json.loads(client.get("/lti/jwks.json").content)
    (key,) = answer["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"} and key["alg"] == "RS256"
    canvas = json.loads(client.get("/lti/canvas.json").content)
    assert canvas["public_jwk_url"] == "http://testserver/lti/jwks.json"
    assert canvas["redirect_uris"] == ["http://testserver/lti/launch"]


def test_the_private_key_is_encrypted_and_made_once(client: Client, db: None, settings: Any) -> None:
    _private, kid = keys.own_key()
    assert keys.own_key()[1] == kid and ToolKey.objects.count() == 1
    assert "ENCRYPTED" in ToolKey.objects.get().private
    settings.SECRET_KEY = "another"
    assert keys.own_key()[1] != kid  # what cannot be opened is replaced
    assert {key["kid"] for key in keys.own_jwks()["keys"]} == {kid, keys.own_key()[1]}


def test_only_superusers_register(client: Client, alice: Any, registered: Any) -> None:
    urls = ["/admin/lti/platform/", "/admin/lti/platform/add/", "/admin/lti/identity/"]
    urls += [f"/admin/lti/platform/{registered.pk}/{page}/" for page in ("change", "delete", "history")]
    client.force_login(alice)
    for url in urls:
        assert client.get(url).status_code == 403, url
        assert client.post(url, {"post": "yes", "name": "x"}).status_code == 403, url
    assert "lti/platform" not in client.get("/admin/").content.decode()
    client.force_login(User.objects.create_superuser("root@example.org"))
    for url in urls:
        assert client.get(url).status_code == 200, url
    fields = {name: getattr(registered, name) for name in ("name", "auth_url", "token_url", "jwks_url")}
    fields |= {"issuer": "http://lms.example", "client_id": "new", "deployments": "1"}
    page = client.post("/admin/lti/platform/add/", fields)
    assert page.status_code == 200 and "https://" in page.content.decode() and Platform.objects.count() == 1
    client.post("/admin/lti/platform/add/", fields | {"issuer": "https://lms.example", "active": "on"})
    assert Platform.objects.filter(issuer="https://lms.example").exists()


@pytest.fixture
def filled(sheet: Any, known_bob: Any) -> Any:
    Member.objects.create(context=sheet.context, identity=known_bob)
    Passback.objects.create(link=sheet, identity=known_bob)
    return sheet


def test_the_staff_page(client: Client, filled: Any, alice: Any, bob: Any, charlie: Any) -> None:
    for person in (bob, charlie):
        client.force_login(person)
        assert client.get("/c/course/lms/").status_code == 404
        assert client.post("/c/course/lms/", {"action": "disconnect", "id": filled.context_id}).status_code == 404
    client.force_login(alice)
    page = client.get("/c/course/lms/").content.decode()
    assert "Neural networks" in page and "Sheet 1" in page and "Disconnect" in page
    name = f"c{filled.context_id}"
    client.post("/c/course/lms/", {"action": "change", "id": filled.context_id, f"{name}-staff_role": "assistant"})
    context = Context.objects.get()
    assert (context.students, context.staff_role) == (False, "assistant")
    bad = {"action": "change", "id": filled.context_id, f"{name}-staff_role": "superuser"}
    assert client.post("/c/course/lms/", bad).status_code == 404
    client.post("/c/course/lms/", {"action": "unlink", "id": filled.pk})
    assert not ResourceLink.objects.exists()
    client.post("/c/course/lms/", {"action": "disconnect", "id": context.pk})
    assert not Context.objects.exists() and Identity.objects.exists()


def test_assistants_look_and_change_nothing(client: Client, filled: Any, alice: Any) -> None:
    alice.enrolments.update(role="assistant")
    client.force_login(alice)
    page = client.get("/c/course/lms/").content.decode()
    assert "Sheet 1" in page and "Disconnect" not in page
    assert client.post("/c/course/lms/", {"action": "disconnect", "id": filled.context_id}).status_code == 404
    assert Context.objects.exists()


def test_another_courses_connection_is_out_of_reach(
    client: Client, filled: Any, charlie: Any, other_course: Any
) -> None:
    other_course.enrolments.filter(user=charlie).update(role="instructor")
    client.force_login(charlie)
    for action, pk in (("disconnect", filled.context_id), ("change", filled.context_id), ("unlink", filled.pk)):
        assert client.post("/c/other/lms/", {"action": action, "id": pk}).status_code == 404
    assert Context.objects.exists() and ResourceLink.objects.exists()


def test_without_a_connection(client: Client, course: Any, alice: Any) -> None:
    client.force_login(alice)
    assert "Not connected" in client.get("/c/course/lms/").content.decode()
    assert "/c/course/lms/" not in client.get("/c/course/gradebook/").content.decode()


def test_a_persons_data(filled: Any, bob: Any, course: Any, tmp_path: Any) -> None:
    import zipfile

    with (tmp_path / "bob.zip").open("wb") as target:
        export_student(bob, target)
    with zipfile.ZipFile(tmp_path / "bob.zip") as archive:
        (told,) = json.loads(archive.read("person.json"))["lms_identities"]
    assert told["subject"] == "bob-1"
    erase_student(bob, course, really=True)
    assert not Member.objects.exists() and not Passback.objects.exists() and Identity.objects.exists()
    erase_student(bob, really=True)
    assert not Identity.objects.exists()


def test_the_end_of_a_course(filled: Any, course: Any) -> None:
    course.archived = True
    course.save()
    purge_course(course, really=True)
    assert not Context.objects.exists() and not Passback.objects.exists() and Platform.objects.exists()
