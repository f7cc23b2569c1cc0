"""The exercise that needs a GPU, as far as a processor can try it: its tests of correctness, with "cpu" for "cuda"."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from workers.jobs import ExerciseFiles, read_folder

CATALOG = Path(__file__).parents[2] / "exercises" / "catalog"
FOLDER = CATALOG / "matmul-gpu"
POINTS = 6  # of the tests of correctness
# What each wrong file loses there; the rest of its first line is lost, or not, on the clock.
CORRECT = {
    "beside_the_clock": 3,
    "copies_in_each_step": 6,
    "divides_first": 5,
    "double_precision": 3,
    "half_precision": 4,
    "left_over_memory": 3,
    "length_at_the_end": 5,
    "on_the_processor": 6,
    "one_by_one": 6,
    "remembered": 6,
    "tensor_float": 4,
}

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.torch,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed (WITHOUT_MODELS=1)"),
]


def on_a_processor() -> ExerciseFiles:
    files = dict(read_folder(FOLDER).files)
    tests, speed, _ = files["tests.py"].partition(b"# Speed:")
    assert speed
    files["tests.py"] = tests
    files["exercise.toml"] = files["exercise.toml"].replace(b'device = "gpu"', b'device = "cpu"')
    files["solution.py"] = files["solution.py"].replace(b'"cuda"', b'"cpu"')
    return ExerciseFiles(files)


def source(path: Path) -> str:
    return path.read_text("utf-8").replace('"cuda"', '"cpu"')


def test_it_works(grader: Any) -> None:
    exercise = on_a_processor()
    for seed in (1, 2):
        report = grader.grade(exercise, source(FOLDER / "solution.py"), seed=seed)
        assert (report["verdict"], report["score"]) == ("passed", POINTS), report["tests"]
    assert grader.grade(exercise, source(FOLDER / "starter.py"), seed=1)["score"] == 0


@pytest.mark.parametrize("path", sorted((FOLDER / "wrong").glob("*.py")), ids=lambda path: path.stem)
def test_wrong_files(grader: Any, path: Path) -> None:
    report = grader.grade(on_a_processor(), source(path), seed=1)
    assert report["score"] == CORRECT[path.stem], [(test["name"], test["message"]) for test in report["tests"]]
    expected = float(path.read_text("utf-8").split("/")[0].removeprefix("# expect: "))
    assert 0 <= expected - report["score"] <= 4  # the points of the clock


def test_a_node_without_the_libraries_can_list_its_tests(grader: Any) -> None:
    manifest = grader.list(FOLDER)
    assert manifest["ok"], manifest["fault"]
    assert manifest["max_score"] == 10
    assert [test["timing"] for test in manifest["tests"]] == [False] * 5 + [True] * 3
    assert not any(test["timing"] and test["public"] for test in manifest["tests"])
