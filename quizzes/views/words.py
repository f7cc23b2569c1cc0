"""What the quiz pages say: durations, states, what is shown when."""

from __future__ import annotations

from django.utils.translation import get_language, gettext, ngettext, pgettext

from quizzes.models import Attempt, AttemptState, Quiz
from quizzes.questions import LANGUAGES, Texts, localized
from quizzes.results import allowed

VERDICTS = {"right": "passed", "partial": "partial", "wrong": "failed", "blank": "skipped"}  # chip of each
CHIPS = {
    AttemptState.RUNNING: "running",
    AttemptState.PAUSED: "waiting",
    AttemptState.SUBMITTED: "passed",
    AttemptState.EXPIRED: "late",
}


def duration(seconds: float) -> str:
    """1 hour 20 minutes; seconds only below two minutes."""
    whole = round(seconds)
    if whole < 120 and whole % 60:
        return ngettext("%(n)s second", "%(n)s seconds", whole) % {"n": whole}
    hours, minutes = divmod(round(whole / 60), 60)
    parts = []
    if hours:
        parts.append(ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours})
    if minutes or not hours:
        parts.append(ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes})
    return " ".join(parts)


def text_and_language(texts: Texts) -> tuple[str, str]:
    """The text for the reader, and the language that it is in."""
    wanted = "fr" if (get_language() or "en").startswith("fr") else "en"
    text = localized(texts, wanted)
    return text, next((name for name in (wanted, *LANGUAGES) if texts.get(name) == text), wanted)


def verdict_label(verdict: str) -> str:
    return {
        "right": pgettext("answer", "right"),
        "partial": pgettext("answer", "partly right"),
        "wrong": pgettext("answer", "wrong"),
        "blank": pgettext("answer", "no answer"),
    }[verdict]


def counts_label(quiz: Quiz) -> str:
    return {
        Quiz.Counts.BEST: gettext("the best one counts"),
        Quiz.Counts.LAST: gettext("the last one counts"),
        Quiz.Counts.FIRST: gettext("the first one counts"),
    }[Quiz.Counts(quiz.counts)]


def after_the_end(quiz: Quiz) -> str:
    """What a student will see, told before the start."""
    now = allowed(quiz, "after")
    if {"attempt", "answer"} <= now:
        first = gettext("Right after the end you see your points, your answers and the right ones.")
    elif {"attempt", "marks"} <= now:
        first = gettext("Right after the end you see your points and your answers.")
    elif "marks" in now:
        first = gettext("Right after the end you see your points.")
    elif "attempt" in now:
        first = gettext("Right after the end you see your answers, but no points.")
    else:
        first = gettext("After the end you see that your answers were received, but no points.")
    return f"{first} {still_to_come(quiz, 'after')}".strip()


def still_to_come(quiz: Quiz, phase: str) -> str:
    """What is shown once nobody writes any more, and not yet in this phase; "" for nothing."""
    if phase == "closed":
        return ""
    more = allowed(quiz, "closed") - allowed(quiz, phase)
    if "answer" in more:
        return gettext("The right answers are shown when the quiz is closed for everybody.")
    if "attempt" in more:
        return gettext("Your answers are shown when the quiz is closed for everybody.")
    if "marks" in more:
        return gettext("The points are shown when the quiz is closed for everybody.")
    return ""


def headline(attempt: Attempt, score: float | None) -> str:
    """The first line of the page after the end."""
    if attempt.state in Attempt.LIVE:
        return gettext("This attempt is going on")
    if score is None or not attempt.max_score:
        return gettext("Received: your answers are saved")
    share = score / float(attempt.max_score)
    if share >= 1:
        return gettext("Everything right")
    if share >= 0.7:
        return gettext("Well done")
    if share >= 0.4:
        return gettext("A good part is right")
    return gettext("Handed in")
