"""The steps of a check, in order, and what ends it early."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workers.check.crew import Crew
from workers.check.findings import FAILED, MACHINE, NOT_CHECKED, ExerciseUnsound, Finding, NotChecked, Result
from workers.check.folder import folder_findings, folder_warnings, missing_modules, wrong_files
from workers.check.grading import Subject, listed
from workers.check.public import public_warnings
from workers.check.repeats import AGAIN, check_repeats
from workers.check.runs import check_reference, check_starter, check_wrong
from workers.check.trials import check_mutants
from workers.grader import MachineFault
from workers.jobs.bundle import ExerciseFiles, read_folder
from workers.jobs.spec import BadExercise, ExerciseSpec

DEFAULT_REPEATS = 3


@dataclass(frozen=True)
class Options:
    repeats: int = DEFAULT_REPEATS  # runs of the reference, each with its own seed
    mutants: bool = True


class Progress(Protocol):
    """Who is told how far the check is."""

    def begin(self, exercise: str, step: str, total: int) -> Callable[[], None]:
        """A step begins, with so many runs; the answer is called after each."""

    def end(self) -> None:
        """Nothing more of this exercise."""


class Silent:
    """A progress that nobody watches."""

    def begin(self, exercise: str, step: str, total: int) -> Callable[[], None]:
        return lambda: None

    def end(self) -> None:
        return None


def check_exercise(
    exercise: Path | ExerciseFiles,
    crew: Crew,
    options: Options | None = None,
    progress: Progress | None = None,
    name: str = "",
) -> Result:
    """Check one exercise; `name` names an ExerciseFiles. Whatever is found out is in the answer, nothing is raised."""
    folder = exercise if isinstance(exercise, Path) else None
    result = Result(name or (folder.resolve().name if folder is not None else "exercise"))
    progress = progress or Silent()
    started = time.monotonic()
    try:
        files = read_folder(folder) if folder is not None else exercise
        assert isinstance(files, ExerciseFiles)
        _Check(files, crew, options or Options(), progress, result).run()
    except BadExercise as error:
        result.problems.append(Finding("folder", ".", str(error)))
    except ExerciseUnsound as error:
        result.problems.append(error.finding)
    except NotChecked as error:
        result.outcome, result.why = NOT_CHECKED, str(error)
    except MachineFault as error:
        result.outcome, result.why = MACHINE, str(error)
    finally:
        progress.end()
    if result.problems and result.outcome != MACHINE:
        result.outcome = FAILED
    result.seconds = round(time.monotonic() - started, 3)
    return result


class _Check:
    """One exercise's way through the steps."""

    def __init__(self, files: ExerciseFiles, crew: Crew, options: Options, progress: Progress, result: Result) -> None:
        self._files = files
        self._crew = crew
        self._options = options
        self._progress = progress
        self._result = result

    def run(self) -> None:
        """Raises ExerciseUnsound, NotChecked or MachineFault where a step cannot be done."""
        spec = self._folder()
        if spec is None:
            return
        if spec.image is None:
            self._need_node(spec)
        subject = self._listing(spec)
        if spec.image is not None:  # its tests can be listed without the models
            self._need_node(spec)
        repeats = self._options.repeats
        reports = check_reference(subject, repeats, self._result, self._begin("reference", repeats))
        reference = reports[0]
        self._result.steps.append("reference")
        if reference["verdict"] == "rejected":
            return
        check_starter(subject, self._result, self._begin("starter", 1))
        check_wrong(subject, self._result, self._begin("wrong", len(wrong_files(self._files))))
        self._result.steps += ["starter", "wrong"]
        if spec.roles:  # a prompt has no mutants: what changes a text's meaning, nobody can calculate
            check_repeats(subject, reference, self._result, self._begin("repeats", AGAIN))
            self._result.steps.append("repeats")
        # What the reference does not pass tells nothing of its mutants.
        elif self._options.mutants and self._result.reference_passed == repeats:
            check_mutants(subject, reference, self._result, lambda total: self._begin("mutants", total))
            self._result.steps.append("mutants")

    def _begin(self, step: str, total: int) -> Callable[[], None]:
        return self._progress.begin(self._result.exercise, step, total)

    def _folder(self) -> ExerciseSpec | None:
        """None when there is not enough to run anything."""
        self._begin("folder", 0)
        self._result.version = self._files.version
        findings = folder_findings(self._files)
        self._result.problems += findings
        self._result.steps.append("folder")
        try:
            spec = self._files.spec()
        except BadExercise:
            return None
        self._result.warnings += folder_warnings(self._files, spec)
        # A missing statement or a bad first line in wrong/ lets the rest be checked: all is said in one go.
        unusable = {"tests.py", f"solution{self._files.suffix}", f"starter{self._files.suffix}"}
        return None if any(finding.file in unusable for finding in findings) else spec

    def _need_node(self, spec: ExerciseSpec) -> None:
        """Raises NotChecked when this node is not one that grades the exercise."""
        if spec.image is not None and not spec.image.calibrated:
            raise NotChecked(
                "its scale has not been measured, so nothing can be graded: run `python -m workers calibrate`; only "
                "its folder and its tests' declarations were looked at"
            )
        if spec.roles:
            missing_roles = self._crew.run([lambda grader: grader.models.missing()])[0]
            for role in spec.roles:
                if role in missing_roles:
                    raise NotChecked(f"no model: it needs the role {role!r} ({missing_roles[role]})")
        if spec.device == "gpu":  # before its modules, which are there where a GPU is
            facts = self._crew.run([lambda grader: grader.describe()])[0]
            if not any(str(device).startswith("gpu") for device in facts["devices"]):
                raise NotChecked("it needs a GPU, and this node has none")
        missing = [name for name in missing_modules(spec.modules) if not (spec.device == "any" and name == "cupy")]
        if missing:
            raise NotChecked(f"the module {missing[0]!r} of exercise.toml cannot be imported here: is it spelt right?")

    def _listing(self, spec: ExerciseSpec) -> Subject:
        done = self._begin("listing", 1)
        name, files = self._result.exercise, self._files
        manifest = self._crew.run([lambda grader: listed(grader, files, name)], done)[0]
        self._result.tests, self._result.max_score = len(manifest["tests"]), manifest["max_score"]
        self._result.warnings += public_warnings(files)
        self._result.steps.append("listing")
        return Subject(name, files, spec, manifest, self._crew)
