"""The invigilator's board of one quiz, and the log of one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_safe

from audit.actions import saw
from audit.models import AuditEvent
from courses.models import Section
from courses.pages import fragment, page, user_of
from quizzes import board as boards
from quizzes.board import Row
from quizzes.errors import BadAnswer, Refused
from quizzes.models import AttemptState, Quiz
from quizzes.views.facts import facts
from quizzes.views.staff import back_to, context_of, number_in, taught_quiz_of
from quizzes.views.words import CHIPS, duration

REFRESH = 5000  # ms between two looks
MINUTES = 7 * 24 * 60  # most that a button gives


@dataclass(frozen=True)
class Filter:
    section: Section | None
    state: str

    @classmethod
    def read(cls, given: QueryDict, quiz: Quiz) -> Filter:
        """Unknown names filter nothing: an old bookmark shows everybody."""
        section = quiz.course.sections.filter(pk=number_in(given.get("section")) or 0).first()
        state = given.get("state", "")
        return cls(section, state if state in boards.STATES else "")

    @property
    def query(self) -> str:
        given = {"section": self.section.pk if self.section else "", "state": self.state}
        return urlencode({name: value for name, value in given.items() if value})

    def rows(self, quiz: Quiz) -> tuple[list[Row], list[Row]]:
        """Those that fit, and all."""
        rows = boards.rows_of(quiz)
        return [row for row in rows if row.fits(self.section, self.state)], rows


@page
@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    quiz = taught_quiz_of(request, course, slug)
    if request.method == "POST":
        chosen = Filter.read(request.POST, quiz)
        try:
            messages.success(request, _do(request, quiz, chosen))
        except Refused as refused:
            messages.error(request, refused.message)
        return back_to("quiz-board", course, slug, query=chosen.query)
    saw(quiz.course, user_of(request), AuditEvent.Kind.WORK_SEEN, detail=f"{quiz.slug}: board")
    context = _table(quiz, Filter.read(request.GET, quiz))
    context["sections"] = quiz.course.sections.all()
    context["states"] = [(state, _state_label(state)) for state in boards.STATES]
    context["announcements"] = quiz.announcements.select_related("by")[:20]
    return render(request, "quizzes/staff/board.html", context)


@fragment
@require_safe
def rows(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    """The table alone, for the page to refresh itself."""
    quiz = taught_quiz_of(request, course, slug)
    response = render(request, "quizzes/staff/_board.html", _table(quiz, Filter.read(request.GET, quiz)))
    response["X-Poll-After"] = str(REFRESH)
    return response


def _table(quiz: Quiz, chosen: Filter) -> dict[str, Any]:
    shown, everybody = chosen.rows(quiz)
    return context_of(
        quiz,
        filter=chosen,
        rows=[_line(row, quiz) for row in shown],
        everybody=len(everybody),
        status=_status(everybody),
    )


def _status(rows: list[Row]) -> str:
    """Counts of everybody, whatever the filter: the sentence that is read out when it changes."""
    count = {state: sum(row.state == state for row in rows) for state in boards.STATES}
    return _("%(live)d writing, %(away)d of them not connected; %(ended)d handed in; %(absent)d not started") % {
        "live": count["writing"] + count["away"],
        "away": count["away"],
        "ended": count["ended"],
        "absent": count["absent"],
    }


def _state_label(state: str) -> str:
    return {
        "absent": pgettext("board", "not started"),
        "writing": pgettext("board", "writing"),
        "away": pgettext("board", "writing, not connected"),
        "ended": pgettext("board", "handed in"),
    }[state]


def _line(row: Row, quiz: Quiz) -> dict[str, Any]:
    """A row in words. Made here and not in the template: three hundred lines every five seconds."""
    attempt, zone = row.attempt, quiz.course.zone
    line: dict[str, Any] = {
        "name": str(row.enrolment.user),
        "email": row.enrolment.user.email,
        "section": row.enrolment.section.name if row.enrolment.section else "",
        "attempt": attempt,
        "chip": "todo",
        "label": _state_label("absent"),
    }
    if attempt is None:
        return line
    state = AttemptState(attempt.state)
    left, seen = row.left, attempt.seen_at
    return line | {
        "chip": CHIPS[state],
        "label": state.label,
        "live": row.live,
        "running": state == AttemptState.RUNNING,
        "connected": row.connected,
        "seen": f"{seen.astimezone(zone):%H:%M:%S}" if seen else "",
        "saved": row.saved,
        "all": len(attempt.layout),
        "saved_at": f"{row.saved_at.astimezone(zone):%H:%M:%S}" if row.saved_at else "",
        "left": "" if left is None else duration(left),
        "ends": f"{attempt.deadline.astimezone(zone):%H:%M}" if row.live and attempt.deadline else "",
        "ended": f"{attempt.ended_at.astimezone(zone):%H:%M:%S}" if attempt.ended_at and not row.live else "",
        "facts": facts(row.events),
    }


# ---- Buttons -----------------------------------------------------------------------------------------------------


def _do(request: HttpRequest, quiz: Quiz, chosen: Filter) -> str:
    """What the button says; the sentence for the person. Raises Refused."""
    post, by = request.POST, user_of(request)
    if post.get("action") == "announce":
        boards.announce(quiz, post.get("text", ""), by)
        return _("Everybody who is writing sees it within a minute.")
    action, attempts = post.get("action", ""), _chosen(post, quiz, chosen)
    if one := post.get("one"):
        action, _colon, name = one.partition(":")
        attempts = _uuids([name])
    if action not in boards.CONCERNED:
        raise Http404
    if not attempts:
        raise BadAnswer(_("Nobody is chosen: tick attempts in the table, or choose everybody in the table."))
    count = boards.act(quiz, action, attempts, _seconds(post, quiz, action), by)
    return _done(action, count)


def _chosen(post: QueryDict, quiz: Quiz, chosen: Filter) -> list[UUID]:
    if post.get("whom") == "shown":
        return [row.attempt.pk for row in chosen.rows(quiz)[0] if row.attempt]
    return _uuids(post.getlist("attempt"))


def _uuids(names: list[str]) -> list[UUID]:
    try:
        return [UUID(name) for name in names[:5000]]
    except ValueError:
        raise Http404 from None


def _seconds(post: QueryDict, quiz: Quiz, action: str) -> int | None:
    """The minutes of the form in seconds. Negative ones take time back. Raises BadAnswer."""
    if action not in ("extend", "reopen"):
        return None
    text = post.get("minutes", "").strip().replace("−", "-").replace(",", ".")
    if not text and action == "reopen" and quiz.seconds is None:
        return None
    try:
        minutes = float(text)
    except ValueError:
        minutes = float("nan")
    least = -MINUTES if action == "extend" else 1
    if not least <= minutes <= MINUTES or not round(60 * minutes):
        raise BadAnswer(_("Minutes: write a number such as 10."))
    return round(60 * minutes)


def _done(action: str, count: int) -> str:
    if not count:
        return _("Nothing to do: the button concerned none of the chosen attempts.")
    return {
        "extend": ngettext("The time of %(n)d attempt was changed.", "The time of %(n)d attempts was changed.", count),
        "pause": ngettext("%(n)d attempt is paused.", "%(n)d attempts are paused.", count),
        "resume": ngettext("%(n)d attempt goes on.", "%(n)d attempts go on.", count),
        "end": ngettext("%(n)d attempt was ended and scored.", "%(n)d attempts were ended and scored.", count),
        "reopen": ngettext("%(n)d attempt is open again.", "%(n)d attempts are open again.", count),
    }[action] % {"n": count}
