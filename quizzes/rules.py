"""Rules for several right options, by name (c right options, n options, t right ticks, w wrong ticks, x boxes in the
wrong state):

    all-or-nothing   1 when x = 0, else 0. The default; also Canvas without partial credit.
    fractions        min(max(0, sum of the ticked options' fractions), 1): Moodle's multichoice.
    net-correct      max(0, t - w) / c: PrairieLearn's net-correct, H5P, Canvas with partial credit.
    dock=D           max(0, t/c - D·w): Canvas with its incorrect_dock, D in shares of the points.
    pass=P           1 when 100·max(0, t - w)/c reaches P percent, else 0: H5P with a single point.
    coverage         t/c · t/(t + w): PrairieLearn.
    each-answer      (n - x) / n: PrairieLearn's each-answer, Open edX's EDC. A blank is worth its right blanks.
    halves           1 for x = 0; 1/2 for x = 1 with n >= 3; 1/4 for x = 2 with n >= 5; else 0: Open edX.
    oumultiresponse  max(0, min(t, c - w)) / c: the Open University's.
    kprime           1 for x = 0, 1/2 for x = 1, else 0: ETH Zürich.
    map=L..U         the sum of the ticked options' fractions, between L and U: QTI's map_response.
    haut=H, mz=S, amc:e=…,b=…,m=…,v=…,d=…,p=…,P=…,formula=…   Auto Multiple Choice's, see `quizzes.scoring_amc`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from quizzes import scoring_amc
from quizzes.scoring_amc import BadRule

__all__ = ["DEFAULT_RULE", "PARAMETRISED", "RULES", "BadRule", "Rule", "Ticks", "find_rule"]

DEFAULT_RULE = "all-or-nothing"


@dataclass(frozen=True)
class Ticks:
    """A response to a question with several right options, counted."""

    right: frozenset[str]  # ids of the right options
    ticked: frozenset[str]
    fractions: Mapping[str, float]  # of every option, by id

    @property
    def n(self) -> int:
        return len(self.fractions)

    @property
    def c(self) -> int:
        return len(self.right)

    @property
    def t(self) -> int:
        return len(self.ticked & self.right)

    @property
    def w(self) -> int:
        return len(self.ticked - self.right)

    @property
    def x(self) -> int:
        return len(self.ticked ^ self.right)

    @property
    def sum(self) -> float:
        return math.fsum(self.fractions[option] for option in self.ticked)


Rule = Callable[[Ticks], float]


def _halves(ticks: Ticks) -> float:
    if ticks.x == 0:
        return 1.0
    if ticks.x == 1 and ticks.n >= 3:
        return 0.5
    return 0.25 if ticks.x == 2 and ticks.n >= 5 else 0.0


RULES: dict[str, Rule] = {
    "all-or-nothing": lambda k: float(k.x == 0),
    "fractions": lambda k: min(max(0.0, k.sum), 1.0),
    "net-correct": lambda k: max(0, k.t - k.w) / k.c,
    "coverage": lambda k: k.t / k.c * k.t / (k.t + k.w) if k.t else 0.0,
    "each-answer": lambda k: (k.n - k.x) / k.n,
    "halves": _halves,
    "oumultiresponse": lambda k: max(0, min(k.t, k.c - k.w)) / k.c,
    "kprime": lambda k: {0: 1.0, 1: 0.5}.get(k.x, 0.0),
}
# Rules with a number; the part before "=" or ":" of what is written.
PARAMETRISED = ("dock", "pass", "map", "haut", "mz", "amc")


def find_rule(text: str) -> Rule:
    """The rule of that name; "" is the default. Raises BadRule, which says what may be written."""
    name = text.strip() or DEFAULT_RULE
    if name in RULES:
        return RULES[name]
    kind = name.replace(":", "=").partition("=")[0]
    value = name[len(kind) + 1 :]
    if kind in ("amc", "haut", "mz"):
        strategy = scoring_amc.Strategy.read(value if kind == "amc" else f"{kind}={value}")
        return lambda k: scoring_amc.multiple_share(strategy, k.right, k.ticked, k.n)
    if kind in PARAMETRISED:
        return _with_number(kind, value)
    known = ", ".join([*RULES, *(f"{kind}=…" for kind in PARAMETRISED)])
    raise BadRule(f"rule: {text!r} is not known; known are {known}")


def _with_number(kind: str, value: str) -> Rule:
    try:
        numbers = [float(part) for part in value.split("..")]
    except ValueError:
        numbers = []
    wanted = 2 if kind == "map" else 1
    if len(numbers) != wanted or not all(map(math.isfinite, numbers)) or (wanted == 2 and numbers[0] > numbers[1]):
        example = {"dock": "dock=0.5", "pass": "pass=60", "map": "map=-1..1"}[kind]
        raise BadRule(f"rule: {kind}={value} cannot be read; write {example}")
    first, last = numbers[0], numbers[-1]
    if kind == "dock":
        return lambda k: max(0.0, k.t / k.c - first * k.w)
    if kind == "pass":
        return lambda k: float(100 * max(0, k.t - k.w) / k.c >= first)
    return lambda k: min(max(first, k.sum), last)
