"""Subcommands of `python -m workers`. Each lives in a module `workers.cli_NAME` with `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "grade": "grade one file: exit 0 full marks, 1 less, 2 the exercise or the machine is at fault",
    "check": "whether exercises are sound: exit 0 all hold, 1 one does not, 2 this machine cannot check",
    "calibrate": "measure the scale of an image exercise: exit 0 written, 1 it cannot be graded by, 2 no models here",
    "doctor": "what this machine can do: sandbox layers tried out, limits, devices",
}
OK, LESS, FAULT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    chosen = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m workers", description="Grading workers without the site.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help_text in COMMANDS.items():
        command = subparsers.add_parser(name, help=help_text, description=help_text)
        if chosen[:1] == [name]:  # only its own module is imported: a cold start counts
            importlib.import_module(f"workers.cli_{name}").add_arguments(command)
    options = parser.parse_args(chosen)
    result: int = importlib.import_module(f"workers.cli_{options.command}").run(options)
    return result
