"""Account page, language, second factor, own courses and joining one."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from courses.models import Course, Enrolment, Role
from tests.signing import CODE, ask, mailed_code

STAFF_PAGES = (
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/recovery-codes/download/",
)


@pytest.fixture(autouse=True)
def no_limits_left(db: None) -> None:
    cache.clear()


def totp_code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_it_works(client: Client, bob: Any) -> None:
    client.force_login(bob)
    page = client.get("/accounts/").content.decode()
    assert "Bob Durand" in page and "bob@example.org" in page
    assert "<form" in page  # signing out and the language
    assert 'name="given_name"' not in page
    assert client.post("/accounts/", {"given_name": "Robert", "family_name": "X"}).status_code == 404


def test_anonymous_people_sign_in_first(client: Client) -> None:
    for path in ("/", "/accounts/", "/join/", *STAFF_PAGES):
        assert client.get(path).url == f"/accounts/login/?next={path}"


def test_names_are_needed_in_full(client: Client, bob: Any) -> None:
    User.objects.filter(pk=bob.pk).update(given_name="", family_name="")
    client.force_login(bob)
    assert client.post("/accounts/", {"given_name": "Bob", "family_name": " "}).status_code == 200
    assert client.post("/accounts/", {"given_name": "Bob", "family_name": "\0"}).status_code == 200
    bob.refresh_from_db()
    assert (bob.given_name, bob.family_name) == ("", "")


class TestLanguage:
    def test_it_works(self, client: Client, bob: Any) -> None:
        client.force_login(bob)
        response = client.post("/language", {"language": "fr", "next": "/join/"})
        assert response.url == "/join/"
        assert response.cookies["django_language"].value == "fr"
        assert response.cookies["django_language"]["samesite"] == "Lax"
        bob.refresh_from_db()
        assert bob.language == "fr"
        assert client.get("/join/").headers["Content-Language"] == "fr"

    def test_it_works_before_sign_in(self, client: Client) -> None:
        client.post("/language", {"language": "fr"})
        assert client.get("/accounts/login/").headers["Content-Language"] == "fr"

    @pytest.mark.parametrize("language", ["", "de", "fr-XX", "../", "\0", "FR"])
    def test_it_knows_two_languages(self, client: Client, bob: Any, language: str) -> None:
        client.force_login(bob)
        assert client.post("/language", {"language": language}).status_code == 400
        bob.refresh_from_db()
        assert bob.language == ""

    @pytest.mark.parametrize(
        "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
    )
    def test_it_leads_nowhere_else(self, client: Client, target: str) -> None:
        assert client.post("/language", {"language": "fr", "next": target}).url == "/"

    def test_it_changes_nothing_by_a_link(self, client: Client) -> None:
        assert client.get("/language?language=fr").status_code == 405

    def test_another_site_cannot_post_it(self) -> None:
        assert Client(enforce_csrf_checks=True).post("/language", {"language": "fr"}).status_code == 403


class TestSecondFactor:
    def test_it_works(self, client: Client, alice: Any) -> None:
        client.force_login(alice)
        page = client.get("/accounts/2fa/totp/activate/")
        assert "no-store" in page.headers["Cache-Control"]
        assert "<svg" in page.content.decode() and "<?xml" not in page.content.decode()
        secret = page.context["form"].secret
        assert client.post("/accounts/2fa/totp/activate/", {"code": "000000"}).status_code == 200
        response = client.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret)}, follow=True)
        # Changing the second factor asks for it, now that there is one.
        asked = response.redirect_chain[-1][0]
        assert asked.startswith("/accounts/2fa/reauthenticate/")
        code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
        response = client.post(
            response.redirect_chain[-1][0], {"code": code, "next": "/accounts/2fa/recovery-codes/"}, follow=True
        )
        assert "Recovery codes" in response.content.decode()
        assert (
            client.get("/accounts/2fa/recovery-codes/download/").headers["Content-Disposition"].startswith("attachment")
        )
        assert client.get("/accounts/2fa/recovery-codes/generate/").status_code == 200
        assert client.get("/accounts/2fa/totp/deactivate/").status_code == 200
        client.post("/accounts/2fa/totp/deactivate/")
        assert not Authenticator.objects.exists()

    def test_sign_in_asks_for_it(self, client: Client, alice: Any) -> None:
        secret = generate_totp_secret()
        TOTP.activate(alice, secret)
        ask(client, "alice@example.org")
        response = client.post(CODE, {"code": mailed_code(), "next": "/join/"})
        assert response.url == "/accounts/2fa/authenticate/"
        assert client.get("/join/").url.startswith("/accounts/login/")  # half signed in is not signed in
        assert client.get(response.url).status_code == 200
        assert client.post(response.url, {"code": "000000"}).status_code == 200
        assert client.post(response.url, {"code": totp_code(secret)}).url == "/join/"
        assert client.get("/join/").status_code == 200

    def test_guesses_are_limited(self, client: Client, alice: Any) -> None:
        secret = generate_totp_secret()
        TOTP.activate(alice, secret)
        ask(client, "alice@example.org")
        client.post(CODE, {"code": mailed_code()})
        for _ in range(10):
            client.post("/accounts/2fa/authenticate/", {"code": "12345"})
        client.post("/accounts/2fa/authenticate/", {"code": totp_code(secret)})
        assert "_auth_user_id" not in client.session

    def test_it_is_for_staff(self, client: Client, bob: Any) -> None:
        client.force_login(bob)
        assert [client.get(path).status_code for path in STAFF_PAGES] == [404] * len(STAFF_PAGES)
        assert "2fa" not in client.get("/accounts/").content.decode()


class TestHome:
    def test_it_works(self, client: Client, course: Course, other_course: Course, bob: Any) -> None:
        Enrolment.objects.create(course=other_course, user=bob, role=Role.ASSISTANT)
        Course.objects.create(slug="secret", title_en="Not for Bob")
        client.force_login(bob)
        page = client.get("/").content.decode()
        assert "Course" in page and "Other" in page
        assert "Student" in page and "Assistant" in page
        assert "Not for Bob" not in page

    def test_one_course_opens_at_once(self, client: Client, course: Course, bob: Any) -> None:
        client.force_login(bob)
        assert client.get("/").url == "/c/course/"
        assert client.get("/?all").status_code == 200

    def test_nobody_s_course(self, client: Client, db: None) -> None:
        client.force_login(User.objects.create_user("new@example.org"))
        assert "No course yet" in client.get("/").content.decode()


class TestJoin:
    def test_it_works(self, client: Client, course: Course, charlie: Any) -> None:
        Course.objects.filter(pk=course.pk).update(join_code="Welcome-24")
        client.force_login(charlie)
        assert client.get("/join/").status_code == 200
        assert client.post("/join/", {"join_code": " welcome-24 "}).url == "/c/course/"
        assert Enrolment.objects.get(user=charlie, course=course).role == Role.STUDENT
        client.post("/join/", {"join_code": "welcome-24"})
        assert Enrolment.objects.filter(user=charlie, course=course).count() == 1

    @pytest.mark.parametrize("code", ["", "   ", "wrong", "%", "\0", "' OR 1=1 --", "x" * 500])
    def test_a_wrong_code_opens_nothing(self, client: Client, course: Course, charlie: Any, code: str) -> None:
        client.force_login(charlie)
        assert client.post("/join/", {"join_code": code}).status_code == 200
        assert Enrolment.objects.filter(user=charlie).count() == 1

    def test_guesses_are_limited(self, client: Client, course: Course, charlie: Any) -> None:
        Course.objects.filter(pk=course.pk).update(join_code="Welcome-24")
        client.force_login(charlie)
        statuses = {client.post("/join/", {"join_code": f"guess{n}"}).status_code for n in range(60)}
        assert statuses == {200}
        assert client.post("/join/", {"join_code": "Welcome-24"}).status_code == 429
        assert not Enrolment.objects.filter(user=charlie, course=course).exists()

    def test_it_does_not_bring_back_whom_a_teacher_removed(self, client: Client, course: Course, bob: Any) -> None:
        Course.objects.filter(pk=course.pk).update(join_code="Welcome-24")
        Enrolment.objects.filter(user=bob).update(active=False)
        client.force_login(bob)
        response = client.post("/join/", {"join_code": "Welcome-24"})
        assert "Ask your teacher" in response.content.decode()
        assert not Enrolment.objects.get(user=bob).active
