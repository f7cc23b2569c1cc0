"""Auto Multiple Choice's scoring strategies, written `e=0,b=1,m=0,v=0,d=0,p=…,P=…`, `haut=H`, `mz=S`, `formula=…`.

For one multiple question with n boxes, of which c are right, t ticked rightly and w ticked wrongly:

    nothing ticked   v; d, p and P do not apply
    incoherent       e (several boxes of a simple question; "none of these" with another); likewise
    else             b for each box in its right state (ticked and right, or blank and wrong), m for each other box,
                     plus d, then at least p, then at most P
    haut=H           d = H - n, and p = 0 unless given: H minus one for each box in the wrong state, at least 0
    mz=S             b = 0, d = S, m = -(|S| + |p| + 1), p = 0: S or nothing
    formula=…        replaces the sum; of N boxes, NB right ones, NM wrong ones, NBC right ones ticked, NMC wrong ones

A simple question: b for its right box, m for a wrong one; with `auto` above -1, auto + index - 1 (index from 1) of the
box; d, p and P do not apply. mz=S is b=S, d=0.

The share of the points is the strategy's score over that of the perfect response. A single box's own score (`set`,
`bforce`, `mforce`) is not read: options carry fractions for that.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass


class BadRule(ValueError):
    """The rule's name or its parameters cannot be read: the text says what may be written."""


_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
NAMES = ("N", "NB", "NM", "NBC", "NMC")
_PARAMETERS = {"e", "b", "m", "v", "d", "p", "P", "haut", "mz", "auto"}


def arithmetic(text: str) -> Callable[[Mapping[str, float]], float]:
    """A formula of + - * / ( ) numbers and NAMES as a function. Raises BadRule; runs nothing else."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadRule(f"formula: {text!r} cannot be read") from None

    def value(node: ast.expr, names: Mapping[str, float]) -> float:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.Name(id=name) if name in NAMES:
                return names[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand, names)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(left, names), value(right, names))
        raise BadRule(f"formula: + - * / ( ), numbers and {', '.join(NAMES)} are known, not {ast.unparse(node)!r}")

    def run(names: Mapping[str, float]) -> float:
        try:
            return value(tree, names)
        except (ZeroDivisionError, OverflowError):
            return 0.0  # as a question without a right box would give

    run(dict.fromkeys(NAMES, 1.0))
    return run


@dataclass(frozen=True)
class Strategy:
    e: float = 0.0
    b: float = 1.0
    m: float = 0.0
    v: float = 0.0
    d: float = 0.0
    p: float | None = None  # floor
    P: float | None = None  # ceiling
    haut: float | None = None
    mz: float | None = None
    auto: float = -1.0
    formula: Callable[[Mapping[str, float]], float] | None = None

    @classmethod
    def read(cls, text: str) -> Strategy:
        """Read `e=0,b=1,m=-0.5`. Raises BadRule."""
        given: dict[str, float] = {}
        formula = None
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = (word.strip() for word in part.partition("="))
            if name == "formula" and value:
                formula = arithmetic(value)
                continue
            try:
                number = float(value)
            except ValueError:
                number = math.nan
            if name not in _PARAMETERS or not equals or not math.isfinite(number):
                raise BadRule(f"rule: {part!r} cannot be read; write for example amc:b=1,m=-0.5,p=0 or haut=2")
            given[name] = number
        return cls(**given, formula=formula)


def simple_score(strategy: Strategy, right: int, ticked: tuple[int, ...]) -> float:
    """Score of a simple question: `right` and `ticked` are indices of boxes, from 1."""
    if not ticked:
        return strategy.v
    if len(ticked) > 1:
        return strategy.e
    if strategy.auto > -1:
        return strategy.auto + ticked[0] - 1
    if ticked[0] == right:
        return strategy.b if strategy.mz is None else strategy.mz
    return strategy.m


def multiple_score(
    strategy: Strategy, right: frozenset[str], ticked: frozenset[str], boxes: int, *, none_box: str = ""
) -> float:
    """Score of a multiple question of `boxes` boxes. `none_box`: the box "none of these", if there is one."""
    if not ticked:
        return strategy.v
    if none_box in ticked and len(ticked) > 1:
        return strategy.e
    b, m, d, floor = strategy.b, strategy.m, strategy.d, strategy.p
    if strategy.haut is not None:
        d, floor = strategy.haut - boxes, 0.0 if floor is None else floor
    if strategy.mz is not None:
        b, d, m, floor = 0.0, strategy.mz, -(abs(strategy.mz) + abs(floor or 0.0) + 1), 0.0
    if strategy.formula is None:
        wrong_state = len(right ^ ticked)
        score = math.fsum([(boxes - wrong_state) * b, wrong_state * m, d])
    else:
        counts = (boxes, len(right), boxes - len(right), len(right & ticked), len(ticked - right))
        score = strategy.formula({name: float(n) for name, n in zip(NAMES, counts, strict=True)}) + d
    if floor is not None:
        score = max(floor, score)
    return score if strategy.P is None else min(strategy.P, score)


def multiple_share(strategy: Strategy, right: frozenset[str], ticked: frozenset[str], boxes: int) -> float:
    """The score as a share of the perfect response's; 0 when that one brings nothing."""
    best = multiple_score(strategy, right, right, boxes)
    return multiple_score(strategy, right, ticked, boxes) / best if best > 0 else 0.0
