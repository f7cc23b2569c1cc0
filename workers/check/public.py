"""Whether what students may download, the public tests, gives the solution away."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from workers.check.findings import Finding
from workers.jobs.bundle import ExerciseFiles
from workers.jobs.public_tests import public_source

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_warnings(files: ExerciseFiles) -> list[Finding]:
    """Warnings for each function of the reference whose body a public test, or a helper of one, holds."""
    if "solution.py" not in files.files:  # a prompt: there is no function whose body a test could hold
        return []
    source = public_source(files.text("tests.py"))
    try:
        public, reference = ast.parse(source), ast.parse(files.text("solution.py"))
    except SyntaxError:  # the steps that run it say so
        return []
    return [Finding("public", "tests.py", text) for text in (*_copies(public, reference), *_imports(public))]


def _copies(public: ast.Module, reference: ast.Module) -> Iterator[str]:
    bodies = {_body(function): function.name for function in _functions(reference) if _says_something(function)}
    for function in _functions(public):
        name = bodies.get(_body(function))
        if name is not None:
            yield (
                f"{function.name!r} is among the public tests that students download, and its body is that of {name!r} "
                "in solution.py: calculate the expected values otherwise, or write them down as numbers"
            )


def _imports(public: ast.Module) -> Iterator[str]:
    for node in ast.walk(public):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.split(".")[0] == "solution" for name in names):
            yield (
                "a public test imports solution.py; students download the test without it, and would compare their own "
                "file with itself"
            )


def _functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _statements(function: Function) -> list[ast.stmt]:
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1:] if documented else function.body


def _says_something(function: Function) -> bool:
    """A bare `pass` or `return x` gives nothing away."""
    return sum(1 for statement in _statements(function) for _ in ast.walk(statement)) > 8


def _body(function: Function) -> str:
    """The body without docstring, its own names numbered: a renamed copy is a copy."""
    arguments = function.args
    own = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    statements = _statements(function)
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.append(node.id)
    numbers = {name: f"_{index}" for index, name in enumerate(dict.fromkeys(own))}
    fresh = _copied(statements)
    for node in ast.walk(fresh):
        if isinstance(node, ast.Name):
            node.id = numbers.get(node.id, node.id)
    return ast.dump(fresh)


def _copied(statements: list[ast.stmt]) -> ast.Module:
    return copy.deepcopy(ast.Module(statements, []))
