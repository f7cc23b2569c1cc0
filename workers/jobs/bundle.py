"""The exercise's folder as one value: read, hash, pack for the broker, unpack on a node.

A version is named by the sha256 of its sorted paths and contents, so a node can check what it was given.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from workers.jobs.spec import BadExercise, ExerciseSpec, parse_spec

MAX_BUNDLE_BYTES = 32 << 20
MAX_FILES = 2000
IGNORED = {"__pycache__", ".DS_Store", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
TEXT_SUFFIXES = (".py", ".md", ".toml", ".txt")


class ExerciseFiles:
    """The files of one exercise: POSIX paths relative to its folder, and their bytes.

    Raises BadExercise for an unsafe path, too many files or more than 32 MiB.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        total = 0
        if len(files) > MAX_FILES:
            raise BadExercise(f"an exercise may hold {MAX_FILES} files, this one has {len(files)}")
        for path, content in files.items():
            _check_path(path)
            # Written to a node's disk, "data" could not be a file and the folder of "data/x" at once.
            if above := next((str(up) for up in PurePosixPath(path).parents if str(up) in files), None):
                raise BadExercise(f"{above!r} is a file and a folder at once")
            total += len(content)
        if total > MAX_BUNDLE_BYTES:
            raise BadExercise(f"an exercise may hold 32 MiB, this one has {total / (1 << 20):.1f} MiB")
        self.files: dict[str, bytes] = dict(sorted(files.items()))

    def text(self, path: str, default: str | None = None) -> str:
        """The text of one file. Raises BadExercise when it is missing (without a default) or not UTF-8."""
        if path not in self.files:
            if default is not None:
                return default
            raise BadExercise(f"{path} is missing")
        try:
            return self.files[path].decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadExercise(f"{path} is not UTF-8 (byte {error.start})") from None

    def spec(self) -> ExerciseSpec:
        return parse_spec(self.text("exercise.toml"))

    @property
    def suffix(self) -> str:
        """Ending of a solution: ".py" for code, ".txt" for prompts."""
        return ".py" if self.spec().kind == "code" else ".txt"

    @property
    def version(self) -> str:
        """sha256 over all files."""
        return _digest(self.files)

    @property
    def grading_version(self) -> str:
        """sha256 that leaves out statements and `wrong/`: a mended typo asks for no regrade."""
        return _digest({p: c for p, c in self.files.items() if not p.startswith(("statement.", "wrong/"))})


def _check_path(path: str) -> None:
    pure = PurePosixPath(path)
    if (
        not path
        or pure.is_absolute()
        or any(part in ("", ".", "..") for part in path.split("/"))
        or any(ord(c) < 32 or c in '\\:*?"<>|' for c in path)
        or len(path) > 200
    ):
        raise BadExercise(f"{path!r} is not a safe path for a file of an exercise")


def _digest(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for path in sorted(files):
        name, content = path.encode(), files[path]
        # Lengths first: without them two different folders could be written as the same bytes.
        total.update(len(name).to_bytes(8, "big") + name + len(content).to_bytes(8, "big") + content)
    return total.hexdigest()


def read_folder(folder: Path) -> ExerciseFiles:
    """Read an exercise's folder, caches and hidden files left out. Raises BadExercise (links are refused)."""
    if not folder.is_dir():
        raise BadExercise(f"{folder} is not a folder")
    files: dict[str, bytes] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part in IGNORED or part.startswith(".") for part in relative.parts) or path.suffix == ".pyc":
            continue
        if path.is_symlink():
            raise BadExercise(f"{relative.as_posix()} is a link; an exercise holds plain files only")
        if path.is_file():
            total += path.stat().st_size
            if total > MAX_BUNDLE_BYTES:
                raise BadExercise("an exercise may hold 32 MiB, this one has more")
            files[relative.as_posix()] = path.read_bytes()
    return ExerciseFiles(files)


def write_folder(files: ExerciseFiles, folder: Path) -> None:
    """Write the files below `folder`, which is created."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def pack(files: ExerciseFiles) -> bytes:
    """A gzipped tar with fixed dates and owners: the same files give the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in files.files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)


def unpack(data: bytes, version: str) -> ExerciseFiles:
    """Read a packed bundle and check that it is the version asked for. Raises BadExercise."""
    files: dict[str, bytes] = {}
    total = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|gz") as tar:
            for member in tar:
                total += member.size
                # Stop before reading: a few kilobytes of gzip can hold gigabytes.
                if total > MAX_BUNDLE_BYTES or len(files) >= MAX_FILES or not member.isreg():
                    raise BadExercise("the bundle is too large or holds something else than plain files")
                stream = tar.extractfile(member)
                files[member.name] = stream.read() if stream else b""
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        if isinstance(error, BadExercise):
            raise
        raise BadExercise(f"the bundle cannot be read: {type(error).__name__}") from None
    result = ExerciseFiles(files)
    if result.version != version:
        raise BadExercise("the bundle is not the version that was asked for")
    return result
