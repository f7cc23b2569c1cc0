"""From a student's text to a module: what does not load is said in terms of the student's own lines."""

from __future__ import annotations

import ast
import sys
import traceback
import types
from collections.abc import Iterator, Sequence
from typing import Any

FILE = "solution.py"  # the name that tracebacks show
SNIPPET = "<test>"  # code that tests.py runs in the student's module
MODULE = "solution"
MAX_TEXT = 2000
MAX_LINES = 20
IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class NotLoaded(Exception):
    """The file does not load. `facts` is plain data: kind, line, error, and what else the sentence needs."""

    def __init__(self, kind: str, **facts: Any) -> None:
        super().__init__(kind)
        self.facts = {"kind": kind, **facts}


def parse(text: str) -> ast.Module:
    """The syntax tree. Raises NotLoaded for a text that is no Python."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise NotLoaded("syntax", line=line, error="the file holds a NUL character")
    try:
        return ast.parse(text, FILE)
    except SyntaxError as error:
        raise NotLoaded("syntax", line=error.lineno or 0, error=f"{type(error).__name__}: {error.msg}"[:300]) from None
    except (RecursionError, MemoryError):
        raise NotLoaded("syntax", line=0, error="the code is nested too deeply") from None
    except (ValueError, UnicodeError) as error:
        raise NotLoaded("syntax", line=0, error=str(error)[:300]) from None


def check_imports(tree: ast.Module, allowed: Sequence[str]) -> None:
    """Refuse modules beyond the standard library and `allowed`.

    An import that the student guards by `except ImportError` may stay: it fails when it runs, as on a machine without
    the module. Raises NotLoaded.
    """
    optional: set[int] = set()
    imports: list[ast.Import | ast.ImportFrom] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and _catches_import_error(node):
            optional.update(id(inner) for statement in node.body for inner in ast.walk(statement))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(node)
    for item in imports:
        if id(item) not in optional:
            for names in _requested(item):
                if not any(is_allowed(name, allowed) for name in names):
                    raise NotLoaded("import", line=item.lineno, module=names[0][:80])


def _catches_import_error(node: ast.Try) -> bool:
    for handler in node.handlers:
        if handler.type is None:
            return True
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(isinstance(kind, ast.Name) and kind.id in IMPORT_ERRORS for kind in kinds):
            return True
    return False


def _requested(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, ...]]:
    """For each imported name, the module names of which one must be allowed."""
    if isinstance(node, ast.Import):
        yield from ((alias.name,) for alias in node.names)
    elif node.level:
        yield ("." * node.level + (node.module or ""),)
    else:
        module = node.module or ""
        yield from ((module, f"{module}.{alias.name}") for alias in node.names)


def is_allowed(name: str, allowed: Sequence[str]) -> bool:
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or any(name == one or name.startswith(one + ".") for one in allowed)


class Guard:
    """First on sys.meta_path: what the student's own file imports, at run time too, keeps to the allowed modules."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = tuple(allowed)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if is_allowed(name, self._allowed) or any(one.startswith(name + ".") for one in self._allowed):
            return
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if file == FILE:
                raise ModuleNotFoundError(f"No module named {name!r} in this exercise", name=name)
            if not file.startswith("<frozen importlib") and not file.endswith("importlib/__init__.py"):
                return
            frame = frame.f_back


def load(text: str, allowed: Sequence[str]) -> types.ModuleType:
    """Run the student's file as a module. Raises NotLoaded."""
    tree = parse(text.removeprefix("\ufeff"))
    check_imports(tree, allowed)
    try:
        code = compile(tree, FILE, "exec", dont_inherit=True)
    except SyntaxError as error:  # some are found late: `return` outside a function
        raise NotLoaded("syntax", line=error.lineno or 0, error=f"{type(error).__name__}: {error.msg}"[:300]) from None
    except (RecursionError, MemoryError, ValueError):
        raise NotLoaded("syntax", line=0, error="the code is nested too deeply") from None
    module = types.ModuleType(MODULE)
    module.__file__ = FILE
    sys.modules[MODULE] = module
    sys.meta_path.insert(0, Guard(allowed))
    try:
        exec(code, module.__dict__)
    except BaseException as error:
        raise NotLoaded(**_load_facts(error)) from None
    return module


def _load_facts(error: BaseException) -> dict[str, Any]:
    facts = describe(error)
    line = facts["lines"][-1]["line"] if facts["lines"] else 0
    text = f"{facts['type']}: {facts['message']}" if facts["message"] else facts["type"]
    return {**facts, "line": line, "error": text[:300]}


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as plain data: kind, type, message, and the traceback's lines in the student's file.

    The object may be hostile: its methods may raise, or lie. What they say is the student's word and treated so.
    """
    kind = "memory" if isinstance(error, MemoryError) else "exit" if isinstance(error, SystemExit) else "exception"
    if isinstance(error, EOFError):
        kind = "input"
    lines = []
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == FILE:
            lines.append({"line": number, "function": frame.f_code.co_name[:80]})
    return {
        "kind": kind,
        "type": type.__getattribute__(type(error), "__name__")[:80],
        "message": safe_text(error),
        "lines": lines[:5] + lines[5:][-(MAX_LINES - 5) :],
    }


def safe_text(value: object) -> str:
    try:
        return str.__str__(str(value))[:MAX_TEXT]
    except BaseException:  # the attack: a __str__ that raises outside Exception
        return ""
