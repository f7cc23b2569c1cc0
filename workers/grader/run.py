"""One grade: loads the student's file, runs public then hidden tests, settles faults of tests.py, sums up.

Default is fail: a test has points only when the judge said "passed" and nothing contradicts it.
"""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from typing import Any

from workers.grader.clean import clean
from workers.grader.errors import ExerciseFault, JudgeFault, JudgeSlow, StudentFault
from workers.grader.model_link import ModelWork
from workers.grader.outcome import Outcome, derive_seed
from workers.grader.pool import Pool
from workers.grader.prepared import Prepared
from workers.grader.sentences import (
    EXERCISE_FAULT,
    MACHINE_FAULT,
    NOT_LOADED,
    NOT_RUN,
    NOT_TEXT,
    TIMEOUT_TOTAL,
    TOO_LARGE,
    UNUSABLE,
    UNUSABLE_VALUE,
)
from workers.grader.session import Session
from workers.jobs.report import GradeReport, Sentence, TestEntry, TestResult, TextCheck
from workers.jobs.sentences import english, sentence
from workers.sandbox.errors import MachineFault

MAX_SOURCE = 256 << 10
MAX_REPORT_OUTPUT = 64 << 10
MAX_TEST_OUTPUT = 8 << 10


class Run:
    """Use once: `Run(...).grade()`. `ask`: makes the work for models of a text, where the exercise is no code."""

    def __init__(
        self,
        pool: Pool,
        exercise: Prepared,
        source: str,
        seed: int,
        tests: list[TestEntry] | None,
        ask: Callable[[str], ModelWork] | None = None,
    ) -> None:
        self._pool = pool
        self._exercise = exercise
        self._source = source
        self._seed = seed
        self._tests = tests
        self._ask = ask
        self._work = ask(source) if ask is not None else None
        self._session = Session(pool, exercise, source, seed, self._work)
        self._results: dict[int, Outcome] = {}
        self._output = ""
        self._rejected: Sentence | None = None

    def grade(self, public_only: bool) -> GradeReport:
        """The report. Faults of the exercise or the machine are in it, as verdict "error", never raised."""
        started = time.monotonic()
        fault: ExerciseFault | MachineFault | None = None
        try:
            self._grade(public_only)
        except (ExerciseFault, MachineFault) as error:
            fault = error
        except Exception:  # of this program: the task must answer all the same, and another node may do better
            fault = MachineFault(f"the grader failed:\n{traceback.format_exc(limit=-12)}")
        finally:
            self._session.close()
        report = self._report(public_only, fault)
        report["seconds"] = round(time.monotonic() - started, 6)
        if self._work is not None:
            report.update(self._work.account())  # type: ignore[typeddict-item]  # keys that the work's kind has
        return report

    # ---- phases -------------------------------------------------------------------------------------------------

    def _grade(self, public_only: bool) -> None:
        problem = self._bad_text()
        self._session.start_judge(beside=problem is None)
        if problem is None:
            self._session.start_runner("first")
        declared = self._declared()
        self._check_manifest(declared)
        chosen = [i for i, entry in enumerate(declared) if entry["public"] or not public_only]
        if problem is not None:
            self._fail_all(chosen, StudentFault("rejected", problem))
            return
        try:
            self._output = self._session.finish_runner()
        except StudentFault as fault:
            self._output = self._session.loading_output()
            self._fail_all(chosen, fault)
            return
        order = random.Random(derive_seed(self._seed, "order"))
        public = [i for i in chosen if declared[i]["public"]]
        hidden = [i for i in chosen if not declared[i]["public"]]
        order.shuffle(public)
        order.shuffle(hidden)
        for part in (public, hidden):  # each timing test has a process of its own: the others need not load it again
            part.sort(key=lambda index: declared[index]["timing"])
        self._phase(public, "public")
        if public and hidden:
            # From here on the student's code sees hidden inputs: a process that shown output came from must not.
            self._session.drop_runner()
        self._phase(hidden, "hidden")

    def _declared(self) -> list[TestEntry]:
        """The tests. The student's file loads beside the judge: all that this could spoil is tried again without it.

        The attack: threads started while the file loads keep the judge from loading in time, which would be our fault.
        """
        try:
            return self._session.finish_judge()
        except ExerciseFault:
            if not self._session.has_runner:
                raise
        self._session.drop_runner()
        self._session.restart_judge()
        declared = self._session.finish_judge()
        self._session.start_runner("first")
        return declared

    def _bad_text(self) -> Sentence | None:
        try:
            size = len(self._source.encode("utf-8"))
        except UnicodeEncodeError:
            return sentence(NOT_TEXT)
        return sentence(TOO_LARGE, kilobytes=MAX_SOURCE >> 10) if size > MAX_SOURCE else None

    def _check_manifest(self, declared: list[TestEntry]) -> None:
        known = self._tests if self._tests is not None else self._exercise.tests
        if known is not None and declared != known:
            raise ExerciseFault("tests.py declares other tests than when it was listed: they must not depend on chance")
        self._tests = declared
        if self._exercise.tests is None:
            self._exercise.tests = declared

    def _fail_all(self, chosen: list[int], fault: StudentFault) -> None:
        if fault.verdict == "rejected":
            self._rejected = fault.sentence
            self._results = {i: Outcome("skipped", [sentence(NOT_LOADED)]) for i in chosen}
        else:
            self._results = {i: Outcome(fault.verdict, [fault.sentence]) for i in chosen}

    def _phase(self, indexes: list[int], phase: str) -> None:
        assert self._tests is not None
        for index in indexes:
            entry = self._tests[index]
            if self._session.budget.spent:
                seconds = self._exercise.spec.limits.total_seconds
                self._results[index] = Outcome("skipped", [sentence(NOT_RUN, seconds=seconds)])
                continue
            self._results[index] = self._test(index, entry, phase)
            if entry["public"]:
                self._output += self._results[index].output

    def _test(self, index: int, entry: TestEntry, phase: str) -> Outcome:
        try:
            return self._session.run(index, entry, phase)
        except JudgeFault as fault:
            # Threads that the student's code left running would slow the reference down, and forge a fault of tests.py.
            self._session.drop_runner()
            started = time.monotonic()
            try:
                return self._settle(index, entry, fault)
            finally:  # or a student who makes every test fail would hold the grader for minutes
                self._session.budget.charge_judge(time.monotonic() - started)

    # ---- faults of tests.py -------------------------------------------------------------------------------------

    def _settle(self, index: int, entry: TestEntry, fault: JudgeFault) -> Outcome:
        """Whose fault is it? The same test with the same seed on the reference, in fresh processes, decides."""
        reference = self._exercise.reference
        work = self._ask(reference) if self._ask is not None else None
        trial = Session(self._pool, self._exercise, reference, self._seed, work)
        try:
            outcome = trial.run(index, entry, "reference")
            passed = outcome.verdict in ("passed", "inconclusive")
            failed = "" if passed else f"{outcome.verdict}: {english(outcome.sentences)}"
        except JudgeFault as again:
            failed = again.staff
        finally:
            trial.close()
        if failed:
            result = Outcome("error", [sentence(EXERCISE_FAULT)])
            result.staff = f"{fault.staff}\n\nThe reference solution does not pass either:\n{failed}"
            return result
        if isinstance(fault, JudgeSlow) and self._session.budget.spent:
            seconds = self._exercise.spec.limits.total_seconds
            result = Outcome("timeout", [sentence(TIMEOUT_TOTAL, seconds=seconds)])
            result.staff = fault.staff
            return result
        if fault.function and fault.returned:
            said = sentence(UNUSABLE_VALUE, function=fault.function, value=fault.returned)
        else:
            said = sentence(UNUSABLE)
        result = Outcome("failed", [said])
        result.staff = fault.staff
        return result

    # ---- the report ---------------------------------------------------------------------------------------------

    def _report(self, public_only: bool, fault: ExerciseFault | MachineFault | None) -> GradeReport:
        entries = list(self._tests or [])
        tests = [
            self._test_result(entry, self._results.get(index), fault)
            for index, entry in enumerate(entries)
            if entry["public"] or not public_only
        ]
        sentences: list[Sentence] = [self._rejected] if self._rejected is not None else []
        if fault is not None:
            sentences = [sentence(MACHINE_FAULT if isinstance(fault, MachineFault) else EXERCISE_FAULT)]
        verdict = run_verdict(tests, fault is not None, self._rejected is not None)
        if verdict == "error" and fault is None:
            sentences = [sentence(EXERCISE_FAULT)]
        return {
            "exercise": self._exercise.name,
            "version": self._exercise.version,
            "grading_version": self._exercise.grading_version,
            "verdict": verdict,
            "score": _total(test["points"] for test in tests),
            "max_score": _total(test["max_points"] for test in tests),
            "seed": self._seed,
            "seconds": 0.0,
            "public_only": public_only,
            "message": english(sentences),
            "sentences": sentences,
            "tests": tests,
            "output": clean(self._output, MAX_REPORT_OUTPUT),
            "staff": clean(str(fault), 10_000) if fault is not None else _staff(tests),
            "sandbox": self._sandbox(fault),
        }

    def _sandbox(self, fault: ExerciseFault | MachineFault | None) -> dict[str, Any]:
        facts: dict[str, Any] = {"level": self._pool.level, "machine_fault": isinstance(fault, MachineFault)}
        if self._pool.reduced_because:
            facts["reduced_because"] = self._pool.reduced_because
        return facts

    def _test_result(
        self, entry: TestEntry, outcome: Outcome | None, fault: ExerciseFault | MachineFault | None
    ) -> TestResult:
        if outcome is None:
            outcome = Outcome("error" if fault is not None else "skipped", [])
        gained = outcome.verdict in ("passed", "inconclusive")
        result: TestResult = {
            "name": entry["name"],
            "public": entry["public"],
            "verdict": outcome.verdict,
            "points": entry["points"] if gained else 0.0,
            "max_points": entry["points"],
            "message": english(outcome.sentences),
            "sentences": outcome.sentences,
            "seconds": outcome.seconds,
            "timing": outcome.timing,
            "difference": outcome.difference,
            "input": outcome.input,
            "output": clean(outcome.output, MAX_TEST_OUTPUT),
            "hint": None if gained else entry["hint"],
            "series": outcome.series,
            "staff": outcome.staff,
        }
        if outcome.checks:
            result["checks"] = [check if entry["public"] else _counts(check) for check in outcome.checks]
        return result


def _counts(check: TextCheck) -> TextCheck:
    """Of a hidden test: what an assertion counted, and nothing of a single text."""
    return {"check": check["check"], "right": check["right"], "total": check["total"], "needed": check["needed"]}


def _total(points: Any) -> float:
    return round(float(sum(points)), 6)


def _staff(tests: list[TestResult]) -> str:
    faults = [f"{test['name']}:\n{test['staff']}" for test in tests if test["verdict"] == "error"]
    return clean("\n\n".join(faults), 10_000)


def run_verdict(tests: list[TestResult], fault: bool, rejected: bool) -> str:
    """Of the run: error, rejected, passed, partial; without a point the one kind that all tests share, else failed."""
    verdicts = [test["verdict"] for test in tests]
    if fault or "error" in verdicts:
        return "error"
    if rejected:
        return "rejected"
    gained = [verdict in ("passed", "inconclusive") for verdict in verdicts]
    if gained and all(gained):
        return "passed"
    if any(gained):
        return "partial"
    kinds = {verdict for verdict in verdicts if verdict != "skipped"}  # the ones that never ran say nothing
    return kinds.pop() if len(kinds) == 1 else "failed"
