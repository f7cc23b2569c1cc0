"""Questions as the templates show them, in the reader's language: to answer, and with what the review allows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.formats import get_format, number_format
from django.utils.translation import gettext

from quizzes.views.reading import shown_order
from quizzes.views.words import VERDICTS, text_and_language, verdict_label

KINDS = {
    "single": "choice",
    "true_false": "choice",
    "multiple": "choices",
    "numerical": "typed",
    "short": "typed",
    "matching": "matching",
    "ordering": "ordering",
}
MARKUP = re.compile(r"[$`*_\[\]<>\\|~\n]|^\s*(?:[#+-]|\d+[.)])\s")
LONGEST_CHOICE = 60  # characters that a select can show


def on_page(view: Mapping[str, Any]) -> dict[str, Any]:
    """A question to answer."""
    text, language = text_and_language(view["text"])
    page: dict[str, Any] = {
        "key": view["key"],
        "number": view["number"],
        "type": view["type"],
        "kind": KINDS[view["type"]],
        "points": view["max_points"],
        "text": text,
        "language": language,
        "hint": _hint(view["type"]),
        "response": view["response"],
        "flagged": view["flagged"],
        "sequence": view["sequence"],
        "seconds": view["seconds"],
    }
    return page | _parts(view, page["kind"])


def _parts(view: Mapping[str, Any], kind: str) -> dict[str, Any]:
    response = view["response"]
    if kind in ("choice", "choices"):
        chosen = response if isinstance(response, list) else [response]
        return {"options": [_part(option) | {"chosen": option["id"] in chosen} for option in view["options"]]}
    if kind == "matching":
        return _matching(view)
    if kind == "ordering":
        items = {item["id"]: _part(item) for item in view["items"]}
        order = shown_order(view)
        return {"items": [items[name] for name in order if name in items], "places": range(1, len(items) + 1)}
    return {"help": _typed_help(view)}


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": part["id"], "text": text_and_language(part["text"])[0]}


def _matching(view: Mapping[str, Any]) -> dict[str, Any]:
    """A select holds plain text only: choices with formulas, code or many words stand beside it under letters."""
    response = view["response"] or {}
    rights = [_part(side) | {"letter": side["id"].upper()} for side in view["right_sides"]]
    lettered = any(MARKUP.search(side["text"]) or len(side["text"]) > LONGEST_CHOICE for side in rights)
    lefts = [_part(left) | {"chosen": response.get(left["id"])} for left in view["left"]]
    return {"rights": rights, "lefts": lefts, "lettered": lettered}


def _hint(kind: str) -> str:
    return {
        "single": gettext("One answer."),
        "true_false": gettext("True or false?"),
        "multiple": gettext("Tick every right answer; there may be several."),
        "matching": gettext("Choose one for each line."),
        "ordering": gettext("Put the lines in the right order, with the arrows or by choosing their places."),
    }.get(kind, "")


def _typed_help(view: Mapping[str, Any]) -> str:
    if view["type"] != "numerical":
        return ""
    units = ", ".join(view.get("units", ()))
    number = gettext("A number, such as %(example)s or 1.2e-3.") % {"example": number_format(7850.5, use_l10n=True)}
    if not units:
        return number
    if view.get("unit_needed"):
        asked = gettext("Write the unit too: %(units)s.") % {"units": units}
    else:
        asked = gettext("You may write a unit: %(units)s.") % {"units": units}
    return f"{number} {asked}"


# ---- After the end -----------------------------------------------------------------------------------------------


def reviewed(view: Mapping[str, Any]) -> dict[str, Any]:
    """A question of an ended attempt. A key that the review does not allow is not in `view`."""
    page = on_page(view)
    page["earned"] = view.get("points")
    if verdict := view.get("verdict"):
        page |= {"chip": VERDICTS[verdict], "verdict": verdict_label(verdict)}
    page["feedback"] = text_and_language(view.get("general_feedback") or {})[0]
    said = {entry["id"]: text_and_language(entry["text"])[0] for entry in view.get("feedback", ())}
    page["answer_feedback"] = said.get(None, "")
    _ADD_KEY[page["kind"]](page, view.get("answer"))
    for option in page.get("options", ()):
        option["feedback"] = said.get(option["id"], "")
    return page


def _choice_key(page: dict[str, Any], answer: Any) -> None:
    for option in page["options"]:
        option["right"] = None if answer is None else option["id"] in answer


def _typed_key(page: dict[str, Any], answer: Any) -> None:
    page["right_texts"] = [_accepted(entry) for entry in answer or ()]


def _accepted(entry: Mapping[str, Any]) -> str:
    """7850, or 3.14 ± 0.01, with the reader's decimal sign; a text as it stands."""
    if isinstance(entry["value"], str):
        return entry["value"]
    value = f"{entry['value']:.12g}" + (f" ± {entry['tolerance']:.6g}" if entry["tolerance"] else "")
    return value.replace(".", get_format("DECIMAL_SEPARATOR"))


def _matching_key(page: dict[str, Any], answer: Any) -> None:
    texts = {side["id"]: side["text"] for side in page["rights"]}
    page["shows_right"] = answer is not None
    for left in page["lefts"]:
        right = None if answer is None else answer.get(left["id"])
        left |= {"chosen_text": texts.get(left["chosen"], ""), "right_text": texts.get(right, "")}
        left["fits"] = None if answer is None or not left["chosen"] else left["chosen_text"] == left["right_text"]


def _ordering_key(page: dict[str, Any], answer: Any) -> None:
    texts = {item["id"]: item["text"] for item in page["items"]}
    page["chosen_texts"] = [texts[name] for name in page["response"] or ()]
    page["right_texts"] = [texts[name] for name in answer or ()]


_ADD_KEY = {
    "choice": _choice_key,
    "choices": _choice_key,
    "typed": _typed_key,
    "matching": _matching_key,
    "ordering": _ordering_key,
}
