"""What a response is worth: pure functions, no database.

`fraction(question, response, rule)` is the share of the question's points, usually 0 to 1; a wrong option of a single
choice or a rule with a penalty can bring less than 0. A total is the sum of fraction × points.

Questions with several right options are scored by a rule of `quizzes.rules`. The other types have one each: single
and true_false, the ticked option's fraction; numerical and short, the fraction of the first accepted answer that fits;
matching, the share of left sides that are matched rightly; ordering, the share of neighbouring pairs that follow one
another as they do in the right order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from quizzes.numbers import fits
from quizzes.questions import Question, Response
from quizzes.rules import DEFAULT_RULE, RULES, BadRule, Rule, Ticks, find_rule
from quizzes.wildcards import matches

__all__ = [
    "DEFAULT_RULE",
    "RULES",
    "BadRule",
    "Rule",
    "Ticks",
    "accepted_index",
    "find_rule",
    "fraction",
    "grade",
    "matched_rightly",
    "rounded",
    "total",
]

CENT = Decimal("0.01")
NOISE = Decimal("0.0000001")  # thirds come as .3333333: beyond its seven places a sum of points says nothing


# ---- One question ------------------------------------------------------------------------------------------------


def fraction(question: Question, response: Response, rule: str = "") -> float:
    """Share of the question's points that the response brings; `rule` is the quiz's, the question's own wins.

    Raises BadRule when the rule's name is not known.
    """
    if question.type == "multiple":
        return _multiple(question, response, question.rule or rule)
    if response is None:
        return 0.0
    return _SCORES[question.type](question, response)


def _multiple(question: Question, response: Response, rule: str) -> float:
    fractions = {option.id: option.fraction for option in question.options}
    # An option that a newer version no longer has is no tick.
    ticked = frozenset(response or ()) & fractions.keys()
    return find_rule(rule)(Ticks(question.right, ticked, fractions))


def _choice(question: Question, response: Response) -> float:
    return next((option.fraction for option in question.options if option.id == response), 0.0)


def accepted_index(question: Question, response: Response) -> int | None:
    """Which accepted answer of a numerical or short question fits: the first; None when none does."""
    if response is None:
        return None
    for index, answer in enumerate(question.answers):
        if isinstance(answer.value, str):
            if matches(answer.value, response, case=question.case):
                return index
        elif fits(response, answer.value, answer.tolerance, question.units, question.unit_needed):
            return index
    return None


def _typed(question: Question, response: Response) -> float:
    index = accepted_index(question, response)
    return 0.0 if index is None else question.answers[index].fraction


def matched_rightly(question: Question, response: Response) -> frozenset[str]:
    """Left sides that stand with their right side, or with one that reads the same."""
    texts = {pair.id: dict(pair.right) for pair in (*question.pairs, *question.distractors)}
    given: Mapping[str, str] = response or {}
    return frozenset(pair.id for pair in question.pairs if texts.get(given.get(pair.id, "")) == dict(pair.right))


def _matching(question: Question, response: Response) -> float:
    return len(matched_rightly(question, response)) / len(question.pairs)


def _ordering(question: Question, response: Response) -> float:
    right = [item.id for item in question.items]
    wanted = set(zip(right, right[1:], strict=False))
    return len(wanted & set(zip(response, response[1:], strict=False))) / len(wanted)


_SCORES: dict[str, Callable[[Question, Response], float]] = {
    "single": _choice,
    "true_false": _choice,
    "numerical": _typed,
    "short": _typed,
    "matching": _matching,
    "ordering": _ordering,
}


# ---- The whole attempt -------------------------------------------------------------------------------------------


def rounded(value: float | Decimal, grain: Decimal = CENT) -> Decimal:
    """To a multiple of `grain`, half up (towards +∞ on the half), with two decimals: 12.25 at 0.5 is 12.5."""
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    # Without the noise of floating point, or 0.285 summed from parts would be 0.28499… and go down.
    exact = exact.quantize(NOISE, ROUND_HALF_UP)
    steps = math.floor(exact / grain + Decimal("0.5"))
    return (steps * grain).quantize(CENT, ROUND_HALF_UP)


def total(points: Iterable[float], *, floor: bool = True, grain: Decimal = CENT) -> Decimal:
    """An attempt's score: the sum of its questions' points, rounded; with `floor` never below 0."""
    score = rounded(math.fsum(points), grain)
    return max(score, Decimal(0).quantize(CENT)) if floor else score


def grade(score: Decimal, max_score: Decimal, out_of: Decimal = Decimal(20), grain: Decimal = CENT) -> Decimal:
    """The score as a mark out of `out_of`, rounded half up to multiples of `grain`; 0 when nothing could be won."""
    return rounded(score * out_of / max_score, grain) if max_score else Decimal(0).quantize(CENT)
