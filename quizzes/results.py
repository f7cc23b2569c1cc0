"""What a person may see of an attempt. This is the wall between the key and students: pages and API read only this.

Before the end a student sees the questions without key, rule or feedback, under names that tell nothing
(`quizzes.contents`); in a quiz without a way back only the question reached. Afterwards it is the quiz's review
options that decide, by phase: `during` the attempt, `after` its end, `closed` once nobody writes any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from courses.models import is_staff_of
from quizzes import scoring, wildcards
from quizzes.contents import Names, questions_of
from quizzes.marking import Marker
from quizzes.models import Answer, Attempt, AttemptState, Quiz
from quizzes.pictures import located, names_in
from quizzes.questions import Question, Texts
from quizzes.windows import all_over

# What a quiz shows that says nothing about a phase: the score at once, the rest when nobody can be helped by it.
DEFAULT_REVIEW: Mapping[str, tuple[str, ...]] = {
    "during": (),
    "after": ("marks",),
    "closed": ("attempt", "right", "marks", "feedback", "general_feedback", "answer"),
}


def phase_of(attempt: Attempt, now: datetime) -> str:
    """during, after or closed."""
    if attempt.state not in Attempt.ENDED:
        return "during"
    return "closed" if all_over(attempt.quiz, now) else "after"


def allowed(quiz: Quiz, phase: str) -> frozenset[str]:
    """What students see in this phase, of Quiz.REVIEW."""
    given = quiz.review.get(phase) if isinstance(quiz.review, dict) else None
    return frozenset(DEFAULT_REVIEW[phase] if given is None else given) & frozenset(Quiz.REVIEW)


def clock_view(attempt: Attempt, now: datetime | None = None) -> dict[str, Any]:
    """What the page asks for every half minute, and at the end: remaining time, state, announcements."""
    now = now or timezone.now()
    told = attempt.quiz.announcements.filter(at__gte=attempt.started_at or now).order_by("at")
    return {
        "state": attempt.state,
        "remaining_ms": _milliseconds(attempt, now),
        "sequence": attempt.sequence,
        "place": attempt.place,
        "announcements": [{"id": a.pk, "at": a.at.isoformat(), "text": a.text} for a in told],
    }


def _milliseconds(attempt: Attempt, now: datetime) -> int | None:
    if attempt.state in Attempt.ENDED:
        return 0
    left = attempt.remaining(now)
    return None if left is None else int(left * 1000)


def attempt_view(attempt: Attempt, user: Any, now: datetime | None = None) -> dict[str, Any]:
    """The attempt as `user` sees it: the body of `GET /api/attempts/{id}` and the context of its pages.

    The staff sees everything of students' attempts; of one's own preview, what its student would see.
    """
    now = now or timezone.now()
    quiz, phase = attempt.quiz, phase_of(attempt, now)
    staff = attempt.student_id != user.pk and is_staff_of(user, quiz.course)
    shown = frozenset(Quiz.REVIEW) if staff else allowed(quiz, phase)
    ended = phase != "during"
    view = clock_view(attempt, now) | {
        "id": str(attempt.pk),
        "course": quiz.course.slug,
        "quiz": quiz.slug,
        "title": {"en": quiz.title_en, "fr": quiz.title_fr or quiz.title_en},
        "number": attempt.number,
        "preview": attempt.preview,
        "phase": phase,
        "shown": sorted(shown),
        "started_at": _text(attempt.started_at),
        "deadline": _text(attempt.deadline),
        "ended_at": _text(attempt.ended_at),
        "navigation": "sequential" if attempt.place else "free",  # as it was when the attempt began
        "one_page": quiz.one_page,
        "score": float(attempt.score) if ended and "marks" in shown and attempt.score is not None else None,
        "max_score": float(attempt.max_score) if attempt.max_score is not None else None,
        "questions": [],
    }
    if attempt.state == AttemptState.PAUSED and not staff:
        return view  # a pause is no time to think about the questions
    if ended and "attempt" not in shown:
        return view
    return view | {"questions": _questions(attempt, shown, staff)}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _questions(attempt: Attempt, shown: frozenset[str], staff: bool) -> list[dict[str, Any]]:
    # A fresh attempt has none: no query at the moment at which everybody starts.
    saved = attempt.answers.all() if attempt.sequence or attempt.state in Attempt.ENDED else ()
    answers = {answer.key: answer for answer in saved}
    questions = questions_of(attempt.layout)
    # No query unless something of the key is to be shown.
    marker = Marker.of(attempt.quiz) if shown - {"attempt"} else Marker(attempt.quiz.rule, {})
    open_key = _open_key(attempt) if not staff else None
    folder = _pictures(attempt)
    found = []
    for number, entry in enumerate(attempt.layout, 1):
        key = entry["key"]
        base = {"key": key, "number": number, "max_points": entry["points"], "open": open_key in (None, key)}
        if not base["open"]:
            found.append(base | {"answered": _answered(answers.get(key))})
            continue
        names = Names.of(questions[key], entry["order"])
        view = base | _texts(names, folder) | _response(names, answers.get(key))
        found.append(view | _review(entry, names, answers.get(key), marker, shown, folder))
    return found


def sample_view(question: Question, order: Sequence[str], folder: str) -> dict[str, Any]:
    """A question as its student meets it, of no attempt: for its author. Pictures are found in `folder`."""
    names = Names.of(question, order)
    view = {"key": "q1", "number": 1, "max_points": question.points, "open": True}
    return view | _texts(names, folder) | _response(names, None)


def _pictures(attempt: Attempt) -> str:
    """Under which address this attempt's pictures are found. Each request is asked who it is: see `shows_picture`."""
    return f"{reverse('attempt', args=[attempt.pk])}pictures/"


def shows_picture(attempt: Attempt, user: Any, name: str, now: datetime | None = None) -> bool:
    """Whether a text that `user` may see of this attempt at this moment has the picture.

    What decides is the view itself: a picture of a question that is not reached, of an attempt that is paused, or in a
    feedback that is not shown yet, is no easier to get at than its text.
    """
    # Cheap first: most names that are asked for in vain are of no question of the attempt.
    if attempt.state == AttemptState.BUILT or not _may_have(attempt, name):
        return False
    address = _pictures(attempt) + name
    return any(address in text for view in attempt_view(attempt, user, now)["questions"] for text in _shown(view))


def _may_have(attempt: Attempt, name: str) -> bool:
    changed = Marker.of(attempt.quiz)  # a changed key may have a feedback with a picture of its own
    questions = questions_of(attempt.layout)
    return any(
        name in names_in(question) | names_in(changed.key_of(entry, question))
        for entry in attempt.layout
        for question in [questions[entry["key"]]]
    )


def _shown(view: Mapping[str, Any]) -> Iterator[str]:
    """Every text of an author in the view of a question; what a student has typed is none."""
    parts = [part for name in ("options", "items", "left", "right_sides", "feedback") for part in view.get(name, ())]
    for texts in (view.get("text", {}), view.get("general_feedback", {}), *(part["text"] for part in parts)):
        yield from texts.values()


def _open_key(attempt: Attempt) -> str | None:
    """In a quiz without a way back, while it runs: the only question that is open. None: all are."""
    return None if attempt.state in Attempt.ENDED else attempt.place or None


def _answered(answer: Answer | None) -> bool:
    return answer is not None and answer.response is not None


def _texts(names: Names, folder: str) -> dict[str, Any]:
    """The question without its key; pictures are found in `folder`."""
    question = names.question
    view: dict[str, Any] = {"type": question.type, "text": located(question.text, folder)}
    texts = {part.id: part.text for part in (*question.options, *question.items)}
    texts |= {pair.id: pair.right for pair in (*question.pairs, *question.distractors)}
    parts = [{"id": names.public[part], "text": located(texts[part], folder)} for part in names.order]
    if question.type == "matching":
        left = [{"id": names.left[pair.id], "text": located(pair.left, folder)} for pair in question.pairs]
        return view | {"left": left, "right_sides": parts}
    if question.type == "ordering":
        return view | {"items": parts}
    if question.type == "numerical":
        return view | {"units": list(question.units), "unit_needed": question.unit_needed}
    return view | ({"options": parts} if parts else {})


def _response(names: Names, answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        return {"response": None, "answered": False, "flagged": False, "seconds": 0.0, "sequence": 0, "saved_at": None}
    return {
        "response": names.show(answer.response),
        "answered": _answered(answer),
        "flagged": answer.flagged,
        "seconds": answer.seconds,
        "sequence": answer.sequence,
        "saved_at": answer.saved_at.isoformat() if answer.sequence else None,
    }


# ---- What the review options add ---------------------------------------------------------------------------------


def _review(
    entry: Mapping[str, Any], names: Names, answer: Answer | None, marker: Marker, shown: frozenset[str], folder: str
) -> dict[str, Any]:
    view: dict[str, Any] = {}
    response = answer.response if answer else None
    if shown & {"right", "marks"}:
        stored = answer.fraction if answer else None
        worth = marker.fraction(entry, names.question, response) if stored is None else stored
        if "right" in shown:
            view["verdict"] = verdict(worth, response)
        if "marks" in shown:
            view["points"] = float(scoring.rounded(worth * entry["points"]))
    key = marker.key_of(entry, names.question) if shown & {"feedback", "general_feedback", "answer"} else names.question
    if "feedback" in shown:
        said = feedback(key, names, response)
        view["feedback"] = [entry | {"text": located(entry["text"], folder)} for entry in said]
    if "general_feedback" in shown:
        view["general_feedback"] = located(key.feedback, folder)
    if "answer" in shown:
        view["answer"] = answer_of(key, names)
    return view


def verdict(worth: float, response: object) -> str:
    """right, partial, wrong or blank."""
    if worth >= 1:
        return "right"
    if response is None:
        return "blank"
    return "partial" if worth > 0 else "wrong"


def feedback(question: Question, names: Names, response: Any) -> list[dict[str, Any]]:
    """The authors' words on what was chosen: [{"id": shown name of the option or None, "text": by language}]."""
    if response is None:
        return []
    index = scoring.accepted_index(question, response) if question.answers else None
    chosen: list[tuple[str | None, Texts]]
    if index is not None:
        chosen = [(None, question.answers[index].feedback)]
    else:
        ticked = response if isinstance(response, list) else [response]
        chosen = [(names.public.get(o.id), o.feedback) for o in question.options if o.id in ticked]
    return [{"id": name, "text": dict(texts)} for name, texts in chosen if texts]


def answer_of(question: Question, names: Names) -> Any:
    """The right answer under the student's names, in the form of a response; of typed ones, every full answer."""
    match question.type:
        case "single" | "true_false" | "multiple":
            return [names.public[part] for part in names.order if part in question.right]
        case "matching":
            return names.show({pair.id: pair.id for pair in question.pairs})
        case "ordering":
            return names.show([item.id for item in question.items])
    full = [answer for answer in question.answers if answer.fraction == 1]
    if question.type == "short":
        return [{"value": wildcards.shown(str(answer.value)), "tolerance": answer.tolerance} for answer in full]
    return [{"value": answer.value, "tolerance": answer.tolerance} for answer in full]
