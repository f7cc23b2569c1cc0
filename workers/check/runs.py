"""The graded steps: reference, starter, wrong solutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workers.check.findings import Finding, Result, WrongRun
from workers.check.folder import read_expectation, wrong_files
from workers.check.grading import Subject, full_marks, last_line, own_fault
from workers.jobs.report import GradeReport, TestResult

SHOWN_SEEDS = 5
MESSAGE = 300


def check_reference(subject: Subject, repeats: int, result: Result, done: Callable[[], None]) -> list[GradeReport]:
    """Full marks with every seed, one run after the other; timing tests the same each time."""
    result.seeds = subject.seeds(repeats)
    runs = [(subject.reference, seed) for seed in result.seeds]
    reports = subject.grade_all(runs, done, serial=True, cache=False)
    result.reference_passed = sum(full_marks(report) for report in reports)
    result.reference_seconds = max(sum(test["seconds"] for test in report["tests"]) for report in reports)
    result.problems += _reference_findings(subject, reports)
    for index, entry in enumerate(subject.manifest["tests"]):
        if entry["timing"]:
            tests = [report["tests"][index] for report in reports if report["tests"]]
            result.ratios[entry["name"]] = [test["timing"]["ratio"] for test in tests if test["timing"]]
            result.problems += timing_findings(entry["name"], tests)
    return reports


def _reference_findings(subject: Subject, reports: list[GradeReport]) -> Iterator[Finding]:
    first = reports[0]
    if first["verdict"] == "rejected":
        yield Finding(
            "reference", f"solution{subject.files.suffix}", first["message"].replace("Your file does", "It does")
        )
        return
    whole = [report["staff"] for report in reports if report["verdict"] == "error" and not _has_error(report)]
    if whole:
        yield Finding("reference", "tests.py", whole[0])
        return
    for index, entry in enumerate(subject.manifest["tests"]):
        lost = [report for report in reports if report["tests"][index]["verdict"] not in ("passed", "inconclusive")]
        if len(lost) == len(reports):
            yield _failing(subject, lost[0]["tests"][index], lost[0]["seed"])
        elif lost:
            kept = [report["seed"] for report in reports if report not in lost]
            yield _flaky(subject, index, entry["name"], lost, kept)


def _has_error(report: GradeReport) -> bool:
    return any(test["verdict"] == "error" and test["staff"] for test in report["tests"])


def _failing(subject: Subject, test: TestResult, seed: int) -> Finding:
    if test["verdict"] == "error":
        return Finding("reference", "tests.py", f"{own_fault(test)} (seed {seed})")
    text = f"the reference does not pass test {test['name']!r} ({test['verdict']}, seed {seed}): {_said(test)}"
    return Finding("reference", f"solution{subject.files.suffix}", text)


def _flaky(subject: Subject, index: int, name: str, lost: list[GradeReport], kept: list[int]) -> Finding:
    """A test that the reference passes with some seeds only; the same seed again tells one cause from another."""
    failed = lost[0]
    again = subject.grade_all([(subject.reference, failed["seed"])])[0]
    if again["tests"][index]["verdict"] == failed["tests"][index]["verdict"]:
        cause = f"the same seed fails again: try `python -m workers grade … solution.py --seed {failed['seed']}`, then "
        cause += "widen the tolerance or draw inputs that the reference can answer"
    else:
        cause = "the same seed passes when run again, so the test takes chance from elsewhere than its argument `rng` "
        cause += "(a generator without a seed, the clock, the order of a set): draw everything from `rng`"
    bad, good = _seeds([report["seed"] for report in lost]), _seeds(kept)
    said = _said(failed["tests"][index])
    text = f"test {name!r} is flaky: the reference fails it with seed {bad} and passes it with {good} ({said}); {cause}"
    return Finding("reference", "tests.py", text)


def _seeds(seeds: list[int]) -> str:
    shown = ", ".join(map(str, seeds[:SHOWN_SEEDS]))
    return shown if len(seeds) <= SHOWN_SEEDS else f"{shown} and {len(seeds) - SHOWN_SEEDS} more"


def _said(test: TestResult) -> str:
    text = last_line(test["staff"]) if test["verdict"] == "error" else test["message"] or "no message"
    return text if len(text) <= MESSAGE else text[: MESSAGE - 1] + "…"


def timing_findings(name: str, tests: list[TestResult]) -> Iterator[Finding]:
    """Whether the runs of one timing test leave a doubt."""
    unsure = [test for test in tests if test["verdict"] == "inconclusive"]
    if unsure:
        ratios = ", ".join(f"{test['timing']['ratio']:.2f}" for test in unsure if test["timing"])
        text = f"timing test {name!r} cannot tell in {len(unsure)} of {len(tests)} runs of the reference "
        text += f"(ratios {ratios}): raise at_most, or make the input larger"
        yield Finding("reference", "tests.py", text)


# ---- starter and wrong solutions -------------------------------------------------------------------------------------


def check_starter(subject: Subject, result: Result, done: Callable[[], None]) -> None:
    """No point, and a file that loads: it is what a student begins with."""
    name = f"starter{subject.files.suffix}"
    seed = subject.seeds(1)[0]
    report = subject.grade_all([(subject.files.text(name), seed)], done)[0]
    result.starter_score = report["score"]
    if report["verdict"] == "rejected":
        said = report["message"].removeprefix("Your file does not load: ")
        result.problems.append(Finding("starter", name, f"does not load, so students begin with an error: {said}"))
    elif report["score"]:
        gained = ", ".join(repr(test["name"]) for test in report["tests"] if test["points"])
        text = f"gets {_points(report)} without any work: it passes {gained}. Take out what solves it, or test more"
        result.problems.append(Finding("starter", name, text))
    result.problems += _faults("starter", name, report, result)


def check_wrong(subject: Subject, result: Result, done: Callable[[], None]) -> None:
    """Exactly the score, and the verdict where one is given, of each file's first line."""
    seed = subject.seeds(1)[0]
    readable = []
    for path in wrong_files(subject.files):
        try:
            readable.append((path, read_expectation(subject.files.text(path))))
        except ValueError:  # a finding of the folder's step already
            continue
    reports = subject.grade_all([(subject.files.text(path), seed) for path, _ in readable], done)
    for (path, expected), report in zip(readable, reports, strict=True):
        got = f"{_points(report)} {report['verdict']}"
        kinds = {report["verdict"], *(test["verdict"] for test in report["tests"])}
        same = (report["score"], report["max_score"]) == (expected.score, expected.max_score)
        ok = same and report["verdict"] != "error" and (not expected.verdict or expected.verdict in kinds)
        result.wrong.append(WrongRun(path, str(expected), got, ok))
        result.problems += _faults("wrong", path, report, result)
        if not ok and report["verdict"] != "error":
            text = (
                f"expected {expected}, got {got} (seed {seed}; {_passed(report)}): change its first line, or the tests"
            )
            result.problems.append(Finding("wrong", path, text))


def _passed(report: GradeReport) -> str:
    """What a reader needs to find the surprise: the tests that gave points, and the other verdicts."""
    parts = []
    for verdict in dict.fromkeys(test["verdict"] for test in report["tests"]):
        names = ", ".join(repr(test["name"]) for test in report["tests"] if test["verdict"] == verdict)
        parts.append(f"{verdict}: {names}")
    return "; ".join(parts)


def _points(report: GradeReport) -> str:
    return f"{report['score']:g}/{report['max_score']:g}"


def _faults(step: str, file: str, report: GradeReport, result: Result) -> Iterator[Finding]:
    """Faults of tests.py that this file brought out, unless the reference's step has told of them."""
    if report["verdict"] != "error":
        return
    told = [finding.text for finding in result.problems if finding.file == "tests.py"]
    when = f"(while {file} was graded, seed {report['seed']})"
    if not _has_error(report) and report["staff"] not in told:
        yield Finding(step, "tests.py", f"{report['staff']} {when}")
    for test in report["tests"]:
        if test["verdict"] == "error" and test["staff"] and not any(repr(test["name"]) in text for text in told):
            yield Finding(step, "tests.py", f"{own_fault(test)} {when}")
