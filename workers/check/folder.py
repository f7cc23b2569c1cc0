"""What can be said of an exercise without running anything."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workers.check.findings import Finding
from workers.grader.run import MAX_SOURCE
from workers.jobs.bundle import TEXT_SUFFIXES, ExerciseFiles
from workers.jobs.pictures import target_of
from workers.jobs.report import TEST_VERDICTS, VERDICTS
from workers.jobs.spec import BadExercise, ExerciseSpec

EQUIVALENT_KEYS = {"mutant", "reason"}
EXPECTATION = re.compile(r"# expect: (\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)(?: ([a-z]+))?")
KNOWN_VERDICTS = tuple(dict.fromkeys((*VERDICTS, *TEST_VERDICTS)))
STATEMENT = re.compile(r"statement\.(\w+)\.md")


@dataclass(frozen=True)
class Expectation:
    """The first line of a file in wrong/: `# expect: SCORE/MAX [verdict]`."""

    score: float
    max_score: float
    verdict: str  # of the run, or of one of its tests; empty: any

    def __str__(self) -> str:
        return f"{self.score:g}/{self.max_score:g} {self.verdict}".rstrip()


def read_expectation(source: str) -> Expectation:
    """Raises ValueError with what to write instead."""
    first = source.split("\n", 1)[0].rstrip()
    match = EXPECTATION.fullmatch(first)
    if match is None:
        raise ValueError(f"the first line must be like `# expect: 6/10 timeout`, it is {first[:80]!r}")
    score, max_score, verdict = float(match[1]), float(match[2]), match[3] or ""
    if verdict and verdict not in KNOWN_VERDICTS:
        raise ValueError(f"the first line expects {verdict!r}, which is none of {', '.join(KNOWN_VERDICTS)}")
    if score > max_score:
        raise ValueError(f"the first line expects {score:g} of {max_score:g} points")
    return Expectation(score, max_score, verdict)


def wrong_files(files: ExerciseFiles) -> list[str]:
    """The paths of the solutions in wrong/, sorted."""
    return [path for path in files.files if path.startswith("wrong/") and path.endswith(files.suffix)]


def folder_findings(files: ExerciseFiles) -> list[Finding]:
    """Everything wrong with the folder that can be seen from outside; empty: nothing is."""
    try:
        spec = files.spec()
    except BadExercise as error:
        return [_folder_error(error)]
    found = [*_table_findings(files), *_text_findings(files, spec), *_wrong_findings(files)]
    if spec.image is not None:
        found += _target_findings(files, spec.image.target)
    return [Finding("folder", file, text) for file, text in found]


def folder_warnings(files: ExerciseFiles, spec: ExerciseSpec) -> list[Finding]:
    """What is allowed and probably a slip."""
    found: list[tuple[str, str]] = []
    for path in files.files:
        match = STATEMENT.fullmatch(path)
        if match and match[1] not in spec.languages:
            found.append((path, f"exercise.toml does not declare the language {match[1]!r}: nobody will see this text"))
    if not wrong_files(files):
        found.append(("wrong/", "there is no wrong solution: nothing shows which mistakes cost how many points"))
    return [Finding("folder", file, text) for file, text in found]


def _folder_error(error: BadExercise) -> Finding:
    """A BadExercise often begins with the file's name: it goes where it belongs."""
    text = str(error)
    name, colon, rest = text.partition(": ")
    if colon and name == "exercise.toml":
        return Finding("folder", name, rest)
    return Finding("folder", "exercise.toml", text.removeprefix("exercise.toml "))


def _table_findings(files: ExerciseFiles) -> Iterator[tuple[str, str]]:
    """Entries of check.equivalent that say too little, or too much."""
    check: dict[str, Any] = tomllib.loads(files.text("exercise.toml")).get("check", {})
    seen: set[str] = set()
    for item in check.get("equivalent", []):
        for key in sorted(set(item) - EQUIVALENT_KEYS):
            yield "exercise.toml", f"check.equivalent: unknown key {key!r}; known are mutant and reason"
        if not item["reason"].strip():
            yield "exercise.toml", f"check.equivalent: {item['mutant']!r}: say in `reason` why it changes nothing"
        if item["mutant"] in seen:
            yield "exercise.toml", f"check.equivalent: {item['mutant']!r} is listed twice: remove one"
        seen.add(item["mutant"])


def _text_findings(files: ExerciseFiles, spec: ExerciseSpec) -> Iterator[tuple[str, str]]:
    needed = [f"statement.{language}.md" for language in spec.languages]
    needed += [f"starter{files.suffix}", f"solution{files.suffix}"]
    needed += ["tests.py"]
    for path in needed:
        if path not in files.files:
            yield path, "is missing: " + _purpose(path)
    for path in files.files:
        if not path.endswith(TEXT_SUFFIXES) or path.startswith("data/"):
            continue
        try:
            text = files.text(path)
        except BadExercise:
            yield path, "is not UTF-8: save it in that encoding"
            continue
        if path in needed and not text.strip():
            yield path, "is empty: " + _purpose(path)
        if not path.startswith("statement.") and path != "tests.py" and len(text.encode()) > MAX_SOURCE:
            yield path, f"is larger than the {MAX_SOURCE >> 10} kB that a solution may have"


def _target_findings(files: ExerciseFiles, path: str) -> Iterator[tuple[str, str]]:
    try:
        target_of(files)
    except BadExercise as error:
        yield path, str(error).removeprefix(path).removeprefix(":").strip()


def _purpose(path: str) -> str:
    match = STATEMENT.fullmatch(path)
    if match:
        return f"write the statement in {match[1]!r}, or take that language out of `languages` in exercise.toml"
    if path.startswith("starter"):
        return "write what the student's editor opens with"
    if path.startswith("solution"):
        return "write the reference solution"
    return "write the tests"


def _wrong_findings(files: ExerciseFiles) -> Iterator[tuple[str, str]]:
    for path in files.files:
        if not path.startswith("wrong/"):
            continue
        if not path.endswith(files.suffix) or path.count("/") > 1:
            yield path, f"only files like wrong/name{files.suffix} are graded: rename or move it"
            continue
        try:
            read_expectation(files.text(path))
        except BadExercise:
            continue  # said by _text_findings
        except ValueError as error:
            yield path, str(error)


# ---- what this node has ----------------------------------------------------------------------------------------------


def missing_modules(modules: tuple[str, ...]) -> list[str]:
    """Those that this node cannot import."""
    return [name for name in modules if not _is_importable(name)]


def _is_importable(name: str) -> bool:
    top, dot, _ = name.partition(".")
    if top not in sys.modules and importlib.util.find_spec(top) is None:
        return False
    if not dot:
        return True
    # Looking for a submodule imports its package: not in this process, which outlives the check of one exercise.
    command = [sys.executable, "-I", "-c", f"import {name}"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
