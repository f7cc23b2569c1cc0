"""Writes the JSON form of a question."""

from __future__ import annotations

from typing import Any

from quizzes.questions.model import CHOICES, Accepted, Option, Question


def dump(question: Question) -> dict[str, Any]:
    """The JSON form; `parse` gives the question back."""
    content: dict[str, Any] = {"type": question.type, "name": question.name, "text": dict(question.text)}
    content["points"] = question.points
    content |= _given(topic=question.topic, feedback=dict(question.feedback), fixed_order=question.fixed_order)
    if question.type in CHOICES:
        content["options"] = [_dump_option(option, scored=True) for option in question.options]
        content |= _given(rule=question.rule)
    elif question.type in ("numerical", "short"):
        content["answers"] = [_dump_accepted(answer) for answer in question.answers]
        content |= _given(units=dict(question.units), unit_needed=question.unit_needed, case=question.case)
    elif question.type == "matching":
        content["pairs"] = [{"id": p.id, "left": dict(p.left), "right": dict(p.right)} for p in question.pairs]
        content |= _given(distractors=[{"id": p.id, "right": dict(p.right)} for p in question.distractors])
    else:
        content["items"] = [_dump_option(item, scored=False) for item in question.items]
    return content


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _dump_option(option: Option, scored: bool) -> dict[str, Any]:
    score = {"fraction": option.fraction} if scored else {}
    return {"id": option.id, "text": dict(option.text)} | score | _given(feedback=dict(option.feedback))


def _dump_accepted(answer: Accepted) -> dict[str, Any]:
    value = {"text": answer.value} if isinstance(answer.value, str) else {"value": answer.value}
    return (
        value
        | _given(tolerance=answer.tolerance)
        | {"fraction": answer.fraction}
        | _given(feedback=dict(answer.feedback))
    )
