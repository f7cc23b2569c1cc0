"""A check for people: what is wrong, a table with a row for each exercise, and one line that says how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO

from workers.check.findings import FAILED, HELD, MACHINE, NOT_CHECKED, Finding, MutantFigures, Result, Survivor

BAR = 30
COLUMNS = ("exercise", "reference", "starter", "wrong", "mutants", "strength", "time")


def report(result: Result) -> str:
    """Findings and surviving mutants of one exercise; empty when there is nothing to say."""
    lines = [_finding("problem", finding) for finding in result.problems]
    lines += [_finding("warning", finding) for finding in result.warnings]
    if result.why:
        lines.append(f"  {result.outcome}: {result.why}")
    if result.mutants is not None:
        for survivor in result.mutants.survivors:
            lines += _survivor(survivor)
    return "\n".join([f"{result.exercise}:", *lines]) if lines else ""


def _finding(kind: str, finding: Finding) -> str:
    first, *rest = str(finding).splitlines()
    return "\n".join([f"  {kind}: {first}", *(f"      {line}" for line in rest)])


def _survivor(survivor: Survivor) -> list[str]:
    return [f"  no test notices: {survivor.id}", *(f"      {line}" for line in survivor.diff.splitlines()[2:])]


def table(results: Sequence[Result]) -> str:
    """One row for each exercise, then its verdict in one line."""
    rows = [COLUMNS, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *(verdict(result) for result in results)])


def _row(result: Result) -> tuple[str, ...]:
    starter = "-" if result.starter_score is None else f"{result.starter_score:g}/{result.max_score:g}"
    wrong = f"{sum(run.ok for run in result.wrong)}/{len(result.wrong)}" if "wrong" in result.steps else "-"
    reference = f"{result.reference_passed}/{len(result.seeds)}" if "reference" in result.steps else "-"
    return (result.exercise, reference, starter, wrong, *_mutant_cells(result.mutants), f"{result.seconds:.1f} s")


def _mutant_cells(figures: MutantFigures | None) -> tuple[str, str]:
    if figures is None:
        return "-", "-"
    equivalent = f" ({len(figures.equivalent)} equivalent)" if figures.equivalent else ""
    killed = f"{figures.killed}/{figures.total - len(figures.equivalent)}{equivalent}"
    return killed, f"{figures.strength:.1%} (≥ {figures.needed:.0%})"


def verdict(result: Result) -> str:
    """One line."""
    if result.outcome == HELD:
        without = " (a prompt: no mutants, the same answers three times)" if "repeats" in result.steps else ""
        left = without if result.mutants is not None or without else " (mutants not run)"
        return f"{result.exercise}: holds{left}"
    if result.outcome == FAILED:
        count = len(result.problems)
        also = f"; beyond that not checked: {result.why}" if result.why else ""
        return f"{result.exercise}: does not hold, {count} problem{'s' if count > 1 else ''}{also}"
    if result.outcome == NOT_CHECKED:
        return f"{result.exercise}: not checked: {result.why}"
    return f"{result.exercise}: cannot be checked on this machine: {result.why}"


def summary(results: Sequence[Result]) -> str:
    """The last line."""
    words = {
        HELD: ("holds", "hold"),
        FAILED: ("does not hold", "do not hold"),
        NOT_CHECKED: ("not checked", "not checked"),
        MACHINE: ("cannot be checked here", "cannot be checked here"),
    }
    parts = []
    for outcome, (one, many) in words.items():
        count = sum(result.outcome == outcome for result in results)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    return f"{len(results)} exercise{'s' if len(results) > 1 else ''}: {', '.join(parts)}"


# ---- progress --------------------------------------------------------------------------------------------------------


class Lines:
    """One plain line for each step as it begins: for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, exercise: str, step: str, total: int) -> Callable[[], None]:
        count = f" ({total} runs)" if total > 1 else ""
        print(f"{exercise}: {step}{count}", file=self._stream, flush=True)
        return lambda: None

    def end(self) -> None:
        return None


class Bar:
    """A bar in one line of a terminal, wiped at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, exercise: str, step: str, total: int) -> Callable[[], None]:
        done = 0

        def draw() -> None:
            filled = BAR * done // max(1, total)
            bar = "█" * filled + "·" * (BAR - filled)
            self._stream.write(f"\r\033[K{exercise}  {step:9}  {bar}  {done}/{total}")
            self._stream.flush()

        def advance() -> None:
            nonlocal done
            done += 1
            draw()

        draw()
        return advance

    def end(self) -> None:
        self._stream.write("\r\033[K")
        self._stream.flush()
