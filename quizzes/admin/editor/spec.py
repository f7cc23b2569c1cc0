"""Which fields the form of each type of question has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from quizzes.contents import letters

TEXTS = ("text", "feedback")  # of every question, in both languages
WORDS = ("name", "points", "topic")
FLAGS = {  # boxes to tick, by type
    "single": ("fixed_order",),
    "multiple": ("fixed_order",),
    "true_false": ("fixed_order",),
    "numerical": ("fixed_order", "unit_needed"),
    "short": ("fixed_order", "case"),
    "matching": ("fixed_order",),
    "ordering": ("fixed_order",),
}
# Never shuffled, or always: the box would do nothing. What an import has set there is kept all the same.
POINTLESS = {"fixed_order": ("true_false", "numerical", "short", "matching", "ordering")}


@dataclass(frozen=True)
class Rows:
    """A list of a question's parts: one row each."""

    name: str  # the key of the JSON form
    title: Any
    small: Sequence[str] = ()  # one-line fields
    texts: Sequence[str] = ()  # in both languages
    feedback: bool = False
    ids: Callable[[int], Sequence[str]] | None = None  # names for new parts; None: they have none
    ordered: bool = True  # whether the order of the rows means anything
    fixed: bool = False  # rows are neither added nor removed

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the fields of a row, each as it stands in the form."""
        both = [*self.texts, *(["feedback"] if self.feedback else [])]
        texts = [f"{text}_{language}" for text in both for language in ("en", "fr")]
        return (*(["id"] if self.ids or self.fixed else []), *self.small, *texts)


def _numbered(letter: str) -> Callable[[int], Sequence[str]]:
    return lambda count: [f"{letter}{number}" for number in range(1, count + 1)]


_OPTIONS = Rows("options", _("Options"), ("right", "share"), ("text",), feedback=True, ids=letters)
LISTS: dict[str, tuple[Rows, ...]] = {
    "single": (_OPTIONS,),
    "multiple": (_OPTIONS,),
    "true_false": (
        Rows("options", _("The two answers"), ("right", "share"), ("text",), feedback=True, ordered=False, fixed=True),
    ),
    "numerical": (
        Rows("answers", _("Accepted numbers"), ("value", "tolerance", "share"), feedback=True),
        Rows("units", _("Accepted units"), ("unit", "factor")),
    ),
    "short": (Rows("answers", _("Accepted texts"), ("form", "share"), feedback=True),),
    "matching": (
        Rows("pairs", _("Pairs"), texts=("left", "right_side"), ids=_numbered("p")),
        Rows("distractors", _("Right sides that belong to nothing"), texts=("right_side",), ids=_numbered("d")),
    ),
    "ordering": (Rows("items", _("Items, in the right order"), texts=("text",), feedback=True, ids=_numbered("i")),),
}

# Said under the heading of a list.
HELP: dict[tuple[str, str], Any] = {
    ("single", "options"): _(
        "Tick the right one. An empty share is all of the points for it, and none for the others."
    ),
    ("multiple", "options"): _("Tick the right ones. Empty shares are equal: the rule says what wrong ticks cost."),
    ("true_false", "options"): _("Students see them in this order, whatever the quiz shuffles."),
    ("numerical", "answers"): _("The first that fits counts. The tolerance is absolute and includes its ends."),
    ("numerical", "units"): _("A typed number is multiplied by the factor of its unit: W 1, kW 1000. None: no unit."),
    ("short", "answers"): _("The first that fits counts. * stands for any characters."),
    ("matching", "pairs"): _("Students see the left sides in this order, and the right sides shuffled."),
    ("matching", "distractors"): _("So that the last pair is not found by elimination. There may be none."),
    ("ordering", "items"): _("Students see them shuffled."),
}
LABELS: dict[str, Any] = {
    "name": _("Name"),
    "points": _("Points"),
    "topic": _("Topic"),
    "text": _("Statement"),
    "feedback": _("Feedback"),
    "fixed_order": _("never shuffle the options"),
    "unit_needed": _("an answer without a unit is wrong"),
    "case": _("capitals matter"),
    "rule": _("Scoring rule"),
    "right": pgettext_lazy("option", "right"),
    "share": _("share, %"),
    "value": _("number"),
    "tolerance": _("tolerance, ±"),
    "unit": _("unit"),
    "factor": _("factor"),
    "form": _("accepted text"),
    "left": _("left side"),
    "right_side": _("right side"),
}
FIELD_HELP: dict[str, Any] = {
    "name": _("For the staff; students do not see it."),
    "rule": _("Empty: the quiz’s. A rule with a number of its own can be typed: dock=0.5, pass=60."),
    "text": _("Markdown, with formulas between dollars."),
    "feedback": _("For everybody, once the review shows it."),
}
ROW_TEXT: dict[str, Any] = {"text": _("text"), "feedback": _("feedback")}
ONE: dict[str, Any] = {
    "options": _("Option"),
    "answers": _("Accepted answer"),
    "units": _("Unit"),
    "pairs": _("Pair"),
    "distractors": _("Right side"),
    "items": pgettext_lazy("part of a question", "Item"),
}
RULES: dict[str, Any] = {
    "all-or-nothing": _("all points for exactly the right boxes, else none"),
    "fractions": _("the sum of the ticked shares, from 0 to all points"),
    "net-correct": _("right ticks less wrong ticks, from 0"),
    "coverage": _("share of the right ones found, times share of the ticks that are right"),
    "each-answer": _("each box counts: ticked rightly or left rightly"),
    "halves": _("half of the points for one wrong box, a quarter for two"),
    "oumultiresponse": _("right ticks, less those beyond the number of right ones"),
    "kprime": _("half of the points for one wrong box"),
}
