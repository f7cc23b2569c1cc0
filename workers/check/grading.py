"""One exercise under check: its files, its manifest, and graded runs whose faults are told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workers.check.crew import Crew
from workers.check.findings import ExerciseUnsound, Finding
from workers.grader import Grader, MachineFault
from workers.jobs.bundle import ExerciseFiles
from workers.jobs.report import GradeReport, Manifest, TestResult
from workers.jobs.spec import ExerciseSpec

# Errors by which the judge's jail shows: no network, no other file, no other program.
OF_THE_JAIL = (
    "PermissionError",
    "FileNotFoundError",
    "gaierror",
    "ConnectionError",
    "Operation not permitted",
    "Network is unreachable",
)
JAIL = (
    "tests.py runs in a jail without network, without other programs and without other files than the exercise's own: "
    "put what it needs in data/"
)


@dataclass(frozen=True)
class Subject:
    """What is being checked."""

    name: str
    files: ExerciseFiles
    spec: ExerciseSpec
    manifest: Manifest
    crew: Crew

    @property
    def timed(self) -> bool:
        """Whether a test measures time: such runs may not share the machine with one another."""
        return any(test["timing"] for test in self.manifest["tests"])

    @property
    def reference(self) -> str:
        return self.files.text(f"solution{self.files.suffix}")

    def seeds(self, count: int) -> list[int]:
        """The same for the same tests, so that a check can be repeated; others when anything that counts changes."""
        texts = (f"{self.manifest['grading_version']}:{index}".encode() for index in range(count))
        return [int.from_bytes(hashlib.sha256(text).digest()[:6], "big") for text in texts]

    def grade_all(
        self,
        runs: Sequence[tuple[str, int]],
        done: Callable[[], None] = lambda: None,
        serial: bool = False,
        cache: bool = True,
    ) -> list[GradeReport]:
        """Grade (source, seed) pairs; `cache`: whether kept completions of a model will do. Raises MachineFault."""

        def work(source: str, seed: int) -> Callable[[Grader], GradeReport]:
            return lambda grader: graded(grader, self.files, source, seed, self.manifest, self.name, cache)

        return self.crew.run([work(*run) for run in runs], done, serial or self.timed)


def graded(
    grader: Grader,
    files: ExerciseFiles,
    source: str,
    seed: int,
    manifest: Manifest | None,
    name: str,
    cache: bool = True,
) -> GradeReport:
    """Grade once. Raises MachineFault when this machine, not the exercise, is at fault."""
    report = grader.grade(files, source, seed, manifest=manifest, name=name, cache=cache)
    if report["verdict"] == "error" and report["sandbox"].get("machine_fault"):
        raise MachineFault(report["staff"])
    return report


def full_marks(report: GradeReport) -> bool:
    return report["verdict"] == "passed" and report["score"] == report["max_score"]


def listed(grader: Grader, files: ExerciseFiles, name: str) -> Manifest:
    """The manifest. Raises ExerciseUnsound or MachineFault."""
    manifest = grader.list(files, name)
    if manifest["machine"]:
        raise MachineFault(manifest["fault"])
    if not manifest["ok"]:
        file, text = _blame(manifest["fault"])
        raise ExerciseUnsound(Finding("listing", file, text))
    return manifest


def _blame(fault: str) -> tuple[str, str]:
    for file in ("tests.py", "exercise.toml", "solution.py", "solution.txt"):
        if fault.startswith(file):
            return file, advice(fault[len(file) :].lstrip(": "))
    return "tests.py", advice(fault)


def advice(text: str) -> str:
    """`text` with what to do about it, when the jail is what stood in the way."""
    return f"{text.rstrip()}\n{JAIL}" if any(word in text for word in OF_THE_JAIL) else text


def last_line(text: str) -> str:
    """The line of a traceback that says what happened."""
    lines = [line.strip() for line in text.split("\n\n")[0].splitlines() if line.strip()]
    return lines[-1] if lines else "no reason is known"


def test_line(text: str) -> str:
    """ " (line 12)" of tests.py, from a traceback; empty when it names none."""
    lines = [line for line in text.split("\n\n")[0].splitlines() if 'tests.py", line ' in line]
    return f" (line {lines[-1].split(', line ')[1].split(',')[0]})" if lines else ""


def own_fault(test: TestResult) -> str:
    """Why a test fails by itself."""
    staff = test["staff"]
    return f"test {test['name']!r} fails by itself{test_line(staff)}: {advice(last_line(staff))}"
