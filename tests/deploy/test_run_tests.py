"""`make test`: every test has a phase, and the sum is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.options import ROOT
from deploy.run_tests import OF_THEIR_OWN, PHASES, Count, Phase, read_count, run_phases


def test_it_works(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert False\n"
        "def test_left_out(): pytest.skip('no reason')\n"
        "@pytest.fixture\n"
        "def broken(): raise ValueError\n"
        "def test_broken(broken): pass\n"
    )
    [(line, count)] = run_phases([Phase("some", (str(tmp_path),), "")], ["-p", "no:randomly", "-p", "no:django"], 1)
    assert count == Count(passed=1, failed=2, skipped=1)
    assert line.startswith("some: 1 passed, 2 failed, 1 skipped in ")


def test_two_lanes_show_the_output_of_what_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, body in (("good", "pass"), ("bad", "assert 'seen' == 'unseen'")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"test_{name}.py").write_text(f"def test_{name}(): {body}\n")
    phases = [Phase(name, (str(tmp_path / name),), "") for name in ("good", "bad")]
    results = run_phases(phases, ["-p", "no:randomly", "-p", "no:django"], 2)
    assert sorted(count.failed for _line, count in results) == [0, 1]
    output = capsys.readouterr().out
    assert "=== good: started" in output and "=== good: 1 passed" in output
    assert "assert 'seen' == 'unseen'" in output


def test_a_phase_without_tests_fails(tmp_path: Path) -> None:
    [(_line, count)] = run_phases([Phase("none", (str(tmp_path),), "browser")], [], 1)
    assert count.failed == 1


def test_a_run_without_a_report_is_a_failure(tmp_path: Path) -> None:
    assert read_count(tmp_path / "absent.xml") == Count(failed=1)


def test_the_sum_is_what_a_test_runner_prints() -> None:
    assert str(Count(3, 0, 1) + Count(2, 1, 0)) == "5 passed, 1 failed, 1 skipped"


def test_every_folder_has_a_phase() -> None:
    covered = {path for phase in PHASES for path in phase.paths}
    for path in (ROOT / "tests").glob("*/test_*.py"):
        assert path.parent.name in OF_THEIR_OWN or f"tests/{path.parent.name}" in covered


@pytest.mark.parametrize(("folder", "mark"), [("browser", "browser"), ("faults", "faults")])
def test_marked_folders_are_marked(folder: str, mark: str) -> None:
    """A file there without its mark would be in no phase."""
    for path in (ROOT / "tests" / folder).glob("test_*.py"):
        assert re.search(rf"^pytestmark = .*?\bpytest\.mark\.{mark}\b", path.read_text(), re.MULTILINE | re.DOTALL), (
            path
        )
