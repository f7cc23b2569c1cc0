"""A timing test: the student's function and a reference in two jails, called in pairs with the same fresh input.

The clock is here, around a whole call: input in, computation, result out. So nothing that the student's process does
to its own clocks, to the runner's code or between calls can help; it never has an input before the clock runs, no input
comes twice, and every result is compared before its time counts. Each jail is stopped by the kernel except while it is
called: a thread that one leaves behind can neither slow the other down nor work ahead. The order within a pair is
random, since a machine gets slower or faster while it is measured, and both calls of a pair run on the same core: cores
of one machine were seen to differ by 45 % for seconds, as their clocks and neighbours differ. What decides is
`sign_test`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workers.grader import sign_test
from workers.grader.clean import text_of
from workers.grader.errors import ExerciseFault, JudgeFault, StudentFault
from workers.grader.links import FREE_SECONDS, JUDGE_OUTPUT, Budget, JudgeLink, RunnerLink
from workers.grader.outcome import Outcome, derive_seed
from workers.grader.pool import Pool
from workers.grader.prepared import Prepared
from workers.grader.sentences import EXERCISE_FAULT, INTERFERED, TOO_FAST, TOO_SLOW, UNDECIDED, WRONG_TIMED
from workers.jobs.report import Series, TestEntry
from workers.jobs.sentences import english, sentence
from workers.runner.channel import CALL, REPLY, RESULT
from workers.sandbox.freeze import cpu_seconds, freeze, helper_seconds, pin, thaw
from workers.sandbox.jail import Frame

SOLUTION = "solution.py"
WARM_UP = 3  # pairs that are checked but not timed; a fixed count, so that a slow warm-up saves nobody a pair
SUSPECT = 0.1  # of the reference's time, or of the limit where that is less: faster than this is left to people
ASLEEP_SECONDS = 0.001  # processor time that a stopped process cannot have used
REFERENCE_TOTAL = 3600.0  # the reference has no total of its own
THREADED = 0.1  # of its processor time: what uses more of it in other threads than the first keeps all cores
LEAST_SECONDS = 0.002  # below it the transport of values outweighs the work
T_MIN = 1e-9


@dataclass(frozen=True)
class Rules:
    """What the author asked for."""

    against: str
    at_most: float
    clock: str
    floor_seconds: float | None


def read_rules(facts: dict[str, Any]) -> Rules:
    """The judge's words, checked. Raises JudgeFault."""
    at_most, floor, clock = facts.get("at_most"), facts.get("floor_seconds"), facts.get("clock")
    good = type(at_most) is float and 0 < at_most <= 1000 and clock in ("wall", "cpu")
    if not good or not (floor is None or (type(floor) is float and floor > 0)):
        raise JudgeFault("the rules of a timing test have not the agreed form")
    return Rules(text_of(facts, "against", 200), float(at_most or 0), str(clock), floor)


class Side:
    """One of the two processes, stopped except while it is called."""

    def __init__(self, link: RunnerLink, budget: Budget, clock: str) -> None:
        self.link = link
        self.times: list[float] = []
        self._budget = budget
        self._clock = clock
        self._used = self._loading = self._helpers = 0.0
        freeze(link.jail)
        self._used = self._loading = self._cpu()
        with contextlib.suppress(OSError):
            self._helpers = helper_seconds(link.jail)

    def call(self, request: Frame) -> tuple[Frame, float]:
        """Its answer and the seconds it took. Raises StudentFault."""
        self._budget.start_test()  # the limit of a test's calls holds for each call of a timing test
        jail = self.link.jail
        self._check_asleep()
        thaw(jail)
        started = time.perf_counter()
        answer = self.link.call(request, _no_callback)
        seconds = time.perf_counter() - started
        freeze(jail)
        before, self._used = self._used, self._cpu()
        return answer, self._used - before if self._clock == "cpu" else seconds

    def threaded(self) -> bool:
        """Whether its calls so far have worked in several threads."""
        with contextlib.suppress(OSError):  # it ended right after its answer: the next call finds out
            return helper_seconds(self.link.jail) - self._helpers > THREADED * (self._used - self._loading)
        return False

    def place(self, cores: Sequence[int]) -> None:
        pin(self.link.jail, cores)

    def _cpu(self) -> float:
        try:
            return cpu_seconds(self.link.jail)
        except OSError:  # it ended right after its answer: the next call finds out
            return self._used

    def _check_asleep(self) -> None:
        """The attack: to get out of the stop, and compute or slow the other side down meanwhile."""
        if self._cpu() - self._used > ASLEEP_SECONDS:
            self.close()
            raise StudentFault("crashed", sentence(INTERFERED))

    def close(self) -> None:
        self.link.close()


def _no_callback(frame: Frame) -> Frame:
    raise StudentFault("crashed", sentence(INTERFERED))  # no callable was sent, so there is none to call


class ReferenceFault(Exception):
    """The reference cannot be measured: the exercise is at fault. The text is for its author."""


class TimedTest:
    """Use once. `read` turns a judge's result into an Outcome."""

    def __init__(
        self,
        pool: Pool,
        exercise: Prepared,
        source: str,
        seed: int,
        budget: Budget,
        judge: JudgeLink,
        read: Callable[[dict[str, Any]], Outcome],
    ) -> None:
        self._pool = pool
        self._exercise = exercise
        self._source = source
        self._seed = seed
        self._budget = budget
        self._judge = judge
        self._read = read
        self._sides: list[Side] = []  # the student's, the reference's
        self._inputs: set[bytes] = set()
        self._spread = False  # both may use all cores
        self._comparing = 0.0
        self._author = 0.0  # seconds of the reference and of making inputs

    def run(self, index: int, entry: TestEntry) -> Outcome:
        """Measure. Raises JudgeFault and MachineFault."""
        charged = self._budget.total
        try:
            outcome = self._measure(index, entry)
        except StudentFault as fault:
            verdict = "crashed" if fault.verdict == "rejected" else fault.verdict
            outcome = Outcome(verdict, [fault.sentence])
        except (ReferenceFault, ExerciseFault) as fault:
            outcome = Outcome("error", [sentence(EXERCISE_FAULT)])
            outcome.staff = str(fault)
        finally:
            for side in self._sides:
                side.close()
            self._budget.charge_judge(self._comparing, FREE_SECONDS)
        outcome.seconds = round(self._budget.total - charged, 6)
        if self._sides:
            outcome.output = self._sides[0].link.take_output()
        outcome.staff = "\n".join(filter(None, (outcome.staff, self._judge.take_output())))
        return outcome

    # ---- the two sides ------------------------------------------------------------------------------------------

    def _start_sides(self, index: int, name: str, rules: Rules) -> None:
        student = self._runner(self._source, self._budget, f"runner timing {name}")
        self._sides.append(Side(student, self._budget, rules.clock))
        limits = replace(self._exercise.spec.limits, total_seconds=REFERENCE_TOTAL)
        try:
            if rules.against == SOLUTION:
                budget = Budget(limits)
                reference = self._runner(self._exercise.reference, budget, f"reference timing {name}")
            else:
                budget = Budget(replace(limits, seconds=self._exercise.judge_seconds))
                reference = self._author_function(index, budget)
        except StudentFault as fault:
            raise ReferenceFault(f"the reference does not load: {english([fault.sentence])}") from None
        self._sides.append(Side(reference, budget, rules.clock))

    def _runner(self, source: str, budget: Budget, purpose: str) -> RunnerLink:
        """A runner with its file loaded. Raises StudentFault."""
        jail = self._pool.take(self._exercise.runner_setup, "runner")
        self._pool.confine(jail, budget.limits.memory_mb)
        link = RunnerLink(jail, budget, self._exercise.spec.modules)
        link.start_loading(source, derive_seed(self._seed, purpose))
        link.finish_loading()
        return link

    def _author_function(self, index: int, budget: Budget) -> RunnerLink:
        """A callable of tests.py as the reference: in a judge's jail of its own, which the student's cannot see."""
        jail = self._pool.take(self._exercise.judge_setup, "judge")
        judge = JudgeLink(jail, self._exercise.judge_seconds)
        judge.start_loading(self._exercise.begin(self._pool.judge_folder))
        if (fault := judge.finish_loading()["fault"]) != "":
            judge.close()
            raise ReferenceFault(f"tests.py does not load a second time: {fault}")
        judge.start_test(index, 0, self._exercise.judge_seconds, "reference")
        judge.next()
        link = RunnerLink(jail, budget, ())
        jail.output_cap = JUDGE_OUTPUT
        return link

    # ---- pairs --------------------------------------------------------------------------------------------------

    def _measure(self, index: int, entry: TestEntry) -> Outcome:
        self._judge.start_test(index, 0, self._budget.judge_left(), "rules")
        rules = read_rules(self._judge.result(self._judge.next()))
        self._start_sides(index, entry["name"], rules)
        order = random.Random(derive_seed(self._seed, f"order {entry['name']}"))
        ratios: list[float] = []
        verdict = None
        pair = 0
        while verdict is None:
            seed = derive_seed(self._seed, f"test {entry['name']} pair {pair}")
            first = order.randrange(2)
            self._place(pair, order, rules)
            times = self._pair(index, seed, first)
            if isinstance(times, Outcome):
                return times
            pair += 1
            if pair > WARM_UP:
                for side, seconds in zip(self._sides, times, strict=True):
                    side.times.append(seconds)
                ratios.append(times[0] / times[1])
                verdict = sign_test.decide(ratios, rules.at_most)
        return self._outcome(verdict, ratios, rules)

    def _place(self, pair: int, order: random.Random, rules: Rules) -> None:
        """Both sides on one core, another one for each pair; on all cores for the wall clock when one uses threads.

        Whether it does shows in the warm-up: who hides threads there gets one core for them later.
        """
        cores = sorted(os.sched_getaffinity(0))
        if pair == WARM_UP:
            self._spread = rules.clock == "wall" and any(side.threaded() for side in self._sides)
        if pair >= WARM_UP and not self._spread:
            cores = [order.choice(cores)]
        for side in self._sides:
            side.place(cores)

    def _pair(self, index: int, seed: int, first: int) -> list[float] | Outcome:
        """The times of the student's call and of the reference's; an Outcome when the result ends the test."""
        started = time.monotonic()
        judge = self._judge
        judge.start_test(index, seed, self._budget.judge_left())
        request = judge.next()
        if request.kind == RESULT:
            self._read(judge.result(request))  # tests.py could not make a call: that is a fault of its own
            raise JudgeFault("a timing test ended without a call")
        if request.kind != CALL:
            raise JudgeFault("the judge answered a question that nobody had asked")
        self._author += time.monotonic() - started
        try:
            self._check_fresh(request)
            answers = {which: self._call(which, request) for which in (first, 1 - first)}
        except (StudentFault, ReferenceFault):  # the judge waits for both answers: tell it that none will come
            judge.gone()
            judge.next()
            raise
        started = time.monotonic()
        for which in (0, 1):
            judge.pass_on(REPLY, answers[which][0])
        result = judge.next()
        if result.kind != RESULT:
            raise JudgeFault("a timing test made a second call")
        facts = judge.result(result)
        outcome = self._read(facts)
        self._comparing += time.monotonic() - started
        if outcome.verdict == "passed":
            return [max(T_MIN, answers[which][1]) for which in (0, 1)]
        if facts.get("verdict") in ("failed", "assert"):
            outcome.sentences.insert(0, sentence(WRONG_TIMED))
        return outcome

    def _check_fresh(self, request: Frame) -> None:
        """The attack: remember results. Without an input that comes twice there is nothing to remember."""
        digest = hashlib.blake2b(request.text, digest_size=16)
        digest.update(request.buffer)
        if digest.digest() in self._inputs:
            raise ReferenceFault(
                "two pairs of a timing test have the same input: draw all of it from `rng`, from a range that is large "
                "enough, or solutions could remember results"
            )
        self._inputs.add(digest.digest())

    def _call(self, which: int, request: Frame) -> tuple[Frame, float]:
        """Raises StudentFault, or ReferenceFault when the reference fails."""
        if which == 0:
            return self._sides[0].call(request)
        started = time.monotonic()
        try:
            return self._sides[1].call(request)
        except StudentFault as fault:
            raise ReferenceFault(f"the reference of a timing test failed: {english([fault.sentence])}") from None
        finally:
            self._author += time.monotonic() - started
            self._check_author()

    def _check_author(self) -> None:
        most = 60.0 + 3 * self._exercise.spec.limits.total_seconds
        if self._author > most:
            raise ReferenceFault(f"the reference and the inputs of a timing test take longer than {most:g} s together")

    # ---- what it comes to ---------------------------------------------------------------------------------------

    def _outcome(self, verdict: str, ratios: list[float], rules: Rules) -> Outcome:
        ratio = sign_test.median(ratios)
        low, high = sign_test.interval(ratios)
        mine, reference = (statistics.median(side.times) for side in self._sides)
        suspect = verdict == sign_test.PASSED and self._suspicion(ratio, mine, rules)
        outcome = Outcome(sign_test.INCONCLUSIVE if suspect else verdict, [])
        if suspect:
            outcome.sentences = [sentence(TOO_FAST)]
            outcome.staff = suspect
        elif verdict == sign_test.FAILED:
            outcome.sentences = [sentence(TOO_SLOW, ratio=_short(ratio), limit=_short(rules.at_most))]
        elif verdict == sign_test.INCONCLUSIVE:
            outcome.sentences = [sentence(UNDECIDED)]
            outcome.staff = f"{len(ratios)} pairs do not tell on which side of {rules.at_most:g} the ratio lies."
        if reference < LEAST_SECONDS:
            note = f"The reference takes {reference * 1e3:.2g} ms a call, so that the transport of values weighs in: "
            outcome.staff = "\n".join(filter(None, (outcome.staff, note + "use a larger input.")))
        outcome.timing = {
            "ratio": round(ratio, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "at_most": rules.at_most,
            "pairs": len(ratios),
        }
        outcome.series = self._series()
        return outcome

    def _suspicion(self, ratio: float, mine: float, rules: Rules) -> str:
        """Why people should look at a fast solution; empty when they need not."""
        if rules.floor_seconds is not None and mine < rules.floor_seconds:
            return f"A call takes {mine:.3g} s, below the exercise's floor of {rules.floor_seconds:g} s: please look."
        if ratio < SUSPECT * min(1.0, rules.at_most):
            return f"It takes {ratio:.3g} of the reference's time, which is hard to believe: please look at the code."
        return ""

    def _series(self) -> list[Series]:
        names = ("your code (ms)", "reference (ms)")
        rows = [[round(seconds * 1e3, 4) for seconds in side.times] for side in self._sides]
        return [{"name": name, "x": None, "y": list(row)} for name, row in zip(names, rows, strict=True)]


def _short(number: float) -> str:
    """Three digits, without an exponent."""
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"
