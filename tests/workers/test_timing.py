"""Timing tests with real jails: verdicts, what the report holds, and whose fault it is."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.workers.grading import alive, by_name, exercise, processes
from tests.workers.timings import BODY, REFERENCE, SLOW, timed
from workers.grader import timing
from workers.grader.links import Budget, RunnerLink
from workers.jobs.spec import Limits
from workers.sandbox.freeze import cpu_seconds, freeze, helper_seconds, host_pid, pin, thaw

pytestmark = pytest.mark.sandbox

SLEEPY = "import time\n\ndef work(x):\n    time.sleep({seconds})\n    return [x[0]]\n"
NAP = """
def fast(rng):
    return "work", [[rng.normal()]]

def mine(x):
    import time
    time.sleep({seconds})
    return [x[0]]
"""


def grade(grader, files, source, **options):
    report = grader.grade(files, source, seed=7, **options)
    json.dumps(report, allow_nan=False)
    return report, by_name(report).get("fast")


def nap(length: float, rules: str, **limits):
    """Only the timing test; the reference in tests.py sleeps for `length` seconds."""
    rules = f'@timing("fast", points=4, against="mine", {rules})'
    return exercise(rules + NAP.format(seconds=length), SLEEPY.format(seconds=length), **limits)


def test_it_works(grader):
    report, test = grade(grader, timed(), REFERENCE)
    assert (report["verdict"], report["score"]) == ("passed", 10), test
    timing = test["timing"]
    assert timing["pairs"] in (20, 40) and timing["at_most"] == 1.5
    assert timing["low"] <= timing["ratio"] <= timing["high"] < 1.5
    assert test["message"] == "" and test["hint"] is None


def test_a_right_but_slow_solution_keeps_the_points_of_its_values(grader):
    report, test = grade(grader, timed(), SLOW)
    assert (report["verdict"], report["score"], test["verdict"]) == ("partial", 6, "failed")
    assert test["timing"]["low"] > 1.5
    assert test["message"].startswith("Your code is too slow: ")
    assert set(test["sentences"][0]["values"]) == {"ratio", "limit"}


def test_wall_clock(grader):
    files = nap(0.01, "at_most=2")
    assert grade(grader, files, SLEEPY.format(seconds=0.01))[0]["verdict"] == "passed"
    slow = grade(grader, files, SLEEPY.format(seconds=0.06))[1]
    assert (slow["verdict"], slow["timing"]["pairs"]) == ("failed", 10)


def test_the_processor_clock_counts_no_sleep(grader):
    lazy = REFERENCE.replace("    return y", "    import time; time.sleep(0.02)\n    return y")
    assert grade(grader, timed(), lazy)[0]["score"] == 10


def test_a_callable_of_tests_py_as_the_reference(grader):
    files = timed('clock="cpu", against="mine"', solution=SLOW)
    assert grade(grader, files, REFERENCE)[1]["verdict"] == "passed"
    assert grade(grader, files, SLOW)[1]["verdict"] == "failed"


def test_the_pairs_are_series(grader):
    test = grade(grader, timed(), REFERENCE)[1]
    assert [series["name"] for series in test["series"]] == ["your code (ms)", "reference (ms)"]
    assert {len(series["y"]) for series in test["series"]} == {test["timing"]["pairs"]}
    assert all(value > 0 for series in test["series"] for value in series["y"])


def test_the_manifest_says_which_test_is_timed(grader):
    manifest = grader.list(timed())
    assert [entry["timing"] for entry in manifest["tests"]] == [False, True]
    assert manifest["max_score"] == 10


def test_a_wrong_result_fails_whatever_its_time(grader):
    report, test = grade(grader, timed(), "def work(x):\n    return x\n")
    assert (test["verdict"], test["timing"]) == ("failed", None)
    assert test["message"].startswith("The result of a timed call is wrong.")
    assert test["difference"] is not None and test["input"].startswith("work(")


def test_a_result_that_is_wrong_late_fails_too(grader):
    wrapped = "def work(x):\n    global n\n    n += 1\n    return right(x) if n < 9 else x\n"
    late = f"{REFERENCE}\nn = 0\nright = work\n{wrapped}"
    test = grade(grader, timed(), late)[1]
    assert (test["verdict"], test["points"]) == ("failed", 0)
    assert test["message"].startswith("The result of a timed call is wrong.")


def test_a_check_of_ones_own(grader):
    loose = 'clock="cpu", check=lambda got, want: assert_close(got, want, rtol=1)'
    off = REFERENCE.replace("return y", "return y * 1.5")
    assert grade(grader, timed(loose), off)[1]["verdict"] == "passed"
    assert grade(grader, timed(), off)[1]["verdict"] == "failed"


@pytest.mark.parametrize(
    ("source", "verdict", "said"),
    [
        ("def work(x):\n    return 1 / 0\n", "crashed", "ZeroDivisionError"),
        ("def other(x):\n    return x\n", "failed", "work is not defined in your file."),
        ("import os\ndef work(x):\n    os._exit(0)\n", "crashed", "ended its Python process"),
        ("def work(x):\n    while True: pass\n", "timeout", "longer than 0.3 s"),
        ("def work(x):\n    return bytearray(9 << 30)\n", "memory", "more memory"),
    ],
)
def test_what_goes_wrong_in_a_timed_call_is_named(grader, source, verdict, said):
    report, test = grade(grader, nap(0.001, "public=True", seconds=0.3), source)
    assert (report["verdict"], test["verdict"]) == (verdict, verdict)
    assert said in test["message"]


@pytest.mark.torch
def test_tensors_are_copied_out_in_the_measured_time(grader):
    solve = "import torch\n\ndef work(x):\n    x = torch.as_tensor(x)\n    for _ in range({}):\n        y = x.sin()\n"
    slow, right = (solve.format(rounds) + "    return y\n" for rounds in (160, 40))
    files = timed(solution=right, modules=("numpy", "torch"))
    assert grade(grader, files, right)[0]["score"] == 10
    assert grade(grader, files, slow)[1]["verdict"] == "failed"


def test_a_file_that_does_not_load_is_rejected_as_ever(grader):
    assert grade(grader, timed(), "def work(:\n")[0]["verdict"] == "rejected"


def test_a_hopeless_solution_costs_five_pairs(grader):
    test = grade(grader, nap(0.002, ""), SLEEPY.format(seconds=0.25))[1]
    assert (test["verdict"], test["timing"]["pairs"]) == ("failed", 5)


def test_the_run_s_total_ends_a_timing_test(grader):
    report, test = grade(grader, nap(0.1, "", seconds=0.5, total=0.8), SLEEPY.format(seconds=0.2))
    assert (test["verdict"], test["timing"]) == ("timeout", None)


def test_the_reference_s_time_is_not_the_student_s(grader):
    test = grade(grader, nap(0.1, "at_most=0.9", total=2.2), SLEEPY.format(seconds=0.02))[1]
    assert test["verdict"] == "passed"
    assert test["seconds"] < 2.2


def test_much_faster_than_the_reference_is_left_to_people(grader):
    report, test = grade(grader, nap(0.05, "public=True"), SLEEPY.format(seconds=0))
    assert (report["verdict"], test["verdict"], test["points"]) == ("passed", "inconclusive", 4)
    assert "your teachers will look at it" in test["message"] and "hard to believe" in test["staff"]
    # The author asks for more than that here: then it takes more to be suspect.
    assert grade(grader, nap(0.05, "at_most=0.5"), SLEEPY.format(seconds=0.004))[1]["verdict"] == "passed"


def test_faster_than_the_floor_is_left_to_people(grader):
    test = grade(grader, nap(0.01, "at_most=3, floor_seconds=5"), SLEEPY.format(seconds=0.01))[1]
    assert test["verdict"] == "inconclusive" and "floor of 5 s" in test["staff"]


def test_the_reference_at_its_own_limit_is_inconclusive(grader):
    report, test = grade(grader, nap(0.003, "at_most=1"), SLEEPY.format(seconds=0.003))
    if test["verdict"] == "inconclusive":  # chance decides in one of a hundred runs, and load may add to it
        assert (test["timing"]["pairs"], test["points"]) == (40, 4)
        assert test["message"] == "Too close to the limit to tell: the points are yours."
        assert test["timing"]["low"] <= 1 <= test["timing"]["high"]


# ---- faults of the exercise ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('def fast(rng):\n    return "work", [np.ones(20_000)]\n', "the same input"),
        ('def fast(rng):\n    return "work"\n', "(name, args)"),
        ('def fast(rng):\n    return "work", [rng.normal, 1]\n', "cannot be sent"),
        ("def fast(rng):\n    raise KeyError('gone')\n", "KeyError"),
        ("def fast(rng):\n    import time; time.sleep(60)\n", "longer than"),
    ],
)
def test_what_the_author_did_wrong_is_no_student_s_fault(grader, body, why):
    report, test = grade(grader, timed(body="\n" + body, total=3.0), REFERENCE)
    assert (report["verdict"], test["verdict"]) == ("error", "error")
    assert why in test["staff"]
    assert not report["sandbox"]["machine_fault"]


def test_a_reference_that_fails_is_the_exercise_s_fault(grader):
    wrong = 'def fast(rng):\n    return "gone", [rng.normal(size=9)]\n'
    assert grade(grader, timed(body="\n" + wrong), REFERENCE)[1]["verdict"] == "error"
    broken = BODY.replace("    return y", "    return 1 / 0")
    test = grade(grader, timed('against="mine"', body=broken), REFERENCE)[1]
    assert test["verdict"] == "error" and "ZeroDivisionError" in test["staff"]


def test_the_next_test_runs_after_a_fault(grader):
    second = BODY + '\n@timing("second", clock="cpu")\ndef second(rng):\n    return "work", [rng.normal(size=20_000)]\n'
    body = second.replace("size=20_000", "size=0", 1)
    report, test = grade(grader, timed(body=body), REFERENCE)
    assert test["verdict"] == "error" and by_name(report)["second"]["verdict"] == "passed"


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ('against="nobody"', "tests.py has no function 'nobody'"),
        ('against="other.py"', "against"),
        ("at_most=0", "at_most"),
        ("at_most=float('nan')", "at_most"),
        ("at_most=True", "at_most"),
        ('clock="sun"', "clock"),
        ("floor_seconds=-1", "floor_seconds"),
        ("check=3", "check"),
        ("public=1", "@timing('fast'): public"),
    ],
)
def test_a_wrong_use_is_said_when_it_is_listed(grader, rules, why):
    manifest = grader.list(timed(rules))
    assert not manifest["ok"] and why in manifest["fault"]


# ---- the stop --------------------------------------------------------------------------------------------------------


def test_a_stopped_jail_uses_no_time_and_goes_on_after(grader):
    link = a_runner(grader)
    spin = "import threading\ndef spin():\n    while True: pass\n"
    try:
        link.start_loading(spin + "for _ in range(3): threading.Thread(target=spin, daemon=True).start()\n", 1)
        link.finish_loading()
        freeze(link.jail)
        before = cpu_seconds(link.jail)
        time.sleep(0.2)
        assert cpu_seconds(link.jail) == before
        thaw(link.jail)
        deadline = time.monotonic() + 20
        while cpu_seconds(link.jail) < before + 0.02 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert cpu_seconds(link.jail) > before
        freeze(link.jail)  # and a stopped jail can still be ended
    finally:
        link.close()
    freeze(link.jail)
    with pytest.raises(ProcessLookupError):
        cpu_seconds(link.jail)


# ---- the core --------------------------------------------------------------------------------------------------------


def a_runner(grader):
    return RunnerLink(grader._pool.take(("numpy",), "runner"), Budget(Limits()), ())


def test_a_pinned_jail_stays_on_its_core_with_all_its_threads(grader):
    link, core = a_runner(grader), max(os.sched_getaffinity(0))
    wait = "import threading, time\nfor _ in range(3):\n    threading.Thread(target=time.sleep, args=(60,)).start()\n"
    try:
        link.start_loading(wait, 1)
        link.finish_loading()
        pin(link.jail, [core])
        threads = [int(name) for name in os.listdir(f"/proc/{host_pid(link.jail)}/task")]
        assert len(threads) == 4
        assert all(os.sched_getaffinity(thread) == {core} for thread in threads)
    finally:
        link.close()
    pin(link.jail, [core])  # one that has ended is no error


@pytest.mark.parametrize("where", ["threading.Thread(target=burn)", None])
def test_the_time_of_threads_counts_after_they_have_ended(grader, where):
    link = a_runner(grader)
    burn = "import threading, time\ndef burn():\n    while time.thread_time() < 0.05:\n        pass\n"
    run = f"helper = {where}\nhelper.start()\nhelper.join()\n" if where else "burn()\n"
    try:
        link.start_loading(burn + run, 1)
        link.finish_loading()
        freeze(link.jail)
        helpers = helper_seconds(link.jail)
        assert (helpers > 0.04) == (where is not None), helpers
    finally:
        link.close()


THREADED = """import threading
import numpy as np

def half(x, y, part):
    for _ in range(40):
        y[part] = np.sin(x[part])

def work(x):
    y = np.empty_like(x)
    halves = [threading.Thread(target=half, args=(x, y, part)) for part in (slice(0, 10_000), slice(10_000, None))]
    for one in halves:
        one.start()
    for one in halves:
        one.join()
    return y
"""


@pytest.mark.parametrize(
    ("clock", "source", "spread"), [("wall", REFERENCE, False), ("wall", THREADED, True), ("cpu", THREADED, False)]
)
def test_both_calls_of_a_pair_share_a_core_but_threads_on_the_wall_s_clock(grader, monkeypatch, clock, source, spread):
    """Cores of one machine differ, by their clocks and their neighbours: two cores would be two rulers."""
    placed = []
    monkeypatch.setattr(timing, "pin", lambda jail, cores: placed.append((jail.pid, tuple(cores))) or pin(jail, cores))
    _report, test = grade(grader, timed(f'clock="{clock}", at_most=3.0'), source)
    assert test["verdict"] == "passed"
    everywhere = tuple(sorted(os.sched_getaffinity(0)))
    pairs = [placed[at : at + 2] for at in range(0, len(placed), 2)]
    assert len(pairs) >= timing.WARM_UP + 20
    assert all(mine[0] != reference[0] and mine[1] == reference[1] for mine, reference in pairs)
    assert all(mine[1] == everywhere for mine, _reference in pairs[: timing.WARM_UP])
    cores = {mine[1] for mine, _reference in pairs[timing.WARM_UP :]}
    assert cores == {everywhere} if spread else cores <= {(core,) for core in everywhere}


def test_nothing_is_left_running(grader):
    grade(grader, timed('clock="cpu", against="mine"'), REFERENCE)
    grader._pool.prepare(("numpy",), ("numpy",))
    time.sleep(0.3)
    before = processes(grader)
    grade(grader, timed('clock="cpu", against="mine"'), SLOW)
    deadline = time.monotonic() + 10
    while len(alive(processes(grader))) > len(before) + 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(alive(processes(grader))) <= len(before) + 1
