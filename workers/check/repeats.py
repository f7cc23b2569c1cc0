"""Prompt exercises: the same rows must give the same texts, byte by byte, however often the model is asked; and the
same prompt and seeds the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workers.check.findings import Finding, Result
from workers.check.grading import Subject
from workers.jobs.report import GradeReport

AGAIN = 2  # runs beside the reference's first


def check_repeats(subject: Subject, first: GradeReport, result: Result, done: Callable[[], None]) -> None:
    """Grade the reference again with its first seed, without kept completions, and compare all texts."""
    again = subject.grade_all([(subject.reference, first["seed"])] * AGAIN, done, serial=True, cache=False)
    texts = outputs(first)
    for report in again:
        if outputs(report) != texts:
            where = next(_differences(texts, outputs(report)), "another number of rows")
            what = "picture for the same prompt" if "image" in first else "text for the same row"
            text = f"the model gives another {what} (seed {first['seed']}): {where}. On this node, with "
            text += "this model, a grade could not be repeated"
            result.problems.append(Finding("repeats", f"solution{subject.files.suffix}", text))
            return


def outputs(report: GradeReport) -> list[tuple[str, str, str]]:
    """(test, row, text) of every completion, sorted: tests run in random order; of pictures ("", seed, hash)."""
    if "image" in report:
        return [("", str(picture["seed"]), picture["pixels"]) for picture in report["image"]["pictures"]]
    calls = report.get("completions", [])
    return sorted((call["test"], row["row"], row["uncut"] or row["output"]) for call in calls for row in call["rows"])


def _differences(old: list[tuple[str, str, str]], new: list[tuple[str, str, str]]) -> Iterator[str]:
    for before, after in zip(old, new, strict=False):
        if before != after:
            yield f"test {before[0]!r}, row {before[1][:80]!r}: {before[2][:80]!r}, then {after[2][:80]!r}"
