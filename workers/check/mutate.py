"""All mutants of a reference solution: each differs from it by one change, none twice."""

from __future__ import annotations

import ast
import difflib
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from workers.check.changes import changes, signs

FILE = "solution.py"
SHOWN = 100  # characters of each side in a mutant's id
# Nothing in these decides what a student's call returns.
LEFT_ALONE = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.FormattedStringText)
DROPPED = (cst.Return, cst.Raise, cst.Assert, cst.Del, cst.Continue, cst.Break, cst.AugAssign)


@dataclass(frozen=True)
class Mutant:
    id: str  # "solution.py:12: a + b -> a - b"; a number follows where a line has the same change twice
    source: str
    diff: str  # unified, against the reference


def mutants(source: str) -> list[Mutant]:
    """The mutants of a solution's text, in the order of its lines. Raises SyntaxError when it is no Python."""
    if _tree(source) is None:
        raise SyntaxError(f"{FILE} is not Python")
    try:
        wrapper = MetadataWrapper(cst.parse_module(source))
    except cst.ParserSyntaxError as error:
        raise SyntaxError(f"{FILE} holds syntax that cannot be changed piece by piece: {error}") from None
    module = wrapper.module
    collector = _Collector(module)
    wrapper.visit(collector)
    # Only the top-level statement that holds the change is built and read anew: the file may be long.
    codes = [module.code_for_node(statement) for statement in module.body]
    header, footer = ("".join(map(module.code_for_node, lines)) for lines in (module.header, module.footer))
    seen = {(top, _tree(code)) for top, code in enumerate(codes)}
    ids = Counter[str]()
    result = []
    for top, old, new, line in collector.found:
        code = _changed(module, module.body[top], old, new)
        tree = _tree(code)
        if tree is None or (top, tree) in seen:
            continue
        seen.add((top, tree))
        name = f"{FILE}:{line}: {_shown(module, old)} -> {_shown(module, new)}"
        ids[name] += 1
        unique = name if ids[name] == 1 else f"{name} ({ids[name]})"
        text = header + "".join([*codes[:top], code, *codes[top + 1 :]]) + footer
        result.append(Mutant(unique, text, _diff(source, text)))
    return result


def _changed(module: cst.Module, statement: cst.CSTNode, old: cst.CSTNode, new: cst.CSTNode) -> str:
    changed = statement.deep_replace(old, new)
    return module.code_for_node(changed) if isinstance(changed, cst.CSTNode) else ""


def _tree(source: str) -> str | None:
    """What tells one program from another, spaces and parentheses aside; None when it is no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # `1 is x` and the like
        try:
            return ast.dump(ast.parse(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _shown(module: cst.Module, node: cst.CSTNode) -> str:
    text = " ".join(module.code_for_node(node).split()).rstrip(",")
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), FILE, "mutant", n=1, lineterm="")
    return "\n".join(lines)


class _Collector(cst.CSTVisitor):
    """Finds the places: (index of the top-level statement, node, replacement, line)."""

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self.found: list[tuple[int, cst.CSTNode, cst.CSTNode, int]] = []
        self._tops = {id(statement): top for top, statement in enumerate(module.body)}
        self._top = 0
        self._bound: list[set[str]] = [set()]  # names with a value so far: of the module, then of each open function

    def on_visit(self, node: cst.CSTNode) -> bool:
        self._top = self._tops.get(id(node), self._top)
        if isinstance(node, LEFT_ALONE) or _is_main_guard(node):
            return False
        if isinstance(node, cst.FunctionDef):
            self._bound.append(set())
        pairs = [(node, new) for new in changes(node, self.get_metadata(ParentNodeProvider, node, None))]
        if isinstance(node, cst.Return):
            pairs += signs(node)
        pairs += [(node, new) for new in self._without(node)]
        for old, new in pairs:
            self.found.append((self._top, old, new, self.get_metadata(PositionProvider, old).start.line))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef):
            self._bound.pop()
        elif isinstance(original_node, cst.Param):
            self._bound[-1].add(original_node.name.value)
        elif isinstance(original_node, cst.AssignTarget | cst.AnnAssign | cst.For):
            self._bound[-1].update(_target_names(original_node.target))

    def _without(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The statement left out."""
        if isinstance(node, cst.BaseSmallStatement) and (isinstance(node, DROPPED) or self._is_effect(node)):
            yield cst.Pass(semicolon=node.semicolon)

    def _is_effect(self, node: cst.BaseSmallStatement) -> bool:
        if isinstance(node, cst.Expr):
            return not isinstance(node.value, cst.SimpleString | cst.ConcatenatedString | cst.Ellipsis)
        if not isinstance(node, cst.Assign):
            return False
        names = {name for target in node.targets for name in _target_names(target.target)}
        # Without its first value a name does not exist: Python would find that mutant, not the tests.
        return names <= self._bound[-1]


def _is_main_guard(node: cst.CSTNode) -> bool:
    """`if __name__ == "__main__":` never runs when a solution is graded."""
    return isinstance(node, cst.If) and any(
        isinstance(part, cst.Name) and part.value == "__name__" for part in _walk(node.test)
    )


def _walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _target_names(target: cst.CSTNode) -> Iterator[str]:
    """Names that an assignment binds; none for `x[i] = …` and `x.y = …`."""
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            yield from _target_names(element.value)
