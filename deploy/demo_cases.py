"""What the demo hands in, and what must come of it: the outcome stands in each file's first lines.

# expect: 6/10                      points of how many; full marks are `passed`, some `partial`, none `failed`
# expect: 0/10 timeout              with the verdict that the student sees, where it is another
# exercise: backprop                in deploy/demo only: elsewhere the folder tells
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from deploy.options import ROOT
from workers.jobs.spec import parse_spec

CATALOG = ROOT / "exercises" / "catalog"
HOSTILE = Path(__file__).parent / "demo"
COURSE = ROOT / "platform" / "courses" / "catalog" / "chatbots-2025" / "course.toml"
# Beside each exercise's reference, of its `wrong/`: one that gets some points, one that gets none.
ORDINARY = {
    "activation-derivatives": ("identity_slope", "printed"),
    "backprop": ("slope_at_output", "only_gradients"),
    "train-mnist": ("seed_ignored", "returned_too_early"),
    "prompt-sentiment": ("lazy_question",),
    "prompt-json": ("lazy",),
}
EXPECT = re.compile(r"# expect: (?P<score>[\d.]+)/(?P<total>[\d.]+)(?: (?P<verdict>\w+))?\s*$")
EXERCISE = re.compile(r"# exercise: (?P<slug>[a-z0-9-]+)\s*$")


class BadCase(ValueError):
    """A file of the demo does not say what to expect; the text names it."""


@dataclass(frozen=True)
class Case:
    student: str  # e-mail; each case has a student of its own, so that every grade stands in the gradebook
    exercise: str
    what: str  # the file, for the table
    source: str
    score: float
    total: float
    verdict: str

    @property
    def expected(self) -> str:
        return outcome(self.score, self.total, self.verdict)


def outcome(score: float, total: float, verdict: str) -> str:
    return f"{score:g}/{total:g} {verdict}"


def usual_verdict(score: float, total: float) -> str:
    return "passed" if score == total else "partial" if score else "failed"


def _expected(path: Path, text: str) -> tuple[float, float, str]:
    found = EXPECT.match(text.splitlines()[0]) if text else None
    if found is None:
        raise BadCase(f"{path}: the first line must be `# expect: POINTS/TOTAL`")
    score, total = float(found["score"]), float(found["total"])
    return score, total, found["verdict"] or usual_verdict(score, total)


def _student(exercise: str, name: str) -> str:
    return f"{name.replace('_', '-')}.{exercise}@example.org"


def _case(exercise: str, path: Path, what: str, expected: tuple[float, float, str], text: str) -> Case:
    return Case(_student(exercise, path.stem), exercise, what, text, *expected)


def exercises(with_models: bool) -> list[str]:
    """The course's exercises that this machine grades: none for a GPU, prompts only where the models are."""
    chosen = []
    for entry in tomllib.loads(COURSE.read_text(encoding="utf-8"))["exercises"]:
        spec = parse_spec((CATALOG / entry["folder"] / "exercise.toml").read_text(encoding="utf-8"))
        if spec.device != "gpu" and (spec.kind == "code" or (spec.kind == "prompt" and with_models)):
            chosen.append(entry["folder"])
    return chosen


def weights() -> dict[str, float]:
    """What an exercise or quiz alone brings to the total, by name: the weight of its category."""
    course = tomllib.loads(COURSE.read_text(encoding="utf-8"))
    of_category = {category["key"]: float(category["weight"]) for category in course["categories"]}
    entries = [(entry.get("folder") or entry["file"], entry) for entry in (*course["exercises"], *course["quizzes"])]
    return {name: of_category[entry["category"]] for name, entry in entries}


def ordinary_cases(exercise: str) -> list[Case]:
    """The reference, and of some exercises a partly right file and one that gets nothing, as the catalog has them."""
    folder = CATALOG / exercise
    suffix = ".txt" if (folder / "solution.txt").exists() else ".py"
    names = ORDINARY.get(exercise, ())
    wrong = [folder / "wrong" / f"{name}{suffix}" for name in names]
    every = sorted((folder / "wrong").glob(f"*{suffix}"))
    cases, total = [], 0.0
    for path in every:
        text = path.read_text(encoding="utf-8")
        score, total, verdict = _expected(path, text)
        if path in wrong:
            cases.append(_case(exercise, path, f"wrong/{path.name}", (score, total, verdict), text))
    path = folder / f"solution{suffix}"
    return [_case(exercise, path, path.name, (total, total, "passed"), path.read_text(encoding="utf-8")), *cases]


def hostile_cases() -> list[Case]:
    """Crashing, never-ending, greedy and cheating files."""
    cases = []
    for path in sorted(HOSTILE.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        found = EXERCISE.match(lines[1]) if len(lines) > 1 else None
        if found is None:
            raise BadCase(f"{path}: the second line must be `# exercise: NAME`")
        cases.append(_case(found["slug"], path, path.name, _expected(path, text), text))
    return cases


def all_cases(with_models: bool) -> list[Case]:
    """Every case; quick ones first, so that nothing waits behind those that use up their time limits."""
    return [case for exercise in exercises(with_models) for case in ordinary_cases(exercise)] + hostile_cases()
