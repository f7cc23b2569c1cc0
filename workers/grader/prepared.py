"""An exercise version made ready to grade: read, checked and encoded once, then kept for the next submission."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

from workers.jobs.bundle import ExerciseFiles, read_folder
from workers.jobs.pictures import target_of
from workers.jobs.report import TestEntry
from workers.jobs.spec import ExerciseSpec
from workers.runner.codec import Encoder

KEPT = 16
Signature = tuple[tuple[str, int, int, int, int], ...]
MAX_CODE = 4 << 20  # bytes of a compiled tests.py worth keeping
JUDGE_SECONDS = 10.0  # the least that tests.py gets for itself in one test


class Prepared:
    """Raises BadExercise when the folder cannot be graded."""

    def __init__(self, name: str, files: ExerciseFiles, version: str) -> None:
        self.name = name
        self.files = files
        self.version = version
        self.grading_version = files.grading_version
        self.spec: ExerciseSpec = files.spec()
        files.text("tests.py")
        self.reference = files.text(f"solution{files.suffix}")
        self.target = target_of(files) if self.spec.image is not None else b""
        self.tests: list[TestEntry] | None = None  # of the manifest, once a listing or a judge has told
        self.judge_seconds = max(JUDGE_SECONDS, 2 * self.spec.limits.seconds)
        self._begin: dict[str, tuple[bytes, list[Any]]] = {}
        self._code = b""

    @property
    def runner_setup(self) -> tuple[str, ...]:
        return self.spec.modules

    @property
    def judge_setup(self) -> tuple[str, ...]:
        """NumPy is always there: `rng` is one of its generators. Tests of a GPU get no more: results come back as NumPy
        arrays, and a node without the GPU's libraries can list the tests."""
        if self.spec.device == "gpu":
            return ("numpy",)
        return tuple(dict.fromkeys(("numpy", *self.spec.modules))) if self.spec.modules else ("numpy",)

    def keep_code(self, code: object) -> None:
        """Keep tests.py as an earlier judge compiled it, for later judges of this version alone; never read here."""
        if type(code) is bytes and 0 < len(code) <= MAX_CODE:
            self._code = code
            self._begin.clear()

    def begin(self, folder: str) -> tuple[bytes, list[Any]]:
        """What a judge is told first: the folder's files, without what no test may depend on."""
        if folder not in self._begin:
            # A changed statement or wrong/ file keeps the grading version: so a test must not see them.
            kept = {p: c for p, c in self.files.files.items() if not p.startswith(("statement.", "wrong/"))}
            limits = self.spec.limits
            request = {
                "files": {} if folder else kept,
                "folder": folder,
                "code": self._code,
                "kind": self.spec.kind,
                "limits": {
                    "memory_bytes": max(1024, limits.memory_mb) << 20,
                    "threads": max(32, limits.processes),
                    "cpu_seconds": int(limits.total_seconds + 60 * self.judge_seconds),
                },
            }
            text, buffers = Encoder().encode(request)
            self._begin = {folder: (text, buffers)}
        return self._begin[folder]


class Shelf:
    """The last exercise versions graded, by sha256; a folder is read again when a file of it has changed."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Prepared] = OrderedDict()
        self._folders: dict[tuple[str, str], tuple[Signature, Prepared]] = {}

    def get(self, exercise: Path | ExerciseFiles | str, name: str = "") -> Prepared:
        """Raises BadExercise."""
        if isinstance(exercise, ExerciseFiles):
            return self._find(name or "exercise", exercise)
        key, signature = (str(exercise), name), _signature(str(exercise))
        known = self._folders.get(key)
        if known is not None and known[0] == signature:
            return known[1]
        folder = Path(exercise)
        prepared = self._find(name or folder.resolve().name, read_folder(folder))
        if len(self._folders) >= KEPT:
            self._folders.clear()
        self._folders[key] = signature, prepared
        return prepared

    def _find(self, name: str, files: ExerciseFiles) -> Prepared:
        version = files.version
        prepared = self._kept.pop((name, version), None) or Prepared(name, files, version)
        self._kept[name, version] = prepared
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return prepared


def _signature(folder: str) -> Signature:
    """Names, sizes and times of all files below `folder`: what an edit changes."""
    found = []
    pending = [folder]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            else:
                status = entry.stat(follow_symlinks=False)
                found.append((entry.path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return tuple(sorted(found))
