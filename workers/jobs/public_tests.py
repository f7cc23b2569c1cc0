"""The public tests of a tests.py as a source of their own, for students to download.

Hidden tests are cut out, and so is every helper that only they use: what a public test refers to is public.
Comments go too, since they may speak of hidden tests.
"""

from __future__ import annotations

import ast

DECORATORS = {"test", "timing"}


def public_source(tests: str) -> str:
    """Source with the public tests and what they refer to; empty when there is none or the text is not Python."""
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    wanted = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _is_public(node)]
    if not wanted:
        return ""
    kept, names = {id(node) for node in wanted}, _names(wanted)
    changed = True
    while changed:
        changed = False
        for node in tree.body:
            if id(node) not in kept and not _is_test(node) and _defined(node) & names:
                kept.add(id(node))
                names |= _names([node])
                changed = True
    body = [_trim_import(node, names) for node in tree.body if id(node) in kept]
    return ast.unparse(ast.Module(body=body, type_ignores=[])) + "\n"


def _decorator_name(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and any(_decorator_name(d) in DECORATORS for d in node.decorator_list)


def _is_public(node: ast.FunctionDef) -> bool:
    for decorator in node.decorator_list:
        if _decorator_name(decorator) in DECORATORS and isinstance(decorator, ast.Call):
            for keyword in decorator.keywords:
                if keyword.arg == "public":
                    return isinstance(keyword.value, ast.Constant) and keyword.value.value is True
    return False


def _names(nodes: list[ast.FunctionDef] | list[ast.stmt]) -> set[str]:
    """What the nodes read from the module. A name that a function binds itself is its own: a local `expected` must not
    bring a hidden helper of that name along."""
    return {name for node in nodes for name in _read_names(node)}


def _read_names(node: ast.stmt) -> set[str]:
    found = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {name.id for name in found}
    shared = {name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names}
    bound = {name.id for name in found if not isinstance(name.ctx, ast.Load)}
    bound |= {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
    # Decorators and defaults are read outside the function, whatever it binds.
    outside = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    read = {inner.id for part in outside for inner in ast.walk(part) if isinstance(inner, ast.Name)}
    return read | {name.id for name in found if name.id not in bound or name.id in shared}


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    return {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}


def _trim_import(node: ast.stmt, names: set[str]) -> ast.stmt:
    if not isinstance(node, ast.ImportFrom | ast.Import):
        return node
    aliases = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in names]
    if isinstance(node, ast.Import):
        return ast.Import(names=aliases)
    return ast.ImportFrom(module=node.module, names=aliases, level=node.level)
