"""A demo student takes a whole quiz over HTTP: reads the questions, knows the answers from the catalogue's file."""

from __future__ import annotations

import tomllib
from typing import Any

from deploy.client import Client
from deploy.options import ROOT

CATALOG = ROOT / "quizzes" / "catalog"
QUIZ = "warm-up"


class BadQuizFile(ValueError):
    """The catalogue's file has a question that the demo cannot answer; the text names it."""


def answers(quiz: str) -> dict[str, dict[str, Any]]:
    """The file's questions by their English statement: the site names questions and options for each student anew."""
    data = tomllib.loads((CATALOG / f"{quiz}.toml").read_text(encoding="utf-8"))
    return {question["text"]["en"].strip(): question for question in data["questions"]}


def right_response(shown: dict[str, Any], known: dict[str, Any]) -> Any:
    """The right response to a question of the site, in the names that the site gave to its parts."""
    kind = shown["type"]
    if kind in ("numerical", "short"):
        best = next(answer for answer in known["answers"] if answer.get("fraction", 1) == 1)
        unit = next((name for name, factor in known.get("units", {}).items() if factor == 1), "")
        return f"{best['value']} {unit}".strip() if kind == "numerical" else best["text"].replace("*", "s")
    if kind == "true_false":
        return "true" if known["answer"] else "false"
    if kind == "matching":
        sides = {side["text"]["en"]: side["id"] for side in shown["right_sides"]}
        pairs = {pair["left"]["en"]: sides[pair["right"]["en"]] for pair in known["pairs"]}
        return {left["id"]: pairs[left["text"]["en"]] for left in shown["left"]}
    if kind == "ordering":
        items = {item["text"]["en"]: item["id"] for item in shown["items"]}
        return [items[item["text"]["en"]] for item in known["items"]]
    texts = {o["text"]["en"] for o in known["options"] if o.get("right") or o.get("fraction", 0) > 0}
    ids = [option["id"] for option in shown["options"] if option["text"]["en"] in texts]
    if not ids:
        raise BadQuizFile(f"{QUIZ}.toml: {shown['text']['en'][:60]}: no right option")
    return ids if kind == "multiple" else ids[0]


def take(client: Client, course: str, quiz: str, blank: int = 0) -> tuple[float, float]:
    """Start, answer all but the last `blank` questions, submit; (score, of how much). Raises ApiError, BadQuizFile."""
    known = answers(quiz)
    attempt = client.call("POST", f"courses/{course}/quizzes/{quiz}/attempts", {})
    sequence, questions = 0, attempt["questions"]
    for question in questions[: len(questions) - blank]:
        response = right_response(question, known[question["text"]["en"].strip()])
        body = {"response": response, "sequence": sequence, "tab": "demo"}
        sequence = client.call("PUT", f"attempts/{attempt['id']}/answers/{question['key']}", body)["sequence"]
    ended = client.call("POST", f"attempts/{attempt['id']}/submit", {})
    return float(ended["score"]), float(ended["max_score"])
