"""Names: nothing of ours may hide the standard library, above all its `platform`, or an installed package."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = (ROOT, ROOT / "platform")
REGISTRIES = re.compile(r"\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|npmjs\.com|deb\.debian\.org)\b")
SOMEBODYS_FOLDER = re.compile(r"(?<![\w.])/(?:home|Users|work)/[a-z][\w.-]*/")
# Written by npm, which names the host of every package that it locked; and this file, which names them to forbid them.
MAY_NAME_REGISTRIES = {"platform/assets/package-lock.json", "tests/test_layout.py"}
TEXT = {
    "",
    ".cfg",
    ".css",
    ".html",
    ".ini",
    ".js",
    ".json",
    ".md",
    ".mjs",
    ".po",
    ".py",
    ".toml",
    ".txt",
    ".yml",
    ".yaml",
}


def tracked() -> list[Path]:
    """Files of the repository: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def own_modules() -> set[str]:
    """Every name that an `import` finds in one of the folders that we put on the import path."""
    names = set()
    for root in SOURCE_ROOTS:
        for path in root.iterdir():
            if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py"))):
                names.add(path.stem)
    return names


def test_it_works() -> None:
    assert platform.system() == "Linux"
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))


def test_platform_is_a_folder_and_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_platform_stays_the_standard_librarys_whatever_starts_python() -> None:
    code = "import platform, uuid; print(platform.__file__)"
    for command in ([sys.executable, "-c", code], [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == platform.__file__, done.stderr


def test_own_modules_are_found() -> None:
    assert {"deploy", "exercises", "workers", "config", "accounts", "courses", "gradebook"} <= own_modules()


def test_no_module_hides_the_standard_library() -> None:
    assert own_modules() & set(sys.stdlib_module_names) == set()


def test_no_module_hides_an_installed_package() -> None:
    assert own_modules() & set(importlib.metadata.packages_distributions()) == set()


def test_tests_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_no_text_names_a_registry_or_somebodys_folder() -> None:
    found = []
    for path in tracked():
        name = str(path.relative_to(ROOT))
        if path.suffix not in TEXT or path.stat().st_size > 1 << 20 or name in MAY_NAME_REGISTRIES:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if REGISTRIES.search(line) or SOMEBODYS_FOLDER.search(line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert found == []


def test_every_requirement_is_an_exact_version() -> None:
    for path in ROOT.glob("requirements*.txt"):
        for line in path.read_text().splitlines():
            wanted = line.partition("#")[0].strip()
            assert not wanted or wanted.startswith("-r ") or "==" in wanted, f"{path.name}: {line}"
