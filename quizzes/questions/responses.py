"""Checks what a student's page sends."""

from __future__ import annotations

from collections.abc import Callable

from quizzes.questions.model import MAX_TYPED, BadResponse, Question, Response


def check_response(question: Question, response: object) -> Response:
    """The response as it is stored; None for a blank (nothing ticked, nothing typed). Raises BadResponse."""
    if response is None:
        return None
    return _READERS[question.type](question, response)


def _one(question: Question, response: object) -> Response:
    if not isinstance(response, str) or response not in question.parts:
        raise BadResponse("one option's id is expected")
    return response


def _several(question: Question, response: object) -> Response:
    ids = _ids(response)
    if len(set(ids)) != len(ids) or not set(ids) <= set(question.parts):
        raise BadResponse("a list of options' ids, each once, is expected")
    return sorted(ids, key=question.parts.index) or None


def _ids(response: object) -> list[str]:
    if not isinstance(response, list) or not all(isinstance(item, str) for item in response):
        raise BadResponse("a list of ids is expected")
    return response


def _typed(question: Question, response: object) -> Response:
    if not isinstance(response, str) or len(response) > MAX_TYPED:
        raise BadResponse(f"a text of at most {MAX_TYPED} characters is expected")
    # What PostgreSQL's JSON and a browser cannot carry is no part of an answer.
    text = "".join(c for c in response if c != "\0" and not "\ud800" <= c <= "\udfff")
    return text if text.strip() else None


def _matched(question: Question, response: object) -> Response:
    left = {pair.id for pair in question.pairs}
    if (
        not isinstance(response, dict)
        or not set(response) <= left
        or not all(isinstance(right, str) and right in question.parts for right in response.values())
    ):
        raise BadResponse("an object from left sides' ids to right sides' ids is expected")
    return response or None


def _ordered(question: Question, response: object) -> Response:
    if sorted(_ids(response)) != sorted(question.parts):
        raise BadResponse("the ids of all items in the chosen order are expected")
    return response


_READERS: dict[str, Callable[[Question, object], Response]] = {
    "single": _one,
    "true_false": _one,
    "multiple": _several,
    "numerical": _typed,
    "short": _typed,
    "matching": _matched,
    "ordering": _ordered,
}
