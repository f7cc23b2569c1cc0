"""Ways to look fast without being it: each is a solution with four times the reference's work, and a trick."""

from __future__ import annotations

import pytest

from tests.workers.grading import by_name, exercise
from tests.workers.timings import BODY, REFERENCE, SLOW, WORK, timed
from workers.jobs.bundle import ExerciseFiles

pytestmark = pytest.mark.sandbox

HONEST = WORK.format(rounds=160).replace("def work", "def honest")
CHEATS = {
    "memo by content": """
KNOWN = {}
def work(x):
    key = x.tobytes()
    if key not in KNOWN:
        KNOWN[key] = honest(x)
    return KNOWN[key]
""",
    "precompute on import": """
GUESSED = {}
for seed in range(40):
    guess = np.random.default_rng(seed).normal(size=20_000)
    GUESSED[guess[0]] = np.sin(guess)
def work(x):
    return GUESSED[x[0]] if x[0] in GUESSED else honest(x)
""",
    "slow warm-up": """
import time
calls = 0
def work(x):
    global calls
    calls += 1
    if calls <= 6:
        time.sleep(0.05)
    return honest(x)
""",
    "a core of its own": """
import os
def work(x):
    for core in range(64):
        try:
            os.sched_setaffinity(0, {core})
            break
        except OSError:
            pass
    return honest(x)
""",
    "patched clocks": """
import time
for name in ("time", "perf_counter", "perf_counter_ns", "monotonic", "process_time", "thread_time", "time_ns"):
    setattr(time, name, lambda: 0)
time.clock_gettime = lambda clock: 0.0
time.sleep = lambda seconds: None
def work(x):
    return honest(x)
""",
    "fork a helper": """
import os, subprocess, multiprocessing
def work(x):
    reading, writing = os.pipe()
    try:
        if not os.fork():
            os.write(writing, honest(x).tobytes())
            os._exit(0)
    except OSError:
        return honest(x)
    return np.frombuffer(os.read(reading, x.nbytes))
""",
    "a thread that works while the clock is stopped": """
import gc, threading, time
DONE = {}
def ahead():
    while True:
        for value in gc.get_objects():
            if type(value) is list and len(value) == 1 and type(value[0]) is np.ndarray and value[0].size == 20_000:
                if value[0][0] not in DONE:
                    DONE[value[0][0]] = honest(value[0])
        time.sleep(0)
threading.Thread(target=ahead, daemon=True).start()
def work(x):
    return DONE[x[0]] if x[0] in DONE else honest(x)
""",
    "threads that slow the reference down": """
import threading
def burn():
    z = np.ones(100_000)
    while True:
        np.sin(z, out=z)
for _ in range(3):
    threading.Thread(target=burn, daemon=True).start()
def work(x):
    return honest(x)
""",
    "threads made in a call": """
import threading
def burn():
    z = np.ones(100_000)
    while True:
        np.sin(z, out=z)
def work(x):
    if threading.active_count() < 4:
        threading.Thread(target=burn, daemon=True).start()
    return honest(x)
""",
    "a timer that ends the stop": """
import ctypes, signal, threading
signal.signal(signal.SIGCONT, lambda *args: None)
libc = ctypes.CDLL(None, use_errno=True)
event = (ctypes.c_int * 16)(0, 0, signal.SIGCONT, 0)
timer = ctypes.c_void_p()
REFUSED = libc.timer_create(1, event, ctypes.byref(timer)) != 0
libc.timer_settime(timer, 0, (ctypes.c_long * 4)(0, 500_000, 0, 500_000), None)
signal.signal(signal.SIGALRM, lambda *args: None)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
def burn():
    while True:
        pass
threading.Thread(target=burn, daemon=True).start()
def work(x):
    return honest(x)
""",
    "a runner that begins early": """
import sys
runner = sys.modules["workers.runner.program"]
whole = runner.Runner._answer
ready = {}
def _answer(self, answer, text, buffer):
    ready["value"] = honest(np.frombuffer(buffer, count=20_000)) if len(buffer) >= 160_000 else None
    return whole(self, answer, text, buffer)
runner.Runner._answer = _answer
def work(x):
    return ready["value"] if ready.get("value") is not None else honest(x)
""",
    "stopped at the end of the work": """
import os, signal
def work(x):
    y = honest(x)
    os.kill(os.getpid(), signal.SIGSTOP)
    return y
""",
}
# Those that would slow the reference down, or work while nobody counts.
ON_THE_WALL = ("threads that slow the reference down", "a thread that works while the clock is stopped", "slow warm-up")
WRONG = {
    "learn in the warm-up, then replay": """
seen = []
def work(x):
    if len(seen) < 3:
        seen.append(honest(x))
    return seen[-1]
""",
    "a light fingerprint": """
cache = {}
def work(x):
    key = round(float(x.mean()))
    if key not in cache:
        cache[key] = honest(x)
    return cache[key]
""",
    "an array that a thread fills later": """
import threading, time
def work(x):
    y = np.empty_like(x)
    def fill():
        time.sleep(0.002)
        y[:] = honest(x)
    threading.Thread(target=fill, daemon=True).start()
    return y[:]
""",
    "a lazy list": """
class Later(list):
    def __init__(self, x):
        super().__init__()
        self.x = x
    def __iter__(self):
        return iter(honest(self.x).tolist())
    def __len__(self):
        return self.x.size
def work(x):
    return Later(x)
""",
    "a lazy array": """
class Later(np.ndarray):
    def __array__(self, *args, **kwargs):
        return honest(np.asarray(self))
def work(x):
    return x.view(Later)
""",
    "what lies in freed memory": """
def work(x):
    return np.empty(x.shape)
""",
    "zero the input, return zeros": """
def work(x):
    try:
        x[:] = 0
    except ValueError:
        pass
    return x
""",
}


def fast(grader, files: ExerciseFiles, source: str):
    report = grader.grade(files, source, seed=11)
    test = by_name(report)["fast"]
    assert not report["sandbox"]["machine_fault"], report["staff"]
    return test


def test_it_works(grader):
    """Without a trick: the slow solution fails, so a trick that fails with it has gained nothing."""
    assert fast(grader, timed(), REFERENCE)["points"] == 4
    assert fast(grader, timed(), SLOW)["verdict"] == "failed"


@pytest.mark.parametrize("name", CHEATS)
def test_a_trick_gains_nothing(grader, name):
    clock = "wall" if name in ON_THE_WALL else "cpu"
    files = timed(f'clock="{clock}"', seconds=4.0, total=60.0)
    test = fast(grader, files, f"{HONEST}\n{CHEATS[name]}")
    # On the wall's clock of a machine that others load, "inconclusive" is chance, not gain: the ratio tells.
    gained = test["verdict"] == "passed" or (test["timing"] is not None and test["timing"]["ratio"] < 1.5)
    assert not gained, (test["verdict"], test["timing"], test["message"])
    if clock == "cpu":
        assert test["points"] == 0, (test["verdict"], test["timing"])


@pytest.mark.parametrize("name", WRONG)
def test_a_result_that_is_not_there_is_wrong(grader, name):
    test = fast(grader, timed('clock="cpu", public=True'), f"{HONEST}\n{WRONG[name]}")
    assert (test["verdict"], test["points"], test["timing"]) in (("failed", 0, None), ("crashed", 0, None))


def test_a_stopped_process_that_runs_on_is_found_out(grader, monkeypatch):
    """Should the kernel offer another way out of the stop, the processor's clock still tells."""
    monkeypatch.setattr("workers.grader.timing.freeze", lambda jail: None)
    burn = "import threading\ndef burn():\n    while True: pass\nthreading.Thread(target=burn, daemon=True).start()\n"
    test = fast(grader, timed(), burn + REFERENCE)
    assert test["points"] == 0
    assert test["message"] == "Your code interfered with the connection to the grader."


def test_a_file_that_ends_after_loading_is_not_our_fault(grader):
    dying = "import os, threading\nthreading.Timer(0.004, os._exit, (0,)).start()\n"
    only = exercise('@timing("fast", clock="cpu")' + BODY, REFERENCE)
    for _ in range(3):
        assert fast(grader, only, dying + REFERENCE)["verdict"] == "crashed"
