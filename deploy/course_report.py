"""What an author and a teacher want to see of the catalogue at once: `python -m deploy.course_report`.

It checks every exercise as `python -m workers check` does and writes the table to docs/course-exercises.md; then it
grades every file of `wrong/` and writes what its student would read to var/wrong-messages.md, to be read through.
`--messages` writes only the second. Exit code 1 when an exercise does not hold.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deploy.options import ROOT
from workers.check import FAILED, NOT_CHECKED, Crew, Options, Result, check_exercise
from workers.check.crew import default_jobs
from workers.check.gate import Progress
from workers.check.show import Bar, Lines
from workers.grader import Grader
from workers.jobs.spec import parse_spec

CATALOG = ROOT / "exercises" / "catalog"
TABLE = ROOT / "docs" / "course-exercises.md"
MESSAGES = ROOT / "var" / "wrong-messages.md"
RUNS = 3  # of the reference, for its median time
HEAD = """# The exercises, measured

Written by `python -m deploy.course_report`; not edited by hand. Strength: share of the mutants (small changes to the
reference solution) that the tests notice, without those listed as changing nothing. Time: median of {runs} whole grades
of the reference on the machine that wrote this table. Not checked: this machine lacks what the exercise needs.

| exercise | kind | tests | wrong files | mutants | strength | time |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
"""


def folders() -> list[Path]:
    return sorted(path.parent for path in CATALOG.glob("*/exercise.toml"))


def row(result: Result, seconds: float | None) -> str:
    """One line of the table."""
    spec = parse_spec((CATALOG / result.exercise / "exercise.toml").read_text(encoding="utf-8"))
    if result.outcome == NOT_CHECKED:
        return f"| {result.exercise} | {spec.kind} | – | – | – | not checked: {result.why} | – |\n"
    mutants = result.mutants
    killed = "–" if mutants is None else f"{mutants.killed} of {mutants.total - len(mutants.equivalent)}"
    strength = "–" if mutants is None else f"{100 * mutants.strength:.0f} %"
    if result.outcome == FAILED:
        strength = f"**does not hold**: {result.problems[0] if result.problems else ''}"
    time = "–" if seconds is None else f"{seconds:.2f} s"
    wrong = len(result.wrong)
    return f"| {result.exercise} | {spec.kind} | {result.tests} | {wrong} | {killed} | {strength} | {time} |\n"


def median_time(grader: Grader, folder: Path) -> float | None:
    source = _reference(folder)
    if source is None:
        return None
    reports = [grader.grade(folder, source) for _run in range(RUNS)]
    times = [report["seconds"] for report in reports if report["verdict"] != "error"]
    return statistics.median(times) if times else None


def _reference(folder: Path) -> str | None:
    found = [folder / name for name in ("solution.py", "solution.txt") if (folder / name).exists()]
    return found[0].read_text(encoding="utf-8") if found else None


def messages(grader: Grader, folder: Path) -> Iterable[str]:
    """What students would read who hand in the files of `wrong/`, in Markdown."""
    yield f"\n# {folder.name}\n"
    for path in sorted((folder / "wrong").iterdir()):
        if path.suffix not in (".py", ".txt"):
            continue
        report = grader.grade(folder, path.read_text(encoding="utf-8"))
        score = f"{report['score']:g} of {report['max_score']:g}, {report['verdict']}"
        yield f"\n## {path.name}: {score}\n\n"
        if report["message"]:
            yield f"{report['message']}\n\n"
        yield from (line for test in report["tests"] for line in told(test))


def told(test: Any) -> Iterable[str]:
    """The lines that a student sees of a test that gave no points."""
    if test["points"] >= test["max_points"] or test["verdict"] == "skipped":
        return
    kind = test["verdict"] if test["public"] else "failed, hidden"
    yield f"- **{test['name']}** ({kind})\n"
    if test["public"] and test["message"]:
        yield f"  - {test['message'].strip()}\n".replace("\n", "\n    ").rstrip(" ")
    for language, hint in (test["hint"] or {}).items():
        yield f"  - hint {language}: {hint}\n"


def write_table() -> bool:
    """Check everything and write the table; whether every exercise holds."""
    progress: Progress = Bar(sys.stderr) if sys.stderr.isatty() else Lines(sys.stderr)
    with Crew(default_jobs(), None) as crew:
        results = [check_exercise(folder, crew, Options(), progress) for folder in folders()]
    with Grader() as grader:
        rows = [
            row(result, None if result.outcome == NOT_CHECKED else median_time(grader, CATALOG / result.exercise))
            for result in results
        ]
    TABLE.write_text(HEAD.format(runs=RUNS) + "".join(rows), encoding="utf-8")
    print(f"{TABLE.relative_to(ROOT)}: {len(rows)} exercises")
    return all(result.outcome in ("held", NOT_CHECKED) for result in results)


def write_messages() -> None:
    MESSAGES.parent.mkdir(parents=True, exist_ok=True)
    with MESSAGES.open("w", encoding="utf-8") as target, Grader() as grader:
        for folder in folders():
            target.writelines(messages(grader, folder))
    print(f"{MESSAGES.relative_to(ROOT)}: written")


def main() -> int:
    parser = argparse.ArgumentParser(description="The catalogue's table and the messages of its wrong files.")
    parser.add_argument("--messages", action="store_true", help="only the messages of the wrong files")
    options = parser.parse_args()
    holds = True if options.messages else write_table()
    write_messages()
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
