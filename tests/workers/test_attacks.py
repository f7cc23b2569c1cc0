"""Every hostile solution between two honest ones, in one warm grader. None may gain, leak, reach out or stay.

The files are not ours to trust: they run only inside the sandbox that is under test.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workers.grading import ATTACKS, processes, wait_until
from workers.grader import Grader
from workers.jobs.bundle import ExerciseFiles, read_folder

pytestmark = pytest.mark.sandbox

SECRET = "canary-93b1-of-the-grader"
FILES = sorted(ATTACKS.glob("*.py"))
SLOWEST = 60.0


@dataclass
class Scene:
    """What the attacks may find: a canary folder, a listening port, a grader, an honest result."""

    grader: Grader
    exercise: ExerciseFiles
    honest: str
    expected: dict
    canary: Path
    port: socket.socket
    running: set[int]

    def run_honest(self) -> dict:
        report = self.grader.grade(self.exercise, self.honest, seed=11)
        return {key: report[key] for key in ("verdict", "score", "max_score", "output")}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    canary = tmp_path_factory.mktemp("canary")
    os.chmod(canary, 0o755)
    (canary / "shadow").write_text(SECRET)
    (canary / "alice.json").write_text('{"score": 10}')
    exercise = quicker(read_folder(ATTACKS / "exercise"))
    honest = exercise.text("solution.py")
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADER_SECRET_TOKEN", SECRET)
    with patch.context(), socket.create_server(("127.0.0.1", 0)) as port, Grader() as grader:
        port.setblocking(False)
        scene = Scene(grader, exercise, honest, {}, canary, port, set())
        scene.expected = scene.run_honest()
        assert scene.expected["verdict"] == "passed"
        time.sleep(0.2)
        scene.running = processes(grader)
        yield scene
    patch.undo()


def quicker(exercise: ExerciseFiles) -> ExerciseFiles:
    """The same with a shorter limit on the whole run, which attacks on time use up."""
    toml = exercise.files["exercise.toml"].replace(b"total_seconds = 10", b"total_seconds = 3")
    assert toml != exercise.files["exercise.toml"]
    return ExerciseFiles({**exercise.files, "exercise.toml": toml})


def header(source: str, name: str) -> str:
    found = re.search(rf"^# {name}: (.*)$", source, re.MULTILINE)
    assert found, f"no header {name}"
    return found[1]


def shown_to_student(report: dict) -> str:
    """What the site may show: public tests in full, of hidden ones name, verdict, points and hint."""
    public = [test for test in report["tests"] if test["public"]]
    hidden = [{key: t[key] for key in ("name", "verdict", "points")} for t in report["tests"] if not t["public"]]
    return json.dumps([public, hidden, report["output"], report["message"]])


def test_it_works(scene):
    assert scene.run_honest() == scene.expected
    assert len(FILES) >= 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_attack_gains_nothing(scene, path):
    source = path.read_text()
    honest_points = int(header(source, "honest").split("/")[0])
    port = str(scene.port.getsockname()[1])
    source = source.replace("@CANARY_DIR@", str(scene.canary)).replace("@PORT@", port)
    started = time.monotonic()
    report = scene.grader.grade(scene.exercise, source, seed=11)
    seconds = time.monotonic() - started
    assert report["score"] <= honest_points
    assert report["verdict"] not in ("error", "passed")
    assert seconds < SLOWEST
    assert SECRET not in json.dumps(report)
    assert SECRET not in shown_to_student(report)
    with pytest.raises(BlockingIOError):
        scene.port.accept()
    assert sorted(file.name for file in scene.canary.iterdir()) == ["alice.json", "shadow"]
    assert (scene.canary / "shadow").read_text() == SECRET
    assert (scene.canary / "alice.json").read_text() == '{"score": 10}'
    assert scene.run_honest() == scene.expected
    # The spares are the only processes that come and go; their number stays what it was.
    assert wait_until(lambda: len(processes(scene.grader)) <= len(scene.running))
