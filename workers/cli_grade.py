"""`python -m workers grade EXERCISE_DIR SOLUTION`: the grader without site, database or broker."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from workers.cli import FAULT, LESS, OK
from workers.grader import Grader, MachineFault
from workers.jobs.bundle import read_folder
from workers.jobs.report import GradeReport, TestResult
from workers.jobs.spec import BadExercise

MARKS = {"passed": "ok", "inconclusive": "ok?", "skipped": "-", "error": "!"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercise", type=Path, metavar="EXERCISE_DIR", help="folder with exercise.toml and tests.py")
    parser.add_argument("solution", type=Path, metavar="SOLUTION", help="the file to grade; - reads standard input")
    parser.add_argument("--json", action="store_true", help="print the whole report as one JSON object")
    parser.add_argument("--public", action="store_true", help="run the public tests only")
    parser.add_argument("--seed", type=int, metavar="N", help="repeat a run with the seed of its report")
    parser.add_argument("--allow-reduced", action="store_true", help="accept the weaker sandbox level REDUCED")


def run(options: argparse.Namespace) -> int:
    """Grade and print. Exit code 0: full marks, 1: less, 2: the exercise or the machine is at fault."""
    try:
        files = read_folder(options.exercise)
        modules = files.spec().modules
        source = _read(options.solution)
    except (BadExercise, OSError) as error:
        return _fault(str(error))
    try:
        first = tuple(dict.fromkeys(("numpy", *modules)))
        with Grader(options.allow_reduced or None, spares=False, first=first) as grader:
            name = options.exercise.resolve().name
            report = grader.grade(files, source, options.seed, options.public, name=name)
    except (MachineFault, ValueError) as error:
        return _fault(str(error))
    print(json.dumps(report, indent=1, allow_nan=False) if options.json else table(report))
    if report["verdict"] == "error":
        return _fault(report["staff"] or report["message"])
    return OK if report["verdict"] == "passed" else LESS


def _read(path: Path) -> str:
    """The text as it is; bytes that are no UTF-8 become what the grader refuses as such."""
    raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    return raw.decode("utf-8", "surrogateescape")


def _fault(text: str) -> int:
    print(text, file=sys.stderr)
    return FAULT


def table(report: GradeReport) -> str:
    """The report for people: one line per test, its message below."""
    width = max((len(test["name"]) for test in report["tests"]), default=0)
    rows = [row for test in report["tests"] for row in _rows(test, width)]
    if report["message"]:
        rows.append(report["message"])
    if report["output"].strip():
        rows += ["", "output:", *(f"    {line}" for line in report["output"].rstrip().splitlines())]
    score, most = report["score"], report["max_score"]
    level = report["sandbox"]["level"]
    rows += [
        "",
        f"{report['verdict']}: {score:g}/{most:g} in {report['seconds']:.3f} s, seed {report['seed']}, sandbox {level}",
    ]
    return "\n".join(rows)


def _rows(test: TestResult, width: int) -> list[str]:
    mark = MARKS.get(test["verdict"], "no")
    kind = "public" if test["public"] else "hidden"
    points = f"{test['points']:g}/{test['max_points']:g}"
    rows = [
        f"{mark:3} {test['name']:{width}}  {kind}  {points:>7}  {test['verdict']:12} {test['seconds'] * 1e3:8.1f} ms"
    ]
    if test["message"]:
        rows.append(f"    {test['message']}")
    if test["verdict"] != "passed" and test["input"]:
        rows.append(f"    {test['input']}")
    return rows
