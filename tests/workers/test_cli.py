from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.grading import ATTACKS, exercise
from workers.jobs.bundle import write_folder

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
FOLDER = ATTACKS / "exercise"


def run(*arguments: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workers", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, input=text, timeout=100)


def test_it_works():
    done = run("grade", FOLDER, FOLDER / "solution.py", "--json", "--seed", 7)
    assert done.returncode == 0 and done.stderr == ""
    report = json.loads(done.stdout)
    assert (report["verdict"], report["score"], report["seed"], report["exercise"]) == ("passed", 10, 7, "exercise")


def test_less_than_full_marks_is_one():
    done = run("grade", FOLDER, FOLDER / "starter.py")
    assert done.returncode == 1
    assert "failed: 0/10" in done.stdout and "derivative of ReLU" in done.stdout and "FULL" in done.stdout


def test_public_tests_only():
    report = json.loads(run("grade", FOLDER, FOLDER / "solution.py", "--json", "--public").stdout)
    assert report["max_score"] == 1 and len(report["tests"]) == 1


def test_it_reads_standard_input():
    assert run("grade", FOLDER, "-", text=(FOLDER / "solution.py").read_text()).returncode == 0


def test_text_that_is_not_utf8_is_rejected(tmp_path):
    latin = tmp_path / "latin.py"
    latin.write_bytes("x = 'é'\n".encode("latin-1"))
    done = run("grade", FOLDER, latin)
    assert done.returncode == 1 and "not UTF-8" in done.stdout


@pytest.mark.parametrize(
    ("folder", "solution", "said"),
    [
        ("/nowhere", FOLDER / "solution.py", "not a folder"),
        (FOLDER, "/nowhere.py", "nowhere.py"),
        (ATTACKS, FOLDER / "solution.py", "exercise.toml"),
    ],
)
def test_wrong_paths_are_two_and_said(folder, solution, said):
    done = run("grade", folder, solution)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_a_fault_of_the_exercise_is_two(tmp_path):
    write_folder(exercise("1 / 0"), tmp_path / "broken")
    (tmp_path / "s.py").write_text("")
    done = run("grade", tmp_path / "broken", tmp_path / "s.py", "--json")
    assert done.returncode == 2 and "ZeroDivisionError" in done.stderr
    assert json.loads(done.stdout)["verdict"] == "error"


def test_a_seed_out_of_range_is_said():
    done = run("grade", FOLDER, FOLDER / "solution.py", "--seed", -1)
    assert done.returncode == 2 and "seed" in done.stderr


def test_it_asks_for_a_command():
    done = run()
    assert done.returncode == 2 and "COMMAND" in done.stderr
    assert run("--help").returncode == 0 and run("grade", "--help").returncode == 0


def test_the_doctor_finds_a_full_sandbox():
    done = run("doctor", "--no-models")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 leaks, sandbox level FULL" in done.stdout
