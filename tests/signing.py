"""Signing in as a person does: with the code from the mail."""

from __future__ import annotations

import re
from typing import Any

from django.core import mail
from django.test import Client

from accounts.mail import wait_until_sent

LOGIN, CODE = "/accounts/login/", "/accounts/login/code/"
SHAPE = re.compile(r"^    ([A-Z0-9-]{6,})$", re.MULTILINE)


def ask(client: Client, email: str, **extra: Any) -> Any:
    """Ask for a code; the mail has left when this returns."""
    response = client.post(LOGIN, {"email": email, **extra})
    wait_until_sent()
    return response


def mailed_code(number: int = -1) -> str:
    """The code in one of the mails that were sent."""
    found = SHAPE.search(str(mail.outbox[number].body))
    assert found, mail.outbox[number].body
    return found[1]
