"""What a check found out: findings in the author's words, and the figures of each step."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

HELD, FAILED, NOT_CHECKED, MACHINE = "held", "failed", "not checked", "machine"


class NotChecked(Exception):
    """This node lacks what the exercise needs, a module, a GPU or a model; the text says which."""


class ExerciseUnsound(Exception):
    """The check cannot go on: `finding` says what the author has to change first."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(frozen=True)
class Finding:
    """Something for the author to change, or with a warning to think about."""

    step: str  # "folder", "listing", "reference", "starter", "wrong", "public", "mutants"
    file: str  # path in the exercise's folder
    text: str  # one sentence or two: what is wrong, what to change

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


@dataclass(frozen=True)
class WrongRun:
    """What one file of wrong/ came to."""

    file: str
    expected: str  # "6/10 timeout", as its first line says
    got: str  # "6/10 partial"
    ok: bool


@dataclass(frozen=True)
class Survivor:
    """A mutant that got full marks."""

    id: str  # "solution.py:12: a + b -> a - b"
    diff: str  # unified
    reason: str = ""  # why it changes nothing, when exercise.toml lists it as equivalent


@dataclass
class MutantFigures:
    total: int = 0
    killed: int = 0
    strength: float = 1.0  # killed / (total - equivalent)
    needed: float = 0.0  # what exercise.toml asks for
    survivors: list[Survivor] = field(default_factory=list)
    equivalent: list[Survivor] = field(default_factory=list)  # listed and indeed alive
    seconds: float = 0.0


@dataclass
class Result:
    """The outcome of one exercise's check."""

    exercise: str  # the folder's name
    version: str = ""  # sha256 of the folder
    outcome: str = HELD  # HELD, FAILED, NOT_CHECKED or MACHINE
    why: str = ""  # for NOT_CHECKED and MACHINE: what this node lacks
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)  # those that were done
    tests: int = 0
    max_score: float = 0.0
    seeds: list[int] = field(default_factory=list)  # of the reference's runs
    reference_passed: int = 0  # of so many runs
    reference_seconds: float = 0.0  # the student's own time in one run, the slowest
    starter_score: float | None = None
    wrong: list[WrongRun] = field(default_factory=list)
    ratios: dict[str, list[float]] = field(default_factory=dict)  # of timing tests, by name: one for each run
    mutants: MutantFigures | None = None  # None: not run
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return dataclasses.asdict(self)

    @property
    def holds(self) -> bool:
        return self.outcome == HELD
