"""Choosing content in the LMS's frame, without cookies, on a one-time ticket; the answer is signed by us."""

from __future__ import annotations

import html
import re
from typing import Any

import jwt
import pytest
from django.test import Client
from jwt.algorithms import RSAAlgorithm

from lti import keys
from lti.models import Context, Identity, Platform, ResourceLink
from tests.platform.lti.lms import CLAIM, CLIENT, INSTRUCTOR, LEARNER, Browser

DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/"
SELECT = "https://testserver/lti/select"


@pytest.fixture
def teacher(visitor: Browser, registered: Any, alice: Any) -> Browser:
    """Alice in the LMS, known here, in a frame."""
    Identity.objects.create(issuer=registered.issuer, subject="alice-1", user=alice)
    visitor.lms.user = "alice-1"
    return visitor


def message(visitor: Browser, wanted: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    settings = {
        "deep_link_return_url": f"{visitor.lms.url}/return",
        "accept_types": ["ltiResourceLink"],
        "data": "opaque é",
    }
    return {
        f"{CLAIM}message_type": "LtiDeepLinkingRequest",
        f"{CLAIM}resource_link": None,
        f"{CLAIM}roles": [INSTRUCTOR],
        f"{DEEP}deep_linking_settings": settings | (wanted or {}),
    } | more


def come(visitor: Browser, wanted: dict[str, Any] | None = None, **more: Any) -> Any:
    visitor.lms.claims = message(visitor, wanted, **more)
    answer = visitor.start(frame=True, target_link_uri=SELECT)
    assert not answer.cookies  # a browser that keeps them in frames goes the same way
    return visitor.post(visitor.ask(answer))


def ticket_of(page: Any) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def choose(ticket: str, *items: str) -> Any:
    return Client(enforce_csrf_checks=True).post("/lti/select", {"ticket": ticket, "item": items}, secure=True)


def answer_of(page: Any) -> dict[str, Any]:
    token = html.unescape(re.search(r'name="JWT" value="([^"]+)"', page.content.decode())[1])  # type: ignore[index]
    (jwk,) = keys.own_jwks()["keys"]
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": jwk["kid"]}
    issuer = Platform.objects.get().issuer
    claims: dict[str, Any] = jwt.decode(token, RSAAlgorithm.from_jwk(jwk), ["RS256"], audience=issuer, issuer=CLIENT)
    return claims


def test_it_works(teacher: Browser, connected: Any, assignment: Any) -> None:
    page = come(teacher)
    assert page.status_code == 200 and f"frame-ancestors {teacher.lms.url}" in page["Content-Security-Policy"]
    assert 'type="radio"' in page.content.decode() and not teacher.client.session.get("_auth_user_id")
    sent = choose(ticket_of(page), "addition")
    policy = sent["Content-Security-Policy"]
    assert f"form-action 'self' {teacher.lms.url}" in policy and f"frame-ancestors {teacher.lms.url}" in policy
    assert f'action="{teacher.lms.url}/return"' in sent.content.decode()
    claims = answer_of(sent)
    assert claims[f"{CLAIM}deployment_id"] == "1" and claims[f"{DEEP}data"] == "opaque é" and claims["nonce"]
    assert claims[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"
    (item,) = claims[f"{DEEP}content_items"]
    assert (item["type"], item["title"]) == ("ltiResourceLink", "Addition")
    assert item["url"] == "https://testserver/lti/launch"
    assert item["lineItem"] == {"scoreMaximum": 10.0, "label": "Addition", "resourceId": "addition"}
    # The LMS makes an activity of it, and the first to open it finds the exercise.
    student = Browser(Client(), teacher.lms)
    student.lms.user = "bob-1"
    student.launch(**{f"{CLAIM}custom": item["custom"], f"{CLAIM}resource_link": {"id": "new"}})
    answer = student.press("/lti/identity/", action="create")
    assert answer["Location"] == "/c/course/e/addition/" and ResourceLink.objects.get().link_id == "new"


def test_several(teacher: Browser, connected: Any, assignment: Any, course: Any) -> None:
    from quizzes.items import save_quiz
    from quizzes.models import Quiz

    save_quiz(Quiz(course=course, slug="warm-up", title_en="Warm-up", visible=False))
    page = come(teacher, {"accept_multiple": True, "accept_lineitem": False})
    assert 'type="checkbox"' in page.content.decode() and "hidden from students" in page.content.decode()
    items = answer_of(choose(ticket_of(page), "addition", "warm-up"))[f"{DEEP}content_items"]
    assert [item["custom"] for item in items] == [{"rendu_item": "addition"}, {"rendu_item": "warm-up"}]
    assert not any("lineItem" in item for item in items)
    one = come(teacher)
    assert len(answer_of(choose(ticket_of(one), "addition", "warm-up"))[f"{DEEP}content_items"]) == 1


def test_a_ticket_counts_once(teacher: Browser, connected: Any, assignment: Any) -> None:
    ticket = ticket_of(come(teacher))
    assert choose(ticket, "addition").status_code == 200
    assert choose(ticket, "addition").status_code == 400
    assert choose("invented", "addition").status_code == 400
    assert choose("", "addition").status_code == 400


def test_nothing_chosen_asks_again(teacher: Browser, connected: Any, assignment: Any) -> None:
    page = choose(ticket_of(come(teacher)))
    assert page.status_code == 400 and "Choose at least one" in page.content.decode()
    assert choose(ticket_of(page), "addition").status_code == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({f"{CLAIM}roles": [LEARNER]}, 200),  # a page that says why
        ({"sub": "stranger"}, 200),
        ({f"{CLAIM}context": {"id": "other"}}, 200),
    ],
)
def test_who_does_not_choose(
    teacher: Browser, connected: Any, assignment: Any, claims: dict[str, Any], status: int
) -> None:
    page = come(teacher, **claims)
    assert page.status_code == status and "ticket" not in page.content.decode()
    assert "Addition" not in page.content.decode() and 'target="_blank"' in page.content.decode()


def test_a_student_here_does_not_choose(teacher: Browser, connected: Any, assignment: Any, bob: Any) -> None:
    Identity.objects.filter(subject="alice-1").update(user=bob)
    assert "Addition" not in come(teacher).content.decode()


def test_rights_are_looked_at_again(teacher: Browser, connected: Any, assignment: Any) -> None:
    ticket = ticket_of(come(teacher))
    from courses.models import Enrolment

    Enrolment.objects.update(active=False)
    assert choose(ticket, "addition").status_code == 403


@pytest.mark.parametrize("url", ["https://evil.example/return", "javascript:alert(1)", "", "http://127.0.0.1:9/x"])
def test_the_answer_goes_to_the_lms_only(teacher: Browser, connected: Any, assignment: Any, url: str) -> None:
    page = come(teacher, {"deep_link_return_url": url})
    assert page.status_code == 400 and "not the LMS" in page.content.decode()


def test_an_lms_that_takes_no_links(teacher: Browser, connected: Any) -> None:
    assert come(teacher, {"accept_types": ["html"]}).status_code == 400


def test_connecting_first_in_a_window_of_its_own(teacher: Browser, alice: Any, assignment: Any) -> None:
    page = come(teacher)
    address = html.unescape(re.search(r'href="(/lti/login[^"]+)"', page.content.decode())[1])  # type: ignore[index]
    window = Browser(Client(), teacher.lms)
    window.lms.claims = message(window)
    answer = window.client.get(address, secure=True, headers={"sec-fetch-dest": "document"})
    answer = window.follow(window.post(window.ask(answer)), "/accounts/login/")
    assert window.sign_in("alice@example.org").status_code == 200
    done = window.press("/lti/connect/", course="course", students="on", staff_role="")
    assert done.status_code == 200 and "Close this window" in done.content.decode()
    assert Context.objects.get().course.slug == "course"
    assert ticket_of(come(teacher))


def test_in_a_window_of_its_own(teacher: Browser, connected: Any, assignment: Any, registered: Any) -> None:
    """An LMS that opens a window for choosing: the session counts, and the page works on a ticket all the same."""
    registered.staff_may_enter = True
    registered.save()
    teacher.lms.claims = message(teacher)
    page = teacher.follow(teacher.post(teacher.ask(teacher.start(target_link_uri=SELECT))))
    assert page["X-Frame-Options"] == "DENY"
    assert answer_of(choose(ticket_of(page), "addition"))[f"{DEEP}content_items"]
