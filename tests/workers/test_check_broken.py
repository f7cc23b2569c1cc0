"""Ten copies of a sound exercise, each broken in one way: the publish gate says exactly what its author has to change.

The tenth, a timing test at its limit, needs an exercise of its own: `test_timing_check.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.workers import test_timing_check
from tests.workers.checking import SOUND, changed, write
from workers.check import FAILED, HELD, NOT_CHECKED, Crew, Options, check_exercise
from workers.jobs.spec import BadExercise, parse_spec

pytestmark = pytest.mark.sandbox

QUICK = Options(repeats=2, mutants=False)
SOCKET = "import socket\nsocket.create_connection(('192.0.2.1', 80))\n"
FLAKY = changed("tests.py", "    for _ in range(5):", "    assert rng.random() < 0.5\n    for _ in range(5):")
WEAK = """
from workers.testkit import assert_equal, test


@test("One", points=10, hint={"en": "Use the slope.", "fr": "Utilisez la pente."})
def one(solution, rng):
    assert_equal(solution.line(1, 1, 1), 2)
"""
# way: (changes, options, outcome, step, the whole sentence as a pattern)
BROKEN = {
    "wrong reference": (
        changed("solution.py", "+ b", "+ b * b"),
        QUICK,
        "reference",
        r"solution\.py: the reference does not pass test 'Other numbers' \(failed, seed \d+\): .*",
    ),
    "starter that passes": (
        {"starter.py": SOUND["solution.py"]},
        QUICK,
        "starter",
        r"starter\.py: gets 10/10 without any work: it passes 'Small numbers', 'Other numbers'\. "
        r"Take out what solves it, or test more",
    ),
    "flaky test": (
        FLAKY,
        Options(repeats=14, mutants=False),
        "reference",
        r"tests\.py: test 'Other numbers' is flaky: the reference fails it with seed \d+.* and passes it with \d+.* "
        r"\(.*\); the same seed fails again.*",
    ),
    "missing language": (
        {"statement.fr.md": None},
        QUICK,
        "folder",
        r"statement\.fr\.md: is missing: write the statement in 'fr', .*",
    ),
    "wrong expectation": (
        {"wrong/minus.py": SOUND["wrong/minus.py"].replace("0/10", "4/10")},
        QUICK,
        "wrong",
        r"wrong/minus\.py: expected 4/10, got 0/10 failed \(seed \d+; failed: 'Small numbers', 'Other numbers'\): "
        r"change its first line, or the tests",
    ),
    "unkillable mutant": (
        {"tests.py": WEAK},
        Options(repeats=1),
        "mutants",
        r"tests\.py: the tests notice \d of 8 mutants, \d\d\.\d%; exercise\.toml asks for 95\.0%: add tests for the "
        r"survivors listed, or list those that change nothing in check\.equivalent with the reason",
    ),
    "unreadable TOML": (
        changed("exercise.toml", 'kind = "code"', "kind = code"),
        QUICK,
        "folder",
        r"exercise\.toml: cannot be read: Invalid value \(at line 2, column 8\)",
    ),
    "tests that use the network": (
        {"tests.py": SOCKET + SOUND["tests.py"]},
        QUICK,
        "listing",
        r"tests\.py: .*jail without network.*",
    ),
}


@pytest.fixture(scope="module")
def crew():
    with Crew(1) as warm:
        yield warm


def test_it_works(crew, tmp_path):
    assert check_exercise(write(tmp_path / "line"), crew, QUICK).outcome == HELD
    assert len(BROKEN) + 2 == 10  # with an unknown module, and a timing test at its limit


@pytest.mark.parametrize("way", BROKEN)
def test_a_broken_copy_is_named(crew, tmp_path, way):
    changes, options, step, sentence = BROKEN[way]
    result = check_exercise(write(tmp_path / "line", changes), crew, options)
    said = [str(problem) for problem in result.problems if problem.step == step]
    assert result.outcome == FAILED and len(said) == 1, [str(problem) for problem in result.problems]
    assert re.fullmatch(sentence, said[0], re.DOTALL), said[0]


def test_a_survivor_is_shown_with_its_change(crew, tmp_path):
    survivors = check_exercise(write(tmp_path / "line", {"tests.py": WEAK}), crew, Options(repeats=1)).mutants.survivors
    assert survivors and all(one.id.startswith("solution.py:2: ") and "+    return" in one.diff for one in survivors)


def test_an_unknown_module_is_no_fault_of_the_exercise(crew, tmp_path):
    """Another node may have it: this one cannot say."""
    toml = changed("exercise.toml", 'kind = "code"', 'kind = "code"\nmodules = ["nunpy"]')
    result = check_exercise(write(tmp_path / "line", toml), crew, QUICK)
    assert (result.outcome, result.problems) == (NOT_CHECKED, [])
    assert result.why == "the module 'nunpy' of exercise.toml cannot be imported here: is it spelt right?"


def test_the_tenth_is_there():
    assert callable(test_timing_check.test_timing_at_its_limit_is_named)


@pytest.mark.parametrize("key", ["strenght", "equivalents", "Strength"])
def test_a_misspelt_key_of_check_is_refused_wherever_it_is_read(key):
    text = SOUND["exercise.toml"].replace("strength", key)
    with pytest.raises(BadExercise, match=f"check: unknown key '{key}'; known are equivalent, strength"):
        parse_spec(text)
    catalog = Path(__file__).parents[2] / "exercises" / "catalog"
    assert all(parse_spec((folder / "exercise.toml").read_text()) for folder in catalog.iterdir() if folder.is_dir())
