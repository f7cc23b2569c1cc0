"""`python -m workers check EXERCISE_DIR...`: what an author runs before an exercise is published."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from workers.check import FAILED, MACHINE, Crew, Options, Result, check_exercise
from workers.check.crew import default_jobs
from workers.check.gate import DEFAULT_REPEATS, Progress
from workers.check.show import Bar, Lines, report, summary, table
from workers.cli import FAULT, LESS, OK

MOST_REPEATS, MOST_JOBS = 1000, 64
STOPPED = 128 + signal.SIGINT  # as a shell reports it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercises", type=Path, nargs="+", metavar="EXERCISE_DIR", help="folder with exercise.toml")
    parser.add_argument(
        "--repeats",
        type=_number(MOST_REPEATS),
        default=DEFAULT_REPEATS,
        metavar="N",
        help=f"runs of the reference solution, each with its own random numbers (default {DEFAULT_REPEATS})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object for each exercise, one a line")
    parser.add_argument("--no-mutants", action="store_true", help="skip the mutants: quicker, and says less")
    parser.add_argument(
        "--jobs",
        type=_number(MOST_JOBS),
        default=default_jobs(),
        metavar="N",
        help=f"runs at the same time (default {default_jobs()}); tests that measure time run one by one",
    )
    parser.add_argument("--allow-reduced", action="store_true", help="accept the weaker sandbox level REDUCED")


class _number:
    """An argument's type: a whole number from 1 to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(self, text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= self._most:
            raise argparse.ArgumentTypeError(f"a whole number from 1 to {self._most} is needed, not {text!r}")
        return int(text)


def run(options: argparse.Namespace) -> int:
    """Check and print. Exit code 0: nothing failed; 1: an exercise does not hold; 2: this machine cannot check."""
    chosen = Options(repeats=options.repeats, mutants=not options.no_mutants)
    progress: Progress = Bar(sys.stderr) if sys.stderr.isatty() else Lines(sys.stderr)
    results = []
    try:
        with Crew(options.jobs, options.allow_reduced or None) as crew:
            for folder in options.exercises:
                result = check_exercise(folder, crew, chosen, progress)
                results.append(result)
                text = json.dumps(result.to_dict(), allow_nan=False) if options.json else report(result)
                if text:
                    print(text, flush=True)
    except KeyboardInterrupt:
        print("stopped before the end", file=sys.stderr)
        return STOPPED
    if not options.json:
        print(f"\n{table(results)}\n\n{summary(results)}")
    return exit_code(results)


def exit_code(results: Sequence[Result]) -> int:
    """The machine's fault comes first: what it could not check may fail elsewhere."""
    outcomes = {result.outcome for result in results}
    return FAULT if MACHINE in outcomes else LESS if FAILED in outcomes else OK
