"""Mutants: what is changed, how it is named, and which of them the tests have to notice."""

from __future__ import annotations

import ast

import pytest

from tests.workers.checking import SOUND, changed, write
from workers.check import FAILED, HELD, Crew, Options, check_exercise
from workers.check.grading import Subject, graded, listed
from workers.check.mutate import mutants
from workers.check.trials import PATIENCE, prepare
from workers.jobs import read_folder

ONCE = Options(repeats=1)


@pytest.fixture(scope="module")
def crew():
    with Crew(1) as warm:
        yield warm


def ids(source):
    return [mutant.id.removeprefix("solution.py:") for mutant in mutants(source)]


def test_it_works():
    found = mutants("def line(a, x, b):\n    return a * x + b\n")
    assert [mutant.id for mutant in found] == [
        "solution.py:2: a * x + b -> -(a * x + b)",
        "solution.py:2: return a * x + b -> pass",
        "solution.py:2: a * x + b -> a * x - b",
        "solution.py:2: a * x + b -> a * x",
        "solution.py:2: a * x + b -> b",
        "solution.py:2: a * x -> a / x",
        "solution.py:2: a * x -> a",
        "solution.py:2: a * x -> x",
    ]
    assert found[2].source == "def line(a, x, b):\n    return a * x - b\n"
    assert found[2].diff.splitlines()[-2:] == ["-    return a * x + b", "+    return a * x - b"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a // b", {"a / b", "a"}),
        ("a % b", {"a // b"}),
        ("a ** b", {"a * b", "a"}),
        ("a @ b", {"a * b"}),
        ("a - b", {"a + b", "a"}),
        ("a / b", {"a * b", "a"}),
        ("a < b", {"a <= b", "a >= b"}),
        ("a == b", {"a != b"}),
        ("a in b", {"a not in b"}),
        ("a and b", {"a or b"}),
        ("not a", {"a"}),
        ("-a", {"a"}),
        ("7", {"8", "6", "14"}),
        ("0", {"1", "-1"}),
        ("0.5", {"1.5", "-0.5", "1.0"}),
        ("a[0]", {"1", "-1"}),
        ("True", {"False"}),
        ("f(a, axis=0)", {"axis=1", "-1"}),
        ("f(a, axis=-1)", {"axis=0", "0", "1", "2"}),
        ("f(a, keepdims=True)", {"keepdims=False"}),
        ("a.T", {"a"}),
        ("np.transpose(a)", {"a"}),
        ("a.transpose()", {"a"}),
        ("f(a, b)", {"f(b, a)"}),
        ("f(a, b, key=a)", {"f(b, a, key=a)"}),
        ("np.maximum(a, b)", set()),
        ("f(*a, b)", set()),
        ("'text'", set()),
    ],
)
def test_each_kind_of_change(expression, expected):
    found = {name.split(" -> ")[1] for name in ids(f"x = {expression}\n")}
    assert found == expected


def test_precedence_is_kept():
    """The change is in the tree, not only in the text: `x @ y * 2` would be another program than meant."""
    sources = {mutant.source for mutant in mutants("r = x @ y ** 2\n")}
    assert "r = x @ (y * 2)\n" in sources
    sources = {mutant.source for mutant in mutants("r = (a + b) * c\n")}
    assert {"r = (a - b) * c\n", "r = (a) * c\n"} <= sources
    assert "r = 2 ** (-1)\n" in {mutant.source for mutant in mutants("r = 2 ** 0\n")}


def test_returned_values_change_their_sign_one_by_one():
    found = ids("def f(a, b):\n    return a, b * a\n")
    assert {"2: a -> -a", "2: b * a -> -(b * a)"} <= set(found)
    assert not any("-" in name.split(" -> ")[1] for name in ids("def f():\n    return None\n"))


def test_statements_are_dropped_where_the_program_still_runs():
    source = "def f(x):\n    y = x\n    y = g(y)\n    x[0] = y\n    x += y\n    h(x)\n    for i in x:\n        break\n"
    dropped = {name.split(" -> ")[0] for name in ids(source) if name.endswith("-> pass")}
    # `y = x` is not among them: without it Python itself would stop at the next line.
    assert dropped == {"3: y = g(y)", "4: x[0] = y", "5: x += y", "6: h(x)", "8: break"}


def test_what_decides_nothing_is_left_alone():
    source = '"""Text 1."""\nimport a.b\n@d(3)\ndef f(x: A[4]) -> B[5]:\n    """Text 2."""\n    ...\n'
    assert ids(source + 'if __name__ == "__main__":\n    print(f(1 + 2))\n') == []


def test_names_are_unique_and_every_mutant_is_another_program():
    source = SOUND["solution.py"] + "def g(x):\n    return 0.5 * x + 0.5 * (x - 0.5) + f(x, x)\n"
    found = mutants(source)
    assert len({mutant.id for mutant in found}) == len(found)
    assert "solution.py:4: 0.5 -> 1.5" in {mutant.id for mutant in found}
    assert "solution.py:4: 0.5 -> 1.5 (2)" in {mutant.id for mutant in found}
    trees = {ast.dump(ast.parse(mutant.source)) for mutant in found}
    assert len(trees) == len(found) and ast.dump(ast.parse(source)) not in trees


def test_no_python_no_mutants():
    with pytest.raises(SyntaxError):
        mutants("def (")


# ---- mutants at the tests --------------------------------------------------------------------------------------------

WEAK = changed("tests.py", "solution.line(a, -x, b), b - x * a", "solution.line(a, 0, b), b")


@pytest.mark.sandbox
def test_weak_tests(crew, tmp_path):
    """With x = 0 for all hidden tests, only the one example pins down the slope."""
    loose = {"tests.py": WEAK["tests.py"].replace("solution.line(2, 5, 1), 11", "solution.line(1, 5, 1), 6")}
    result = check_exercise(write(tmp_path, {**loose, "wrong/constant.py": None, "wrong/raises.py": None}), crew, ONCE)
    assert result.outcome == FAILED
    text = next(str(problem) for problem in result.problems if problem.step == "mutants")
    assert text.startswith("tests.py: the tests notice 7 of 8 mutants, 87.5%; exercise.toml asks for 95.0%: add tests")
    assert [survivor.id for survivor in result.mutants.survivors] == ["solution.py:2: a * x -> x"]
    assert "+    return x + b" in result.mutants.survivors[0].diff


@pytest.mark.sandbox
def test_equivalent_mutants_are_counted_apart(crew, tmp_path):
    spare = "def line(a, x, b):\n    return a * x + b + 0 * b\n"
    entry = '{{ mutant = "solution.py:2: {}", reason = "b is counted once" }}'
    names = ["0 * b -> 0", "a * x + b + 0 * b -> a * x + b", "a * x + b + 0 * b -> a * x + b - 0 * b"]

    def check(*listed):
        text = ",\n".join(entry.format(name) for name in listed)
        toml = SOUND["exercise.toml"] + f"equivalent = [{text}]\n"
        return check_exercise(write(tmp_path, {"solution.py": spare, "exercise.toml": toml}), crew, ONCE)

    assert check().outcome == FAILED
    result = check(*names)
    assert result.outcome == HELD, [str(problem) for problem in result.problems]
    assert len(result.mutants.equivalent) == 3 and result.mutants.equivalent[0].reason == "b is counted once"
    assert result.mutants.killed == result.mutants.total - 3 and result.mutants.strength == 1
    result = check(*names, "a * x -> a / x", "a * x -> x * a")
    texts = [str(problem).removeprefix("exercise.toml: check.equivalent: ") for problem in result.problems]
    assert texts[0].startswith("'solution.py:2: a * x -> a / x' is noticed by the tests, so it changes something")
    assert texts[1].startswith("there is no mutant 'solution.py:2: a * x -> x * a' any more: remove or mend")
    assert len(texts) == 2


@pytest.mark.sandbox
def test_a_listed_mutant_whose_line_has_moved(crew, tmp_path):
    toml = SOUND["exercise.toml"] + 'equivalent = [{ mutant = "solution.py:9: a * x -> x", reason = "no" }]\n'
    result = check_exercise(write(tmp_path, {"exercise.toml": toml}), crew, ONCE)
    assert "its line may have moved: there is 'solution.py:2: a * x -> x'" in str(result.problems[0])


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ('[{ mutant = "a", reason = " " }]', "say in `reason` why"),
        ('[{ mutant = "a", reason = "b" }, { mutant = "a", reason = "c" }]', "is listed twice"),
        ('[{ mutant = "a", reason = "b", line = 3 }]', "unknown key 'line'"),
        ('["a"]', "write { mutant = "),
    ],
)
def test_the_list_of_equivalent_mutants_is_checked(crew, tmp_path, entries, said):
    folder = write(tmp_path, {"exercise.toml": SOUND["exercise.toml"] + f"equivalent = {entries}\n"})
    found = check_exercise(folder, crew, Options(repeats=1, mutants=False)).problems
    assert len(found) == 1 and said in str(found[0])


PATIENT = SOUND["exercise.toml"].replace("seconds = 1\ntotal_seconds = 5", "seconds = 30\ntotal_seconds = 60")


@pytest.mark.sandbox
def test_a_mutant_without_end_costs_little(crew, tmp_path):
    """`x - 1` turned into `x + 1` never ends: at the exercise's own limits a few such would outlast this test's."""
    files = {
        "exercise.toml": PATIENT,
        "solution.py": "def line(a, x, b):\n    while x:\n        b, x = b + a, x - 1\n    return b\n",
        "tests.py": SOUND["tests.py"].replace("-x, b), b - x * a", "x, b), b + x * a"),
        "wrong/raises.py": None,
    }
    result = check_exercise(write(tmp_path, files), crew, ONCE)
    assert result.outcome == HELD, [str(problem) for problem in result.problems]
    assert result.mutants.total >= 8


# ---- order and limits ------------------------------------------------------------------------------------------------

SLOW = """
from workers.testkit import assert_equal, test

@test("slow", points=5)
def slow(solution, rng):
    assert_equal(solution.nap(0.5), 0.5)

@test("quick", points=5)
def quick(solution, rng):
    assert_equal(solution.nap(0), 0)
"""
NAP = "import time\ndef nap(seconds):\n    time.sleep(seconds)\n    return seconds\n"


@pytest.fixture
def prepared(crew):
    """`prepared(folder)`: how the mutants of an exercise are to be graded, once its reference has run."""

    def make(folder):
        files = read_folder(folder)

        def work(grader):
            subject = Subject("line", files, files.spec(), listed(grader, files, "line"), crew)
            return subject, graded(grader, files, subject.reference, 1, subject.manifest, "line")

        return prepare(*crew.run([work])[0])

    return make


@pytest.mark.sandbox
def test_cheap_tests_go_first_and_the_limits_follow_the_reference(crew, prepared, tmp_path):
    trial = prepared(write(tmp_path, {"exercise.toml": PATIENT, "solution.py": NAP, "tests.py": SLOW}))
    listings = crew.run([lambda grader: grader.list(trial.first), lambda grader: grader.list(trial.every)])
    assert [[test["name"] for test in listing["tests"]] for listing in listings] == [["quick"], ["slow", "quick"]]
    limits, own = trial.every.spec().limits, trial.subject.spec.limits
    assert PATIENCE * 0.5 <= limits.seconds < own.seconds and limits.total_seconds < own.total_seconds
    assert trial.every.version == trial.subject.files.version and limits.memory_mb == own.memory_mb


@pytest.mark.sandbox
def test_a_reference_that_loads_slowly_keeps_its_own_limits(prepared, tmp_path):
    """Loading is not part of a test's time: limits taken from the tests would kill every mutant at once."""
    slow = "import time\ntime.sleep(1.2)\n" + SOUND["solution.py"]
    trial = prepared(write(tmp_path, {"exercise.toml": PATIENT, "solution.py": slow}))
    assert trial.every.spec().limits == trial.subject.spec.limits
