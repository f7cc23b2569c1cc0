"""A question's response as its form sends it: for readers without scripts, and for the last step of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

Question = Mapping[str, Any]  # of `results.attempt_view`


def response_of(post: QueryDict, question: Question) -> Any:
    """The response in the API's form, None for a blank. What does not fit is left for the action to refuse."""
    return _READERS[question["type"]](post, question)


def flagged_in(post: QueryDict, question: Question) -> bool:
    return f"{question['key']}.flag" in post


def _one(post: QueryDict, question: Question) -> Any:
    return post.get(question["key"]) or None


def _several(post: QueryDict, question: Question) -> Any:
    return post.getlist(question["key"]) or None


def _typed(post: QueryDict, question: Question) -> Any:
    text = post.get(question["key"], "")
    return text if text.strip() else None


def _matched(post: QueryDict, question: Question) -> Any:
    chosen = {left["id"]: post.get(f"{question['key']}.{left['id']}") for left in question["left"]}
    return {left: right for left, right in chosen.items() if right} or None


def _ordered(post: QueryDict, question: Question) -> Any:
    """By the places that were chosen; of two items with one place, the one that was moved there comes first."""
    shown = shown_order(question)

    def place(index: int) -> tuple[int, bool, int]:
        text = post.get(f"{question['key']}.{shown[index]}", "")
        wanted = int(text) if text.isdecimal() and len(text) < 4 else index + 1
        return wanted, wanted == index + 1, index

    order = [shown[index] for index in sorted(range(len(shown)), key=place)]
    moved = order != shown
    return order if moved or f"{question['key']}.set" in post else None


def shown_order(question: Question) -> list[str]:
    """Ids of an ordering's items as the page lists them: as answered, else as built."""
    return list(question["response"] or [item["id"] for item in question["items"]])


_READERS = {
    "single": _one,
    "true_false": _one,
    "multiple": _several,
    "numerical": _typed,
    "short": _typed,
    "matching": _matched,
    "ordering": _ordered,
}
