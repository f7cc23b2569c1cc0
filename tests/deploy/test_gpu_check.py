"""What `make gpu-check` does without a GPU, and what it writes with one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import gpu_check
from deploy.gpu_check import BEGIN, END, PAGE, Figure, with_figures
from tests.workers.nvml import Card, Driver
from workers.devices import Devices
from workers.grader.gpus import Keeper

FIGURES = [Figure("a grade", (0.5, 0.4, 0.9), "s"), Figure("a ratio", (1.01, 0.99), "times")]


def keeper(folder: Path, *cards: Card, missing: str = "") -> Keeper:
    return Keeper(Devices(Driver(*cards, missing=missing)), folder, 0.1, lambda minor: ())


def test_it_works() -> None:
    text = with_figures(f"# GPU\n\n{BEGIN}\nnot yet\n{END}\n\nMore.\n", "One card.", FIGURES)
    assert "| a grade | 0.5 s | 0.4 to 0.9 | 3 |" in text
    assert "| a ratio | 1 times | 0.99 to 1.01 | 2 |" in text
    assert "not yet" not in text
    assert text.startswith("# GPU\n\n")
    assert text.endswith(f"{END}\n\nMore.\n")
    assert with_figures(text, "One card.", FIGURES) == text


def test_a_page_without_the_block_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the two lines"):
        with_figures("# GPU\n", "", FIGURES)


def test_the_page_has_the_block() -> None:
    with_figures(PAGE.read_text("utf-8"), "", FIGURES)


def test_without_a_gpu_nothing_is_run_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "gpu.md"
    page.write_text("as it was")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: pytest.fail("something was run"))
    assert gpu_check.main(keeper(tmp_path / "gpu", missing="Driver Not Loaded"), page) == 2
    assert "the NVIDIA driver is missing: Driver Not Loaded" in capsys.readouterr().err
    assert page.read_text() == "as it was"


@pytest.mark.parametrize(("code", "done"), [(1, 1), (0, 0)])
def test_figures_are_written_only_when_everything_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, done: int
) -> None:
    """The commands are replaced: with a card they take minutes, and here there is none."""
    page = tmp_path / "gpu.md"
    page.write_text(f"{BEGIN}\nnot yet\n{END}\n")

    def run(command: Any, **options: Any) -> Any:
        program = (sys.executable, "-c", f"raise SystemExit({code})")
        return real(program, **options)

    real = subprocess.run
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(gpu_check, "measure", lambda: FIGURES)
    assert gpu_check.main(keeper(tmp_path / "gpu", Card()), page) == done
    assert ("a grade" in page.read_text()) == (code == 0)
    assert ("NVIDIA T4 (16 GiB), driver 580.95.05" in page.read_text()) == (code == 0)
