"""tests.py comes from a browser too: what it does wrong is the exercise's fault, and nobody can forge that."""

from __future__ import annotations

import pytest

from tests.workers.grading import by_name, exercise

pytestmark = pytest.mark.sandbox

GOOD = "def f():\n    return 1\n"
LIST = '\n@test("one", public=True)\ndef one(solution, rng):\n    assert_equal(solution.f(), 1)\n'


def inside(body: str) -> str:
    return '\n@test("bad", public=True)\ndef bad(solution, rng):\n' + "".join(
        f"    {line}\n" for line in body.splitlines()
    )


def test_it_works(grader):
    assert grader.grade(exercise(LIST, GOOD), GOOD)["verdict"] == "passed"


@pytest.mark.parametrize(
    "body",
    [
        "import os; os._exit(0)",
        "import sys; sys.exit(0)",
        "raise KeyboardInterrupt",
        "import ctypes; ctypes.string_at(0)",
        "x = bytearray(8 << 30)",
        "import os; os.fork()",
        "import socket; socket.create_connection(('127.0.0.1', 80))",
        "open('/etc/passwd')",
        "open('/usr/lib/x', 'w')",
        "1 / 0",
        "solution.f(object())",
        "solution.f(lambda: 0) if False else solution.f(np.array([None]))",
        "while True: print('x' * 65536)",
        "import os; os.write(3, b'x' * 100)",
        "import os, struct; os.write(3, struct.pack('<BQII', 13, 0, 2, 0) + b'{}')",
        "import os, struct; os.write(3, struct.pack('<BQII', 4, 0, 2, 0) + b'{}')",
        "assert_close(1, object())",
        "record('x', ['a'])",
        "raise SolutionError",
        "from workers.testkit.compare import CheckFailed\n"
        "raise CheckFailed([{'template': '{x.__class__}', 'values': {'x': 1}}])",
        "from workers.testkit.compare import CheckFailed\n"
        "raise CheckFailed([{'template': '{x:99999999}', 'values': {'x': 1}}])",
        "def call():\n    solution.f()\nsolution.g(call)",
    ],
)
def test_a_fault_of_the_test_is_not_the_students(grader, body):
    source = GOOD + "def g(call):\n    call()\n"
    tests = inside(body) + LIST
    report = grader.grade(exercise(tests, source), source)
    assert report["verdict"] == "error", report
    assert by_name(report)["bad"]["verdict"] == "error" and by_name(report)["bad"]["points"] == 0
    assert "reference solution does not pass" in by_name(report)["bad"]["staff"]
    assert by_name(report)["one"]["verdict"] == "passed"
    assert report["staff"] and "not yours" in report["message"]


@pytest.mark.parametrize(
    "body",
    [
        "x = solution.f()\nif x != 1:\n    import os; os._exit(0)",
        "x = solution.f()\nx + 1",
        "x = solution.f()\nif x != 1:\n    bytearray(8 << 30)",
        "x = solution.f()\nif x != 1:\n    while True: print('x' * 65536)",
        "x = solution.f()\nif x != 1:\n    raise SystemExit",
    ],
)
def test_a_fault_that_the_reference_does_not_meet_is_the_students(grader, body):
    report = grader.grade(exercise(inside(body) + LIST, GOOD), "def f():\n    return 'bad'\n")
    assert report["verdict"] == "failed" and report["score"] == 0
    assert "could not use what" in by_name(report)["bad"]["message"]


def test_a_test_that_hangs_is_settled_too(grader, monkeypatch):
    monkeypatch.setattr("workers.grader.prepared.JUDGE_SECONDS", 1.0)
    body = "x = solution.f()\nwhile x != 1: pass"
    files = exercise(inside(body) + LIST, GOOD, seconds=0.5)
    assert by_name(grader.grade(files, "def f(): return 2\n"))["bad"]["verdict"] == "failed"
    half = "import os, struct, time; os.write(3, struct.pack('<BQII', 13, 0, 4 << 20, 60 << 20)); time.sleep(60)"
    report = grader.grade(exercise(inside(half) + LIST, GOOD, seconds=0.5), GOOD)
    assert by_name(report)["bad"]["verdict"] == "error"
    files = exercise(inside("while True: pass") + LIST, GOOD, seconds=0.5)
    report = grader.grade(files, GOOD)
    assert by_name(report)["bad"]["verdict"] == "error" and "longer than 1 s" in report["staff"]


def test_hanging_tests_use_up_the_students_time(grader, monkeypatch):
    """Eight such tests must not hold the grader for eight times the judge's limit."""
    monkeypatch.setattr("workers.grader.prepared.JUDGE_SECONDS", 0.5)
    tests = "".join(
        f'\n@test("t{i}")\ndef t{i}(solution, rng):\n    x = solution.f()\n    while x != 1: pass\n' for i in range(6)
    )
    report = grader.grade(exercise(tests, GOOD, seconds=0.2, total=1), "def f(): return 2\n")
    verdicts = [test["verdict"] for test in report["tests"]]
    assert verdicts.count("failed") <= 3 and verdicts.count("skipped") >= 3 and report["verdict"] == "failed"


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("", "no test"),
        ("1 / 0", "ZeroDivisionError"),
        ("def (", "SyntaxError"),
        (LIST + LIST, "named 'one'"),
        ('@test("x", points=0)\ndef x(s, r): pass', "positive number"),
        ('@test("x", points="3")\ndef x(s, r): pass', "positive number"),
        ('@test("", points=1)\ndef x(s, r): pass', "name"),
        ("@test\ndef x(s, r): pass", "name"),
        ('@test("x", public=1)\ndef x(s, r): pass', "True or False"),
        ('@test("x", hint="h")\ndef x(s, r): pass', "hint"),
        ('@test("x", hint={"en": "h"})\ndef x(s, r): pass', "'fr' is missing"),
        ('@test("x", hint={"en": "h", "fr": " "})\ndef x(s, r): pass', "'fr' is missing"),
        ("import os; os._exit(3)", "status 3"),
        ("import sys; sys.exit()", "SystemExit"),
        ("import nosuchmodule", "nosuchmodule"),
        ("import os, struct; os.write(3, struct.pack('<BQII', 14, 0, 2, 0) + b'[]')", "interfered"),
        ("import os, struct; os.write(3, b'x' * 99)", "ended the judge"),
        ("x = bytearray(8 << 30)", "MemoryError"),
        ("while True: print('x' * 65536)", "Flooded"),
    ],
)
def test_a_listing_says_what_the_author_has_to_change(grader, tests, said):
    files = exercise(tests, GOOD)
    manifest = grader.list(files)
    assert not manifest["ok"] and not manifest["machine"] and said in manifest["fault"], manifest
    report = grader.grade(files, GOOD)
    assert report["verdict"] == "error" and said in report["staff"] and report["score"] == 0


def test_a_listing_that_depends_on_chance_is_refused(grader):
    tests = (
        LIST
        + "\nimport os\nif os.urandom(1)[0] % 2:\n"
        + "\n".join(f"    {line}" for line in LIST.replace("one", "two").splitlines())
    )
    files = exercise(tests, GOOD)
    verdicts = {grader.grade(files, GOOD)["verdict"] for _ in range(12)}
    assert verdicts == {"passed", "error"}


def test_the_judge_sees_no_other_exercise_and_no_environment(grader, monkeypatch, tmp_path):
    monkeypatch.setenv("BROKER_PASSWORD", "secret-5711")
    (tmp_path / "other").write_text("x")
    body = f"""import os, socket
assert "secret-5711" not in str(os.environ)
assert not os.path.exists({str(tmp_path)!r})
assert not os.path.exists({str(tmp_path.parents[1])!r})
assert sorted(os.listdir("/box")) == ["exercise"], os.listdir("/box")
assert sorted(os.listdir("/box/exercise")) == ["exercise.toml", "solution.py", "tests.py"]
shown = set(os.listdir("/app/workers")) - {{"__pycache__"}}
assert shown == {{"__init__.py", "jobs", "judge", "runner", "testkit"}}, shown
for path in ("/proc/1/environ", "/etc/passwd", "/home", "/var"):
    assert not os.path.exists(path), path
for fd in range(4, 64):
    try:
        os.fstat(fd)
    except OSError:
        continue
    raise RuntimeError(fd)"""
    report = grader.grade(exercise(inside(body), GOOD), GOOD)
    assert report["verdict"] == "passed", report["tests"]


def test_the_students_process_sees_neither_tests_nor_packages(grader):
    source = """
import os
def f():
    found = []
    for path in ("/app", "/app/workers", "/box/exercise", "/box/exercise.toml"):
        try:
            os.listdir(path)
            found.append(path)
        except OSError:
            pass
    return [found, os.listdir("."), os.getcwd(), os.getpid()]
"""
    report = grader.grade(exercise(inside("assert_equal(solution.f(), [[], [], '/box', 1])"), source), source)
    assert report["verdict"] == "passed", report["tests"]


def test_a_broken_reference_does_not_hurt_who_needs_no_settling(grader):
    assert grader.grade(exercise(LIST, "raise ValueError"), GOOD)["verdict"] == "passed"
    report = grader.grade(exercise(inside("solution.f().shape"), "raise ValueError"), GOOD)
    assert report["verdict"] == "error"


def test_a_judge_that_comes_back_with_other_tests_is_refused(grader):
    """The first test kills its judge; the second judge must declare what the first did."""
    flip = '\nimport os\nNAMES = ["a", "b"] if os.urandom(1)[0] % 2 else ["b", "a"]\n'
    tests = flip + "".join(
        f"\n@test(NAMES[{i}], points={i + 1})\ndef t{i}(solution, rng):\n    os._exit(0)\n" for i in range(2)
    )
    files = exercise(tests, GOOD)
    for seed in range(8):
        report = grader.grade(files, GOOD, seed=seed)
        assert report["verdict"] == "error" and report["score"] == 0
