"""Sign-in codes on paper: good once, for students of the course, never for the staff; the rate is bounded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.management import call_command
from django.test import RequestFactory
from django.utils import timezone

from courses.models import Enrolment
from quizzes import codes
from quizzes.errors import TooOften, WrongCode
from quizzes.models import Quiz, SignInCode


@pytest.fixture
def request_of(db: None, rf: RequestFactory) -> Any:
    call_command("createcachetable", verbosity=0)
    cache.clear()
    request: Any = rf.post("/")
    request.session = SessionStore()
    return request


def test_it_works(quiz: Quiz, bob: Any, alice: Any, request_of: Any) -> None:
    made = codes.make_codes(quiz)
    assert [person for person, _code in made] == [bob]
    code = made[0][1]
    assert len(code) == 9
    assert code not in str(SignInCode.objects.values().get())
    assert codes.sign_in_with_code(request_of, f" {code.lower().replace('-', ' ')} ") == quiz
    assert request_of.session["_auth_user_id"] == str(bob.pk)
    with pytest.raises(WrongCode):
        codes.sign_in_with_code(request_of, code)


def test_a_new_code_takes_the_older_one_back(quiz: Quiz, bob: Any) -> None:
    (_bob, first), (_bob, second) = codes.make_codes(quiz)[0], codes.make_codes(quiz, [bob])[0]
    assert codes.redeem(first) is None
    assert codes.redeem(second) == (bob, quiz)


@pytest.mark.parametrize("what", ["left", "inactive", "staff", "late", "empty"])
def test_who_does_not_get_in(quiz: Quiz, bob: Any, what: str) -> None:
    code = codes.make_codes(quiz)[0][1]
    now = timezone.now()
    if what == "left":
        Enrolment.objects.filter(user=bob).update(active=False)
    elif what in ("inactive", "staff"):
        bob.is_active, bob.is_staff = what != "inactive", what == "staff"
        bob.save()
    elif what == "late":
        now += timedelta(hours=codes.HOURS, seconds=1)
    assert codes.redeem("" if what == "empty" else code, now) is None


def test_guessing_is_bounded(quiz: Quiz, bob: Any, request_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "RATE", "3/m/ip")
    for _guess in range(3):
        with pytest.raises(WrongCode):
            codes.sign_in_with_code(request_of, "AAAA-AAAA")
    with pytest.raises(TooOften):
        codes.sign_in_with_code(request_of, codes.make_codes(quiz)[0][1])
