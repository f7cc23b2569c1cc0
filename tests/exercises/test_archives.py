"""An exercise as a .zip: what is read, and everything hostile that is refused."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable

import pytest

from exercises import archives
from exercises.errors import BadArchive
from workers.jobs import ExerciseFiles

TOML = b'title = { en = "A", fr = "A" }\n'


def packed(files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change:
                change(info)
            archive.writestr(info, content)
    return data.getvalue()


def test_it_works() -> None:
    files = ExerciseFiles({"exercise.toml": TOML, "data/points.csv": b"1;2\n", "statement.fr.md": "été\n".encode()})
    data = archives.write_archive(files, "addition")
    assert archives.read_archive(data).files == files.files
    assert archives.write_archive(files, "addition") == data


def test_files_may_lie_at_the_top_or_in_one_folder() -> None:
    for prefix in ("", "addition/"):
        files = archives.read_archive(packed({f"{prefix}exercise.toml": TOML, f"{prefix}wrong/a.py": b"a = 1\n"}))
        assert set(files.files) == {"exercise.toml", "wrong/a.py"}


def test_caches_and_hidden_files_are_left_out() -> None:
    rubbish = {"__MACOSX/._exercise.toml": b"x", ".DS_Store": b"x", "__pycache__/tests.pyc": b"x", ".git/config": b"x"}
    assert set(archives.read_archive(packed({"exercise.toml": TOML, **rubbish})).files) == {"exercise.toml"}


@pytest.mark.parametrize(
    "path", ["../outside.py", "/etc/passwd", "a/../../b.py", "a\\..\\b.py", "C:/b.py", "a//b.py", "nul\0.py", "./a.py"]
)
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    data = packed({"exercise.toml": TOML, "PLACEHOLDER.py": b"a = 1\n"})
    # zipfile mends some of these names itself when it writes: put them in afterwards.
    assert len(path) <= len("PLACEHOLDER.py")
    name = path.encode()
    filled = name + b"y" * (len("PLACEHOLDER.py") - len(name))
    with pytest.raises(BadArchive, match="not a safe path|damaged"):
        archives.read_archive(data.replace(b"PLACEHOLDER.py", filled))


def test_links_and_devices_are_refused() -> None:
    for kind in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO):

        def change(info: zipfile.ZipInfo, kind: int = kind) -> None:
            info.external_attr = (kind | 0o777) << 16 if info.filename == "tests.py" else 0

        with pytest.raises(BadArchive, match="tests.py is a link or a device"):
            archives.read_archive(packed({"exercise.toml": TOML, "tests.py": b"/etc/passwd"}, change))


def test_a_bomb_is_refused() -> None:
    data = packed({"exercise.toml": TOML, **{f"data/{n}": bytes(9 << 20) for n in range(4)}})
    assert len(data) < 100_000
    with pytest.raises(BadArchive, match="larger than 32 MiB"):
        archives.read_archive(data)


def test_too_many_files_are_refused() -> None:
    with pytest.raises(BadArchive, match="more than 2000 files"):
        archives.read_archive(packed({"exercise.toml": TOML, **{f"data/{n}": b"" for n in range(2001)}}))
    with pytest.raises(BadArchive, match="more than 2000 files"):
        archives.read_archive(packed({"exercise.toml": TOML, **{f"__MACOSX/{n}": b"" for n in range(10_001)}}))


def test_a_password_is_refused() -> None:
    data = bytearray(packed({"exercise.toml": TOML}))
    data[6] |= 1  # the flag in the entry's own header …
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # … and in the table of contents
    with pytest.raises(BadArchive, match="password"):
        archives.read_archive(bytes(data))


def test_encodings() -> None:
    assert "data/été.csv" in archives.read_archive(packed({"exercise.toml": TOML, "data/été.csv": b""})).files
    macos = packed({"exercise.toml": TOML, "data/XXXXX.csv": b""}).replace(b"data/XXXXX.csv", "data/été.csv".encode())
    assert "data/été.csv" in archives.read_archive(macos).files
    dos = packed({"exercise.toml": TOML, "data/XXX.csv": b""}).replace(b"data/XXX.csv", b"data/\x82t\x82.csv")
    with pytest.raises(BadArchive, match="unknown encoding"):
        archives.read_archive(dos)
    with pytest.raises(BadArchive, match=r"statement.fr.md is not UTF-8 \(byte 0\)"):
        archives.read_archive(packed({"exercise.toml": TOML, "statement.fr.md": "été".encode("latin-1")}))
    assert archives.read_archive(packed({"exercise.toml": TOML, "data/old.txt": "été".encode("latin-1")}))


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_what_is_no_zip_is_refused(cut: int) -> None:
    with pytest.raises(BadArchive, match="not a .zip file, or it is damaged"):
        archives.read_archive(packed({"exercise.toml": TOML})[:cut])


def test_a_damaged_entry_is_refused() -> None:
    data = packed({"exercise.toml": TOML, "tests.py": b"a = 1\n" * 50})
    position = data.index(b"tests.py") + len(b"tests.py") + 3
    with pytest.raises(BadArchive, match="damaged"):
        archives.read_archive(data[:position] + b"\xff\xff" + data[position + 2 :])


def test_an_exercise_must_be_inside() -> None:
    with pytest.raises(BadArchive, match="no exercise.toml"):
        archives.read_archive(packed({"a/tests.py": b"", "b/tests.py": b""}))
    with pytest.raises(BadArchive, match="unknown key 'titel'"):
        archives.read_archive(packed({"exercise.toml": b'titel = "A"\n'}))


def test_a_name_that_is_file_and_folder_is_refused() -> None:
    with pytest.raises(BadArchive, match="a file and a folder"):
        archives.read_archive(packed({"exercise.toml": TOML, "data": b"1", "data/x": b"2"}))


def test_the_same_name_twice_is_refused() -> None:
    data = packed({"exercise.toml": TOML, "a.py": b"1", "b.py": b"2"}).replace(b"b.py", b"a.py")
    with pytest.raises(BadArchive, match="twice"):
        archives.read_archive(data)
