"""Hostile submissions beside honest ones: two graders work at once, and every honest verdict stays right."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from tests.workers.grading import ATTACKS, alive, processes, wait_until
from workers.grader import Grader
from workers.jobs.bundle import ExerciseFiles, read_folder

pytestmark = pytest.mark.sandbox

# One of each kind: what takes processors, memory, disk, output, signals, or the channel.
NAMES = (
    "crash_ignore_signals", "crash_kill_parent", "crash_recursion", "crash_segfault", "crash_signal_everyone",
    "escape_delete_cwd", "escape_devices", "escape_symlinks", "escape_write_others", "exhaust_fork",
    "exhaust_kernel_buffers", "exhaust_load_hog", "exhaust_loop", "exhaust_memory", "exhaust_output",
    "exhaust_tiny_writes", "forge_atexit_rewrite", "forge_exit_in_call", "forge_frame_flood", "forge_half_frame",
    "forge_judge_words", "forge_sys_modules", "forge_thread_rewrite", "steal_frames",
)  # fmt: skip


@pytest.fixture(scope="module")
def files() -> ExerciseFiles:
    """The attacks' exercise with a short total, so that the crowd passes quickly."""
    found = dict(read_folder(ATTACKS / "exercise").files)
    toml = found["exercise.toml"].replace(b"total_seconds = 10", b"total_seconds = 3")
    assert toml != found["exercise.toml"]
    return ExerciseFiles({**found, "exercise.toml": toml})


class Bench(threading.Thread):
    """One grader in a thread of its own: an honest one before and after each hostile one."""

    def __init__(self, files: ExerciseFiles, names: tuple[str, ...]) -> None:
        super().__init__()
        self._files, self._names = files, names
        self.hostile: dict[str, dict[str, Any]] = {}
        self.honest: list[dict[str, Any]] = []
        self.error: BaseException | None = None
        self.processes: set[int] = set()

    def run(self) -> None:
        try:
            with Grader() as grader:
                for name in self._names:
                    self._honest(grader)
                    source = (ATTACKS / f"{name}.py").read_text()
                    report = grader.grade(self._files, source, seed=3)
                    self.hostile[name] = {**report, "most": int(re.findall(r"# honest: (\d+)/10", source)[0])}
                self._honest(grader)
                self.processes = processes(grader)
        except BaseException as error:
            self.error = error

    def _honest(self, grader: Grader) -> None:
        self.honest.append(grader.grade(self._files, self._files.text("solution.py"), seed=3))


def crowd(files: ExerciseFiles, names: tuple[str, ...]) -> list[Bench]:
    benches = [Bench(files, names[::2]), Bench(files, names[1::2])]
    for bench in benches:
        bench.start()
    for bench in benches:
        bench.join()
    assert [bench.error for bench in benches] == [None, None]
    return benches


def test_it_works(files):
    for bench in crowd(files, ()):
        assert [report["verdict"] for report in bench.honest] == ["passed"]


def test_honest_verdicts_stay_right(files):
    assert len(set(NAMES)) == 24
    benches = crowd(files, NAMES)
    for bench in benches:
        assert [(report["verdict"], report["score"]) for report in bench.honest] == [("passed", 10)] * 13
        for name, report in bench.hostile.items():
            assert report["score"] <= report["most"], name
            assert report["verdict"] not in ("passed", "error"), (name, report["staff"])
        assert wait_until(lambda left=bench.processes: not alive(left))
    assert {name for bench in benches for name in bench.hostile} == set(NAMES)
