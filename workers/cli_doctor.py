"""`python -m workers doctor`: tries the sandbox out and says what this node can do, and what is missing."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys

from workers.cli import FAULT, LESS, OK
from workers.grader.gpus import LIBRARIES, RUNTIME_NAMES, Keeper, library_problem
from workers.grader.pool import Pool
from workers.grader.probes import LEAKS, UNTESTED, Row, check_gpu_profile, check_sandbox, sandbox_facts
from workers.models import BadSetting, Models
from workers.models.probe import try_role
from workers.models.settings import SETTINGS
from workers.sandbox import level, outer
from workers.sandbox.errors import MachineFault

PROFILE = "weaker than FULL (docs/security.md, GPU solutions)"
HOW_TO = {
    "numpy": "pip install -r requirements.txt",
    "torch": "pip install -r requirements-models.txt",
    "transformers": "pip install -r requirements-models.txt",
    "diffusers": "pip install -r requirements-models.txt",
    "cupy": "pip install -r requirements-gpu.txt, on a machine with an NVIDIA GPU",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--allow-reduced", action="store_true", help="accept the weaker sandbox level REDUCED")
    parser.add_argument("--no-models", action="store_true", help="do not try the models: loading one takes seconds")


def run(options: argparse.Namespace) -> int:
    """Print all facts. Exit code 0: level FULL and every attempt stopped; 1: weaker; 2: no sandbox at all."""
    _print_facts(_machine_facts())
    keeper = Keeper()
    _print_facts(gpu_facts(keeper))
    try:
        pool = Pool(options.allow_reduced, spares=False)
        try:
            _print_facts(sandbox_facts(pool))
            rows = check_sandbox(pool)
            gpu_rows = _gpu_rows(pool, keeper)
        finally:
            pool.close()
    except MachineFault as error:
        print(f"{'sandbox level':22} NONE")
        print(error, file=sys.stderr)
        return FAULT
    finally:
        keeper.devices.close()
    _print_rows(rows)
    if gpu_rows:
        print(f"\nThe same in the sandbox of GPU solutions, {PROFILE}:")
        _print_rows(gpu_rows)
    _print_models(options.no_models)
    rows += gpu_rows
    leaks = sum(row.result == LEAKS for row in rows)
    print(f"\n{len(rows)} attempts, {leaks} leaks, sandbox level {pool.level}")
    return OK if pool.level == level.FULL and not leaks else LESS


def gpu_facts(keeper: Keeper) -> dict[str, str]:
    """Driver and cards, and whether solutions can run on them; without any, why."""
    cards = keeper.survey()
    if not cards:
        return {"GPU": f"none: {keeper.why_none()}"}
    facts = {"NVIDIA driver": keeper.devices.driver()}
    for gpu, why in cards:
        size = f"{gpu.memory_bytes / (1 << 30):.0f} GiB"
        facts[f"GPU {gpu.index}"] = f"{gpu.name}, {size}: {why or 'takes jobs'}"
    for name in LIBRARIES:
        facts[f"runtime {RUNTIME_NAMES[name]}"] = library_problem(name) or "ready"
    return facts | {"GPU sandbox profile": PROFILE}


def _print_facts(facts: dict[str, str]) -> None:
    for name, text in facts.items():
        print(f"{name:22} {text}")


def _gpu_rows(pool: Pool, keeper: Keeper) -> list[Row]:
    """The attempts in the sandbox of GPU solutions; none without a card. That it cannot start is a row of its own."""
    try:
        return [row for gpu in keeper.usable()[:1] for row in check_gpu_profile(pool, gpu)]
    except MachineFault as fault:
        return [Row("run a GPU solution", UNTESTED, str(fault))]


def _print_rows(rows: list[Row]) -> None:
    print()
    for row in rows:
        print(f"{row.result:13} {row.attempt:34} {row.detail}")


def _print_models(skipped: bool) -> None:
    """What plays each role, and how fast; a role without a model is no fault of the sandbox."""
    print()
    try:
        with Models() as models:
            for role in SETTINGS:
                print(f"{'model ' + role:22} {'not tried' if skipped else try_role(models, role)}")
    except BadSetting as error:
        print(error)


def _machine_facts() -> dict[str, str]:
    system = os.uname()
    facts = {
        "kernel": f"{system.release} {system.machine}",
        "Python": sys.version.split()[0],
        "user": "root: jails run as an unused uid" if outer.full_root() else f"uid {os.geteuid()}, also in jails",
        "cores": str(len(os.sched_getaffinity(0))),
    }
    for name, how in HOW_TO.items():
        found = importlib.util.find_spec(name) is not None
        facts[f"module {name}"] = "installed" if found else f"missing: {how}"
    return facts
