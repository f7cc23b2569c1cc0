"""Processes that the launcher keeps: their lines, their deaths, what is left of them."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.children import MAX_QUICK_DEATHS, Child
from deploy.options import ROOT
from deploy.programs import Program


def make_child(folder: Path, code: str) -> tuple[Child, list[str]]:
    lines: list[str] = []
    program = Program("part", (sys.executable, "-c", textwrap.dedent(code)), {"PYTHONUNBUFFERED": "1"})
    return Child(program, folder, lambda name, text: lines.append(f"{name}: {text}")), lines


def wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_works(tmp_path: Path) -> None:
    child, lines = make_child(tmp_path, "print('one'); print('two', end='')")
    child.start()
    wait(child.ended)
    child.clear()
    assert lines == ["part: one", "part: two"]
    assert (tmp_path / "part.log").read_text() == "one\ntwo\n"
    assert (tmp_path / "part.log").stat().st_mode & 0o777 == 0o600


def test_what_a_dead_process_left_is_ended(tmp_path: Path) -> None:
    code = """
        import subprocess, sys
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
    """
    child, lines = make_child(tmp_path, code)
    child.start()
    wait(child.ended)
    child.clear()
    left = int(lines[0].removeprefix("part: "))
    wait(lambda: not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE)


def test_a_line_without_end_is_cut_and_kept(tmp_path: Path) -> None:
    child, lines = make_child(tmp_path, "print('x' * 200_000)")
    child.start()
    wait(lambda: (child.pump(), child.ended())[1])
    child.clear()
    assert len(lines) > 1
    assert sum(len(line.removeprefix("part: ")) for line in lines) == 200_000


def test_quick_deaths_in_a_row_are_counted(tmp_path: Path) -> None:
    child, _ = make_child(tmp_path, "raise SystemExit(3)")
    kept = []
    for _ in range(MAX_QUICK_DEATHS):
        child.start()
        wait(child.ended)
        child.clear()
        kept.append(child.note_death())
    assert kept == [True] * (MAX_QUICK_DEATHS - 1) + [False]


@pytest.mark.parametrize("ending", ["return 7", "os.kill(os.getpid(), 9)"])
def test_the_warden_ends_what_is_below(tmp_path: Path, ending: str) -> None:
    code = f"""
        import os, signal, subprocess, sys
        from deploy.warden import guard
        STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on'); time.sleep(600)"

        def work():
            child = subprocess.Popen(
                [sys.executable, "-uc", STUBBORN], start_new_session=True, stdout=subprocess.PIPE, text=True
            )
            child.stdout.readline()
            print(child.pid, flush=True)
            {ending}

        sys.exit(guard(work))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == (137 if "kill" in ending else 7), done.stderr
    assert not psutil.pid_exists(int(done.stdout))
