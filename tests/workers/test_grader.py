"""Verdicts, messages and rules of a grade, with real jails."""

from __future__ import annotations

import json
import math

import pytest

from tests.workers.grading import ATTACKS, by_name, exercise
from workers.jobs.report import TEST_VERDICTS, VERDICTS
from workers.jobs.sentences import english

pytestmark = pytest.mark.sandbox

ADD = """
@test("small", points=4, public=True, hint={"en": "Use +.", "fr": "Utilisez +."})
def small(solution, rng):
    assert_equal(solution.add(1, 2), 3)

@test("hidden", points=6, hint={"en": "Think.", "fr": "Réfléchissez."})
def hidden(solution, rng):
    a, b = (int(n) for n in rng.integers(-99, 99, size=2))
    assert_equal(solution.add(a, b), a + b)
"""
RIGHT = "def add(a, b):\n    return a + b\n"
ONE = '\n@test("one", public=True)\ndef one(solution, rng):\n'


def one(grader, body, source, solution="", **options):
    """Grade `source` against a single public test with this body."""
    test = ONE + "".join(f"    {line}\n" for line in body.splitlines())
    report = grader.grade(exercise(test, solution or source, **options), source, seed=3)
    assert report["verdict"] in VERDICTS
    assert all(test["verdict"] in TEST_VERDICTS for test in report["tests"])
    json.dumps(report, allow_nan=False)
    return report, (report["tests"] or [None])[0]


def test_it_works(grader):
    report = grader.grade(exercise(ADD, RIGHT), RIGHT)
    assert (report["verdict"], report["score"], report["max_score"]) == ("passed", 10, 10)
    assert [test["name"] for test in report["tests"]] == ["small", "hidden"]
    assert report["sandbox"]["level"] == "FULL"
    assert report["message"] == "" and report["staff"] == ""
    assert all(test["hint"] is None for test in report["tests"])


def test_a_wrong_answer_says_where_and_gives_the_hint(grader):
    report = grader.grade(exercise(ADD, RIGHT), "def add(a, b):\n    return a - b\n", seed=1)
    small = by_name(report)["small"]
    assert (report["verdict"], report["score"]) == ("failed", 0)
    assert small["verdict"] == "failed" and small["hint"]["fr"] == "Utilisez +."
    assert small["input"] == "add(1, 2)"
    assert "-1" in small["message"] and "3" in small["message"]
    assert small["difference"]["expected"] == "3"
    assert english(small["sentences"]) == small["message"]


def test_partial_credit(grader):
    report = grader.grade(exercise(ADD, RIGHT), "def add(a, b):\n    return 3\n", seed=1)
    assert (report["verdict"], report["score"]) == ("partial", 4)


def test_public_only_runs_and_counts_the_public_tests(grader):
    report = grader.grade(exercise(ADD, RIGHT), RIGHT, public_only=True)
    assert (report["verdict"], report["score"], report["max_score"]) == ("passed", 4, 4)
    assert [test["name"] for test in report["tests"]] == ["small"] and report["public_only"]


def test_a_seed_repeats_a_run(grader):
    echo = ONE + "    x = rng.normal(size=3)\n    assert solution.f(x) == list(x), 'no'\n"
    files = exercise(echo, "def f(x):\n    return list(x)\n")
    runs = [grader.grade(files, "def f(x):\n    return 0\n", seed=seed)["tests"][0]["input"] for seed in (5, 5, 6)]
    assert runs[0] == runs[1] != runs[2]
    with pytest.raises(ValueError, match="seed"):
        grader.grade(files, "", seed=-1)


def test_random_numbers_differ_between_runs_and_follow_the_seed(grader):
    body = "import json\nrecord('r', [solution.f() for _ in range(3)])"
    source = "import random, numpy as np\ndef f():\n    return random.random() + np.random.rand()\n"
    series = [one(grader, body, source)[1]["series"][0]["y"] for _ in range(2)]
    assert series[0] == series[1]
    test = ONE + "    record('r', [solution.f()])\n"
    values = {grader.grade(exercise(test, source), source)["tests"][0]["series"][0]["y"][0] for _ in range(3)}
    assert len(values) == 3


@pytest.mark.parametrize(
    ("source", "verdict", "said"),
    [
        ("def g(): pass", "failed", "f is not defined in your file"),
        ("f = 3", "failed", "f in your file is not a function"),
        ("def f(): pass", "failed", "None"),
        ("def f(): return object()", "failed", "value of type object"),
        ("class A: pass\ndef f(): return A()", "failed", "value of type A"),
        ("def f(): return range(3)", "failed", "value of type range"),
        ("import numpy as np\ndef f(): return np.array([None])", "failed", "dtype object"),
        ("def f():\n    a = []\n    a.append(a)\n    return a", "failed", "contains itself"),
        ("def f(): return 'x' * (30 << 20)", "failed", "too large"),
        ("def f():\n    return 1 / 0", "crashed", "f raised ZeroDivisionError at line 2 of your file: division"),
        ("def f(x): return x", "crashed", "f raised TypeError"),
        ("def f(): raise KeyError", "crashed", "f raised KeyError at line 1 of your file."),
        ("def f(): return f()", "crashed", "RecursionError"),
        ("import sys\ndef f(): sys.exit()", "crashed", "exit()"),
        ("def f(): quit()", "crashed", "exit()"),
        ("import os\ndef f(): os._exit(0)", "crashed", "ended its Python process"),
        ("import os\ndef f(): os.abort()", "crashed", "crashed its Python process"),
        ("import ctypes\ndef f(): ctypes.string_at(0)", "crashed", "SIGSEGV"),
        ("def f(): return input()", "crashed", "keyboard"),
        ("def f(): return bytearray(2 << 30)", "memory", "512 MB"),
        ("import numpy as np\ndef f(): return np.ones(1 << 28)", "memory", "512 MB"),
        ("def f():\n    while True: print('x' * 1000)", "failed", "printed more than the 16 kB"),
        ("def f():\n    while True: pass", "timeout", "longer than 1.0 s"),
        ("import time\ndef f(): time.sleep(9)", "timeout", "longer than 1.0 s"),
        ("import os\ndef f(): os.close(3)", "crashed", "ended its Python process"),
        ("import os\ndef f(): os.write(3, b'x' * 99)", "crashed", "interfered"),
        ("import os, struct\ndef f(): os.write(3, struct.pack('<BQII', 11, 7, 2**32 - 1, 0))", "crashed", "interfered"),
    ],
)  # fmt: skip
def test_each_failure_has_its_verdict_and_sentence(grader, source, verdict, said):
    report, test = one(grader, "assert_equal(solution.f(), 1)", source, "def f(): return 1", seconds=1)
    assert (test["verdict"], report["verdict"], report["score"]) == (verdict, verdict, 0)
    assert said in test["message"]
    assert report["message"] == ""


def test_a_timeout_is_named_and_the_rest_still_runs(grader):
    tests = "".join(
        f'\n@test("t{i}", public={i < 2})\ndef t{i}(solution, rng):\n    assert_equal(solution.f({i}), {i})\n'
        for i in range(4)
    )
    source = "def f(i):\n    while i == 1: pass\n    while i == 3: pass\n    return i\n"
    report = grader.grade(exercise(tests, source, seconds=0.5), source)
    assert {t["name"]: t["verdict"] for t in report["tests"]} == {
        "t0": "passed", "t1": "timeout", "t2": "passed", "t3": "timeout",
    }  # fmt: skip
    assert report["verdict"] == "partial"


def test_the_whole_run_has_a_limit(grader):
    tests = "".join(
        f'\n@test("t{i}")\ndef t{i}(solution, rng):\n    assert_equal(solution.f({i}), {i})\n' for i in range(6)
    )
    source = "def f(i):\n    while True: pass\n"
    report = grader.grade(exercise(tests, "def f(i): return i", seconds=0.4, total=1.0), source)
    verdicts = [test["verdict"] for test in report["tests"]]
    assert verdicts.count("skipped") >= 3 and set(verdicts) == {"timeout", "skipped"}
    assert report["verdict"] == "timeout"
    assert any("Not run" in test["message"] for test in report["tests"])


def test_the_judges_own_time_is_not_charged(grader):
    body = "import time\ntime.sleep(0.8)\nassert_equal(solution.f(), 1)\ntime.sleep(0.8)"
    report, _ = one(grader, body, "def f(): return 1", seconds=0.5, total=1)
    assert report["verdict"] == "passed"


def test_loading_has_a_limit_of_its_own(grader):
    source = "import time\ntime.sleep(0.7)\ndef f():\n    time.sleep(0.7)\n    return 1\n"
    report, test = one(grader, "assert_equal(solution.f(), 1)", source, seconds=1)
    assert report["verdict"] == "passed"
    assert 0.6 < test["seconds"] < 1


def test_a_plain_assert_fails_with_its_words(grader):
    _, test = one(grader, "assert solution.f() == 2, 'two was wanted'", "def f(): return 1")
    assert (test["verdict"], test["message"]) == ("failed", "two was wanted")
    _, test = one(grader, "assert solution.f() == 2", "def f(): return 1")
    assert test["message"] == "A check of this test does not hold."


def test_numpys_own_assertions_fail_as_well(grader):
    _, test = one(grader, "np.testing.assert_allclose(solution.f(), 2)", "def f(): return 1")
    assert test["verdict"] == "failed" and "Not equal" in test["message"]


def test_fail_with_words_in_two_languages(grader):
    _, test = one(grader, 'fail({"en": "Too slow.", "fr": "Trop lent."})', "")
    assert test["message"] == "Too slow." and test["sentences"][0]["values"]["fr"] == "Trop lent."


def test_a_test_may_want_an_exception(grader):
    body = """try:
    solution.f(-1)
except SolutionError as error:
    assert error.type == "ValueError" and "negative" in error.message
    assert error.lines == [(3, "f")]
else:
    fail("no exception")"""
    good = "def f(x):\n    if x < 0:\n        raise ValueError('negative')\n"
    assert one(grader, body, good)[0]["verdict"] == "passed"
    assert one(grader, body, "def f(x): pass", good)[0]["verdict"] == "failed"
    report, test = one(grader, body, "def g(x): pass", good)
    assert report["verdict"] == "failed" and "not defined" in test["message"]


def test_an_author_cannot_catch_a_lost_process(grader):
    body = "try:\n    solution.f()\nexcept BaseException:\n    pass"
    report, test = one(grader, body, "import os\ndef f(): os._exit(0)", "def f(): pass")
    assert (report["verdict"], test["points"]) == ("crashed", 0)


def test_classes_give_handles(grader):
    source = """
class Counter:
    def __init__(self, start, *, step=1):
        self.value, self.step = start, step
    def add(self, n=1):
        self.value += n * self.step
        return self
    def total(self):
        return self.value
    @property
    def twice(self):
        return 2 * self.value
def read(counter):
    return counter.value
def clone(counter):
    return counter
"""
    body = """c = solution.Counter(3, step=2)
assert c.value == 3 and c.step == 2 and c.twice == 6
c.add(4)
assert c.add().total() == 13
assert solution.read(c) == 13
assert solution.clone(c).total() == 13
d = solution.Counter(0)
assert d.total() == 0 and c.total() == 13"""
    assert one(grader, body, source)[0]["verdict"] == "passed", one(grader, body, source)
    _, test = one(
        grader, "solution.Counter(1).missing", source, "class Counter:\n    def __init__(s, x): s.missing = 1"
    )
    assert test["message"] == "Objects of your class Counter have no attribute missing."


def test_run_gives_output_and_value(grader):
    body = """r = solution.run("import sys\\nprint('hi', x)\\nprint('err', file=sys.stderr)\\nx + 1")
assert (r.stdout, r.stderr, r.value) == ("hi 4\\n", "err\\n", 5)
assert solution.run("x = 9").value is None
assert solution.f() == 9"""
    report, test = one(grader, body, "x = 4\ndef f(): return x\n")
    assert report["verdict"] == "passed", test


def test_callbacks(grader):
    source = """
def solve(question, lm):
    return [lm(question + str(i)) for i in range(3)]
"""
    body = """asked = []
def lm(prompt, *, suffix="!"):
    asked.append(prompt)
    return prompt.upper() + suffix
assert solution.solve("q", lm) == ["Q0!", "Q1!", "Q2!"]
assert asked == ["q0", "q1", "q2"]"""
    report, test = one(grader, body, source)
    assert report["verdict"] == "passed", test


def test_a_callback_is_deaf_after_its_call(grader):
    source = """
import threading, time
kept = []
def f(lm):
    kept.append(lm)
    return lm("now")
def g():
    try:
        return kept[0]("later")
    except Exception as error:
        return type(error).__name__
"""
    body = """seen = []
def lm(x):
    seen.append(x)
    return x
assert solution.f(lm) == "now"
solution.g()
assert seen == ["now"], seen"""
    report, test = one(grader, body, source)
    assert report["verdict"] == "passed", test


def test_a_check_inside_a_callback_decides(grader):
    source = "def f(lm):\n    try:\n        return lm('long')\n    except Exception:\n        return 'ok'\n"
    body = """def lm(x):
    if len(x) > 3:
        fail('the prompt is too long')
    return x
assert_equal(solution.f(lm), 'ok')"""
    _, test = one(grader, body, source, "def f(lm): return 'ok'")
    assert (test["verdict"], test["message"]) == ("failed", "the prompt is too long")


def test_callbacks_are_capped(grader):
    source = """
def f(lm):
    n = 0
    while True:
        try:
            lm(n)
        except RuntimeError:
            return n
        n += 1
"""
    _, test = one(grader, "solution.f(lambda n: n)", source, "def f(lm): return 0", seconds=20)
    assert test["verdict"] == "failed" and "more than 10000 times" in test["message"]


def test_a_callbacks_time_is_the_judges(grader):
    body = "import time\ndef lm(x):\n    time.sleep(0.8)\n    return x\nassert_equal(solution.f(lm), 7)"
    report, test = one(grader, body, "def f(lm): return lm(7)", seconds=0.5)
    assert report["verdict"] == "passed" and test["seconds"] < 0.5


def test_record_attaches_series(grader):
    body = "record('loss', np.array([3.0, float('nan'), 1]))\nrecord('acc', [1, 2], x=[0, 10])"
    _, test = one(grader, body, "")
    assert test["series"] == [
        {"name": "loss", "x": None, "y": [3.0, None, 1.0]},
        {"name": "acc", "x": [0.0, 10.0], "y": [1.0, 2.0]},
    ]


def test_values_of_all_kinds_travel(grader):
    body = """values = [None, True, 1, 2.5, 1j, "é", b"\\0", [1], (1, 2), {"a": {1: 2}}, {1, 2},
          np.arange(6).reshape(2, 3), np.float32(2), np.array(["a", "bc"]), float("nan"), 10**40]
for value in values:
    got = solution.echo(value)
    assert type(got) is type(value), (got, value)
    assert repr(got) == repr(value), (got, value)"""
    report, test = one(grader, body, "def echo(x): return x")
    assert report["verdict"] == "passed", test


def test_arguments_are_copies_and_the_input_is_shown_as_sent(grader):
    body = "x = np.ones(3)\nsolution.f(x)\nassert x.tolist() == [1, 1, 1]\nx[:] = 5\nfail('look')"
    _, test = one(grader, body, "def f(x):\n    x[:] = 0")
    assert test["input"].count("1") == 3 and "5" not in test["input"]


def test_functions_and_objects_are_shown_as_words(grader):
    body = "solution.f(lambda: 1, [abs], solution.C(), by=max)\nfail('look')"
    _, test = one(grader, body, "class C: pass\ndef f(*all, by): pass")
    assert test["input"] == "f(function, [function], object, by=function)"


def test_a_students_none_is_the_students_failure(grader):
    _, test = one(
        grader, "assert solution.f().shape == (2,)", "def f(): pass", "import numpy as np\ndef f(): return np.zeros(2)"
    )
    assert (test["verdict"], test["points"]) == ("failed", 0)
    assert test["message"] == "The test could not use what f returned (None)."
    assert "AttributeError" in test["staff"]


def test_public_output_is_shown_and_hidden_output_is_not_in_it(grader):
    tests = """
@test("p", public=True)
def p(solution, rng):
    solution.f("public input")

@test("h")
def h(solution, rng):
    solution.f("hidden input")
"""
    source = "print('loading')\ndef f(x):\n    print('got', x)\n"
    report = grader.grade(exercise(tests, source), source)
    assert report["output"] == "loading\ngot public input\n"
    assert by_name(report)["p"]["output"] == "got public input\n"
    assert by_name(report)["h"]["output"] == "got hidden input\n"


def test_no_state_carries_hidden_inputs_into_shown_output(grader):
    """Whatever the order by seed, the public tests' process has never seen a hidden input."""
    tests = """
@test("h")
def h(solution, rng):
    solution.f("secret")

@test("p", public=True)
def p(solution, rng):
    solution.f("open")
"""
    source = """
seen = []
def f(x):
    seen.append(x)
    open('seen', 'a').write(x)
    print(seen, open('seen').read())
"""
    for seed in range(6):
        report = grader.grade(exercise(tests, source), source, seed=seed)
        assert report["verdict"] == "passed"
        assert "secret" not in report["output"] and "secret" not in by_name(report)["p"]["output"]
        assert "open" not in by_name(report)["h"]["output"]


def test_tests_run_in_an_order_that_follows_the_seed(grader):
    tests = "".join(
        f'\n@test("t{i}")\ndef t{i}(solution, rng):\n    assert solution.f() >= 0\n    record("n", [solution.n()])\n'
        for i in range(5)
    )
    source = "k = 0\ndef f():\n    global k\n    k += 1\n    return k\ndef n(): return k\n"
    orders = [
        tuple(test["series"][0]["y"][0] for test in grader.grade(exercise(tests, source), source, seed=seed)["tests"])
        for seed in (1, 1, 2, 3)
    ]
    assert orders[0] == orders[1] and len(set(orders)) > 1


def test_the_python_runtime_has_no_numpy(grader):
    tests = '\n@test("t", public=True)\ndef t(solution, rng):\n    assert_equal(solution.f([1, 2]), 3)\n'
    files = exercise(tests, "def f(x): return sum(x)", modules=())
    assert grader.grade(files, "def f(x): return sum(x)")["verdict"] == "passed"
    source = "import sys\ndef f(x): return 3 if 'numpy' not in sys.modules else 4\n"
    assert grader.grade(files, source)["verdict"] == "passed"
    assert grader.grade(files, "import numpy\n")["verdict"] == "rejected"


def test_a_module_that_is_not_installed_is_the_machines_fault(grader):
    files = exercise(ADD, RIGHT, modules=("nosuchmodule",))
    report = grader.grade(files, RIGHT)
    assert report["verdict"] == "error" and report["sandbox"]["machine_fault"]
    assert "nosuchmodule" in report["staff"]
    assert grader.list(files)["machine"] is True
    assert grader.grade(exercise(ADD, RIGHT), RIGHT)["verdict"] == "passed"


def test_a_manifest_guards_the_list_of_tests(grader):
    files = exercise(ADD, RIGHT)
    manifest = grader.list(files, name="addition")
    assert manifest["ok"] and manifest["max_score"] == 10 and manifest["exercise"] == "addition"
    hint = {"en": "Think.", "fr": "Réfléchissez."}
    want = {"name": "hidden", "points": 6.0, "public": False, "timing": False, "hint": hint, "title": None}
    assert manifest["tests"][1] == want
    assert grader.grade(files, RIGHT, manifest=manifest)["score"] == 10
    manifest["tests"][1]["points"] = 60.0
    report = grader.grade(files, RIGHT, manifest=manifest)
    assert report["verdict"] == "error" and "other tests" in report["staff"] and report["score"] == 0


def test_a_manifest_of_another_version_is_refused(grader):
    manifest = grader.list(exercise(ADD, RIGHT))
    report = grader.grade(exercise(ADD + "#", RIGHT), RIGHT, manifest=manifest)
    assert report["verdict"] == "error" and "another version" in report["staff"]


def test_a_mended_statement_keeps_the_manifest(grader):
    manifest = grader.list(exercise(ADD, RIGHT))
    files = exercise(ADD, RIGHT, extra={"statement.en.md": b"new", "wrong/a.py": b"# expect: 0/10\n"})
    assert grader.grade(files, RIGHT, manifest=manifest)["verdict"] == "passed"


def test_tests_read_data_and_helpers_of_their_folder(grader):
    tests = """
import json
import helper

@test("data", public=True)
def data(solution, rng):
    assert json.load(open("data/x.json")) == [1]
    assert helper.two() == 2
    import os
    assert not os.path.exists("wrong") and not os.path.exists("statement.en.md")
"""
    extra = {"data/x.json": b"[1]", "helper.py": b"def two(): return 2\n", "wrong/x.py": b"", "statement.en.md": b""}
    report = grader.grade(exercise(tests, "", extra=extra), "")
    assert report["verdict"] == "passed", report


def test_a_folder_or_its_path_can_be_graded(grader):
    source = (ATTACKS / "exercise" / "solution.py").read_text()
    for where in (ATTACKS / "exercise", str(ATTACKS / "exercise")):
        report = grader.grade(where, source)
        assert report["verdict"] == "passed" and report["exercise"] == "exercise"


def test_a_bad_folder_is_an_error_in_words(grader, tmp_path):
    report = grader.grade(tmp_path / "none", "")
    assert report["verdict"] == "error" and "not a folder" in report["staff"]
    assert not grader.list(tmp_path / "none")["ok"]


def test_describe(grader):
    facts = grader.describe()
    assert facts["level"] == "FULL" and "numpy" in facts["runtimes"] and facts["devices"] == ["cpu"]


def test_run_verdicts_follow_the_rule():
    from workers.grader.run import run_verdict

    def verdict(*verdicts, fault=False, rejected=False):
        return run_verdict([{"verdict": v} for v in verdicts], fault, rejected)

    assert verdict("passed", "error") == "error"
    assert verdict("passed", fault=True) == "error"
    assert verdict("skipped", rejected=True) == "rejected"
    assert verdict("passed", "inconclusive") == "passed"
    assert verdict("passed", "timeout") == "partial"
    assert verdict("timeout", "timeout") == "timeout"
    assert verdict("timeout", "skipped") == "timeout"
    assert verdict("timeout", "memory") == "failed"
    assert verdict() == "failed"


def test_points_add_up_without_dust(grader):
    tests = "".join(f'\n@test("t{i}", points=0.1)\ndef t{i}(solution, rng):\n    pass\n' for i in range(10))
    report = grader.grade(exercise(tests), "")
    assert report["score"] == report["max_score"] == 1.0 and math.isclose(report["score"], 1)


def test_an_edited_folder_is_read_again(grader, tmp_path):
    from workers.jobs.bundle import write_folder

    write_folder(exercise(ADD, RIGHT), tmp_path / "add")
    first = grader.grade(tmp_path / "add", RIGHT)
    (tmp_path / "add" / "tests.py").write_text(
        (tmp_path / "add" / "tests.py").read_text().replace("points=6", "points=7")
    )
    again = grader.grade(tmp_path / "add", RIGHT)
    assert (first["max_score"], again["max_score"]) == (10, 11) and first["version"] != again["version"]
