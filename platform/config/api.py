"""The HTTP API: OpenAPI at /api/openapi.json, a page to read it at /api/docs.

Programs send `Authorization: Bearer TOKEN`; a signed-in browser may use it too, with Django's CSRF token.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from ninja import NinjaAPI
from ninja.security import HttpBearer, SessionAuth

from courses.models import ApiToken
from exercises.api import router as exercises_router
from exercises.errors import Refused, TooSoon
from quizzes.api import router as quizzes_router
from quizzes.errors import Refused as QuizRefused
from quizzes.errors import TooOften


class TokenAuth(HttpBearer):
    """A token acts as its person, in its one course (`exercises.api.token_course`)."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = ApiToken.find(token)
        if found is not None:
            request.user = found.user
        return found


class Api(NinjaAPI):
    def create_response(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answers hold people's work: no cache keeps them."""
        response = super().create_response(request, *args, **kwargs)
        patch_cache_control(response, no_store=True)
        return response


api = Api(
    title="Rendu",
    version="1",
    description="Exercises, quizzes and grades. Send `Authorization: Bearer TOKEN`.",
    urls_namespace="api",
    auth=[TokenAuth(), SessionAuth()],
)
api.add_router("", exercises_router)
api.add_router("", quizzes_router)


@api.exception_handler(QuizRefused)
@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Exception) -> HttpResponse:
    """A request that cannot be done: its code, and a sentence that says what to do."""
    assert isinstance(error, Refused | QuizRefused)
    response: HttpResponse = api.create_response(request, {"detail": error.message}, status=error.status)
    if isinstance(error, TooSoon | TooOften):
        response["Retry-After"] = str(error.retry_after)
    return response
