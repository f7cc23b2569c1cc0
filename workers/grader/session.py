"""One judge and one runner at a time: runs single tests and says what happened. Verdicts are `run.py`'s affair."""

from __future__ import annotations

import time
from typing import Any

from workers.grader.clean import checks_of, clean, difference_of, sentences_of, series_of, text_of
from workers.grader.errors import ExerciseFault, JudgeFault, StudentFault
from workers.grader.links import FREE_SECONDS, JUDGE_LOAD_SECONDS, Budget, JudgeLink, RunnerLink
from workers.grader.model_link import ModelLink, ModelWork
from workers.grader.outcome import Outcome, derive_seed
from workers.grader.pool import Pool
from workers.grader.prepared import Prepared
from workers.grader.sentences import MEMORY, plain_assert, raised, unusable
from workers.grader.timing import TimedTest
from workers.jobs.report import TestEntry
from workers.jobs.sentences import sentence
from workers.jobs.spec import LANGUAGES
from workers.runner.channel import ANSWER, CALL, CALLBACK, REPLY, RESULT
from workers.sandbox.errors import MachineFault
from workers.sandbox.jail import Frame

MAX_TESTS = 200
PATIENCE = 5.0  # seconds that tests.py gets to load while the student's file loads too, before it is tried alone


class Session:
    """`source` is the student's text, or the reference's when a fault of tests.py is being settled.

    work: of a prompt or image exercise, in which a model stands where the student's process stands otherwise.
    """

    def __init__(self, pool: Pool, exercise: Prepared, source: str, seed: int, work: ModelWork | None = None) -> None:
        self._pool = pool
        self._exercise = exercise
        self._source = source
        self._seed = seed
        self._judge: JudgeLink | None = None
        self._runner: RunnerLink | ModelLink | None = None
        self._work = work
        self._fault: StudentFault | None = None  # that the running test met
        self._broken: StudentFault | None = None  # the file no longer loads: the rest of the phase meets it too
        self.budget = Budget(exercise.spec.limits)

    def close(self) -> None:
        self.drop_runner()
        if self._judge is not None:
            self._judge.close()
            self._judge = None

    # ---- the two processes --------------------------------------------------------------------------------------

    def start_judge(self, beside: bool = False) -> JudgeLink:
        """`beside`: the student's file will load at the same time, and may hold the machine up on purpose."""
        self._pool.show_exercise(self._exercise.files)
        judge = JudgeLink(self._pool.take(self._exercise.judge_setup, "judge"), self._exercise.judge_seconds)
        self._judge = judge
        seconds = min(PATIENCE + self.budget.limits.seconds, JUDGE_LOAD_SECONDS) if beside else JUDGE_LOAD_SECONDS
        judge.start_loading(self._exercise.begin(self._pool.judge_folder), seconds)
        return judge

    def restart_judge(self) -> None:
        """Begin again with a fresh one."""
        if self._judge is not None:
            self._judge.close()
        self.start_judge()

    def finish_judge(self) -> list[TestEntry]:
        """The tests that tests.py declares. Raises ExerciseFault."""
        assert self._judge is not None
        facts = self._judge.finish_loading()
        if facts["fault"]:
            raise ExerciseFault(f"tests.py does not load:\n{text_of(facts, 'fault', 10_000)}")
        tests = check_tests(facts["tests"], self._exercise)
        self._exercise.keep_code(facts["code"])
        return tests

    def start_runner(self, phase: str) -> None:
        if self._work is not None:
            self._runner = ModelLink(self._work)
            return
        jail = self._pool.take(self._exercise.runner_setup, "runner")
        self._pool.confine(jail, self.budget.limits.memory_mb)
        self._runner = RunnerLink(jail, self.budget, self._exercise.spec.modules)
        self._runner.start_loading(self._source, derive_seed(self._seed, f"runner {phase}"))

    @property
    def has_runner(self) -> bool:
        return self._runner is not None

    def finish_runner(self) -> str:
        """What the file printed while it loaded. Raises StudentFault."""
        assert self._runner is not None
        self._runner.finish_loading()
        return self._runner.take_output()

    def drop_runner(self) -> None:
        """End the student's process. The next test that calls gets a fresh one."""
        self._broken = None
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def loading_output(self) -> str:
        """What was printed before loading failed."""
        return self._runner.take_output() if self._runner is not None else ""

    # ---- one test -----------------------------------------------------------------------------------------------

    def run(self, index: int, entry: TestEntry, phase: str) -> Outcome:
        """Run one test. Raises JudgeFault when tests.py or its process failed, ExerciseFault, MachineFault."""
        if self._judge is None:
            self.start_judge()
            if self.finish_judge() != self._exercise.tests:
                raise ExerciseFault("tests.py declares other tests each time: they must not depend on chance")
        judge = self._judge
        assert judge is not None
        self._fault = None
        if entry["timing"]:
            return self._run_timed(judge, index, entry)
        self.budget.start_test()
        if self._work is not None:
            self._work.begin(entry)
        # The wait for a model is nobody's time: how long it takes is the machine's affair.
        started, charged, free = time.monotonic() - self._waited(), self.budget.total, FREE_SECONDS
        try:
            judge.start_test(index, derive_seed(self._seed, f"test {entry['name']}"), self.budget.judge_left())
            result = judge.result(self._relay(judge, phase))
            outcome = self._read(result)
            outcome.staff = judge.take_output()
        except JudgeFault:
            free = 0.0  # a student who makes tests.py hang pays for all of it
            judge.close()
            self._judge = None
            raise
        finally:
            spent = time.monotonic() - self._waited() - started
            self.budget.charge_judge(spent - (self.budget.total - charged), free)
        outcome.seconds = round(self.budget.test, 6)
        outcome.output = self._runner.take_output() if self._runner is not None else ""
        if self._runner is not None and self._runner.jail.killed:
            self._runner = None
        return outcome

    def _waited(self) -> float:
        return self._work.seconds if self._work is not None else 0.0

    def _run_timed(self, judge: JudgeLink, index: int, entry: TestEntry) -> Outcome:
        self.drop_runner()  # what earlier tests left running in it would slow both sides down
        test = TimedTest(self._pool, self._exercise, self._source, self._seed, self.budget, judge, self._read)
        try:
            return test.run(index, entry)
        except JudgeFault:
            judge.close()
            self._judge = None
            raise

    def _relay(self, judge: JudgeLink, phase: str) -> Frame:
        """Carry questions and answers until the test's result is there."""
        while True:
            frame = judge.next()
            if frame.kind == RESULT:
                return frame
            if frame.kind != CALL:
                raise JudgeFault("the judge answered a question that nobody had asked")
            try:
                answer = self._call(judge, frame, phase)
            except StudentFault as fault:
                self._fault = self._fault or fault
                judge.gone()
                continue
            judge.pass_on(REPLY, answer)

    def _call(self, judge: JudgeLink, frame: Frame, phase: str) -> Frame:
        if self._fault is not None:  # the test went on after it was told that the process is lost
            raise self._fault
        if self._broken is not None:
            raise self._broken
        if self._runner is None or self._runner.jail.killed:
            self._load_again(phase)
        assert self._runner is not None

        def ask_judge(question: Frame) -> Frame:
            judge.pass_on(CALLBACK, question)
            answer = judge.next()
            if answer.kind != ANSWER:
                raise JudgeFault("the judge did not answer a function call of the student's code")
            return answer

        try:
            return self._runner.call(frame, ask_judge)
        except JudgeFault:  # the student's code waits for an answer that will not come
            self.drop_runner()
            raise

    def _load_again(self, phase: str) -> None:
        spent = self.budget.test
        try:
            self.start_runner(phase)
            self.finish_runner()
        except StudentFault as fault:
            self._broken = fault
            raise
        finally:
            self.budget.test = spent  # loading has a limit of its own

    # ---- what the judge says ------------------------------------------------------------------------------------

    def _read(self, result: dict[str, Any]) -> Outcome:
        try:
            return self._outcome(result)
        except (JudgeFault, ExerciseFault, MachineFault):
            raise
        except Exception as error:  # a judge that lies about its types must not end this process
            raise JudgeFault(f"the judge's result cannot be read: {type(error).__name__}") from None

    def _outcome(self, result: dict[str, Any]) -> Outcome:
        outcome = self._verdict(result)
        outcome.input = text_of(result, "input", 1000)
        outcome.series = series_of(result.get("series", []))
        outcome.checks = checks_of(result.get("checks", []))
        return outcome

    def _verdict(self, result: dict[str, Any]) -> Outcome:
        if self._fault is not None:  # whatever the judge says: a lost process passes nothing
            lost = "crashed" if self._fault.verdict == "rejected" else self._fault.verdict
            return Outcome(lost, [self._fault.sentence])
        verdict, facts = result.get("verdict"), result.get("facts")
        facts = facts if type(facts) is dict else {}
        if verdict == "passed":
            return Outcome("passed", [])
        if verdict == "failed":
            outcome = Outcome("failed", sentences_of(result.get("sentences")))
            outcome.difference = difference_of(result.get("difference"))
            return outcome
        if verdict == "assert":
            return Outcome("failed", [plain_assert(text_of(result, "message", 1000))])
        if verdict == "unusable":
            return Outcome("failed", [unusable(facts)])
        if verdict == "raised":
            if facts.get("kind") == "memory":
                return Outcome("memory", [sentence(MEMORY, megabytes=self._exercise.spec.limits.memory_mb)])
            return Outcome("crashed", [raised(facts)])
        if verdict == "fault":
            staff, function, returned = (text_of(result, key, 10_000) for key in ("staff", "function", "returned"))
            raise JudgeFault(staff, clean(function, 80), clean(returned, 300))
        raise JudgeFault(f"the judge's verdict {str(verdict)[:40]!r} is unknown")


def check_tests(data: object, exercise: Prepared) -> list[TestEntry]:
    """What tests.py declares, as the manifest's entries. Raises ExerciseFault with what the author has to change."""
    if type(data) is not list or len(data) > MAX_TESTS:
        raise ExerciseFault(f"tests.py declares no list of at most {MAX_TESTS} tests")
    entries = [_entry(item, exercise) for item in data]
    if not entries:
        raise ExerciseFault('tests.py declares no test: put @test("name", points=1) above a function (solution, rng)')
    names = [entry["name"] for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise ExerciseFault(f"tests.py: two tests are named {name!r}; names tell tests apart")
    return entries


def _entry(item: object, exercise: Prepared) -> TestEntry:
    if type(item) is not dict or set(item) != {"name", "points", "public", "timing", "hint", "title"}:
        raise ExerciseFault("tests.py: a test has not the agreed form")
    name, points, hint, title = item["name"], item["points"], item["hint"], item["title"]
    if type(name) is not str or not name.strip() or name != clean(name, 200):
        raise ExerciseFault("tests.py: a test has no usable name")
    if type(points) not in (int, float) or not 0 < points <= 10_000:
        raise ExerciseFault(f"tests.py: {name!r}: points: a positive number is needed")
    if type(item["public"]) is not bool or type(item["timing"]) is not bool:
        raise ExerciseFault(f"tests.py: {name!r}: public and timing are True or False")
    if item["timing"] and exercise.spec.kind != "code":
        raise ExerciseFault(f'tests.py: {name!r}: a timing test is for exercises of kind "code"')
    if hint is not None:
        _check_hint(name, hint, exercise)
        hint = {key: clean(hint[key], 2000) for key in LANGUAGES if key in hint}  # others would only fill reports
    if title is not None:
        if not _is_texts(title):
            raise ExerciseFault(f'tests.py: {name!r}: title: write {{"fr": "…"}}')
        title = {key: clean(title[key], 200) for key in LANGUAGES if key in title}
    return {
        "name": name,
        "points": float(points),
        "public": item["public"],
        "timing": item["timing"],
        "hint": hint,
        "title": title,
    }


def _is_texts(value: object) -> bool:
    return type(value) is dict and all(type(part) is str for pair in value.items() for part in pair)


def _check_hint(name: str, hint: object, exercise: Prepared) -> None:
    if not isinstance(hint, dict) or not _is_texts(hint):
        raise ExerciseFault(f'tests.py: {name!r}: hint: write {{"en": "…", "fr": "…"}}')
    for language in exercise.spec.languages:
        if not hint.get(language, "").strip():
            raise ExerciseFault(f"tests.py: {name!r}: hint: the language {language!r} is missing")
