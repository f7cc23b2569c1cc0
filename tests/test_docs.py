"""The documentation tells the truth: settings, targets, commands and links exist, and none is left out."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("workers", "exercises", "platform", "deploy")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
READERS = {"envbool", "envint", "envlist", "envnumber", "envsecret", "_flag", "_number", "getenv"}
# Read, but no settings of ours: the operating system's, another program's, and what our own parts tell each other.
NOT_SETTINGS = {"PATH", "INSTALL_ROOT", "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR"}
INTERNAL = re.compile(r"RENDU_")
MAKE_ONLY = {"PYTHON"}


# ---- Settings --------------------------------------------------------------------------------------------


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_environ(node: ast.expr) -> bool:
    return ast.unparse(node) in ("os.environ", "environ")


def names_read(tree: ast.Module) -> Iterator[str]:
    """Names that a module reads from the environment."""
    for node in ast.walk(tree):
        name = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_environ(node.value):
            name = _text(node.slice)
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "get" and isinstance(node.func, ast.Attribute) and _is_environ(node.func.value):
                name = _text(node.args[0])
            elif called in READERS:
                name = next((text for text in map(_text, node.args[:2]) if text is not None), None)
        if name is not None and re.fullmatch(r"[A-Z][A-Z0-9_]+", name):
            yield name


def settings_read() -> set[str]:
    found: set[str] = set()
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*.py"):
            if {"node_modules", "catalog", "migrations", "demo"} & set(path.relative_to(ROOT).parts):
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = set(names_read(tree))
            # A secret NAME may be given as a file, NAME_FILE.
            if "envsecret(" in path.read_text(encoding="utf-8"):
                names |= {f"{name}_FILE" for name in names if name == "SECRET_KEY"}
            found |= names
    return {name for name in found - NOT_SETTINGS if not INTERNAL.match(name)}


def settings_documented() -> set[str]:
    rows = re.findall(
        r"^\| `([A-Z][A-Z0-9_]+)`(?:, `([A-Z][A-Z0-9_]+)`)?", (ROOT / "docs/settings.md").read_text(), re.MULTILINE
    )
    return {name for row in rows for name in row if name}


def test_it_works() -> None:
    assert {"DATABASE_URL", "REDIS_URL", "PORT", "SECRET_KEY", "NODE_NAME"} <= settings_read()


def test_every_setting_is_documented() -> None:
    assert settings_read() - settings_documented() == set()


def test_every_documented_setting_is_read() -> None:
    assert settings_documented() - settings_read() - MAKE_ONLY == set()


# ---- Commands --------------------------------------------------------------------------------------------


def code_of(page: Path) -> str:
    """What stands in code blocks and between backticks."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?^```|^ {4}.*$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


ALL_CODE = "\n".join(code_of(page) for page in PAGES if page.exists())


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_documented_target_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", ALL_CODE))
    assert {"run", "test", "demo", "install", "worker"} <= named
    assert named - make_targets() == set()


def test_every_target_is_phony_and_explained() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1).split())  # type: ignore[union-attr]
    assert make_targets() == phony
    assert set(re.findall(r"^([a-z-]+):[^#\n]*## ", text, re.MULTILINE)) == phony


def documented(pattern: str) -> dict[str, set[str]]:
    """Subcommands named in the docs behind `pattern`, each with the options shown."""
    found: dict[str, set[str]] = {}
    for command, rest in re.findall(pattern + r" ([a-z][a-z_-]*)([^\n`|;&]*)", ALL_CODE):
        found.setdefault(command, set()).update(re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest))
    return found


def help_of(*command: str) -> str:
    done = subprocess.run([sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


@pytest.mark.parametrize("command", sorted(documented(r"manage\.py")))
def test_documented_site_command(command: str) -> None:
    text = help_of("manage.py", command)
    assert {option for option in documented(r"manage\.py")[command] if option not in text} == set()


@pytest.mark.parametrize("command", sorted(documented(r"-m workers")))
def test_documented_worker_command(command: str) -> None:
    text = help_of("-m", "workers", command)
    assert {option for option in documented(r"-m workers")[command] if option not in text} == set()


# ---- Links -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in PAGES if page.exists()], ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            missing.append(target)
    assert missing == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
