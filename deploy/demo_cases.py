"""What the demo hands in, and what must come of it: the outcome stands in each file's first lines.

# expect: 6/10                      points of how many; full marks are `passed`, some `partial`, none `failed`
# expect: 0/10 timeout              with the verdict that the student sees, where it is another
# exercise: backprop                in deploy/demo only: elsewhere the folder tells
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from deploy.options import ROOT

CATALOG = ROOT / "exercises" / "catalog"
HOSTILE = Path(__file__).parent / "demo"
# Of each exercise's `wrong/`: one that gets some points, one that gets none.
ORDINARY = {
    "activation-derivatives": ("identity_slope", "printed"),
    "backprop": ("slope_at_output", "only_gradients"),
    "train-mnist": ("seed_ignored", "returned_too_early"),
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


def ordinary_cases(exercise: str) -> list[Case]:
    """The reference solution, a partly right file and one that gets nothing, as the catalog has them."""
    folder = CATALOG / exercise
    cases, total = [], 0.0
    for name in ORDINARY[exercise]:
        path = folder / "wrong" / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        score, total, verdict = _expected(path, text)
        cases.append(_case(exercise, path, f"wrong/{path.name}", (score, total, verdict), text))
    path = folder / "solution.py"
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


def all_cases() -> list[Case]:
    """Every case; quick ones first, so that nothing waits behind those that use up their time limits."""
    return [case for exercise in ORDINARY for case in ordinary_cases(exercise)] + hostile_cases()
