"""Public tests that give the solution away."""

from __future__ import annotations

from pathlib import Path

from tests.workers.checking import SOUND
from workers.check.public import public_warnings
from workers.jobs.bundle import ExerciseFiles

CATALOG = sorted((Path(__file__).parents[2] / "exercises" / "catalog").glob("*/exercise.toml"))
SOLUTION = "def slope(name, z):\n    s = 1 / (1 + z)\n    return s * (1 - s)\n\n\ndef same(z):\n    return z\n"
TESTS = """
from workers.testkit import assert_close, test


def value(kind, x):
    \"\"\"Another name, another text.\"\"\"
    q = 1 / (1 + x)
    return q * (1 - q)


def same(z):
    return z


@test("one", public=%s)
def one(solution, rng):
    assert_close(solution.slope("a", 2), value("a", same(2)))


@test("two")
def two(solution, rng):
    assert_close(solution.slope("a", 3), value("a", 3))
"""


def warnings(tests, solution=SOLUTION):
    files = {name: text.encode() for name, text in {**SOUND, "tests.py": tests, "solution.py": solution}.items()}
    return [str(finding) for finding in public_warnings(ExerciseFiles(files))]


def test_it_works():
    found = warnings(TESTS % True)
    assert len(found) == 1
    assert found[0].startswith(
        "tests.py: 'value' is among the public tests that students download, and its body is that"
    )
    assert "'slope' in solution.py" in found[0]


def test_a_copy_that_only_hidden_tests_use_stays_hidden():
    assert warnings(TESTS % False) == []


def test_another_formula_is_no_copy():
    assert warnings((TESTS % True).replace("q * (1 - q)", "q - q ** 2")) == []


def test_a_public_test_that_imports_the_reference():
    tests = "from solution import slope\n" + (TESTS % True).replace('value("a", same(2))', 'slope("a", 2)')
    found = warnings(tests)
    assert len(found) == 1 and "imports solution.py" in found[0]


def test_what_does_not_parse_is_said_elsewhere():
    assert warnings("def (") == [] and warnings(TESTS % True, "def (") == []
