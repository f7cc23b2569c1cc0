"""What a student's file does while it loads, beside the judge that loads too, is never our fault."""

from __future__ import annotations

import json
import signal

import pytest

from tests.workers.grading import by_name, exercise
from workers.grader import session

pytestmark = pytest.mark.sandbox

GOOD = "def f():\n    return 1\n"
ONE = '\n@test("one", public=True)\ndef one(solution, rng):\n    assert_equal(solution.f(), 1)\n'
SLOW = "\nimport time\nwhile time.process_time() < 1.5: pass\n" + ONE
HOG = """
import hashlib, threading, time
def burn():
    block = bytes(4 << 20)
    while True:
        hashlib.sha256(block).digest()
for _ in range(14):
    threading.Thread(target=burn, daemon=True).start()
time.sleep(60)
"""


@pytest.fixture
def restarts(monkeypatch):
    """Counts the judges that were started again, and makes the first one's time short."""
    monkeypatch.setattr(session, "PATIENCE", 0.05)
    seen = []
    original = session.Session.restart_judge
    monkeypatch.setattr(session.Session, "restart_judge", lambda self: (seen.append(1), original(self))[1])
    return seen


def test_it_works(grader, restarts):
    assert grader.grade(exercise(ONE, GOOD), GOOD)["verdict"] == "passed"
    assert restarts == []


def test_a_slow_tests_py_is_loaded_alone(grader, restarts):
    report = grader.grade(exercise(SLOW, GOOD, seconds=0.6), GOOD)
    assert report["verdict"] == "passed" and restarts == [1]


def test_a_hog_while_loading_fails_the_student_alone(grader, restarts):
    """Its threads would keep the judge from loading in time: a fault of tests.py, and a try for nothing."""
    report = grader.grade(exercise(SLOW, GOOD, seconds=0.6), HOG)
    assert restarts == [1]
    assert report["verdict"] == "timeout" and report["score"] == 0, report["staff"]
    assert by_name(report)["one"]["verdict"] == "timeout"


def test_a_judge_that_dies_beside_a_student_is_tried_alone(grader, restarts, monkeypatch):
    """Whatever the student's process did to it (the machine's memory used up), not only time."""
    original = session.Session.start_runner

    def start_and_kill(self, phase):
        original(self, phase)
        if not restarts:
            signal.pidfd_send_signal(self._judge.jail.pidfd, signal.SIGKILL)

    monkeypatch.setattr(session.Session, "start_runner", start_and_kill)
    report = grader.grade(exercise(SLOW, GOOD, seconds=5), GOOD)
    assert report["verdict"] == "passed" and restarts == [1]


def test_a_broken_tests_py_is_still_the_exercises_fault(grader, restarts):
    report = grader.grade(exercise("1 / 0", GOOD), GOOD)
    assert report["verdict"] == "error" and "ZeroDivisionError" in report["staff"] and restarts == [1]
    assert not report["sandbox"]["machine_fault"]


def test_a_rejected_text_needs_no_second_judge(grader, restarts):
    report = grader.grade(exercise("1 / 0", GOOD), "\ud800")
    assert report["verdict"] == "error" and restarts == []


def test_hints_in_languages_that_nobody_reads_are_left_out(grader):
    """Hundreds of them made reports of megabytes."""
    hint = {"en": "h", "fr": "h", **{f"l{i}": "x" * 2000 for i in range(500)}}
    tests = ONE.replace("public=True", f"public=True, hint={hint!r}, title={hint!r}")
    manifest = grader.list(exercise(tests, GOOD))
    assert manifest["ok"] and manifest["tests"][0]["hint"] == {"en": "h", "fr": "h"}
    assert manifest["tests"][0]["title"] == {"en": "h", "fr": "h"}
    report = grader.grade(exercise(tests, GOOD), "", manifest=manifest)
    assert len(json.dumps(report)) < 10_000
