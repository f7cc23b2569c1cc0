"""What the student's process says of a failed call can be forged, and so can all that a judge says."""

from __future__ import annotations

import json
import time

import pytest

from tests.workers.grading import by_name, exercise
from workers.grader import run
from workers.grader.clean import difference_of, series_of
from workers.grader.errors import JudgeFault
from workers.grader.sentences import not_loaded, raised, unusable
from workers.jobs.sentences import english
from workers.runner.codec import MAX_CALLBACKS, Decoder, Encoder, Malformed

SQUARE = "def f(x):\n    return x * x\n"
TESTS = '\n@test("square")\ndef square(solution, rng):\n    assert_equal(solution.f(2), 4)\n'
PRIME = (1 << 61) - 1  # its multiples all have the hash 0
FORGED = "import sys\nP = sys.modules['workers.runner.program']\n"
JUDGE = 'import sys\nJ = sys.modules["workers.judge.program"]\n'


def judge_that_says(answer: str) -> str:
    return f'{JUDGE}J.Judge._run = lambda self, request: {answer}\n@test("a")\ndef a(solution, rng):\n    pass\n'


@pytest.mark.sandbox
def test_it_works(grader):
    assert grader.grade(exercise(TESTS, SQUARE), SQUARE)["verdict"] == "passed"


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "facts",
    [
        "{'kind': 'callbacks', 'limit': 'abc'}",
        "{'kind': 'callbacks', 'limit': float('inf')}",
        "{'kind': 'callbacks', 'limit': [1]}",
        "{'kind': 'value', 'reason': []}",
        "{'kind': []}",
        "{'kind': 'exception', 'type': 10**5000, 'lines': [[]]}",
        "{'kind': 'exception', 'lines': [{'line': 'x', 'function': []}]}",
        "{1: 2, None: 3, 'kind': 'undefined', 'name': 5}",
    ],
)
def test_forged_facts_fail_the_student_alone(grader, facts):
    source = f"{FORGED}def f(x):\n    e = P.Refused('value')\n    e.facts = {facts}\n    raise e\n"
    report = grader.grade(exercise(TESTS, SQUARE), source)
    assert report["verdict"] in ("failed", "crashed") and report["score"] == 0.0
    json.dumps(report)


@pytest.mark.sandbox
def test_forged_facts_of_loading_reject_the_file(grader):
    source = (
        f"{FORGED}e = P.NotLoaded('x')\ne.facts = {{'kind': [], 'line': 'x', 'lines': [[]], 'error': 5}}\nraise e\n"
    )
    assert grader.grade(exercise(TESTS, SQUARE), source)["verdict"] == "rejected"


def test_the_number_of_callbacks_is_ours():
    assert unusable({"kind": "callbacks", "limit": "abc"})["values"]["limit"] == MAX_CALLBACKS


def test_texts_of_facts_can_be_stored():
    odd = "a\ud800\0b"
    facts = {"kind": "exception", "type": odd, "message": odd, "function": odd, "name": odd, "error": odd}
    said = [raised(facts), unusable({**facts, "kind": "undefined"}), not_loaded(facts, ())]
    text = english(said)
    assert text.encode("utf-8") and "\0" not in text


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "answer",
    [
        '{"verdict": "passed", "series": [{"name": "l", "y": [10**400], "x": None}]}',
        '{"verdict": "failed", "sentences": [], "series": [], "difference": '
        '{"where": "", "got": "", "expected": "", "different": 10**5000, "total": 1}}',
        '{"verdict": ["passed"], "series": []}',
        '{"verdict": np.zeros(3), "series": []}',
        '{"verdict": "passed", "series": [], "more": {1, 2}}',
    ],
)
def test_a_judge_that_lies_about_types_is_the_exercises_fault(grader, answer):
    report = grader.grade(exercise(judge_that_says(answer), SQUARE), SQUARE)
    assert report["verdict"] == "error" and not report["sandbox"]["machine_fault"]
    json.dumps(report)


def test_numbers_of_the_judge_are_bounded():
    series = series_of([{"name": "l", "x": None, "y": [10**400, 3, float("inf"), 1.5]}])
    assert series[0]["y"] == [None, 3.0, None, 1.5]
    with pytest.raises(JudgeFault):
        difference_of({"where": "", "got": "", "expected": "", "different": 1 << 53, "total": 1})


# ---- time -------------------------------------------------------------------------------------------------------


def test_keys_with_one_hash_are_refused():
    keys = ",".join(str(i * PRIME) for i in range(20_000))
    pairs = ",".join(f"[{i * PRIME},1]" for i in range(20_000))
    tuples = ",".join(f'{{"t":"tuple","v":[{i * PRIME}]}}' for i in range(20_000))
    for text in (
        f'{{"t":"set","v":[{keys}]}}',
        f'{{"t":"frozenset","v":[{tuples}]}}',
        f'{{"t":"dict","v":[{pairs}]}}',
    ):
        with pytest.raises(Malformed, match="one hash"):
            Decoder().decode(text.encode())


def test_large_honest_sets_are_accepted():
    value = {
        "ints": set(range(50_000)),
        "floats": {i / 7 for i in range(20_000)},
        "pairs": {(i, -i): i for i in range(5000)},
    }
    text, _ = Encoder().encode(value)
    assert Decoder().decode(text) == value


@pytest.mark.parametrize("value", [{1, 2}, {1: 2}, 1j, 1 << 80, frozenset()])
def test_plain_decoding_refuses(value):
    text, buffers = Encoder().encode(value)
    assert Decoder().decode(text, b"".join(buffers)) == value
    with pytest.raises(Malformed):
        Decoder(plain=True).decode(text, b"".join(buffers))


@pytest.mark.parametrize("dtype", ["<U0", "|S0"])
def test_arrays_without_bytes_are_refused(dtype):
    with pytest.raises(Malformed):
        Decoder().decode(f'{{"t":"nd","v":["{dtype}",[67108864,64],0]}}'.encode())


@pytest.mark.sandbox
def test_time_of_tests_py_counts_for_the_run(grader):
    """Three tests that sleep beyond the run's total are no pass, and do not hold the grader for their sum."""
    body = "".join(f'@test("t{i}")\ndef t{i}(solution, rng):\n    time.sleep(1.9)\n' for i in range(3))
    report = grader.grade(exercise("import time\n" + body, SQUARE, total=0.5, seconds=0.5), SQUARE)
    assert report["verdict"] == "error" and report["score"] == 0.0


@pytest.mark.sandbox
def test_a_student_cannot_slow_the_settlement(grader):
    """Threads left running by the student's code are gone before the reference is tried."""
    tests = """
import time
@test("a")
def a(solution, rng):
    value = solution.f(1)
    if value is None:
        raise KeyError
    assert_equal(value, 1)
"""
    runners = []
    source = "import threading\ndef burn():\n    while True: pass\n"
    source += "def f(x):\n    threading.Thread(target=burn, daemon=True).start()\n"
    files = exercise(tests, SQUARE)
    original = run.Run._settle

    def settle(self, *args):
        runners.append(self._session._runner)
        return original(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.Run, "_settle", settle)
        report = grader.grade(files, source)
    assert runners == [None] and by_name(report)["a"]["verdict"] == "failed"


@pytest.mark.sandbox
def test_a_value_that_is_slow_to_decode_fails_the_student(grader):
    source = f"""{FORGED}
KEYS = ','.join(str(i * {PRIME}) for i in range(20000))
TEXT = ('{{"t":"dict","v":[["ok",true],["v",{{"t":"set","v":[%s]}}]]}}' % KEYS).encode()
armed = False
class E:
    def __init__(self, *a): pass
    def encode(self, x):
        return (TEXT if armed else b'{{"t":"dict","v":[["ok",true],["v",null]]}}', [])
P.Encoder = E
def f(x):
    global armed
    armed = True
"""
    started = time.monotonic()
    report = grader.grade(exercise(TESTS, SQUARE, total=4.0), source)
    assert report["verdict"] == "failed"
    assert time.monotonic() - started < 4.0 * 3 + 10
