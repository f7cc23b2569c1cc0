"""A whole exercise as a .zip file: read with suspicion, written so that the same files give the same bytes.

A zip may name paths outside its folder, hold links, or a gigabyte in a kilobyte; names and texts may be in an encoding
that nobody declares. Nothing is written to the disk here, and nothing is read past the limits of a bundle.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from exercises.errors import BadArchive
from workers.jobs import BadExercise, ExerciseFiles
from workers.jobs.bundle import IGNORED, MAX_BUNDLE_BYTES, MAX_FILES, TEXT_SUFFIXES

FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold
ENCRYPTED, UTF8_NAME = 0x1, 0x800  # flag bits of an entry


def write_archive(files: ExerciseFiles, folder: str) -> bytes:
    """The files below one folder, as a .zip."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.files.items():
            info = zipfile.ZipInfo(f"{folder}/{path}", FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return data.getvalue()


def read_archive(data: bytes) -> ExerciseFiles:
    """The exercise in a .zip, at its top or in one folder; caches and hidden files left out. Raises BadArchive."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise BadArchive(_("The .zip file is larger than 32 MiB."))
    # Every entry of the table of contents becomes an object when the file is opened: count before.
    if data.count(b"PK\x01\x02") > 5 * MAX_FILES:
        raise BadArchive(_("The .zip file holds more than %(limit)d files.") % {"limit": MAX_FILES})
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _exercise(_contents(archive))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, ValueError, OSError) as error:
        if isinstance(error, BadExercise):
            raise BadArchive(str(error)) from None
        raise BadArchive(_("This is not a .zip file, or it is damaged.")) from None
    except NotImplementedError:
        raise BadArchive(_("The .zip file is packed in an unusual way. Pack it with the method “deflate”.")) from None


def _contents(archive: zipfile.ZipFile) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    total = 0
    for info in archive.infolist():
        path = _path(info)
        if info.is_dir() or _ignored(path):
            continue
        _check_entry(info, path)
        if path in contents:
            raise BadArchive(_("%(path)s is in the .zip file twice.") % {"path": path})
        if len(contents) >= MAX_FILES:
            raise BadArchive(_("The .zip file holds more than %(limit)d files.") % {"limit": MAX_FILES})
        with archive.open(info) as stream:
            # What the entry says of its size may be a lie: read one byte more than there is room for.
            content = stream.read(MAX_BUNDLE_BYTES - total + 1)
        total += len(content)
        if total > MAX_BUNDLE_BYTES:
            raise BadArchive(_("The unpacked files are larger than 32 MiB."))
        contents[path] = content
    return contents


def _path(info: zipfile.ZipInfo) -> str:
    """The entry's path, with the encoding that it declares or that it plainly is."""
    name = info.orig_filename  # as it is written: `filename` is cut at a NUL
    if not info.flag_bits & UTF8_NAME and not name.isascii():
        try:
            name = name.encode("cp437").decode("utf-8")  # macOS writes UTF-8 and does not say so
        except UnicodeError:
            raise BadArchive(
                _("The name %(path)s is in an unknown encoding. Use letters without accents in the names of files.")
                % {"path": ascii(name)}
            ) from None
    return name


def _ignored(path: str) -> bool:
    parts = path.split("/")
    hidden = any(part in IGNORED or (part.startswith(".") and part.strip(".")) for part in parts)
    return hidden or "__MACOSX" in parts or path.endswith(".pyc")


def _check_entry(info: zipfile.ZipInfo, path: str) -> None:
    if info.flag_bits & ENCRYPTED:
        raise BadArchive(_("The .zip file is protected by a password. Pack it without one."))
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise BadArchive(_("%(path)s is a link or a device; an exercise holds plain files only.") % {"path": path})


def _exercise(contents: dict[str, bytes]) -> ExerciseFiles:
    if "exercise.toml" not in contents:
        tops = {path.split("/", 1)[0] for path in contents}
        if len(tops) != 1 or f"{next(iter(tops))}/exercise.toml" not in contents:
            raise BadArchive(_("The .zip file holds no exercise.toml, neither at its top nor in its one folder."))
        cut = len(next(iter(tops))) + 1
        contents = {path[cut:]: content for path, content in contents.items()}
    files = ExerciseFiles(contents)
    for path in files.files:
        # Data may be in any encoding: tests.py knows how it reads it.
        if path.endswith(TEXT_SUFFIXES) and PurePosixPath(path).parts[0] != "data":
            files.text(path)
    files.spec()
    return files
