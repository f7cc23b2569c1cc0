"""What a mutant changes: for one node of the reference's syntax tree, the nodes that may stand in its place.

Each is a mistake that a student may well make. What Python itself would notice at once (a name that no longer exists)
or what changes nothing by definition (`np.maximum(a, b)` turned round) is left out: it would only flatter the figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import libcst as cst

ARITHMETIC: dict[type[cst.BaseBinaryOp], type[cst.BaseBinaryOp]] = {
    cst.Add: cst.Subtract,
    cst.Subtract: cst.Add,
    cst.Multiply: cst.Divide,
    cst.Divide: cst.Multiply,
    cst.FloorDivide: cst.Divide,
    cst.Modulo: cst.FloorDivide,
    cst.Power: cst.Multiply,
    cst.MatrixMultiply: cst.Multiply,
}
AUGMENTED: dict[type[cst.BaseAugOp], type[cst.BaseAugOp]] = {
    cst.AddAssign: cst.SubtractAssign,
    cst.SubtractAssign: cst.AddAssign,
    cst.MultiplyAssign: cst.DivideAssign,
    cst.DivideAssign: cst.MultiplyAssign,
    cst.FloorDivideAssign: cst.DivideAssign,
    cst.ModuloAssign: cst.FloorDivideAssign,
    cst.PowerAssign: cst.MultiplyAssign,
    cst.MatrixMultiplyAssign: cst.MultiplyAssign,
}
COMPARISONS: dict[type[cst.BaseCompOp], tuple[type[cst.BaseCompOp], ...]] = {
    cst.LessThan: (cst.LessThanEqual, cst.GreaterThanEqual),
    cst.LessThanEqual: (cst.LessThan, cst.GreaterThan),
    cst.GreaterThan: (cst.GreaterThanEqual, cst.LessThanEqual),
    cst.GreaterThanEqual: (cst.GreaterThan, cst.LessThan),
    cst.Equal: (cst.NotEqual,),
    cst.NotEqual: (cst.Equal,),
    cst.In: (cst.NotIn,),
    cst.NotIn: (cst.In,),
    cst.Is: (cst.IsNot,),
    cst.IsNot: (cst.Is,),
}
# x+b and x*k may lose either side; x-b, x/k, x//k and x**k keep the left one.
DROPS_RIGHT = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.FloorDivide, cst.Power)
DROPS_LEFT = (cst.Add, cst.Multiply)
# Turned round they mean the same, or cannot run at all.
SYMMETRIC = frozenset(
    ["maximum", "minimum", "fmax", "fmin", "max", "min", "add", "multiply", "hypot", "logaddexp", "gcd", "lcm"]
    + ["equal", "not_equal", "array_equal", "allclose", "isclose", "logical_and", "logical_or", "logical_xor"]
    + ["isinstance", "issubclass", "getattr", "hasattr"]
)
LIBRARIES = frozenset({"np", "numpy", "torch", "cp", "cupy", "jnp"})
NO_SIGN = (
    cst.SimpleString,
    cst.ConcatenatedString,
    cst.FormattedString,
    cst.List,
    cst.Set,
    cst.Dict,
    cst.ListComp,
    cst.SetComp,
    cst.DictComp,
    cst.GeneratorExp,
    cst.Lambda,
    cst.Comparison,
    cst.BooleanOperation,
    cst.UnaryOperation,
    cst.Ellipsis,
)
BINDS_TIGHTER = (cst.BinaryOperation, cst.UnaryOperation, cst.Attribute, cst.Subscript, cst.Call, cst.Await)
EITHER = {"True": "False", "False": "True"}


def changes(node: cst.CSTNode, parent: cst.CSTNode | None) -> Iterator[cst.CSTNode]:
    """All replacements of one node, best description first: of two that give the same source the first is kept."""
    if isinstance(node, cst.Arg):
        yield from _axis(node)
    elif isinstance(node, cst.Call):
        yield from _call(node)
    elif isinstance(node, cst.BinaryOperation):
        yield from _binary(node, parent)
    elif isinstance(node, cst.Comparison):
        yield from _comparison(node)
    elif isinstance(node, cst.BooleanOperation):
        yield from _boolean(node)
    elif isinstance(node, cst.UnaryOperation):
        yield from _unary(node)
    elif isinstance(node, cst.Integer | cst.Float):
        yield from _constant(node, parent)
    elif isinstance(node, cst.Name) and node.value in EITHER:
        yield node.with_changes(value=EITHER[node.value])
    elif isinstance(node, cst.Attribute) and node.attr.value == "T":
        yield _in_place_of(node, node.value)
    elif isinstance(node, cst.AugAssign):
        yield from _augmented(node)


def _in_place_of(old: cst.BaseExpression, new: cst.BaseExpression) -> cst.BaseExpression:
    """`new` with the parentheses of `old` around its own: a part of an expression binds at least as tightly."""
    return new.with_changes(lpar=[*old.lpar, *new.lpar], rpar=[*new.rpar, *old.rpar])


def _parenthesized(node: cst.BaseExpression) -> cst.BaseExpression:
    return node if node.lpar else node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


# ---- operators -------------------------------------------------------------------------------------------------------


def _binary(node: cst.BinaryOperation, parent: cst.CSTNode | None) -> Iterator[cst.CSTNode]:
    old = node.operator
    kind = ARITHMETIC.get(type(old))
    if kind is not None:
        spaces = {name: getattr(old, name) for name in ("whitespace_before", "whitespace_after")}
        new: cst.BaseExpression = node.with_changes(operator=kind(**spaces))
        # `-a ** b` and `x @ y ** 2`: a product binds less tightly than the power that it replaces.
        yield _parenthesized(new) if isinstance(old, cst.Power) and isinstance(parent, BINDS_TIGHTER) else new
    if isinstance(old, DROPS_RIGHT):
        yield _in_place_of(node, node.left)
    if isinstance(old, DROPS_LEFT):
        yield _in_place_of(node, node.right)


def _augmented(node: cst.AugAssign) -> Iterator[cst.CSTNode]:
    old = node.operator
    kind = AUGMENTED.get(type(old))
    if kind is not None:
        spaces = {name: getattr(old, name) for name in ("whitespace_before", "whitespace_after")}
        yield node.with_changes(operator=kind(**spaces))


def _comparison(node: cst.Comparison) -> Iterator[cst.CSTNode]:
    for index, target in enumerate(node.comparisons):
        old = target.operator
        for kind in COMPARISONS.get(type(old), ()):
            spaces = {name: getattr(old, name) for name in ("whitespace_before", "whitespace_after")}
            changed = list(node.comparisons)
            changed[index] = target.with_changes(operator=kind(**spaces))
            yield node.with_changes(comparisons=changed)


def _boolean(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    old = node.operator
    kind = cst.Or if isinstance(old, cst.And) else cst.And
    spaces = {"whitespace_before": old.whitespace_before, "whitespace_after": old.whitespace_after}
    yield node.with_changes(operator=kind(**spaces))


def _unary(node: cst.UnaryOperation) -> Iterator[cst.CSTNode]:
    if isinstance(node.operator, cst.Minus | cst.Not):
        yield _in_place_of(node, node.expression)


# ---- values ----------------------------------------------------------------------------------------------------------


def _constant(node: cst.Integer | cst.Float, parent: cst.CSTNode | None) -> Iterator[cst.CSTNode]:
    value: int | float = node.evaluated_value
    seen = {value}
    for new in (value + 1, value - 1, 2 * value):
        if new in seen or not math.isfinite(new):
            continue
        seen.add(new)
        number = _number(abs(new), node)
        if new >= 0:
            yield number
            continue
        negative = cst.UnaryOperation(
            cst.Minus(), number.with_changes(lpar=[], rpar=[]), lpar=node.lpar, rpar=node.rpar
        )
        yield _parenthesized(negative) if isinstance(parent, BINDS_TIGHTER) else negative


def _number(value: int | float, old: cst.Integer | cst.Float) -> cst.Integer | cst.Float:
    kind = cst.Integer if isinstance(value, int) else cst.Float
    return kind(repr(value), lpar=old.lpar, rpar=old.rpar)


def _axis(node: cst.Arg) -> Iterator[cst.CSTNode]:
    """axis=0 and axis=1; keepdims and other flags."""
    if node.keyword is None:
        return
    if isinstance(node.value, cst.Name) and node.value.value in EITHER:
        yield node.with_changes(value=node.value.with_changes(value=EITHER[node.value.value]))
    if node.keyword.value == "axis":
        text = cst.Module([]).code_for_node(node.value)
        other = {"0": "1", "1": "0", "-1": "0"}.get(text)
        if other is not None:
            yield node.with_changes(value=cst.Integer(other))


def signs(node: cst.Return) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """(expression, the same with a minus) for what a statement returns, each of several values by itself."""
    values = [node.value]
    if isinstance(node.value, cst.Tuple):
        values = [element.value for element in node.value.elements if isinstance(element, cst.Element)]
    for value in values:
        if value is not None and _may_be_number(value):
            yield value, _negative(value)


def _may_be_number(value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.Name) and value.value in ("True", "False", "None", "self"):
        return False
    return not isinstance(value, NO_SIGN)


def _negative(value: cst.BaseExpression) -> cst.BaseExpression:
    simple = isinstance(value, cst.Name | cst.Integer | cst.Float | cst.Attribute | cst.Call | cst.Subscript)
    return cst.UnaryOperation(cst.Minus(), value if simple else _parenthesized(value))


# ---- calls -----------------------------------------------------------------------------------------------------------


def _call(node: cst.Call) -> Iterator[cst.CSTNode]:
    name = _called_name(node.func)
    positional = [arg for arg in node.args if arg.keyword is None]
    if any(arg.star for arg in node.args):
        return
    if name == "transpose":
        yield from _untransposed(node, positional)
    elif len(positional) == 2 and name not in SYMMETRIC:
        first, second = positional
        swapped = [first.with_changes(value=second.value), second.with_changes(value=first.value)]
        yield node.with_changes(args=[*swapped, *node.args[2:]])


def _called_name(func: cst.BaseExpression) -> str:
    if isinstance(func, cst.Attribute):
        return func.attr.value
    return func.value if isinstance(func, cst.Name) else ""


def _untransposed(node: cst.Call, positional: list[cst.Arg]) -> Iterator[cst.CSTNode]:
    func = node.func
    of_library = isinstance(func, cst.Name) or (
        isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name) and func.value.value in LIBRARIES
    )
    if of_library and positional:
        yield _in_place_of(node, positional[0].value)
    elif not of_library and isinstance(func, cst.Attribute):
        yield _in_place_of(node, func.value)
