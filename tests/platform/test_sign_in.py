"""Sign-in by a code that comes by mail."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.mail import wait_until_sent
from accounts.models import User
from courses.models import Enrolment, Role
from tests.signing import CODE, LOGIN, ask, mailed_code


@pytest.fixture(autouse=True)
def no_limits_left(db: None) -> Any:
    cache.clear()
    yield
    wait_until_sent()


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_it_works(client: Client, bob: Any) -> None:
    assert ask(client, "bob@example.org").url == CODE
    (message,) = mail.outbox
    assert message.to == ["bob@example.org"]
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    response = client.post(CODE, {"code": mailed_code()})
    assert response.url == "/"
    assert client.session["_auth_user_id"] == str(bob.pk)


def test_the_address_and_the_code_may_be_typed_carelessly(client: Client, bob: Any) -> None:
    ask(client, "  BOB@Example.ORG ")
    client.post(CODE, {"code": f" {mailed_code().lower().replace('-', ' ')} "})
    assert signed_in(client)


def test_codes_are_long_and_never_the_same(client: Client, bob: Any) -> None:
    codes = set()
    for _ in range(4):
        ask(client, "bob@example.org")
        codes.add(mailed_code())
    assert len(codes) == 4
    assert all(20 ** len(code.replace("-", "")) >= 2**20 for code in codes)


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client: Client, bob: Any) -> None:
    known, unknown = Client(), Client()
    answers = [ask(known, "bob@example.org"), ask(unknown, "eve@example.org")]
    assert len({(answer.status_code, answer.url) for answer in answers}) == 1
    pages = [known.get(CODE).content.decode(), unknown.get(CODE).content.decode()]
    token = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
    assert token.sub("", pages[0]).replace("bob@", "eve@") == token.sub("", pages[1])
    assert [message.to for message in mail.outbox] == [["bob@example.org"]]
    wrong = [browser.post(CODE, {"code": "BBBB-BBBB"}) for browser in (known, unknown)]
    assert [answer.status_code for answer in wrong] == [200, 200]
    assert not User.objects.filter(email="eve@example.org").exists()


@pytest.mark.parametrize("code", ["", "0", "None", " ", "é" * 8, "\0", "x" * 100_000])
def test_nothing_opens_for_an_unknown_address(client: Client, code: str) -> None:
    ask(client, "eve@example.org")
    assert client.post(CODE, {"code": code}).status_code in (200, 400)
    assert not signed_in(client)


def test_three_wrong_codes_end_it(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    right = mailed_code()
    assert [client.post(CODE, {"code": "BBBB-BBBB"}).status_code for _ in range(3)] == [200, 200, 302]
    assert client.post(CODE, {"code": right}).url == LOGIN
    assert not signed_in(client)


def test_the_third_code_may_be_the_right_one(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    for _ in range(2):
        client.post(CODE, {"code": "BBBB-BBBB"})
    client.post(CODE, {"code": mailed_code()})
    assert signed_in(client)


def test_a_session_that_forgets_its_wrong_codes_is_still_counted(client: Client, bob: Any) -> None:
    """What guesses sent at the same moment do: each starts from the session as it was before the others."""
    ask(client, "bob@example.org")
    before = Session.objects.get(pk=client.session.session_key).session_data
    statuses = []
    for _ in range(6):
        Session.objects.filter(pk=client.session.session_key).update(session_data=before)
        statuses.append(client.post(CODE, {"code": "BBBB-BBBB"}).status_code)
    assert statuses == [200, 200, 200, 302, 302, 302]


def test_a_code_expires(client: Client, bob: Any) -> None:
    with time_machine.travel(1_800_000_000, tick=False) as now:
        ask(client, "bob@example.org")
        now.shift(599)
        assert client.get(CODE).status_code == 200
        now.shift(2)
        assert client.post(CODE, {"code": mailed_code()}).url == LOGIN
    assert not signed_in(client)


def test_a_code_works_once_and_only_where_it_was_asked_for(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    code = mailed_code()
    thief = Client()
    ask(thief, "eve@example.org")
    thief.post(CODE, {"code": code})
    assert not signed_in(thief)
    client.post(CODE, {"code": code})
    client.post("/accounts/logout/")
    client.post(CODE, {"code": code})
    assert not signed_in(client)


def test_a_new_code_replaces_the_old(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    assert client.get(LOGIN).status_code == 200  # back to the form: a mistyped address can be mended
    ask(client, "bob@example.org")
    client.post(CODE, {"code": mailed_code(0)})
    assert not signed_in(client)
    client.post(CODE, {"code": mailed_code(1)})
    assert signed_in(client)


def test_the_database_never_holds_the_code(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    bare = mailed_code().replace("-", "")
    kept = str(dict(client.session.items())).upper().replace("-", "")
    assert "ACCOUNT_LOGIN" in kept
    assert bare not in kept


def test_the_session_changes_at_sign_in(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    before = client.session.session_key
    client.post(CODE, {"code": mailed_code()})
    assert client.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()


def test_four_codes_a_minute_for_one_address(client: Client, bob: Any) -> None:
    statuses = [ask(Client(), "bob@example.org").status_code for _ in range(5)]
    assert statuses == [302] * 4 + [429]
    assert len(mail.outbox) == 4
    response = ask(Client(), "BOB@example.org")
    assert response.status_code == 429
    assert "Wait a minute" in response.content.decode()
    assert ask(Client(), "alice@example.org").status_code == 302  # others are not held up


def test_the_limits_lie_in_the_database(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM cache")
        keys = " ".join(row[0] for row in cursor.fetchall())
    assert "request_login_code" in keys


def test_many_strangers_do_not_push_a_limit_out(client: Client, bob: Any) -> None:
    """The cache drops entries when it is full: somebody could fill it on purpose to get more tries."""
    for _ in range(4):
        ask(Client(), "bob@example.org")
    for number in range(400):
        cache.set(f"allauth:rl:filler{number}", [1.0], 60)
    assert ask(Client(), "bob@example.org").status_code == 429


def test_the_next_page_is_kept_and_must_be_ours(client: Client, bob: Any) -> None:
    response = client.post(f"{LOGIN}?next=/join/", {"email": "bob@example.org"})
    wait_until_sent()
    assert response.url == f"{CODE}?next=%2Fjoin%2F"
    assert 'value="/join/"' in client.get(response.url).content.decode()
    assert client.post(CODE, {"code": mailed_code(), "next": "/join/"}).url == "/join/"
    other = Client()
    ask(other, "bob@example.org")
    assert other.post(CODE, {"code": mailed_code(), "next": "https://evil.example/"}).url == "/"


def test_signing_out(client: Client, bob: Any) -> None:
    client.force_login(bob)
    assert client.get("/accounts/logout/").status_code == 200  # asks: a link in a page must not sign anybody out
    assert signed_in(client)
    assert client.post("/accounts/logout/").url == LOGIN
    assert not signed_in(client)


def test_a_closed_account_gets_no_code_and_loses_its_session(client: Client, bob: Any) -> None:
    client.force_login(bob)
    assert client.get("/join/").status_code == 200
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert client.get("/join/").url.startswith(LOGIN)
    ask(Client(), "bob@example.org")
    assert mail.outbox == []


def test_an_account_closed_while_the_code_was_under_way(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert client.post(CODE, {"code": mailed_code()}).url == LOGIN
    assert not signed_in(client)


def test_there_are_no_passwords_and_no_sign_up(client: Client, alice: Any) -> None:
    alice.set_password("correct horse battery")
    alice.save()
    client.post(LOGIN, {"login": alice.email, "email": alice.email, "password": "correct horse battery"})
    client.post("/admin/login/", {"username": alice.email, "password": "correct horse battery"})
    assert not signed_in(client)
    for path in ("signup/", "password/reset/", "password/change/", "email/", "confirm-email/", "reauthenticate/"):
        assert client.get(f"/accounts/{path}").status_code == 404


def test_the_admin_uses_the_same_sign_in(client: Client, alice: Any, charlie: Any) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == f"{LOGIN}?next=%2Fadmin%2F"
    client.force_login(charlie)
    assert client.get("/admin/", follow=True).status_code == 404
    client.force_login(alice)
    assert client.get("/admin/login/?next=/admin/").url == "/admin/"


def test_the_mail_is_in_the_person_s_language(client: Client, bob: Any) -> None:
    User.objects.filter(pk=bob.pk).update(language="fr")
    client.post(LOGIN, {"email": "bob@example.org"}, headers={"Accept-Language": "en"})
    wait_until_sent()
    from django.template.loader import render_to_string
    from django.utils import translation

    from accounts.mail import CodeMail

    with translation.override("fr"):
        letter = CodeMail("bob@example.org", mailed_code(), "fr", "testserver", 10)
        expected = render_to_string("account/email/login_code_message.txt", {"mail": letter}).strip()
    assert str(mail.outbox[0].body).strip() == expected


def test_the_person_s_language_comes_with_the_sign_in(client: Client, bob: Any) -> None:
    User.objects.filter(pk=bob.pk).update(language="fr")
    ask(client, "bob@example.org")
    response = client.post(CODE, {"code": mailed_code()})
    assert response.cookies["django_language"].value == "fr"
    assert 'lang="fr"' in client.get("/join/").content.decode()


class TestOnADevelopersMachine:
    @pytest.fixture(autouse=True)
    def debug(self, settings: Any) -> None:
        settings.DEBUG = True

    def test_the_code_is_on_the_page(self, client: Client, bob: Any) -> None:
        ask(client, "bob@example.org")
        assert mailed_code() in client.get(CODE).content.decode()

    @pytest.mark.parametrize(
        "extra",
        [
            {"REMOTE_ADDR": "10.0.0.7"},
            {"REMOTE_ADDR": ""},
            {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
            {"HTTP_FORWARDED": "for=127.0.0.1"},
            {"HTTP_X_REAL_IP": "127.0.0.1"},
            {"HTTP_VIA": "1.1 proxy"},
        ],
        ids=str,
    )
    def test_but_not_for_anybody_else(self, client: Client, bob: Any, extra: dict[str, str]) -> None:
        client.post(LOGIN, {"email": "bob@example.org"})
        wait_until_sent()
        assert mailed_code() not in client.get(CODE, **extra).content.decode()  # type: ignore[arg-type]
        assert "bob@example.org" not in client.get(LOGIN, **extra).content.decode()  # type: ignore[arg-type]

    @pytest.mark.parametrize("peer", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
    def test_the_machine_itself_has_several_addresses(self, client: Client, bob: Any, peer: str) -> None:
        assert "bob@example.org" in client.get(LOGIN, REMOTE_ADDR=peer).content.decode()

    def test_demo_people_sign_in_with_one_click(self, client: Client, alice: Any, bob: Any) -> None:
        User.objects.create_user("real@university.example")
        page = client.get(LOGIN).content.decode()
        assert page.index("alice@example.org") < page.index("bob@example.org")  # staff first
        assert "real@university.example" not in page
        ask(client, "alice@example.org")
        client.post(CODE, {"code": mailed_code()})
        assert signed_in(client)

    def test_never_without_debug(self, client: Client, bob: Any, settings: Any) -> None:
        ask(client, "bob@example.org")  # asked in debug mode
        settings.DEBUG = False
        assert mailed_code() not in client.get(CODE).content.decode()
        assert "bob@example.org" not in client.get(LOGIN).content.decode()


def test_without_debug_the_session_holds_no_code_to_show(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    assert "shown" not in str(dict(client.session.items()))


def test_the_terminal_is_the_mailbox_without_a_mail_server(
    client: Client, bob: Any, settings: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    ask(client, "bob@example.org")
    printed = capfd.readouterr().out
    found = re.search(r"^Sign-in code for bob@example\.org: (\S{6,})$", printed, re.MULTILINE)
    assert found
    client.post(CODE, {"code": found[1]})
    assert signed_in(client)


def test_a_broken_mail_server_tells_nobody_who_is_enrolled(
    client: Client, bob: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    assert ask(client, "bob@example.org").url == CODE
    assert "could not be mailed" in caplog.text


class TestJoinCode:
    @pytest.fixture(autouse=True)
    def open_course(self, course: Any) -> None:
        course.join_code = "Réseaux-24"
        course.save()

    def test_it_works(self, client: Client, course: Any) -> None:
        assert ask(client, "Dana@example.org", join_code="Réseaux-24").url == CODE
        assert not User.objects.filter(email="dana@example.org").exists()  # the address is not proved yet
        assert client.post(CODE, {"code": mailed_code()}).url == "/accounts/"  # asks for the name
        dana = User.objects.get(email="dana@example.org")
        assert not dana.has_usable_password() and not dana.is_staff
        assert Enrolment.objects.get(user=dana).role == Role.STUDENT
        client.post("/accounts/", {"given_name": "Dana", "family_name": "Noir"})
        dana.refresh_from_db()
        assert dana.get_full_name() == "Dana Noir"
        assert client.post("/accounts/", {"given_name": "X", "family_name": "Y"}).status_code == 404  # once

    def test_a_wrong_code_says_so_and_mails_nothing(self, client: Client, bob: Any) -> None:
        for email in ("dana@example.org", "bob@example.org"):
            response = ask(client, email, join_code="guess")
            assert response.status_code == 200
            assert "No course has this join code" in response.content.decode()
        assert mail.outbox == []

    def test_guesses_are_limited(self, client: Client) -> None:
        for number in range(60):
            assert client.post(LOGIN, {"email": f"d{number}@example.org", "join_code": "guess"}).status_code == 200
        response = ask(client, "dana@example.org", join_code="Réseaux-24")
        assert response.status_code == 429
        assert mail.outbox == []

    def test_right_codes_are_not_counted_as_guesses(self, client: Client) -> None:
        for number in range(70):
            client.post(LOGIN, {"email": f"d{number}@example.org", "join_code": "réseaux-24"})
        wait_until_sent()
        assert len(mail.outbox) == 70

    @pytest.mark.parametrize("change", [{"join_code": ""}, {"archived": True}])
    def test_closed_courses_have_none(self, client: Client, course: Any, change: dict[str, Any]) -> None:
        type(course).objects.filter(pk=course.pk).update(**change)
        ask(client, "dana@example.org", join_code="Réseaux-24")
        ask(client, "dana@example.org", join_code="")
        assert mail.outbox == []

    def test_a_course_archived_meanwhile_lets_nobody_in(self, client: Client, course: Any) -> None:
        ask(client, "dana@example.org", join_code="Réseaux-24")
        type(course).objects.update(archived=True)
        assert client.post(CODE, {"code": mailed_code()}).url == LOGIN
        assert not User.objects.filter(email="dana@example.org").exists()

    def test_a_known_person_joins_after_proving_the_address(self, client: Client, course: Any, charlie: Any) -> None:
        ask(client, "charlie@example.org", join_code="Réseaux-24")
        assert not Enrolment.objects.filter(user=charlie, course=course).exists()
        client.post(CODE, {"code": mailed_code()})
        assert Enrolment.objects.get(user=charlie, course=course).role == Role.STUDENT

    def test_a_teacher_stays_a_teacher(self, client: Client, course: Any, alice: Any) -> None:
        ask(client, "alice@example.org", join_code="Réseaux-24")
        client.post(CODE, {"code": mailed_code()})
        assert Enrolment.objects.get(user=alice, course=course).role == Role.INSTRUCTOR

    def test_it_does_not_reopen_a_closed_account(self, client: Client, bob: Any) -> None:
        User.objects.filter(pk=bob.pk).update(is_active=False)
        ask(client, "bob@example.org", join_code="Réseaux-24")
        assert mail.outbox == []

    def test_it_does_not_bring_back_whom_a_teacher_removed(self, client: Client, course: Any, bob: Any) -> None:
        Enrolment.objects.filter(user=bob).update(active=False)
        ask(client, "bob@example.org", join_code="Réseaux-24")
        client.post(CODE, {"code": mailed_code()})
        assert not Enrolment.objects.get(user=bob, course=course).active


@pytest.mark.django_db(transaction=True)
def test_two_browsers_register_the_same_address_at_once(course: Any) -> None:
    course.join_code = "together"
    course.save()
    browsers = [Client(), Client()]
    codes = []
    for browser in browsers:
        ask(browser, "dana@example.org", join_code="together")
        codes.append(mailed_code())

    def enter(browser: Client, code: str) -> None:
        browser.post(CODE, {"code": code})
        connection.close()

    threads = [threading.Thread(target=enter, args=pair) for pair in zip(browsers, codes, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Enrolment.objects.filter(user__email="dana@example.org").count() == 1
    assert all(signed_in(browser) for browser in browsers)


def test_pages_are_not_cached_and_run_no_inline_code(client: Client, bob: Any) -> None:
    ask(client, "bob@example.org")
    for path in (reverse("account_login"), reverse("account_confirm_login_code")):
        response = client.get(path)
        page = response.content.decode()
        assert "no-store" in response.headers["Cache-Control"]
        assert " style=" not in page and "<script>" not in page and " onclick" not in page


def test_a_peer_without_an_address_is_limited_too(client: Client, bob: Any, settings: Any) -> None:
    """Behind a Unix socket without TRUSTED_PROXIES: refused with a reason or served, never a crash."""
    response = client.post(LOGIN, {"email": "bob@example.org"}, REMOTE_ADDR="")
    assert response.status_code in (302, 403)
