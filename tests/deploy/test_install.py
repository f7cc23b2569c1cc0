"""`make install` in a folder of its own, with requirements that need no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.options import ROOT


def install(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # Asked for a package, pip finds no index: nothing may come from the network here.
    closed = {"INSTALL_ROOT": str(folder), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
    return subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "install.py"), *words],
        env=dict(os.environ) | closed | environment,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a clone with spaces")
    for name in (
        "requirements.txt",
        "requirements-models.txt",
        "requirements-weights.txt",
        "requirements-model-base.txt",
        "requirements-dev.txt",
    ):
        (folder / name).write_text("# nothing\n")
    done = install(folder)
    assert done.returncode == 0, done.stderr
    assert "creating .venv" in done.stdout
    return folder


def copy(installed: Path, tmp_path: Path) -> Path:
    """A folder like `installed` that a test may spoil."""
    return Path(shutil.copytree(installed, tmp_path / "clone", symlinks=True))


def test_it_works(installed: Path) -> None:
    again = install(installed)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_changed_requirements_are_installed(installed: Path, tmp_path: Path) -> None:
    folder = copy(installed, tmp_path)
    (folder / "requirements.txt").write_text("# nothing, said otherwise\n")
    done = install(folder)
    assert done.returncode == 0, done.stderr
    assert "installing the site and the grader" in done.stdout
    assert "creating .venv" not in done.stdout
    assert install(folder).stdout == ""


def test_models_can_be_left_out(installed: Path, tmp_path: Path) -> None:
    folder = copy(installed, tmp_path)
    assert install(folder, "--models", WITHOUT_MODELS="1").stdout == ""
    assert not (folder / ".venv" / ".installed-models").exists()


def test_a_failure_shows_the_end_of_the_log_and_is_tried_again(installed: Path, tmp_path: Path) -> None:
    folder = copy(installed, tmp_path)
    (folder / "requirements.txt").write_text("no-such-package-of-anybody==1.0\n")
    for _ in range(2):
        done = install(folder)
        assert done.returncode == 1
        assert "no-such-package-of-anybody" in done.stderr
        assert "Python 3.11 to 3.13" in done.stderr
        assert len(done.stderr.splitlines()) <= 22


def test_a_broken_environment_is_made_again(installed: Path, tmp_path: Path) -> None:
    folder = copy(installed, tmp_path)
    (folder / ".venv" / "bin" / "python").unlink()
    (folder / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    done = install(folder)
    assert done.returncode == 0, done.stderr
    assert "creating .venv" in done.stdout
