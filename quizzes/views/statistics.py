"""What a quiz's results say of it and of its questions, for staff; the same as a CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.actions import record, saw
from audit.models import AuditEvent
from courses.pages import page, user_of
from gradebook.export import BOM
from quizzes.analysis import Analysis, Responses, Row, analyse, counted_attempts, table
from quizzes.models import Quiz
from quizzes.questions import Question, localized
from quizzes.statistics import Item, Summary
from quizzes.views.staff import context_of, taught_quiz_of
from quizzes.views.words import text_and_language

MOST_TYPED = 12  # different typed answers that are listed
BAR = 160  # width of a full bar
SATISFACTORY, UNSATISFACTORY = 75, 64  # internal consistency, percent: Moodle's guidance


@page
@require_safe
def statistics(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    quiz = taught_quiz_of(request, course, slug)
    saw(quiz.course, user_of(request), AuditEvent.Kind.WORK_SEEN, detail=f"{quiz.slug}: statistics")
    analysis = analyse(quiz)
    context = context_of(
        quiz,
        analysis=analysis,
        figures=_figures(analysis),
        items=[_item(row) for row in analysis.rows],
        scores=_scores(quiz),
    )
    return render(request, "quizzes/staff/statistics.html", context)


@page
@require_safe
def statistics_csv(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    quiz = taught_quiz_of(request, course, slug)
    record(quiz.course, user_of(request), AuditEvent.Kind.EXPORTED, detail=f"{quiz.slug}: statistics")
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(table(analyse(quiz)))
    response = HttpResponse(BOM + out.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{quiz.course.slug}-{quiz.slug}-statistics.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# ---- The whole quiz ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    name: str
    value: str  # a dash for what cannot be told
    reading: str  # a sentence that helps


def number(value: float | None, digits: int = 2, unit: str = "") -> str:
    return "–" if value is None else number_format(value, digits, use_l10n=True) + (unit and f"\u202f{unit}")


def percent(value: float | None, low: float = -100, high: float = 100) -> str:
    """With one decimal; a dash for what is out of range, which comes from figures of too few attempts."""
    return number(value, 1, "%") if value is not None and low <= value <= high else "–"


def _figures(analysis: Analysis) -> list[Figure]:
    found, most = analysis.summary, analysis.max_score
    return [
        Figure(_("Attempts"), str(found.n), _("One of each student: the one that counts in the gradebook.")),
        Figure(_("Mean"), _of(found.mean, most), _("An exam is usually set for a mean of 50 to 75 %.")),
        Figure(_("Median"), _of(found.median, most), _("Half of the students have less, half have more.")),
        Figure(
            _("Standard deviation"),
            _of(found.sd, most),
            _("How far the scores spread; 12 to 18 % tells students apart well."),
        ),
        Figure(_("Skewness"), number(found.skewness), _skewness(found.skewness)),
        Figure(_("Kurtosis"), number(found.kurtosis), _kurtosis(found.kurtosis)),
        Figure(_("Internal consistency"), percent(found.consistency), _consistency(found)),
        Figure(
            _("Error ratio"),
            percent(found.error_ratio, 0),
            _("Share of the spread that is chance and not a difference between students; below 50 % is good."),
        ),
        Figure(_("Standard error"), _points(found.standard_error), _standard_error(found)),
    ]


def _points(value: float | None) -> str:
    if value is None:
        return "–"
    return ngettext("%(n)s point", "%(n)s points", 1 if value == 1 else 2) % {"n": number(value)}


def _of(value: float | None, most: float | None) -> str:
    """Points, and their share of what can be had."""
    if value is None or not most:
        return _points(value)
    return f"{_points(value)} ({number(100 * value / most, 0, '%')})"


def _skewness(value: float | None) -> str:
    if value is None:
        return _("Needs three scores that differ.")
    if value < -1:
        return _("Most scores are high, with a tail of low ones: the quiz tells strong students apart badly.")
    if value > 1:
        return _("Most scores are low, with a tail of high ones: the quiz tells weak students apart badly.")
    return _("Between −1 and 1: the scores lie fairly evenly around their middle.")


def _kurtosis(value: float | None) -> str:
    if value is None:
        return _("Needs four scores that differ.")
    if value > 1:
        return _("Above 1: scores crowd in the middle, with a few far out.")
    return _("Up to 1: no crowd in the middle. A normal curve has 0; below it the scores are flatter.")


def _consistency(found: Summary) -> str:
    value = found.consistency
    if value is None:
        return _("Needs two questions and three attempts whose scores differ.")
    if value >= SATISFACTORY:
        return _("75 % or more: satisfactory. The questions measure one thing together.")
    if value >= UNSATISFACTORY:
        return _("Between 64 and 75 %: acceptable. Look at the questions of low discrimination.")
    return _("Below 64 %: unsatisfactory. Questions measure different things, or some of them badly.")


def _standard_error(found: Summary) -> str:
    if found.standard_error is None:
        return _("Follows from the internal consistency.")
    told = _("In two of three cases a score lies within %(n)s of what the student really knows.")
    return told % {"n": _points(found.standard_error)}


# ---- Each question -----------------------------------------------------------------------------------------------


def _item(row: Row) -> dict[str, Any]:
    item, responses = row.item, row.responses
    return {
        "row": row,
        "name": row.name,
        "type": _type(row.content),
        "n": item.n,
        "facility": percent(None if item.facility is None else 100 * item.facility),
        "sd": number(item.sd),
        "discrimination": percent(item.discrimination),
        "efficiency": percent(item.efficiency),
        "weight": percent(item.weight, 0) if not row.drawn else "",
        "blank": responses.blank if responses else None,
        "seconds": number(responses.median_seconds, 0, "s") if responses else "–",
        "warnings": _warnings(item),
        "bars": _bars(row.content, responses) if row.content and responses else (),
        "text": text_and_language(row.content.text) if row.content else ("", ""),
        "title": _bars_title(row.content),
    }


def _type(content: Question | None) -> str:
    if content is None:
        return pgettext("question", "pool")
    return {
        "single": pgettext("question", "one right option"),
        "multiple": pgettext("question", "several right options"),
        "true_false": pgettext("question", "true or false"),
        "numerical": pgettext("question", "number"),
        "short": pgettext("question", "short text"),
        "matching": pgettext("question", "matching"),
        "ordering": pgettext("question", "ordering"),
    }[content.type]


def _warnings(item: Item) -> list[str]:
    """What is worth a look; nothing while there are too few attempts to tell."""
    if item.n < 10 or item.facility is None:
        return []
    found = []
    if item.discrimination is not None and item.discrimination < 0:
        found.append(_("Those who are good at the rest do worse here: is the key right?"))
    elif item.discrimination is not None and item.discrimination < 20:
        found.append(_("Low discrimination: says little about who knows the subject."))
    if item.facility < 0.05:
        found.append(_("Nearly nobody has it: is the key right, and the question clear?"))
    elif item.facility > 0.95:
        found.append(_("Nearly everybody has it: it tells nobody apart."))
    return found


def _bars_title(content: Question | None) -> str:
    kind = content.type if content else ""
    if kind == "matching":
        return _("Lines matched rightly")
    if kind == "ordering":
        return _("Items at their right place")
    return _("Typed answers") if kind in ("numerical", "short") else _("Options chosen")


@dataclass(frozen=True)
class Bar:
    label: str
    markdown: bool  # whether the label is an author's text
    right: bool
    count: int
    share: str
    width: int  # of BAR


def _bars(content: Question, responses: Responses) -> list[Bar]:
    """How many gave each answer, and how many gave none."""
    asked = max(1, responses.asked)

    def bar(label: str, count: int, markdown: bool = True, right: bool = False) -> Bar:
        return Bar(label, markdown, right, count, number(100 * count / asked, 0, "%"), round(BAR * count / asked))

    language = "fr" if (get_language() or "en").startswith("fr") else "en"
    parts = [(part.id, part.text) for part in (*content.options, *content.items)]
    parts += [(pair.id, pair.left) for pair in content.pairs]
    bars = [bar(localized(text, language), responses.counts[name], right=name in content.right) for name, text in parts]
    if content.type in ("numerical", "short"):
        typed = responses.counts.most_common(MOST_TYPED)
        bars = [bar(text[:200], count, markdown=False) for text, count in typed]
        if more := sum(responses.counts.values()) - sum(count for _text, count in typed):
            bars.append(bar(_("others"), more, markdown=False))
    return [*bars, bar(_("no answer"), responses.blank, markdown=False)]


def _scores(quiz: Quiz) -> dict[str, Any] | None:
    """How many students have which share of the points, in tenths."""
    counts = [0] * 10
    for attempt in counted_attempts(quiz):
        if attempt.max_score:
            counts[min(9, max(0, int(10 * float(attempt.score or 0) / float(attempt.max_score))))] += 1
    if not any(counts):
        return None
    edges = [10 * tenth for tenth in range(10)]
    series = {"name": _("Students"), "x": edges, "y": counts}
    spec = {"series": [series], "xlabel": _("From, percent"), "ylabel": _("Students"), "log": False}
    return {"spec": spec, "edges": edges, "counts": counts}
