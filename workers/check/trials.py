"""Mutants at the tests: which of them get full marks all the same.

A mutant runs under limits of its own, a few times what the reference needs, so that one which never ends costs a second
and not the exercise's whole time. Where tests differ much in cost, the cheap ones go first, and only what passes them
meets the others: the inputs are the same, since each test has its own seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from workers.check.findings import ExerciseUnsound, Finding, MutantFigures, Result, Survivor
from workers.check.grading import Subject, full_marks, graded, own_fault
from workers.check.mutate import Mutant, mutants
from workers.grader import Grader
from workers.jobs.bundle import ExerciseFiles
from workers.jobs.report import GradeReport
from workers.jobs.spec import ExerciseSpec, Limits

PATIENCE = 5.0  # times what the reference takes
LEAST_SECONDS = 1.0  # a busy machine may hold up a quick test for this long
DEAR_SECONDS = 0.3  # below this, a run is not worth splitting
CHEAP_SHARE = 0.2  # the tests that go first take at most this share of a run

# The judge keeps the chosen tests only; the others never run, and no test's seed depends on them.
CHOOSE = """
from workers.testkit.registry import REGISTRY as _every_test
_every_test[:] = [_one for _one in _every_test if _one.name in {names!r}]
"""


class TrialFiles(ExerciseFiles):
    """The same files with other limits: nothing is rewritten, so version and what tests.py sees stay as they are."""

    def __init__(self, files: ExerciseFiles, limits: Limits, tests: str | None = None) -> None:
        super().__init__(files.files if tests is None else {**files.files, "tests.py": tests.encode()})
        self._limits = limits

    def spec(self) -> ExerciseSpec:
        return replace(super().spec(), limits=self._limits)


@dataclass(frozen=True)
class Trial:
    """How a mutant is graded."""

    subject: Subject
    seed: int
    first: TrialFiles | None  # the cheap tests alone, where that saves time
    every: TrialFiles
    listed: frozenset[str]  # ids that exercise.toml calls equivalent

    def survives(self, grader: Grader, mutant: Mutant) -> bool:
        """Whether it gets full marks. Raises ExerciseUnsound when tests.py fails by itself, MachineFault."""
        for files, name in ((self.first, "first tests"), (self.every, "limits of mutants")):
            if files is not None and not self._passes(grader, files, mutant, name):
                # The author says that it changes nothing: then a moment's load on this machine must not say otherwise.
                return mutant.id in self.listed and self._passes(grader, self.subject.files, mutant, "")
        return True

    def _passes(self, grader: Grader, files: ExerciseFiles, mutant: Mutant, name: str) -> bool:
        label = f"{self.subject.name} ({name})" if name else self.subject.name
        report = graded(grader, files, mutant.source, self.seed, None, label)
        if report["verdict"] == "error":
            raise ExerciseUnsound(Finding("mutants", "tests.py", _fault(report, mutant)))
        return full_marks(report)


def _fault(report: GradeReport, mutant: Mutant) -> str:
    broken = [test for test in report["tests"] if test["verdict"] == "error"]
    why = own_fault(broken[0]) if broken else report["staff"]
    return f"{why} (while the mutant {mutant.id!r} was graded, seed {report['seed']})"


# ---- preparation -----------------------------------------------------------------------------------------------------


def prepare(subject: Subject, reference: GradeReport) -> Trial:
    """Choose limits and order from what the reference took; each choice must let the reference itself pass."""
    costs = {test["name"]: test["seconds"] for test in reference["tests"]}
    every = TrialFiles(subject.files, _limits(subject.spec.limits, list(costs.values())))
    untimed = [test["name"] for test in subject.manifest["tests"] if not test["timing"]]
    cheap = untimed if subject.timed else _cheap(costs)  # dozens of timed calls are never cheap
    first = None
    if cheap:
        tests = subject.files.text("tests.py") + CHOOSE.format(names=set(cheap))
        first = TrialFiles(subject.files, _limits(subject.spec.limits, [costs[name] for name in cheap]), tests)
    seed = subject.seeds(1)[0]
    listed = frozenset(str(item["mutant"]).strip() for item in subject.spec.equivalent)
    trial = Trial(subject, seed, first, every, listed)
    return subject.crew.run([lambda grader: _proved(trial, grader)])[0]


def _limits(limits: Limits, costs: list[float]) -> Limits:
    seconds = min(limits.seconds, max(LEAST_SECONDS, PATIENCE * max(costs, default=0.0)))
    total = min(limits.total_seconds, max(seconds, PATIENCE * sum(costs)))
    return replace(limits, seconds=seconds, total_seconds=total)


def _cheap(costs: dict[str, float]) -> list[str]:
    """The cheapest tests that together take a small share of an expensive run; empty when splitting saves nothing."""
    whole = sum(costs.values())
    if whole < DEAR_SECONDS:
        return []
    chosen: list[str] = []
    spent = 0.0
    for name in sorted(costs, key=lambda one: costs[one]):
        spent += costs[name]
        if spent > CHEAP_SHARE * whole:
            break
        chosen.append(name)
    return chosen


def _proved(trial: Trial, grader: Grader) -> Trial:
    """The trial without what the reference does not pass: slow to load, or tests.py that counts its tests."""
    reference = Mutant("the reference", trial.subject.reference, "")
    if trial.first is not None and not _stands(trial, grader, trial.first, reference, "first tests"):
        trial = replace(trial, first=None)
    if not _stands(trial, grader, trial.every, reference, "limits of mutants"):
        trial = replace(trial, every=TrialFiles(trial.subject.files, trial.subject.spec.limits))
    return trial


def _stands(trial: Trial, grader: Grader, files: TrialFiles, reference: Mutant, name: str) -> bool:
    report = graded(grader, files, reference.source, trial.seed, None, f"{trial.subject.name} ({name})")
    return full_marks(report)


# ---- the step --------------------------------------------------------------------------------------------------------


def check_mutants(
    subject: Subject, reference: GradeReport, result: Result, begin: Callable[[int], Callable[[], None]]
) -> None:
    """Grade all mutants of the reference. `begin` is told their number and gives what is called after each."""
    try:
        found = mutants(subject.reference)
    except SyntaxError as error:
        raise ExerciseUnsound(Finding("mutants", "solution.py", f"no mutants can be made: {error}")) from None
    done = begin(len(found))
    trial = prepare(subject, reference)

    def work(mutant: Mutant) -> Callable[[Grader], bool]:
        return lambda grader: trial.survives(grader, mutant)

    alive = subject.crew.run([work(mutant) for mutant in found], done, serial=subject.timed)
    reasons = {str(item["mutant"]).strip(): str(item["reason"]) for item in subject.spec.equivalent}
    figures = MutantFigures(total=len(found), killed=alive.count(False), needed=subject.spec.strength)
    for mutant, survives in zip(found, alive, strict=True):
        if survives and mutant.id in reasons:
            figures.equivalent.append(Survivor(mutant.id, mutant.diff, reasons[mutant.id]))
        elif survives:
            figures.survivors.append(Survivor(mutant.id, mutant.diff))
        elif mutant.id in reasons:
            result.problems.append(_not_equivalent(mutant.id))
    counted = figures.total - len(figures.equivalent)
    figures.strength = figures.killed / counted if counted else 1.0
    result.mutants = figures
    result.problems += _unknown(reasons, found)
    if figures.strength < figures.needed:
        result.problems.append(_too_weak(figures))


def _not_equivalent(name: str) -> Finding:
    text = f"check.equivalent: {name!r} is noticed by the tests, so it changes something: remove the entry"
    return Finding("mutants", "exercise.toml", text)


def _unknown(reasons: dict[str, str], found: list[Mutant]) -> list[Finding]:
    known = {mutant.id for mutant in found}
    return [Finding("mutants", "exercise.toml", _lost(name, known)) for name in reasons if name not in known]


def _lost(name: str, known: set[str]) -> str:
    change = name.split(": ", 1)[-1]
    elsewhere = sorted(other for other in known if other.split(": ", 1)[-1] == change)
    hint = f" (its line may have moved: there is {elsewhere[0]!r})" if elsewhere else ""
    return f"check.equivalent: there is no mutant {name!r} any more{hint}: remove or mend the entry"


def _too_weak(figures: MutantFigures) -> Finding:
    counted = figures.total - len(figures.equivalent)
    text = f"the tests notice {figures.killed} of {counted} mutants, {figures.strength:.1%}; exercise.toml asks for "
    text += f"{figures.needed:.1%}: add tests for the survivors listed, or list those that change nothing in "
    return Finding("mutants", "tests.py", text + "check.equivalent with the reason")
