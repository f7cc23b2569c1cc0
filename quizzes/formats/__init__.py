"""Reading and writing banks of questions in the formats of other programs, and in the site's own.

`read(kind, data)` never raises for what a file holds: what cannot be read becomes a problem with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from quizzes.formats import aiken, amc, gift, json_form, moodle_xml
from quizzes.formats.common import NO_PICTURES, Export, Import, Pictures, Pooled, Problem

__all__ = ["FORMATS", "Export", "Format", "Import", "Pooled", "Problem", "guess", "read", "write"]


@dataclass(frozen=True)
class Format:
    name: str  # for people; names of formats are the same in every language
    ending: str  # of a file's name
    mime: str
    read: Callable[[str | bytes, str], Import]
    write: Callable[[Iterable[Pooled], str, Pictures], Export] | None = None


FORMATS = {
    "gift": Format("GIFT", ".gift", "text/plain; charset=utf-8", gift.read, gift.write),
    "moodle-xml": Format("Moodle XML", ".xml", "application/xml; charset=utf-8", moodle_xml.read, moodle_xml.write),
    "aiken": Format("Aiken", ".txt", "text/plain; charset=utf-8", aiken.read, aiken.write),
    "amc": Format("AMC-TXT", ".txt", "text/plain; charset=utf-8", amc.read),
    "json": Format("JSON", ".json", "application/json; charset=utf-8", json_form.read, json_form.write),
}


def read(kind: str, data: str | bytes, language: str = "en") -> Import:
    """The questions of a file of the format `kind`, a key of FORMATS; texts without a language are in `language`."""
    return FORMATS[kind].read(data, language)


def write(kind: str, questions: Iterable[Pooled], language: str = "en", pictures: Pictures = NO_PICTURES) -> Export:
    """The questions as a file of the format `kind`, with those of `pictures` that they name, if it can hold any.

    KeyError for a format that cannot be written.
    """
    writer = FORMATS[kind].write
    if writer is None:
        raise KeyError(kind)
    return writer(questions, language, pictures)


def guess(name: str, data: str | bytes) -> str:
    """The likely format of a file, by its name's ending and its beginning."""
    start = data[:4000].decode("utf-8", "replace") if isinstance(data, bytes) else data[:4000]
    start = start.lstrip("\ufeff\ufffd \t\r\n").replace("\0", "")
    ending = PurePosixPath(name.lower()).suffix
    if ending == ".xml" or start.startswith("<"):
        return "moodle-xml"
    if ending == ".json" or start[:1] in ("{", "[") and '"' in start[:200]:
        return "json"
    if ending == ".gift":
        return "gift"
    lines = start.replace("\r", "\n").split("\n")
    if any(line.startswith("ANSWER:") for line in lines):
        return "aiken"
    marked = {line.lstrip()[:1] for line in lines if line.strip()}
    if "*" in marked and marked & {"+", "-"}:
        return "amc"
    return "gift"
