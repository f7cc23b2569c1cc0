"""A student's result in words and plots. It reads what `results.student_view` lets through, never a run's report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from exercises.models import ExerciseVersion, Run, RunState
from exercises.queue import alive_nodes, expected_wait, position, usable

LOG_RANGE = 1000.0  # a positive series that spans more than this is drawn on a logarithmic axis
POLL_DELAYS = ((1.0, 150), (3.0, 300), (6.0, 600), (15.0, 1000), (60.0, 2000))  # (age in s, delay in ms)
SLOWEST_POLL = 5000  # ms


def verdict_label(verdict: str) -> str:
    """The word in a test's chip."""
    labels = {
        "passed": pgettext("verdict", "passed"),
        "failed": pgettext("verdict", "failed"),
        "partial": pgettext("verdict", "partly"),
        "inconclusive": pgettext("verdict", "too close to call"),
        "timeout": pgettext("verdict", "too slow"),
        "memory": pgettext("verdict", "out of memory"),
        "crashed": pgettext("verdict", "crashed"),
        "rejected": pgettext("verdict", "not loaded"),
        "skipped": pgettext("verdict", "not run"),
        "error": pgettext("verdict", "our fault"),
    }
    return labels.get(verdict, verdict)


def run_label(run: Run) -> tuple[str, str]:
    """(word, chip's class) for a run in a table: its verdict when it is graded, else where it stands."""
    labels = {
        RunState.QUEUED: (_("waiting"), "waiting"),
        RunState.SENT: (_("running"), "running"),
        RunState.RUNNING: (_("running"), "running"),
        RunState.JUDGE_FAILED: (_("could not be graded"), "error"),
        RunState.SUPERSEDED: (_("replaced"), "superseded"),
    }
    if run.state in labels:
        return labels[RunState(run.state)]
    # By points alone: how a run failed is told by its own page, which knows what hidden tests may tell.
    share = (run.score or 0) / run.max_score if run.max_score else 0
    verdict = "passed" if share >= 1 - 1e-9 else "partial" if share > 0 else "failed"
    return verdict_label(verdict), verdict


def headline(view: dict[str, Any]) -> str:
    """What a corrector would write over the mark."""
    share = view["score"] / view["max_score"] if view["max_score"] else 0.0
    if share >= 1 - 1e-9:
        return _("All correct")
    of_prompt = "prompt" in view or "image" in view
    by_verdict = {
        "rejected": _("Your prompt cannot be used") if of_prompt else _("Your file could not be loaded"),
        "timeout": _("It took too long"),
        "memory": _("It used too much memory"),
        "crashed": _("It crashed"),
    }
    if view["verdict"] in by_verdict:
        return by_verdict[view["verdict"]]
    if share >= 2 / 3:
        return _("Almost there")
    return _("A good start") if share > 0 else _("Not yet")


# ---- Plots -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    name: str
    x: list[float | None] | None  # None: 0, 1, 2, …
    y: list[float | None]  # None: a gap

    @property
    def known(self) -> list[float]:
        return [value for value in self.y if value is not None]

    @property
    def first(self) -> float | None:
        return self.known[0] if self.known else None

    @property
    def last(self) -> float | None:
        return self.known[-1] if self.known else None

    @property
    def least(self) -> float | None:
        return min(self.known, default=None)

    @property
    def most(self) -> float | None:
        return max(self.known, default=None)


@dataclass(frozen=True)
class Plot:
    """Lines that share a unit: "loss identity" and "loss relu" are the plot "loss" with two lines."""

    title: str
    lines: tuple[Line, ...]

    @property
    def spec(self) -> dict[str, Any]:
        """What the page's script draws."""
        values = [value for line in self.lines for value in line.known]
        wide = bool(values) and min(values) > 0 and max(values) / min(values) > LOG_RANGE
        series = [{"name": line.name, "x": line.x, "y": line.y} for line in self.lines]
        return {"series": series, "xlabel": "", "ylabel": "", "log": wide}


def _finite(values: Any) -> list[float | None]:
    """Numbers of a report, which is untrusted: whatever is no finite number is a gap."""
    number = (int, float)
    return [v if isinstance(v, number) and not isinstance(v, bool) and math.isfinite(v) else None for v in values or []]


def _recorded(view: dict[str, Any]) -> list[tuple[str, str, Line]]:
    """(test, name, line) of every series of the tests that the student may see."""
    found = []
    for test in view["tests"]:
        for series in test.get("series") or []:
            if isinstance(series, dict) and isinstance(series.get("y"), list):
                name, x = str(series.get("name") or "").strip(), series.get("x")
                line = Line(name, _finite(x) if isinstance(x, list) else None, _finite(series["y"]))
                if line.known:
                    found.append((test["name"], name, line))
    return found


def plots(view: dict[str, Any]) -> list[Plot]:
    """The recorded series, those with a common beginning in one plot. Without a partner a series stands alone."""
    recorded = _recorded(view)
    names = {name for _test, name, _line in recorded}

    def title(name: str) -> str:
        start = name.rsplit(" ", 1)[0]
        partners = [other for other in names if other == start or other.rsplit(" ", 1)[0] == start]
        return start if len(partners) > 1 else name

    groups: dict[str, list[tuple[str, str, Line]]] = {}
    for test, name, line in recorded:
        groups.setdefault(title(name), []).append((test, name, line))
    return [Plot(start, _labelled(start, group)) for start, group in groups.items()]


def _labelled(title: str, group: list[tuple[str, str, Line]]) -> tuple[Line, ...]:
    """The lines named by what tells them apart: the end of the name, or the test when two tests use one name."""
    labels = [name.removeprefix(title).strip() or name for _test, name, _line in group]
    return tuple(
        Line(f"{test}: {label}" if labels.count(label) > 1 else label, line.x, line.y)
        for label, (test, _name, line) in zip(labels, group, strict=True)
    )


# ---- The queue -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """Where an unfinished run stands."""

    place: int  # 1 for the next; 0 when it is running
    seconds: float | None  # expected; None while no node takes it
    blocked: str  # why nothing is graded now, in an operator's words (staff only); empty when all is well
    poll_after: int  # ms
    for_gpu: bool = False  # no node with a GPU is there, and this run needs one
    for_model: bool = False  # no node with a language model is there, and this run needs one


def grading_problem(queue: str, roles: Sequence[str] = ()) -> str:
    """Why no node grades `queue` now, in an operator's words; empty when one does.

    roles: of models that the work asks. A node of the queue without one of them holds such work up for all (see
    `exercises.queue.unserved`).
    """
    nodes = alive_nodes()
    takers = [node for node in nodes if usable(node) and queue in node.queues]
    for node in takers:
        lacking = [role for role in roles if f"model:{role}" not in node.runtimes]
        if lacking:
            said = _("%(node)s takes jobs from %(queue)s, but has no model for the role %(role)s.")
            return said % {"node": node.name, "queue": queue, "role": lacking[0]}
    if takers:
        return ""
    useless = [node for node in nodes if queue in node.queues]
    if useless:
        return f"{useless[0].name}: {useless[0].sandbox}"
    return _("No grading node for the queue %(queue)s has been heard lately.") % {"queue": queue}


def waiting(run: Run) -> Waiting:
    """Place, expected wait and the delay after which the page should ask again."""
    seconds = expected_wait(run)
    roles = run.version.roles if run.version_id else ()
    blocked = grading_problem(run.queue, roles) if seconds is None else ""
    for_gpu = seconds is None and run.queue == "grade.gpu"
    for_model = seconds is None and run.queue == "grade.llm"
    return Waiting(position(run), seconds, blocked, poll_after(run, seconds), for_gpu, for_model)


def poll_after(run: Run, expected: float | None) -> int:
    """Milliseconds: short while the verdict is due any moment, longer with the run's age and the queue before it."""
    age = (timezone.now() - run.queued_at).total_seconds()
    by_age = next((delay for limit, delay in POLL_DELAYS if age < limit), SLOWEST_POLL)
    by_queue = SLOWEST_POLL if expected is None else min(SLOWEST_POLL, int(expected * 250))
    return by_age if run.state != RunState.QUEUED else max(by_age, by_queue)


def wait_in_words(seconds: float | None) -> str:
    """The expected wait, no more exact than it is."""
    if seconds is None:
        return ""
    if seconds < 3:
        return _("a moment")
    if seconds < 50:
        return _("about %(n)d seconds") % {"n": 5 * math.ceil(seconds / 5)}
    if seconds < 90:
        return _("about a minute")
    return _("about %(n)d minutes") % {"n": math.ceil(seconds / 60)}


def statement_language(version: ExerciseVersion) -> str:
    """The language that `localized_statement` is in, for the page's `lang` attribute."""
    language = (get_language() or "en")[:2]
    if version.statements.get(language):
        return language
    return next((code for code, text in version.statements.items() if text), language)
