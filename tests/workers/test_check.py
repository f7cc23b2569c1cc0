"""The publish gate: a sound exercise holds, and each way of being unsound is named with what to change."""

from __future__ import annotations

import argparse
import io
import json
import threading
import time
from pathlib import Path

import pytest

from tests.workers.checking import SOUND, changed, write
from tests.workers.grading import descendants, wait_until
from workers import cli_check
from workers.check import FAILED, HELD, NOT_CHECKED, Crew, Options, check_exercise
from workers.check.runs import timing_findings
from workers.check.show import Bar
from workers.cli import main
from workers.grader import MachineFault

CATALOG = Path(__file__).parents[2] / "exercises" / "catalog"
QUICK = Options(repeats=2, mutants=False)

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def crew():
    with Crew(1) as warm:
        yield warm


def problems(crew, folder, options=QUICK):
    """The problems found, as (step, text with the file's name)."""
    return [(finding.step, str(finding)) for finding in check_exercise(folder, crew, options).problems]


def test_it_works(crew, tmp_path):
    result = check_exercise(write(tmp_path / "line"), crew)
    assert (result.outcome, result.problems, result.warnings) == (HELD, [], [])
    assert result.steps == ["folder", "listing", "reference", "starter", "wrong", "mutants"]
    assert (result.exercise, result.tests, result.max_score) == ("line", 2, 10)
    assert (result.reference_passed, len(set(result.seeds)), result.starter_score) == (3, 3, 0)
    assert [(run.file, run.got, run.ok) for run in result.wrong] == [
        ("wrong/constant.py", "4/10 partial", True),
        ("wrong/minus.py", "0/10 failed", True),
        ("wrong/raises.py", "4/10 partial", True),  # "crashed" is the verdict of one of its tests
    ]
    assert result.mutants.total == result.mutants.killed == 8 and result.mutants.strength == 1
    json.dumps(result.to_dict(), allow_nan=False)


def test_an_exercise_of_the_catalogue_holds(crew):
    result = check_exercise(CATALOG / "activation-derivatives", crew, Options(repeats=2))
    assert result.outcome == HELD, [str(problem) for problem in result.problems]
    assert result.mutants.total >= 40 and result.mutants.strength >= 0.95


def test_seeds_are_those_of_the_folder(crew, tmp_path):
    first = check_exercise(write(tmp_path / "one"), crew, QUICK)
    second = check_exercise(write(tmp_path / "two", {"statement.en.md": "Better words."}), crew, QUICK)
    third = check_exercise(write(tmp_path / "three", changed("tests.py", "range(5)", "range(6)")), crew, QUICK)
    assert first.seeds == second.seeds != third.seeds


# ---- the folder ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exercise.toml": "title = ["}, "exercise.toml: cannot be read"),
        (changed("exercise.toml", "kind", "kin"), "exercise.toml: unknown key 'kin'"),
        (changed("exercise.toml", "strength", "strenght"), "exercise.toml: check: unknown key 'strenght'; known are"),
        ({"exercise.toml": None}, "exercise.toml: is missing"),
        ({"statement.fr.md": None}, "statement.fr.md: is missing: write the statement in 'fr'"),
        ({"statement.en.md": " \n"}, "statement.en.md: is empty"),
        ({"starter.py": None}, "starter.py: is missing"),
        ({"solution.py": None}, "solution.py: is missing: write the reference solution"),
        ({"statement.fr.md": "Écrivez".encode("latin-1")}, "statement.fr.md: is not UTF-8"),
        ({"starter.py": "#" * (257 << 10)}, "starter.py: is larger than the 256 kB"),
        (
            {"wrong/minus.py": "def line(): ...\n"},
            "wrong/minus.py: the first line must be like `# expect: 6/10",
        ),
        (
            {"wrong/minus.py": "# expect: 0/10 fialed\n"},
            "wrong/minus.py: the first line expects 'fialed', which is",
        ),
        ({"wrong/minus.py": "# expect: 12/10\n"}, "wrong/minus.py: the first line expects 12 of 10 points"),
        ({"wrong/notes.txt": "x"}, "wrong/notes.txt: only files like wrong/name.py are graded"),
    ],
)
def test_faults_of_the_folder(crew, tmp_path, changes, said):
    found = problems(crew, write(tmp_path, changes))
    assert len(found) == 1 and found[0][0] == "folder"
    assert found[0][1].startswith(said)


def test_all_faults_are_said_in_one_go(crew, tmp_path):
    folder = write(tmp_path, {"statement.fr.md": None, **changed("solution.py", "+", "-")})
    steps = [step for step, _ in problems(crew, folder)]
    assert {"folder", "reference"} <= set(steps)


def test_a_missing_folder(crew, tmp_path):
    assert "is not a folder" in problems(crew, tmp_path / "nowhere")[0][1]


def test_warnings_do_not_fail(crew, tmp_path):
    folder = write(tmp_path, {**{path: None for path in SOUND if path.startswith("wrong/")}, "statement.de.md": "x"})
    result = check_exercise(folder, crew, QUICK)
    assert result.outcome == HELD
    assert [warning.file for warning in result.warnings] == ["statement.de.md", "wrong/"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'kind = "code"',
            'kind = "code"\nmodules = ["numpyy"]',
            "the module 'numpyy' of exercise.toml cannot be imported",
        ),
        ('kind = "code"', 'kind = "code"\nmodules = ["numpy.nowhere"]', "the module 'numpy.nowhere'"),
        ('kind = "code"', 'kind = "code"\ndevice = "gpu"', "it needs a GPU"),
    ],
)
def test_what_this_node_lacks_is_not_checked(crew, tmp_path, monkeypatch, old, new, said):
    folder = write(tmp_path, changed("exercise.toml", old, new))
    result = check_exercise(folder, crew, QUICK)
    assert (result.outcome, result.problems) == (NOT_CHECKED, []) and not result.holds
    assert said in result.why
    assert result.steps == ["folder"]


# ---- listing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (changed("tests.py", "Other numbers", "Small numbers"), "tests.py: two tests are named 'Small numbers'"),
        (changed("tests.py", ', "fr": "Attention aux signes."', ""), "hint: the language 'fr' is missing"),
        (changed("tests.py", "points=6", "points=0"), "points: a positive number is needed"),
        ({"tests.py": "import workers.testkit\n"}, "tests.py: declares no test"),
        ({"tests.py": "def ("}, "SyntaxError"),
        ({"tests.py": "import socket\nsocket.create_connection(('192.0.2.1', 80))\n"}, "jail without network"),
    ],
)
def test_faults_of_the_listing(crew, tmp_path, changes, said):
    found = problems(crew, write(tmp_path, changes))
    assert len(found) == 1 and found[0][0] == "listing"
    assert found[0][1].startswith("tests.py: ") and said in found[0][1]


# ---- reference, starter, wrong ---------------------------------------------------------------------------------------


def test_a_wrong_reference(crew, tmp_path):
    folder = write(tmp_path, changed("solution.py", "+ b", "- b"))
    found = dict(reversed(problems(crew, folder)))
    assert found["reference"].startswith("solution.py: the reference does not pass test 'Small numbers' (failed, seed ")
    result = check_exercise(folder, crew, Options(repeats=1))
    assert result.outcome == FAILED and result.reference_passed == 0
    assert result.mutants is None  # they would say nothing


def test_a_reference_that_does_not_load(crew, tmp_path):
    found = problems(crew, write(tmp_path, {"solution.py": "import requests\n"}))
    assert len(found) == 1
    assert found[0][1].startswith("solution.py: It does not load: line 1 imports requests")


def test_a_test_that_takes_chance_from_elsewhere(crew, tmp_path):
    body = "    import numpy\n    assert numpy.random.default_rng().random() < 0.5\n    for _ in range(5):"
    folder = write(tmp_path, changed("tests.py", "    for _ in range(5):", body))
    found = [text for step, text in problems(crew, folder, Options(repeats=14, mutants=False)) if step == "reference"]
    assert len(found) == 1 and found[0].startswith(
        "tests.py: test 'Other numbers' is flaky: the reference fails it with"
    )


def test_a_flaky_test_is_named_with_a_seed_that_fails_again(crew, tmp_path):
    body = "    assert rng.random() < 0.5\n    for _ in range(5):"
    folder = write(tmp_path, changed("tests.py", "    for _ in range(5):", body))
    result = check_exercise(folder, crew, Options(repeats=14, mutants=False))
    text = next(str(problem) for problem in result.problems if problem.step == "reference")
    assert "is flaky" in text and "the same seed fails again" in text
    assert any(f"with seed {seed}" in text for seed in result.seeds)
    assert 0 < result.reference_passed < 14


def test_tests_that_depend_on_chance_by_name(crew, tmp_path):
    """Each load of tests.py declares another test: said once, not for every file that is graded."""
    text = SOUND["tests.py"].replace('@test("Other numbers"', "import os\n\n\n@test(os.urandom(8).hex()")
    found = problems(crew, write(tmp_path, {"tests.py": text}))
    assert len(found) == 1 and found[0][0] == "reference"
    assert found[0][1].startswith("tests.py: tests.py declares other tests than when it was listed")


def test_a_test_that_opens_a_socket(crew, tmp_path):
    body = "    import socket\n    socket.create_connection(('192.0.2.1', 80))\n    for _ in range(5):"
    found = problems(crew, write(tmp_path, changed("tests.py", "    for _ in range(5):", body)))
    assert [text for step, text in found if step == "reference"][0].startswith(
        "tests.py: test 'Other numbers' fails by itself (line "
    )
    assert "jail without network" in found[0][1]


@pytest.mark.parametrize(("verdicts", "count"), [(["passed"] * 3, 0), (["passed", "inconclusive", "inconclusive"], 1)])
def test_a_timing_test_has_to_decide_every_time(verdicts, count):
    timing = {"ratio": 1.42, "low": 1.2, "high": 1.7, "at_most": 1.5, "pairs": 40}
    found = list(timing_findings("Fast", [{"verdict": verdict, "timing": timing} for verdict in verdicts]))
    assert len(found) == count
    assert all("'Fast' cannot tell in 2 of 3 runs of the reference (ratios 1.42, 1.42)" in str(one) for one in found)


def test_a_starter_that_passes(crew, tmp_path):
    found = problems(crew, write(tmp_path, {"starter.py": "def line(a, x, b):\n    return 11\n"}))
    assert found == [
        (
            "starter",
            "starter.py: gets 4/10 without any work: it passes 'Small numbers'. Take out what solves it, or test more",
        )
    ]


def test_a_starter_that_does_not_load(crew, tmp_path):
    found = problems(crew, write(tmp_path, {"starter.py": "def line(a, x, b):\n"}))
    assert len(found) == 1
    assert found[0][1].startswith("starter.py: does not load, so students begin with an error: line 1: ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("# expect: 6/10", "expected 6/10, got 4/10 partial"),
        ("# expect: 4/12", "expected 4/12, got 4/10 partial"),
        ("# expect: 4/10 timeout", "expected 4/10 timeout, got 4/10 partial"),
    ],
)
def test_a_wrong_expectation(crew, tmp_path, line, said):
    text = SOUND["wrong/constant.py"].replace("# expect: 4/10 partial", line)
    folder = write(tmp_path, {"wrong/constant.py": text})
    found = problems(crew, folder)
    assert len(found) == 1 and found[0][0] == "wrong"
    assert found[0][1].startswith(f"wrong/constant.py: {said} (seed ")
    assert "passed: 'Small numbers'; failed: 'Other numbers'" in found[0][1]


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command_prints_a_table_and_a_verdict(tmp_path, capsys):
    write(tmp_path / "good"), write(tmp_path / "bad", {"statement.fr.md": None})
    write(tmp_path / "away", changed("exercise.toml", 'kind = "code"', 'kind = "code"\nmodules = ["numpyy"]'))
    folders = [str(tmp_path / name) for name in ("good", "away")]
    assert main(["check", *folders, "--repeats", "1", "--jobs", "1"]) == 0
    out, progress = capsys.readouterr()
    assert "good: holds" in out and "away: not checked: the module 'numpyy'" in out
    assert out.splitlines()[-1] == "2 exercises: 1 holds, 1 not checked"
    assert "8/8" in out and "100.0% (≥ 95%)" in out
    assert "good: mutants (8 runs)" in progress.splitlines()
    assert main(["check", str(tmp_path / "bad"), "--no-mutants"]) == 1
    out, _ = capsys.readouterr()
    assert "problem: statement.fr.md: is missing" in out and "bad: does not hold, 1 problem" in out
    assert out.splitlines()[-1] == "1 exercise: 1 does not hold"


def test_the_command_prints_one_json_object_for_each(tmp_path, capsys):
    folders = [str(write(tmp_path / name)) for name in ("one", "two")]
    assert main(["check", *folders, "--json", "--no-mutants"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["exercise"], one["outcome"], one["mutants"]) for one in found] == [
        ("one", "held", None),
        ("two", "held", None),
    ]
    assert {"problems", "warnings", "version", "seeds", "wrong", "seconds"} <= set(found[0])


def test_a_machine_without_sandbox_cannot_check(tmp_path, capsys, monkeypatch):
    def refuse(*arguments):
        raise MachineFault("user namespaces are switched off")

    monkeypatch.setattr("workers.check.crew.Grader", refuse)
    assert main(["check", str(write(tmp_path / "line"))]) == 2
    assert "line: cannot be checked on this machine: user namespaces are switched off" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--repeats", "0"], ["--jobs", "many"], ["--jobs", "²"]])
def test_a_wrong_argument_is_said(tmp_path, capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path), *arguments])
    assert ended.value.code == 2 and "a whole number from 1 to" in capsys.readouterr().err


def test_every_option_is_in_the_documentation():
    parser = argparse.ArgumentParser()
    cli_check.add_arguments(parser)
    options = {name for action in parser._actions for name in action.option_strings if name not in ("-h", "--help")}
    text = (Path(__file__).parents[2] / "docs" / "checking.md").read_text("utf-8")
    assert options and all(f"| `{name}" in text for name in options)


# ---- several graders -------------------------------------------------------------------------------------------------


def settled():
    """The processes once no other grader of this run is replacing a spare: the same ones twice in a row."""
    seen = descendants()
    while (now := descendants_after(0.5)) != seen:
        seen = now
    return seen


def descendants_after(seconds):
    time.sleep(seconds)
    return descendants()


def test_a_crew_keeps_the_order_and_leaves_nothing_behind():
    before = settled()
    meeting = threading.Barrier(2, timeout=30)

    def work(number):
        def call(grader):
            if number < 2:
                meeting.wait()  # two at once, or never
            return number, threading.current_thread().name

        return call

    done = []
    with Crew(2) as pair:
        results = pair.run([work(number) for number in range(20)], lambda: done.append(1))
        assert descendants() > before
    assert [number for number, _ in results] == list(range(20)) and len(done) == 20
    assert len({name for _, name in results[:2]}) == 2
    assert wait_until(lambda: descendants() <= before)


def test_the_first_error_of_a_crew_is_raised_and_the_crew_goes_on(crew):
    def fail(grader):
        raise MachineFault("no")

    with pytest.raises(MachineFault, match="no"):
        crew.run([lambda grader: 1, fail, lambda grader: 3])
    assert crew.run([lambda grader: 4]) == [4]


def test_the_bar_fills_up_and_is_wiped():
    stream = io.StringIO()
    bar = Bar(stream)
    advance = bar.begin("line", "wrong", 3)
    for _ in range(3):
        advance()
    bar.end()
    shown = stream.getvalue().split("\r\033[K")
    assert [line.rsplit(" ", 1)[-1] for line in shown] == ["", "0/3", "1/3", "2/3", "3/3", ""]
    assert shown[1].count("█") == 0 and shown[4].count("·") == 0
