"""The publish gate on exercises with a timing test: a stable one holds, one at its limit is named."""

from __future__ import annotations

import pytest

from tests.workers.checking import SOUND, write
from workers.check import FAILED, HELD, Crew, Options, check_exercise

pytestmark = pytest.mark.sandbox

QUICK = Options(repeats=2, mutants=False)
TESTS = """
from workers.testkit import assert_close, test, timing


@test("Small", points=6, public=True)
def small(solution, rng):
    assert_close(solution.total([1.5, 2.5]), 4.0)


@timing("Fast", points=4, clock="cpu", at_most=1.5, hint={"en": "One pass is enough.", "fr": "Une passe suffit."})
def fast(rng):
    return "total", [rng.normal(size=5_000).tolist()]
"""
REPEAT = "def total(values):\n    for _ in range({}):\n        total = 0.0\n        for value in values:\n"
REPEAT += "            total += value\n    return total\n"


def timed(folder, **changes):
    files = {
        "tests.py": TESTS,
        "solution.py": REPEAT.format(20),
        "starter.py": "def total(values):\n    ...\n",
        **{name: None for name in SOUND if name.startswith("wrong/")},
        "wrong/slow.py": f"# expect: 6/10\n{REPEAT.format(80)}",
        "wrong/wrong.py": "# expect: 0/10\ndef total(values):\n    return 0.0\n",
    }
    toml = (
        SOUND["exercise.toml"]
        .replace("kind", 'modules = ["numpy"]\nkind')
        .replace("total_seconds = 5", "total_seconds = 30")
    )
    return write(folder, {**files, "exercise.toml": toml, **changes})


@pytest.fixture(scope="module")
def crew():
    with Crew(1) as warm:
        yield warm


def test_it_works(crew, tmp_path):
    result = check_exercise(timed(tmp_path / "sum"), crew, QUICK)
    assert (result.outcome, [str(problem) for problem in result.problems]) == (HELD, [])
    assert result.reference_passed == 2
    assert len(result.ratios["Fast"]) == 2 and max(result.ratios["Fast"]) < 1.5
    assert [(run.file, run.got) for run in result.wrong] == [
        ("wrong/slow.py", "6/10 partial"),
        ("wrong/wrong.py", "0/10 failed"),
    ]


def test_timing_at_its_limit_is_named(crew, tmp_path):
    """A reference whose own time varies, and a limit in the middle of it: it cannot tell."""
    unsteady = "import random\n" + REPEAT.format("random.choice((5, 40))")
    at_limit = TESTS.replace("at_most=1.5", "at_most=1.0")
    result = check_exercise(timed(tmp_path / "sum", **{"tests.py": at_limit, "solution.py": unsteady}), crew, QUICK)
    said = [str(problem) for problem in result.problems if problem.step == "reference"]
    assert result.outcome == FAILED
    assert any("timing test 'Fast' cannot tell in" in text and "raise at_most" in text for text in said), said


def test_a_limit_below_the_reference_is_named(crew, tmp_path):
    strict = TESTS.replace("at_most=1.5", "at_most=0.3")
    result = check_exercise(timed(tmp_path / "sum", **{"tests.py": strict}), crew, QUICK)
    assert any("the reference does not pass test 'Fast' (failed" in str(problem) for problem in result.problems)


def test_an_input_without_chance_is_named(crew, tmp_path):
    same = TESTS.replace("rng.normal(size=5_000).tolist()", "[1.0] * 5_000")
    result = check_exercise(timed(tmp_path / "sum", **{"tests.py": same}), crew, QUICK)
    assert any("have the same input: draw all of it from `rng`" in str(problem) for problem in result.problems)
