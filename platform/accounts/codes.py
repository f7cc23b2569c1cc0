"""Sign-in codes: made, mailed, kept as a keyed hash in the session that asked, and good for that session alone.

django-allauth runs the stages of a sign-in (code, then second factor). It would keep the code itself in the session,
which lies in the database; here only its HMAC does, so that a leaked database opens nothing.
"""

from __future__ import annotations

import logging
from typing import Any, Self

from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStageController
from allauth.core.internal.cryptokit import normalize_user_code
from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.crypto import salted_hmac

from accounts import language, mail
from accounts.models import User
from accounts.peer import may_see_codes

logger = logging.getLogger(__name__)


def digest(code: str) -> str:
    """What is kept of a code. Case, blanks and dashes do not count."""
    return salted_hmac("accounts.codes", normalize_user_code(code), algorithm="sha256").hexdigest()


class CodeProcess(LoginCodeVerificationProcess):
    """One request for a code, kept in the session until the code comes back."""

    @classmethod
    def start(cls, request: HttpRequest, email: str, user: User | None, **extra: Any) -> Self:
        """Begin a sign-in. A code is mailed when `user` is there or `extra` holds "join"; the answer never tells."""
        login = Login(user=user, email=email)
        login.state["stages"] = {"current": LoginByCodeStage.key}
        stage = LoginByCodeStage(LoginStageController(request, login), request, login)
        stage.state.update(cls.initial_state(user=user, email=email), initiated_by_user=True, **extra)
        process = cls(stage=stage)
        process.send()
        process.persist()
        return process

    def send_by_email(self, email: str, skip_enumeration_mails: bool = False) -> None:
        user: User | None = self.user
        if user is None and "join" not in self.state:
            logger.info("a sign-in code was asked for an unknown address")
            return
        code = self.generate_code()
        self.state["code"] = digest(code)
        if may_see_codes(self.request):
            self.state["shown"] = code
        logger.info("a sign-in code was made for %s", f"person {user.pk}" if user else "a new person")
        chosen = user.language if user and language.supported(user.language) else translation.get_language()
        minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
        mail.send_code(mail.CodeMail(email, code, chosen or settings.LANGUAGE_CODE, self.request.get_host(), minutes))
