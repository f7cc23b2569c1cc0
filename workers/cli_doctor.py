"""`python -m workers doctor`: tries the sandbox out and says what this node can do, and what is missing."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from workers.cli import FAULT, LESS, OK
from workers.grader.pool import Pool
from workers.grader.probes import LEAKS, Row, check_sandbox, sandbox_facts
from workers.sandbox import level, outer
from workers.sandbox.errors import MachineFault

HOW_TO = {
    "numpy": "pip install -r requirements.txt",
    "torch": "pip install -r requirements-models.txt",
    "cupy": "pip install -r requirements-gpu.txt, on a machine with an NVIDIA GPU",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--allow-reduced", action="store_true", help="accept the weaker sandbox level REDUCED")


def run(options: argparse.Namespace) -> int:
    """Print all facts. Exit code 0: level FULL and every attempt stopped; 1: weaker; 2: no sandbox at all."""
    _print_facts(_machine_facts())
    try:
        pool = Pool(options.allow_reduced, spares=False)
        try:
            _print_facts(sandbox_facts(pool))
            rows = check_sandbox(pool)
        finally:
            pool.close()
    except MachineFault as error:
        print(f"{'sandbox level':22} NONE")
        print(error, file=sys.stderr)
        return FAULT
    _print_rows(rows)
    leaks = sum(row.result == LEAKS for row in rows)
    print(f"\n{len(rows)} attempts, {leaks} leaks, sandbox level {pool.level}")
    return OK if pool.level == level.FULL and not leaks else LESS


def _print_facts(facts: dict[str, str]) -> None:
    for name, text in facts.items():
        print(f"{name:22} {text}")


def _print_rows(rows: list[Row]) -> None:
    print()
    for row in rows:
        print(f"{row.result:13} {row.attempt:34} {row.detail}")


def _machine_facts() -> dict[str, str]:
    system = os.uname()
    facts = {
        "kernel": f"{system.release} {system.machine}",
        "Python": sys.version.split()[0],
        "user": "root: jails run as an unused uid" if outer.full_root() else f"uid {os.geteuid()}, also in jails",
        "cores": str(len(os.sched_getaffinity(0))),
        "GPU": _gpu(),
    }
    for name, how in HOW_TO.items():
        found = importlib.util.find_spec(name) is not None
        facts[f"module {name}"] = "installed" if found else f"missing: {how}"
    return facts


def _gpu() -> str:
    version = Path("/proc/driver/nvidia/version")
    if not Path("/dev/nvidia0").exists():
        return "none (/dev/nvidia0 does not exist)"
    try:
        return version.read_text().splitlines()[0]
    except (OSError, IndexError):
        return "/dev/nvidia0, driver unknown"
