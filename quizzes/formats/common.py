"""What every format's reader and writer share: problems by line, decoding, limits, pools and names."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from django.utils.translation import gettext

from quizzes.formats.texts import Lost, markdown_to_plain
from quizzes.pictures import MAX_PIXELS, BadPicture, PictureFile, problems_of, read_picture
from quizzes.questions import BadQuestion, Option, Pair, Question, dump, parse

MAX_BYTES = 16 << 20  # of one file, with its pictures
MAX_QUESTIONS = 2_000  # of one file
MAX_PICTURES = 300  # of one file
MAX_DECODED = 200_000_000  # pixels of all pictures of one file
MAX_PROBLEMS = 500  # reported of one file: nobody reads more, and a binary file would have one a line
MAX_POOL = 200  # characters, as the question bank stores it
MAX_NAME = 200
DEFAULT_NAME = 80  # characters of a name that is made from the statement

TRUE_FALSE = {"true": {"en": "True", "fr": "Vrai"}, "false": {"en": "False", "fr": "Faux"}}

Level = Literal["error", "warning"]
Pictures = Mapping[str, PictureFile]  # by stored name
NO_PICTURES: Pictures = MappingProxyType({})
Pooled = tuple[str, Question]  # the pool's path, "/" between levels, and the question


@dataclass(frozen=True)
class Problem:
    line: int  # of the file, from 1; 0: of the file as a whole. At export: the question's place, from 1
    level: Level  # error: something was left out; warning: look at it
    text: str  # what is wrong and what to do about it


@dataclass
class Import:
    questions: list[Pooled] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # on which each question begins
    pictures: dict[str, PictureFile] = field(default_factory=dict)  # by their stored names

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "error"]


@dataclass
class Export:
    text: str = ""
    problems: list[Problem] = field(default_factory=list)


class Left(Exception):
    """The question cannot be read, or the format cannot hold it: it is left out. The text says what to do."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.line = line  # 0: the question's own


class Collector:
    """Gathers questions and problems while a reader goes through a file."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.pool = ""
        self.result = Import()
        self.line = 0  # of the question that is being read
        self.pixels = 0  # decoded so far

    def error(self, text: str, line: int | None = None) -> None:
        self._report("error", text, line)

    def warn(self, text: str, line: int | None = None) -> None:
        self._report("warning", text, line)

    def _report(self, level: Level, text: str, line: int | None) -> None:
        problem = Problem(self.line if line is None else line, level, text)
        problems = self.result.problems
        if len(problems) > MAX_PROBLEMS or problem in problems:
            return
        if len(problems) == MAX_PROBLEMS:
            problems.append(Problem(problem.line, "error", gettext("There are more problems; mend these first.")))
        else:
            problems.append(problem)

    def add(self, question: Question) -> None:
        """Take the question, when the site can hold it."""
        try:
            question = parse(dump(question))
        except BadQuestion as error:
            self.error(str(error))
            return
        for sentence in problems_of(question):
            self.warn(sentence)
        self.result.questions.append((self.pool, question))
        self.result.lines.append(self.line)

    def picture(self, label: str, data: bytes | str) -> str | None:
        """The stored name of a picture of the file, as bytes or in base64; None, and a warning, when it is none."""
        told = gettext("The picture “%(label)s” was left out: %(why)s")
        if len(self.result.pictures) >= MAX_PICTURES:
            self.warn(told % {"label": label[:80], "why": gettext("a file may hold %(n)d.") % {"n": MAX_PICTURES}})
            return None
        try:
            raw = data if isinstance(data, bytes) else base64.b64decode("".join(data.split()), validate=True)
            picture = read_picture(raw, min(MAX_PIXELS, MAX_DECODED - self.pixels))
        except binascii.Error:
            self.warn(told % {"label": label[:80], "why": gettext("its base64 is broken.")})
            return None
        except BadPicture as fault:
            self.warn(told % {"label": label[:80], "why": fault})
            return None
        self.pixels += picture.width * picture.height
        self.result.pictures[picture.name] = picture
        return picture.name

    def full(self) -> bool:
        """Whether reading on is of no use: there are as many questions, or problems, as may be."""
        if len(self.result.questions) >= MAX_QUESTIONS:
            told = gettext("A file may hold %(most)d questions; the rest was not read: split it.")
            self.error(told % {"most": MAX_QUESTIONS})
            return True
        return len(self.result.problems) > MAX_PROBLEMS

    def finish(self) -> Import:
        result = self.result
        if not result.questions and not result.problems:
            self.error(gettext("There is no question in this file."), 0)
        result.problems.sort(key=lambda problem: problem.line)
        return result


# ---- Text of a file ----------------------------------------------------------------------------------------------

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ARCHIVES = {b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"7z\xbc\xaf": "7z", b"%PDF": "PDF"}


def decode(data: str | bytes, collector: Collector, declared: str = "") -> str | None:
    """The file's text with "\\n" as its only line end; None, and an error, when it is no text.

    `declared` is the encoding that the file itself names; a byte order mark wins over it. What is neither UTF-8 nor
    UTF-16 is taken for Windows' Latin-1, with a warning.
    """
    if len(data) > MAX_BYTES:
        collector.error(gettext("The file is larger than %(most)d MiB: split it.") % {"most": MAX_BYTES >> 20}, 0)
        return None
    text = data if isinstance(data, str) else _decode_bytes(data, collector, declared)
    if text is None:
        return None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    bad = re.search("[\0\ud800-\udfff]", text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        collector.error(gettext("This is no text file: save the questions as text in UTF-8."), line)
        return None
    if not text.strip():
        collector.error(gettext("The file is empty."), 0)
        return None
    return text


def _decode_bytes(data: bytes, collector: Collector, declared: str) -> str | None:
    for start, kind in _ARCHIVES.items():
        if data.startswith(start):
            told = gettext("This is a %(kind)s file, not a text: take the file with the questions out of it.")
            collector.error(told % {"kind": kind}, 0)
            return None
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding, collector)
    if declared:
        return _strictly(data, declared, collector)
    if b"\0" in data[:1000]:  # UTF-16 without its mark: every second byte of Latin letters is 0
        return _strictly(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be", collector)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        told = gettext("The file is not in UTF-8; it was read as Latin-1. Check the accents, or save it as UTF-8.")
        collector.warn(told, line)
        return data.decode("cp1252", "replace")


def _strictly(data: bytes, encoding: str, collector: Collector) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError, ValueError):
        told = gettext("The file is not in the encoding “%(encoding)s” that it announces: save it as UTF-8.")
        collector.error(told % {"encoding": encoding[:40]}, 1)
        return None


# ---- Parts of questions ------------------------------------------------------------------------------------------


def letters(count: int) -> list[str]:
    """Ids of options: a, b, …, z, o27, o28, …"""
    return [chr(ord("a") + index) if index < 26 else f"o{index + 1}" for index in range(count)]


def name_of(text: str) -> str:
    """A title for staff from the first words of a statement in Markdown."""
    name = re.sub(r"\\[()\[\]]", "$", " ".join(markdown_to_plain(text[:2000], Lost()).split()))
    return name if len(name) <= DEFAULT_NAME else name[: DEFAULT_NAME - 1].rsplit(" ", 1)[0] + "…"


def pool_of(category: str) -> str:
    """The pool of a Moodle category: "$course$/top/Week 1" is "Week 1". In category names "//" is a slash."""
    parts = [part.replace("\0", "-").strip() for part in category.replace("//", "\0").split("/")]
    if parts and re.fullmatch(r"\$\w*\$", parts[0]):
        parts = parts[1:]
    if parts and parts[0] == "top":
        parts = parts[1:]
    return "/".join(part for part in parts if part)[:MAX_POOL]


def true_false(text: dict[str, str], name: str, right: bool, feedback: Sequence[dict[str, str]] = ({}, {})) -> Question:
    """A true/false question; `feedback` is what those who answered true, and false, read."""
    options = tuple(
        Option(key, TRUE_FALSE[key], 1.0 if (key == "true") is right else 0.0, shown)
        for key, shown in zip(("true", "false"), feedback, strict=True)
    )
    return Question("true_false", name, text, options=options)


def matching(text: dict[str, str], name: str, sides: Sequence[tuple[dict[str, str], dict[str, str]]]) -> Question:
    """A matching question of (left, right) texts; those without a left side are distractors."""
    pairs: list[Pair] = []
    distractors: list[Pair] = []
    for left, right in sides:
        if any(left.values()):
            pairs.append(Pair(f"p{len(pairs) + 1}", left, right))
        else:
            distractors.append(Pair(f"d{len(distractors) + 1}", {}, right))
    return Question("matching", name, text, pairs=tuple(pairs), distractors=tuple(distractors))


def check_fractions(collector: Collector, options: Sequence[Option]) -> None:
    """Warn of the two ways in which Moodle's sum of fractions surprises in a question with several right options."""
    total = sum(option.fraction for option in options if option.fraction > 0)
    if options and not total:
        raise Left(gettext("No option is right: give the right ones a share, such as %50%."))
    if abs(total - 1) > 0.005:
        told = gettext("The right options bring %(total)d %% together, not 100 %%: check the shares.")
        collector.warn(told % {"total": round(100 * total)})
    if any(option.fraction == 0 for option in options):
        told = gettext(
            "Wrong options take nothing away, so ticking every box earns all points: "
            "give wrong options a negative share, or choose another rule for this question."
        )
        collector.warn(told)


def bring(fraction: float) -> float:
    """A share as a file has it, 33.33333 of 100, as the nearest of the fractions p/q with q up to 12."""
    for denominator in range(1, 13):
        nearest = round(fraction * denominator) / denominator
        if abs(nearest - fraction) < 2e-6:
            return nearest
    return fraction
