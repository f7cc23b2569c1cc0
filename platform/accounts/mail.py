"""The site's mail: sign-in codes, and the daily mail of those who want it.

A code is written and sent beside the request, never in it: an answer that took longer, or failed, only for addresses
that exist would tell a stranger who is enrolled.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

logger = logging.getLogger(__name__)

# Eight at once: a hall of 300 students gets its codes within half a minute from a server that takes half a second.
_outbox = ThreadPoolExecutor(max_workers=8, thread_name_prefix="mail")
_pending: set[Future[None]] = set()


@dataclass(frozen=True)
class CodeMail:
    to: str  # the address
    code: str  # as the person types it
    language: str  # of the text
    host: str  # the site's name, as the browser knows it
    minutes: int  # until the code expires


def letter(
    to: str, subject: str, text: str, html: str = "", headers: Mapping[str, str] | None = None
) -> EmailMultiAlternatives:
    """A mail from the site, ready to be sent; with `html`, programs show that instead of `text`."""
    # Auto-Submitted: holiday answers must not come back to the site.
    marked = {"Auto-Submitted": "auto-generated"} | dict(headers or {})
    # In one line: a line break in a header is refused, and the mail would never leave.
    message = EmailMultiAlternatives(" ".join(subject.split()), text, settings.DEFAULT_FROM_EMAIL, [to], headers=marked)
    if html:
        message.attach_alternative(html, "text/html")
    return message


def send_code(mail: CodeMail) -> None:
    """Put the mail in the outbox and return at once."""
    future = _outbox.submit(_deliver, mail)
    _pending.add(future)
    future.add_done_callback(_pending.discard)


def wait_until_sent(seconds: float = 10) -> None:
    """Wait for the mails under way: for tests and commands."""
    wait(list(_pending), timeout=seconds)


def _deliver(mail: CodeMail) -> None:
    try:
        with translation.override(mail.language):
            context = {"mail": mail}
            subject = " ".join(render_to_string("account/email/login_code_subject.txt", context).split())
            body = render_to_string("account/email/login_code_message.txt", context).strip() + "\n"
        letter(mail.to, subject, body).send()
    except Exception:
        # Any fault of the mail server or of a template: nobody waits for this thread, so the log must have it.
        logger.exception("a sign-in code could not be mailed")
        return
    if settings.EMAIL_BACKEND == "django.core.mail.backends.console.EmailBackend":
        print(f"Sign-in code for {mail.to}: {mail.code}", flush=True)  # no mail server: this terminal is the mailbox
