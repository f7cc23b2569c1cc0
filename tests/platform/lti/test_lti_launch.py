"""A launch is taken once, from the right platform, in the right browser; everything else opens nothing."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from django.core.exceptions import ValidationError
from django.test import Client

from lti.models import Identity, Member, Passback, Platform, TakenLaunch
from tests.platform.lti.lms import CLAIM, CLIENT, KEYS, LEARNER, Browser, Lms


def session_user(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_it_works(visitor: Browser, sheet: Any, known_bob: Any, course: Any) -> None:
    answer = visitor.launch()
    assert answer.status_code == 302 and answer["Location"] == "/c/course/e/addition/"
    assert session_user(visitor.client) == str(known_bob.user_id)
    assert Member.objects.get().identity == known_bob
    sheet.refresh_from_db()
    assert sheet.line_item.endswith("/ags/column1?type_id=2") and sheet.takes_scores
    assert TakenLaunch.objects.get().data is None  # used: nothing of the launch is kept
    assert visitor.client.get(answer["Location"], secure=True).status_code == 200


def refused(visitor: Browser, fields: dict[str, str], reason: str) -> None:
    answer = visitor.post(fields)
    assert answer.status_code == 400 and reason in answer.content.decode(), answer.content.decode()
    assert session_user(visitor.client) is None and not Member.objects.exists()


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "another"}, "answers another request"),
        ({"iss": "https://evil.example"}, "InvalidIssuerError"),
        ({"aud": "another-tool"}, "InvalidAudienceError"),
        ({"aud": [CLIENT, "another-tool"]}, "meant for another tool"),
        ({"azp": "another-tool"}, "meant for another tool"),
        ({"exp": int(time.time()) - 3600}, "ExpiredSignatureError"),
        ({"iat": int(time.time()) - 3600}, "too old"),
        ({"iat": int(time.time()) + 3600}, "ImmatureSignatureError"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"sub": None}, "MissingRequiredClaimError"),
        ({"sub": " "}, "no usable subject"),
        ({f"{CLAIM}deployment_id": "3"}, "deployment is not registered"),
        ({f"{CLAIM}version": "1.1"}, "not of LTI 1.3.0"),
        ({f"{CLAIM}message_type": "LtiStartProctoring"}, "not supported"),
        ({f"{CLAIM}context": None}, "course (context)"),
        ({f"{CLAIM}resource_link": {"id": ["r1"]}}, "activity (resource link)"),
        ({f"{CLAIM}context": {"id": "x" * 256}}, "course (context)"),
        ({f"{CLAIM}context": {"id": "x\0"}}, "course (context)"),
        ({"sub": "\ud800"}, "no usable subject"),
        ({"nonce": "\ud800"}, "answers another request"),
    ],
)
def test_a_wrong_claim(
    visitor: Browser, sheet: Any, known_bob: Any, claims: dict[str, Any], reason: str, lms: Lms
) -> None:
    lms.claims = claims
    refused(visitor, visitor.ask(visitor.start()), reason)
    # And the same answer with its fault mended does not pass either way: the nonce is that of another request.
    assert Identity.objects.get().user == known_bob.user


def test_replay(visitor: Browser, sheet: Any, known_bob: Any) -> None:
    answer = visitor.start()
    fields = visitor.ask(answer)
    cookies = visitor.client.cookies.output()
    first = visitor.post(fields)
    assert first.status_code == 303 and cookies
    again = visitor.post(fields)
    assert again.status_code == 400 and "used before" in again.content.decode()
    visitor.client.get(first["Location"], secure=True)
    ticket = visitor.client.get(first["Location"], secure=True)
    assert ticket.status_code == 400 and "taken before" in ticket.content.decode()


def test_another_browser(visitor: Browser, sheet: Any, known_bob: Any, lms: Lms) -> None:
    """Mallory sends Bob's browser a launch that she has begun in hers."""
    fields = visitor.ask(visitor.start())
    victim = Browser(Client(), lms)
    answer = victim.post(fields)
    assert answer.status_code == 403 and session_user(victim.client) is None
    # The ticket of a launch opens nothing elsewhere either.
    location = visitor.post(visitor.ask(visitor.start()))["Location"]
    assert victim.client.get(location, secure=True).status_code == 400
    assert session_user(victim.client) is None


def test_a_state_that_is_over_or_invented(visitor: Browser, sheet: Any, known_bob: Any, lms: Lms) -> None:
    import time_machine

    with time_machine.travel(time.time() - 900, tick=False):
        fields = visitor.ask(visitor.start())
    fields["id_token"] = lms.token("n")
    refused(visitor, fields, "too much time")
    refused(visitor, fields | {"state": "x" * 40}, "not one of this site")
    refused(visitor, {}, "not one of this site")


def forge(token: str, algorithm: str, secret: bytes | None) -> str:
    """The same claims, "signed" with a public key as if it were a secret, or not at all."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "first"}).encode()).rstrip(b"=")
    body = head + b"." + token.split(".")[1].encode()
    mac = hmac.digest(secret, body, "sha256") if secret else b""
    return (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def test_a_wrong_key(visitor: Browser, sheet: Any, known_bob: Any, lms: Lms) -> None:
    answer = visitor.start()
    fields = visitor.ask(answer)
    nonce = jwt.decode(fields["id_token"], options={"verify_signature": False})["nonce"]
    refused(visitor, fields | {"id_token": lms.token(nonce, key=KEYS[1])}, "InvalidSignatureError")
    refused(visitor, fields | {"id_token": lms.token(nonce, kid="unknown")}, "does not show")
    refused(visitor, fields | {"id_token": lms.token(nonce, kid="none")}, "names no key")
    secret = (
        KEYS[0].public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    for forged in (
        forge(fields["id_token"], "HS256", secret),
        forge(fields["id_token"], "none", None),
        forge(fields["id_token"], "RS256", None),
        fields["id_token"][:-8] + "AAAAAAAA",
        "x.y.z",
        "x" * 70_000,
    ):
        answer = visitor.post(fields | {"id_token": forged})
        assert answer.status_code == 400 and session_user(visitor.client) is None


def test_key_rotation(visitor: Browser, sheet: Any, known_bob: Any, lms: Lms) -> None:
    from django.core.cache import cache

    visitor.launch()
    lms.key, lms.kid, lms.shown = KEYS[1], "second", {"second": KEYS[1]}
    asked = lms.requests.count("GET /jwks")
    fields = visitor.ask(visitor.start())
    # Not asked again within moments, whatever ids come: they are free to invent.
    assert visitor.post(fields).status_code == 400 and lms.requests.count("GET /jwks") == asked
    cache.clear()
    assert visitor.launch()["Location"] == "/c/course/e/addition/"
    # The old key is gone with the rotation.
    nonce_fields = visitor.ask(visitor.start())
    old = lms.token("n", key=KEYS[0], kid="first")
    assert visitor.post(nonce_fields | {"id_token": old}).status_code == 400


def test_keys_are_kept_while_the_lms_cannot_show_them(visitor: Browser, sheet: Any, known_bob: Any, lms: Lms) -> None:
    visitor.launch()
    Platform.objects.update(jwks_url=f"{lms.url}/jwks")
    lms.shown = {}
    assert visitor.launch()["Location"] == "/c/course/e/addition/"


@pytest.mark.parametrize(
    "params",
    [
        {"iss": "https://unknown.example"},
        {"client_id": "another"},
        {"iss": ""},
        {"login_hint": ""},
        {"login_hint": "x" * 5000},
        {"iss": "x" * 5000},
        {"iss": "https://lms.example\0"},
    ],
)
def test_an_unknown_platform(visitor: Browser, params: dict[str, str]) -> None:
    answer = visitor.start(**params)
    assert answer.status_code == 400 and not answer.cookies
    assert answer["X-Frame-Options"] == "DENY"


def test_a_platform_out_of_use(visitor: Browser, sheet: Any, known_bob: Any, registered: Any) -> None:
    fields = visitor.ask(visitor.start())
    Platform.objects.update(active=False)
    refused(visitor, fields, "no longer registered")
    assert visitor.start().status_code == 400


def test_two_registrations_of_one_issuer_need_the_client(visitor: Browser, registered: Any) -> None:
    registered.pk, registered.client_id, registered.name = None, "second", "Second"
    registered.save()
    assert visitor.start(client_id="").status_code == 400
    assert visitor.start().status_code == 302


@pytest.mark.parametrize(
    "url",
    [
        "http://lms.example",
        "http://127.0.0.1.evil.example",
        "https://user:pass@lms.example",
        "ftp://lms.example",
        "https://",
        "https://lms.example/#x",
        "https://lms.example; script-src *",
        "https://lms.example\n",
        "javascript:alert(1)",
        "https://lms.example:99999",
    ],
)
def test_only_https_is_registered(registered: Any, url: str) -> None:
    for name in ("issuer", "auth_url", "token_url", "jwks_url"):
        with pytest.raises(ValidationError):
            Platform(**{**_fields(registered), "client_id": "new", name: url}).full_clean()
    if url == url.strip():  # blanks stand between several
        with pytest.raises(ValidationError):
            Platform(**{**_fields(registered), "client_id": "new", "hosts": url}).full_clean()


def _fields(platform: Platform) -> dict[str, Any]:
    names = ("name", "issuer", "client_id", "deployments", "auth_url", "token_url", "jwks_url")
    return {name: getattr(platform, name) for name in names}


def test_loopback_needs_the_setting(visitor: Browser, registered: Any, settings: Any, lms: Lms) -> None:
    from lti import web
    from lti.errors import Refused

    settings.LTI_LOOPBACK_HTTP = False
    with pytest.raises(ValidationError):
        registered.full_clean()
    with pytest.raises(Refused):  # also what was registered while the setting was on
        web.get_json(f"{lms.url}/jwks")


def test_one_issuer_has_one_key_set(registered: Any) -> None:
    """Who could sign for the issuer with other keys could be any of its people."""
    with pytest.raises(ValidationError, match="same issuer"):
        Platform(**{**_fields(registered), "client_id": "new", "jwks_url": "https://evil.example/jwks"}).full_clean()


def test_redirects_are_not_followed(lms: Lms) -> None:
    from lti import web
    from lti.errors import Refused

    with pytest.raises(Refused, match="302"):
        web.get_json(f"{lms.url}/moved")


def test_inside_a_frame(visitor: Browser, sheet: Any, known_bob: Any, lms: Lms) -> None:
    """A link to a window of its own: no cookie, no session, and only the LMS may frame it."""
    answer = visitor.start(frame=True)
    text = answer.content.decode()
    assert answer.status_code == 200 and 'target="_blank"' in text and not answer.cookies
    assert "login_hint=h1" in text and "lti_message_hint=m1" in text
    policy = answer["Content-Security-Policy"]
    assert f"frame-ancestors {lms.url}" in policy and "X-Frame-Options" not in answer
    home = visitor.client.get("/lti/", secure=True)
    assert "frame-ancestors 'none'" in home["Content-Security-Policy"] and home["X-Frame-Options"] == "DENY"


def test_the_other_pages_cannot_be_framed(visitor: Browser, connected: Any, known_bob: Any) -> None:
    for url in ("/lti/continue/", "/lti/", "/accounts/login/"):
        answer = visitor.client.get(url, secure=True)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], url
        assert answer["X-Frame-Options"] == "DENY", url


def test_a_browser_without_cookies(visitor: Browser, sheet: Any, known_bob: Any) -> None:
    visitor.keeps_cookies = False
    answer = visitor.post(visitor.ask(visitor.start()))
    assert answer.status_code == 403 and "cookies" in answer.content.decode()
    assert session_user(visitor.client) is None and not Passback.objects.exists()


def test_the_session_of_the_browser_survives(visitor: Browser, sheet: Any, known_bob: Any, bob: Any) -> None:
    """The POST from the LMS carries no session cookie: it must not start a new session over the old one."""
    visitor.client.force_login(bob)
    before = visitor.client.cookies["sessionid"].value
    answer = visitor.launch()
    assert answer["Location"] == "/c/course/e/addition/"
    assert visitor.client.cookies["sessionid"].value == before


def test_cookies_are_secure(visitor: Browser) -> None:
    cookie = next(iter(visitor.start().cookies.values()))
    assert cookie.key.startswith("__Host-lti-") and cookie["secure"] and cookie["httponly"]
    assert cookie["samesite"] == "None" and cookie["path"] == "/" and not cookie["domain"]


def test_the_forms_ask_for_a_csrf_token(lms: Lms, registered: Any, connected: Any) -> None:
    strict = Browser(Client(enforce_csrf_checks=True), lms)
    page = strict.launch(sub="new-1")
    assert page.status_code == 200
    for url in ("/lti/identity/", "/lti/connect/", "/lti/choose/", "/c/course/lms/again"):
        assert strict.client.post(url, {"action": "create"}, secure=True).status_code == 403, url
    assert not Identity.objects.exists()


def test_too_many(visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from lti.views import common

    monkeypatch.setattr(common, "LAUNCHES", "2/m/ip")
    assert [visitor.start().status_code for _n in range(3)] == [302, 302, 429]


def test_the_lms_says_no(visitor: Browser, sheet: Any) -> None:
    fields = visitor.ask(visitor.start())
    answer = visitor.post({"state": fields["state"], "error": "login_required<script>"})
    assert answer.status_code == 400 and "login_required&lt;script&gt;" in answer.content.decode()


def test_odd_texts_are_left_out_or_mended(visitor: Browser, sheet: Any, known_bob: Any) -> None:
    endpoint = {"scope": ["\0", 7, {}], "lineitem": "https://x\0", "lineitems": ["x"]}
    odd = {"name": "B\0o\ud800b\n\tDurand", "given_name": 7, "email": ["x"], f"{CLAIM}roles": [None, LEARNER]}
    answer = visitor.launch(**odd, **{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint})
    assert answer["Location"] == "/c/course/e/addition/"
    known_bob.refresh_from_db()
    assert known_bob.name == "Bob Durand"


def test_roles_of_the_institution_are_nobody(lms: Lms) -> None:
    from lti.claims import Part, part_of

    base = "http://purl.imsglobal.org/vocab/lis/v2"
    assert part_of([f"{base}/institution/person#Administrator", f"{base}/institution/person#Instructor"]) == Part.OTHER
    assert part_of([f"{base}/system/person#Administrator", LEARNER]) == Part.STUDENT
    assert part_of([f"{base}/membership#Instructor"]) == Part.TEACHER
    assistant = f"{base}/membership/Instructor#TeachingAssistant"
    assert part_of([f"{base}/membership#Instructor", assistant]) == Part.ASSISTANT
    assert part_of(["Learner"]) == Part.STUDENT and part_of(["urn:lti:sysrole:ims/lis/Learner"]) == Part.OTHER
    assert part_of(["http://evil.example/membership#Instructor"]) == Part.OTHER
    assert part_of([f"{base}/membership#Mentor"]) == Part.OTHER
