"""Safe Exam Browser: the wall around running attempts of quizzes that ask for it.

The pages prove the browser by the hash of their own address. What their script then sends, and the pictures that they
show, need not carry a hash (some versions send it with pages only): the session remembers that a page of this attempt
was opened rightly.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from quizzes import seb
from quizzes.errors import WrongBrowser
from quizzes.models import Attempt
from quizzes.views.quizzes import browser_context

PASSED = "safe_exam_browser"  # in the session: ids of attempts whose page was opened in the right browser


class SafeExamBrowserWall:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Stops requests to a running attempt from another browser; the views behind it need not know."""
        attempt = _guarded(kwargs.get("attempt"))
        # The staff may look; for everybody else, and for bearer tokens, the browser decides.
        if attempt is None or (request.user.is_authenticated and request.user.pk != attempt.student_id):
            return None
        api = request.path.startswith("/api/")
        passed = str(attempt.pk) in request.session.get(PASSED, ())
        match = request.resolver_match
        picture = match is not None and match.url_name == "attempt-picture"
        if passed and (api or picture or request.method == "POST"):
            return None
        try:
            seb.check(attempt.quiz, request)
        except WrongBrowser as error:
            return _refusal(request, attempt, error, api)
        if not (api or picture or passed):
            request.session[PASSED] = [*request.session.get(PASSED, ())[-20:], str(attempt.pk)]
        return None


def _guarded(pk: Any) -> Attempt | None:
    """The attempt, if it is running and its quiz asks for the browser."""
    if pk is None or not seb.anybody_asks():
        return None
    try:
        name = pk if isinstance(pk, uuid.UUID) else uuid.UUID(str(pk))
    except ValueError:
        return None
    fields = ("student_id", "state", "preview", "quiz__seb_config_keys", "quiz__seb_browser_keys", "quiz__course_id")
    found = Attempt.objects.select_related("quiz").only(*fields).filter(pk=name, state__in=Attempt.LIVE, preview=False)
    attempt = found.first()
    if attempt is None or not (attempt.quiz.seb_config_keys or attempt.quiz.seb_browser_keys):
        return None
    return attempt


def _refusal(request: HttpRequest, attempt: Attempt, error: WrongBrowser, api: bool) -> HttpResponseBase:
    if api:
        response: HttpResponseBase = JsonResponse({"detail": error.message}, status=error.status)
    else:
        response = render(request, "quizzes/browser.html", browser_context(request, attempt.quiz), status=error.status)
    patch_cache_control(response, no_store=True, private=True)
    return response
