"""`Grader`: what the Celery task, the command line, the publish gate and the benchmarks share."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from workers.grader.errors import ExerciseFault
from workers.grader.gpus import Keeper
from workers.grader.images import Images
from workers.grader.model_link import ModelWork
from workers.grader.pool import Pool
from workers.grader.prepared import Prepared, Shelf
from workers.grader.prompts import Prompts
from workers.grader.run import Run
from workers.grader.sentences import EXERCISE_FAULT, MACHINE_FAULT
from workers.grader.session import Session
from workers.jobs.bundle import ExerciseFiles
from workers.jobs.report import GradeReport, Manifest
from workers.jobs.sentences import english, sentence
from workers.jobs.spec import BadExercise
from workers.models.node import Models
from workers.sandbox.errors import MachineFault

RUNTIMES = ("numpy", "torch")
MAX_SEED = 1 << 63


def reduced_is_allowed() -> bool:
    """Whether the operator accepts the level REDUCED on this node."""
    return os.environ.get("SANDBOX_ALLOW_REDUCED", "").strip().lower() in ("1", "true", "yes", "on")


class Grader:
    """Grades warm: zygotes and spare jails stay up between calls. Use from one thread, and `close` it.

    allow_reduced: accept a weaker sandbox; None asks the environment (SANDBOX_ALLOW_REDUCED). spares: keep jails ready.
    first: modules of the runtime that is started at once. Raises SandboxUnavailable (a MachineFault), whose text says
    what to change.
    """

    def __init__(
        self, allow_reduced: bool | None = None, spares: bool = True, first: tuple[str, ...] = ("numpy",)
    ) -> None:
        allowed = reduced_is_allowed() if allow_reduced is None else allow_reduced
        self._shelf = Shelf()
        self._models: Models | None = None
        self.gpus = Keeper()
        self._pool = Pool(allowed, spares, first)
        self._pool.prepare(first, first)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process and remove every folder that this grader made. May be called again."""
        self._pool.close()
        self.gpus.devices.close()
        if self._models is not None:
            self._models.close()
            self._models = None

    @property
    def models(self) -> Models:
        """The node's models; nothing is started before they are asked."""
        if self._models is None:
            self._models = Models()
        return self._models

    # ---- grading ------------------------------------------------------------------------------------------------

    def grade(
        self,
        exercise: Path | ExerciseFiles | str,
        source: str,
        seed: int | None = None,
        public_only: bool = False,
        manifest: Manifest | None = None,
        name: str = "",
        cache: bool = True,
    ) -> GradeReport:
        """Grade one text. `manifest`, from `list`, is what the tests must be; `name` names an ExerciseFiles. `cache`:
        whether a model's earlier completions may be used.

        Always answers with a report: a fault of the exercise or of this machine is the verdict "error", with the reason
        in `staff`, and `sandbox["machine_fault"]` tells which. Raises ValueError for a seed out of range.
        """
        seed = secrets.randbelow(MAX_SEED) if seed is None else seed
        if not 0 <= seed < MAX_SEED:
            raise ValueError(f"seed: 0 <= seed < 2**63 is needed, not {seed}")
        try:
            prepared = self._shelf.get(exercise, name)
        except BadExercise as error:
            return _refusal(name or _name(exercise), seed, public_only, str(error), self._pool.level)
        if manifest is not None and manifest["grading_version"] != prepared.grading_version:
            why = "the manifest belongs to another version of the exercise"
            return _refusal(prepared.name, seed, public_only, why, self._pool.level)
        tests = manifest["tests"] if manifest is not None else None
        try:
            with self._device(prepared) as where:
                report = Run(self._pool, prepared, source, seed, tests, self._asker(prepared, cache)).grade(public_only)
                self._pool.prepare(prepared.runner_setup, prepared.judge_setup)
        except MachineFault as error:  # no GPU, where one is needed
            refusal = _refusal(prepared.name, seed, public_only, str(error), self._pool.level, machine=True)
            refusal["version"], refusal["grading_version"] = prepared.version, prepared.grading_version
            return refusal
        report["sandbox"].update(where)
        return report

    @contextlib.contextmanager
    def _device(self, prepared: Prepared) -> Iterator[dict[str, Any]]:
        """Where the solution runs: yields what the report says of it. Raises MachineFault."""
        if not self.gpus.needed(prepared.spec):
            yield {}
            return
        facts: dict[str, Any] = {}
        with self.gpus.lease(prepared.spec, timed="timing" in prepared.files.text("tests.py")) as gpu:
            self._pool.gpu = gpu
            try:
                yield facts
            finally:
                self._pool.gpu = None
            state = self.gpus.devices.state(gpu)  # still warm: the clocks that a ratio was measured at
            facts |= {"profile": "gpu", "device": gpu.name, "clock_mhz": state.clock_mhz, "celsius": state.celsius}
            facts["throttled"] = list(state.throttled)

    def _asker(self, prepared: Prepared, cache: bool) -> Callable[[str], ModelWork] | None:
        """For an exercise that is no code: what makes the work for models of a text."""
        spec, image = prepared.spec.prompt, prepared.spec.image
        if image is not None:
            return lambda source: Images(image, self.models, prepared.target, source, cache)
        if spec is not None:
            return lambda source: Prompts(spec, self.models, source, cache)
        return None

    def list(self, exercise: Path | ExerciseFiles | str, name: str = "") -> Manifest:
        """The tests that tests.py declares, read in the judge's jail alone. Faults are in the answer, never raised."""
        manifest: Manifest = {
            "exercise": name or _name(exercise),
            "version": "",
            "grading_version": "",
            "ok": False,
            "fault": "",
            "machine": False,
            "max_score": 0.0,
            "tests": [],
        }
        try:
            prepared = self._shelf.get(exercise, name)
            manifest["version"], manifest["grading_version"] = prepared.version, prepared.grading_version
            manifest["tests"] = self._listing(prepared)
        except (BadExercise, ExerciseFault) as error:
            manifest["fault"] = str(error)
        except MachineFault as error:
            manifest["fault"], manifest["machine"] = str(error), True
        else:
            manifest["ok"] = True
            manifest["max_score"] = round(sum(test["points"] for test in manifest["tests"]), 6)
        return manifest

    def _listing(self, prepared: Prepared) -> Any:
        session = Session(self._pool, prepared, "", 0)
        try:
            session.start_judge()
            return session.finish_judge()
        finally:
            session.close()
            self._pool.prepare(prepared.runner_setup, prepared.judge_setup)

    # ---- this node ----------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """What this node can do: {"level", "reduced_because", "runtimes", "devices"}."""
        return {
            "level": self._pool.level,
            "reduced_because": self._pool.reduced_because,
            "runtimes": [
                "python",
                *(name for name in RUNTIMES if importlib.util.find_spec(name) is not None),
                *self.gpus.runtimes(),
            ],
            "devices": ["cpu", *self.gpus.announce()],
        }


def _name(exercise: Path | ExerciseFiles | str) -> str:
    return "exercise" if isinstance(exercise, ExerciseFiles) else Path(exercise).resolve().name


def _refusal(name: str, seed: int, public_only: bool, why: str, level: str, machine: bool = False) -> GradeReport:
    """The report when the exercise cannot even be read, or this machine cannot begin."""
    sentences = [sentence(MACHINE_FAULT if machine else EXERCISE_FAULT)]
    return {
        "exercise": name,
        "version": "",
        "grading_version": "",
        "verdict": "error",
        "score": 0.0,
        "max_score": 0.0,
        "seed": seed,
        "seconds": 0.0,
        "public_only": public_only,
        "message": english(sentences),
        "sentences": sentences,
        "tests": [],
        "output": "",
        "staff": why,
        "sandbox": {"level": level, "machine_fault": machine},
    }
