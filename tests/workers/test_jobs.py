"""Messages, bundles and exercise.toml: what comes from elsewhere is checked."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from workers.jobs import SCHEMA, BadExercise, BadMessage, ExerciseFiles, Job, pack, parse_spec, read_folder, unpack
from workers.shorten import shorten_report, shorten_text

TOML = b'title = { en = "T", fr = "T" }\n'
JOB = Job(SCHEMA, "run", 1, "token", "submit", "0" * 64, "a = 1", 7, 12.5)


def test_it_works() -> None:
    assert Job.from_dict(JOB.to_dict()) == JOB


@pytest.mark.parametrize("change", [{"attempt": "1"}, {"attempt": True}, {"schema": 0}, {"x": 1}, {"seed": 1.5}])
def test_messages_of_another_form_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        Job.from_dict(JOB.to_dict() | change)


def test_bundles_are_the_same_bytes_for_the_same_files(tmp_path: Path) -> None:
    files = ExerciseFiles({"exercise.toml": TOML, "data/é.txt": b"x" * 1000})
    assert pack(files) == pack(ExerciseFiles(dict(reversed(files.files.items()))))
    assert unpack(pack(files), files.version).files == files.files


def test_a_bundle_of_another_version_is_refused() -> None:
    with pytest.raises(BadExercise, match="not the version"):
        unpack(pack(ExerciseFiles({"exercise.toml": TOML})), "0" * 64)


def hostile(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, "/etc/passwd", size
        tar.addfile(info, io.BytesIO(bytes(size)))
    return gzip.compress(raw.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        hostile("../up"),
        hostile("/absolute"),
        hostile("link", tarfile.SYMTYPE),
        hostile("device", tarfile.CHRTYPE),
        hostile("bomb", size=33 << 20),
        hostile("whole")[:-20],
    ],
)
def test_hostile_bundles_are_refused(data: bytes) -> None:
    with pytest.raises(BadExercise):
        unpack(data, "0" * 64)


@pytest.mark.parametrize("path", ["", "/a", "../a", "a/../b", "a//b", "a\0", "a\\b", "x" * 201, "."])
def test_unsafe_paths_are_refused(path: str) -> None:
    with pytest.raises(BadExercise):
        ExerciseFiles({path: b""})


def test_a_folder_with_a_link_is_refused_and_caches_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "exercise.toml").write_bytes(TOML)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_bytes(b"")
    assert list(read_folder(tmp_path).files) == ["exercise.toml"]
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(BadExercise, match="link"):
        read_folder(tmp_path)


def test_a_mended_statement_keeps_the_grading_version() -> None:
    one = ExerciseFiles({"exercise.toml": TOML, "statement.en.md": b"a", "tests.py": b"x"})
    two = ExerciseFiles({"exercise.toml": TOML, "statement.en.md": b"b", "tests.py": b"x"})
    three = ExerciseFiles({"exercise.toml": TOML, "statement.en.md": b"a", "tests.py": b"y"})
    assert one.version != two.version
    assert one.grading_version == two.grading_version != three.grading_version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title", "cannot be read"),
        ("x = 1", "unknown key 'x'"),
        ('title = "T"', "title"),
        ('title = { en = "T" }', "'fr' is missing"),
        ('title = { en = "T", fr = "T" }\nkind = "essay"', "kind"),
        ('title = { en = "T", fr = "T" }\nlanguages = []', "at least one"),
        ('title = { en = "T", fr = "T" }\nlanguages = ["de"]', "'de'"),
        ('title = { en = "T", fr = "T" }\nmodules = ["os; x"]', "not a module"),
        ('title = { en = "T", fr = "T" }\n[limits]\nseconds = 0', "limits.seconds"),
        ('title = { en = "T", fr = "T" }\n[limits]\nseconds = true', "limits.seconds"),
        ('title = { en = "T", fr = "T" }\n[limits]\nmemory = 5', "unknown key 'memory'"),
        ('title = { en = "T", fr = "T" }\n[limits]\nseconds = 9\ntotal_seconds = 5', "total_seconds"),
        ('title = { en = "T", fr = "T" }\n[check]\nequivalent = ["x"]', "check.equivalent"),
    ],
)
def test_a_bad_exercise_toml_is_named(text: str, said: str) -> None:
    with pytest.raises(BadExercise, match=said):
        parse_spec(text)


def test_series_with_gaps_are_thinned_too() -> None:
    report = {"tests": [{"series": [{"name": "loss", "y": [None, 0.123456789] * 100_000}]}]}
    assert len(json.dumps(shorten_report(report, 50_000))) <= 50_000


def test_reports_are_cut_to_size_with_their_names_whole() -> None:
    report = {"name": "n" * 300, "output": "x" * 100_000, "tests": [{"series": [{"y": list(range(50_000))}]}]}
    small = shorten_report(report, 20_000)
    assert small["name"] == report["name"]
    assert len(small["output"]) < 20_000
    assert small["tests"][0]["series"][0]["y"][-1] == 49_999
    assert shorten_text("short", 100) == "short"
