"""The jails themselves: what leaks, what is left, what happens when a part dies or a layer is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workers.grading import ATTACKS, alive, descendants, exercise, processes, wait_until
from workers.grader import Grader, MachineFault
from workers.grader.pool import Pool
from workers.grader.probes import ATTEMPTS, GROWN, OK, STATEMENTS, UNTESTED, check_sandbox
from workers.sandbox.host import Setup, Zygote

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
ONE = '\n@test("one", public=True)\ndef one(solution, rng):\n    assert_equal(solution.f(), 1)\n'
GOOD = "def f():\n    return 1\n"


@pytest.fixture
def pool():
    pool = Pool(allow_reduced=False, spares=False)
    yield pool
    pool.close()


def test_it_works(pool):
    """The doctor's attempts, each a row: nothing gets through."""
    rows = check_sandbox(pool)
    assert [row.attempt for row in rows] == [*ATTEMPTS, *STATEMENTS, GROWN]
    assert [row for row in rows[:-1] if row.result != OK] == []
    assert rows[-1].result == (UNTESTED if pool.no_memory_groups else OK), rows[-1]


def test_nothing_of_the_checkout_is_visible(grader):
    source = f"""
import os
def f():
    root = {str(ROOT)!r}
    shown = []
    for top, folders, names in os.walk(root):
        if "site-packages" in top or "lib" in os.path.relpath(top, root).split(os.sep):
            folders.clear()
            continue
        shown += [os.path.join(top, name) for name in names]
    return shown + [p for p in ("/home", "/var", "/etc/passwd", "/proc/self", "/tmp/x") if os.path.exists(p)]
"""
    report = grader.grade(exercise(ONE.replace("1)", "[])"), source), source)
    assert report["verdict"] == "passed", report["tests"]


def test_a_checkout_inside_a_library_folder_is_covered(tmp_path):
    """`hidden` empties a folder that a read-only path would show; what is wanted below it stays."""
    libs = tmp_path / "lib"
    (libs / "checkout" / "exercises").mkdir(parents=True)
    (libs / "checkout" / "exercises" / "tests.py").write_text("x")
    (libs / "checkout" / "venv").mkdir()
    (libs / "checkout" / "venv" / "module.py").write_text("x = 1")
    for folder in [tmp_path, *tmp_path.parents]:
        if folder != Path("/") and os.access(folder, os.W_OK) and folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    config = Setup((), False).config()
    config["read_only"] += [str(libs), str(libs / "checkout" / "venv")]
    config["hidden"] = [str(libs / "checkout")]

    class Prepared(Setup):
        def config(self):
            return config

    source = f"import os\ndef f():\n    return sorted(os.listdir({str(libs / 'checkout')!r}))\n"
    from workers.grader.probes import LIMITS, Budget, RunnerLink, _call

    zygote = Zygote(Prepared((), False))
    try:
        runner = RunnerLink(zygote.take("runner"), Budget(LIMITS), ())
        runner.start_loading(source, 1)
        runner.finish_loading()
        assert _call(runner, "f") == ["venv"]
        runner.close()
    finally:
        zygote.close()


def test_close_leaves_nothing():
    fds = len(os.listdir("/proc/self/fd"))
    with Grader() as grader:
        assert grader.grade(exercise(ONE, GOOD), GOOD)["verdict"] == "passed"
        mine = processes(grader)
        assert len(mine) >= 3
    assert wait_until(lambda: not alive(mine))
    assert len(os.listdir("/proc/self/fd")) == fds
    grader.close()


def test_a_dead_zygote_is_replaced():
    with Grader() as grader:
        files = exercise(ONE, GOOD)
        assert grader.grade(files, GOOD)["verdict"] == "passed"
        for zygote in grader._pool._zygotes.values():
            os.kill(zygote.pid, signal.SIGKILL)
        wait_until(lambda: not any(z._process.poll() is None for z in grader._pool._zygotes.values()))
        assert grader.grade(files, GOOD)["verdict"] == "passed"


def test_a_killed_grader_leaves_no_process(tmp_path):
    """SIGKILL in the middle of a grade: end of file reaches the zygote, its namespace ends with it."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.workers.grading import exercise
from workers.grader import Grader
with Grader() as grader:
    print("ready", flush=True)
    grader.grade(exercise({ONE!r}, seconds=60, total=60), "while True: pass")
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    inside = descendants(child.pid)
    assert len(inside) >= 3
    child.kill()
    child.wait()
    child.stdout.close()
    assert wait_until(lambda: not alive(inside - {child.pid}))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signalled_grader_leaves_no_process(number):
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.workers.grading import exercise
from workers.grader import Grader
grader = Grader()
print("ready", flush=True)
grader.grade(exercise({ONE!r}, seconds=60, total=60), "while True: pass")
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    time.sleep(0.3)
    inside = descendants(child.pid)
    child.send_signal(number)
    child.wait(timeout=20)
    child.stdout.close()
    assert wait_until(lambda: not alive(inside))


def settled(grader) -> bool:
    """Every spare that was asked for has been made."""
    for zygote in grader._pool._zygotes.values():
        zygote.poll()
    return not any(zygote._known for zygote in grader._pool._zygotes.values())


LONG_DAY = (
    GOOD,
    "def f(): return 2",
    "import os\ndef f(): os._exit(0)",
    "def f(): [",
    "x = bytearray(9 << 30)",
    "import os\nfor i in range(900): os.symlink('/', f'{i}')\ndef f(): return os.kill(-1, 9)",
    "import threading, time\nfor i in range(9): threading.Thread(target=time.sleep, args=(99,)).start()\nf = dict",
    "import os\ndef f():\n    while True: os.write(3, b'x' * 999)",
    "import socket\npairs = [socket.socketpair() for i in range(20)]\ndef f(): return pairs",
    "def f():\n    while True: print('x' * 9999)",
)


def test_a_long_day_leaves_nothing(monkeypatch, tmp_path):
    """150 grades, good, bad and hostile: no process, descriptor, mount or temporary file more than before."""
    files = exercise(ONE, GOOD)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Grader() as grader:
        for source in LONG_DAY:
            grader.grade(files, source)
        counts: list[tuple[int, int]] = []
        for _ in range(2):
            for index in range(75):
                report = grader.grade(files, LONG_DAY[index % len(LONG_DAY)])
                assert (report["verdict"] == "passed") == (index % len(LONG_DAY) == 0), report
            assert wait_until(lambda: settled(grader))
            mounts = len(Path("/proc/self/mountinfo").read_text().splitlines())
            counts.append((len(os.listdir("/proc/self/fd")), mounts))
            assert wait_until(lambda: len(processes(grader)) == 5), processes(grader)
        assert counts[1] == counts[0], counts
    assert list(tmp_path.iterdir()) == []


def test_many_runtimes_do_not_pile_up(grader):
    for modules in ((), ("numpy",), ("json",), ("csv",), ("numpy", "json"), ("numpy", "csv")):
        assert grader.grade(exercise(ONE, GOOD, modules=modules), GOOD)["verdict"] == "passed"
    assert len(grader._pool._zygotes) <= 4


def test_the_advice_names_the_cause():
    from workers.sandbox.level import advice

    assert "Landlock" in advice("landlock_create_ruleset: Operation not supported")
    assert "Linux 5.12" in advice("mount_setattr: Function not implemented")
    assert "container" in advice("[Errno 1] unshare(0x20000): Operation not permitted")


def test_a_refusal_is_a_machine_fault(monkeypatch):
    """The zygote's own program fails to start: no jail, no grading."""
    monkeypatch.setattr("workers.sandbox.host.sys.executable", "/bin/false")
    with pytest.raises(MachineFault):
        Grader(allow_reduced=False)


def test_spares_are_used_and_refilled():
    with Grader() as grader:
        files = exercise(ONE, GOOD)
        zygote = next(iter(grader._pool._zygotes.values()))
        ready = [jail.number for jail in zygote._spares["runner"]]
        assert len(ready) == 2
        grader.grade(files, GOOD)
        after = [jail.number for jail in zygote._spares["runner"]]
        assert len(after) == 2 and ready[0] not in after


def test_it_grades_the_attacks_exercise_from_its_folder(grader):
    report = grader.grade(ATTACKS / "exercise", (ATTACKS / "exercise" / "starter.py").read_text())
    assert (report["verdict"], report["score"]) == ("failed", 0)
