"""The publish gate on prompt exercises, over a real server with OpenAI's interface."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.modelling import Server, serving
from workers.check import FAILED, HELD, NOT_CHECKED, Crew, Options, check_exercise
from workers.check.findings import MACHINE, Result

pytestmark = pytest.mark.sandbox

TESTS = """
from workers.testkit import test
from workers.testkit.texts import assert_exact


@test("Shown", points=4, public=True, hint={"en": "Ask for it.", "fr": "Demandez-le."})
def shown(solution, rng):
    assert_exact(solution.complete(["a"]), ["A"])


@test("Hidden", points=6, hint={"en": "For all letters.", "fr": "Pour toutes les lettres."})
def hidden(solution, rng):
    assert_exact(solution.complete(["b", "c", "d"]), ["B", "C", "D"])
"""
SOUND = {
    "exercise.toml": 'title = { en = "Capitals", fr = "Majuscules" }\nkind = "prompt"\n',
    "statement.en.md": "Make capitals of `{input}`.\n",
    "statement.fr.md": "Mettez `{input}` en majuscules.\n",
    "starter.txt": "{input}\n",
    "solution.txt": "Capital: {input}\n",
    "tests.py": TESTS,
    "wrong/first.txt": "# expect: 4/10 partial\nFirst: {input}\n",
    "wrong/empty.txt": "# expect: 0/10 rejected\n",
}


def capitals(text: str) -> str:
    """What the served model writes: the capital after `Capital:`, only that of a after `First:`, else the text."""
    order, _, letter = text.rpartition(": ")
    return letter.upper() if order == "Capital" or (order, letter) == ("First", "a") else text


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(capitals) as running:
        yield running


@pytest.fixture
def crew(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    monkeypatch.setenv("MODEL_CHAT", server.url)
    monkeypatch.setenv("MODEL_BASE", "none")
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "models"))
    server.answer, server.fail = capitals, None
    with Crew(1) as one:
        yield one


def checked(crew: Crew, folder: Path, **changes: str) -> Result:
    for path, text in (SOUND | {path.replace("__", "/"): text for path, text in changes.items()}).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return check_exercise(folder, crew, Options(repeats=2))


def test_it_works(crew: Crew, server: Server, tmp_path: Path) -> None:
    server.seen.clear()
    result = checked(crew, tmp_path / "capitals")
    assert (result.outcome, result.problems) == (HELD, [])
    assert result.steps == ["folder", "listing", "reference", "starter", "wrong", "repeats"]
    assert (result.tests, result.max_score, result.reference_passed, result.starter_score) == (2, 10, 2, 0)
    assert [(run.file, run.got) for run in result.wrong] == [
        ("wrong/empty.txt", "0/10 rejected"),
        ("wrong/first.txt", "4/10 partial"),
    ]
    assert result.mutants is None
    sent = [body["messages"][0]["content"] for body in server.seen]
    assert sent.count("Capital: b") == 4, "the reference's runs ask the model each time: two seeds, two repeats"


def test_texts_that_change_between_runs_are_found(crew: Crew, server: Server, tmp_path: Path) -> None:
    number = itertools.count()
    server.answer = lambda text: capitals(text) + " " * (next(number) + 1)  # all tests pass, the bytes differ
    result = checked(crew, tmp_path)
    assert result.outcome == FAILED
    (problem,) = result.problems
    assert (problem.step, problem.file) == ("repeats", "solution.txt")
    assert "another text for the same row" in problem.text


@pytest.mark.parametrize(
    ("file", "text", "step", "said"),
    [
        ("wrong__first.txt", "# expect: 10/10\nFirst: {input}", "wrong", "expected 10/10, got 4/10 partial"),
        ("wrong__empty.txt", "# expect: 0/10 rejected\n{input}", "wrong", "expected 0/10 rejected, got 0/10 failed"),
        ("solution.txt", "First: {input}", "reference", "does not pass test 'Hidden'"),
        ("solution.txt", "Capital:", "reference", "does not hold {input}"),
        ("starter.txt", "First: {input}", "starter", "gets 4/10 without any work"),
        ("tests.py", TESTS.replace('["a"]', "[]"), "reference", "rows: a list of texts is needed"),
    ],
)
def test_an_unsound_prompt_exercise(crew: Crew, tmp_path: Path, file: str, text: str, step: str, said: str) -> None:
    result = checked(crew, tmp_path, **{file: text})
    assert result.outcome == FAILED
    assert any(problem.step == step and said in problem.text for problem in result.problems), result.problems


def test_without_a_model_it_is_not_checked(crew: Crew, tmp_path: Path) -> None:
    toml = SOUND["exercise.toml"] + '[prompt]\nmodel = "chat"\nalso = ["base"]\n'
    result = checked(crew, tmp_path, **{"exercise.toml": toml})
    assert (result.outcome, result.problems) == (NOT_CHECKED, [])
    assert "no model: it needs the role 'base'" in result.why


def test_a_servers_fault_is_not_the_exercises(crew: Crew, server: Server, tmp_path: Path) -> None:
    server.fail = (500, b"out of memory")
    result = checked(crew, tmp_path)
    assert (result.outcome, result.problems) == (MACHINE, [])
    assert server.url.removeprefix("http://") in result.why
