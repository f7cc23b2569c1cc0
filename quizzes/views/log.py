"""The log of one attempt, for staff: its answers and what happened, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.actions import saw
from audit.models import AuditEvent
from courses.pages import page, user_of
from quizzes.actions import settle
from quizzes.contents import Names, questions_of
from quizzes.models import Attempt, AttemptState
from quizzes.results import attempt_view
from quizzes.views.facts import told
from quizzes.views.staff import context_of, taught_attempt_of
from quizzes.views.words import CHIPS, VERDICTS, duration, text_and_language, verdict_label

MOST_SAVES = 1000


@page
@require_safe
def log(request: HttpRequest, attempt: UUID) -> HttpResponse:
    found, by = settle(taught_attempt_of(request, attempt)), user_of(request)
    quiz = found.quiz
    saw(quiz.course, by, AuditEvent.Kind.WORK_SEEN, found.student, f"{quiz.slug}: attempt {found.number}")
    left = found.remaining() if found.state in Attempt.LIVE else None
    others = Attempt.objects.filter(quiz=quiz, student=found.student_id).exclude(state=AttemptState.BUILT)
    context = context_of(
        quiz,
        attempt=found,
        chip=CHIPS[AttemptState(found.state)],
        left="" if left is None else duration(left),
        answers=_answers(found, by),
        events=[{"event": event, "told": told(event)} for event in found.events.select_related("by")],
        saves=_saves(found),
        others=[other for other in others if other.pk != found.pk],
    )
    return render(request, "quizzes/staff/log.html", context)


def _answers(found: Attempt, by: Any) -> list[dict[str, Any]]:
    """One line per question, in the student's order. Points and verdicts only after the end."""
    view, questions = attempt_view(found, by), questions_of(found.layout)
    counts: dict[str, int] = {}
    for key in found.answer_events.values_list("key", flat=True):
        counts[key] = counts.get(key, 0) + 1
    ended = found.state in Attempt.ENDED
    saved = dict(found.answers.filter(sequence__gt=0).values_list("key", "saved_at"))
    lines = []
    for question in view["questions"]:
        # The staff's own preview hides what its student would not see.
        verdict = question.get("verdict") if ended else None
        line = {"number": question["number"], "name": questions[question["key"]].name, "key": question["key"]}
        line |= {
            "response": in_words(question, question.get("response")),
            "chip": VERDICTS[verdict] if verdict else "",
            "verdict": verdict_label(verdict) if verdict else "",
            "points": question.get("points") if ended else None,
            "most": question["max_points"],
            "flagged": question.get("flagged"),
            "seconds": duration(question["seconds"]) if question.get("seconds") else "",
            "saved_at": saved.get(question["key"]),
            "saves": counts.get(question["key"], 0),
        }
        lines.append(line)
    return lines


def _saves(found: Attempt) -> list[dict[str, Any]]:
    """Every save that arrived, oldest first."""
    questions = questions_of(found.layout)
    names = {entry["key"]: Names.of(questions[entry["key"]], entry["order"]) for entry in found.layout}
    numbers = {entry["key"]: number for number, entry in enumerate(found.layout, 1)}
    lines = []
    for event in found.answer_events.order_by("sequence")[:MOST_SAVES]:
        if event.key in names:
            words = in_words(_parts(names[event.key]), names[event.key].show(event.response))
            lines.append({"event": event, "number": numbers[event.key], "response": words})
    return lines


def _parts(names: Names) -> dict[str, Any]:
    """The parts of a question under the student's names, as `results.attempt_view` has them."""
    question = names.question
    texts = {part.id: part.text for part in (*question.options, *question.items)}
    texts |= {pair.id: pair.right for pair in (*question.pairs, *question.distractors)}
    parts = [{"id": names.public[part], "text": texts[part]} for part in names.order]
    left = [{"id": names.left[pair.id], "text": pair.left} for pair in question.pairs]
    return {"type": question.type, "options": parts, "items": parts, "left": left, "right_sides": parts}


def in_words(question: Mapping[str, Any], response: Any) -> list[str]:
    """A response as texts in Markdown, one for each thing chosen; [] for none. Typed ones stay as they are."""
    if response is None:
        return []
    kind = question.get("type")
    if kind in ("numerical", "short"):
        return [str(response)]
    if kind == "matching":
        left, right = _texts(question["left"]), _texts(question["right_sides"])
        return [f"{left.get(a, a)} → {right.get(b, b)}" for a, b in response.items()]
    texts = _texts(question["items"] if kind == "ordering" else question["options"])
    chosen = response if isinstance(response, list) else [response]
    return [texts.get(str(name), str(name)) for name in chosen]


def _texts(parts: Any) -> dict[str, str]:
    return {part["id"]: text_and_language(part["text"])[0] for part in parts}
