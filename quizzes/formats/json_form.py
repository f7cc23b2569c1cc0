"""The site's own form: {"questions": [...]}, each question as `quizzes.questions` describes it, with its "pool".

It holds everything. Pictures stand beside the questions, {"pictures": {"plot.png": "<base64>"}}, and texts name them,
`![the loss](picture:plot.png)`. A list of questions and a single question are read too.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import unquote

from django.utils.translation import gettext

from quizzes.formats.common import (
    MAX_POOL,
    NO_PICTURES,
    Collector,
    Export,
    Import,
    Left,
    Pictures,
    Pooled,
    decode,
)
from quizzes.pictures import is_stored, labels_in, names_in, renamed
from quizzes.questions import BadQuestion, Question, dump, parse


def read(data: str | bytes, language: str = "en") -> Import:
    """The questions of a JSON file. `language` is not used: every text names its own."""
    collector = Collector(language)
    text = decode(data, collector)
    if text is None:
        return collector.finish()
    pictures: dict[str, Any] = {}
    try:
        for line, content in _questions(text, pictures):
            collector.line = line
            if collector.full():
                break
            _read_question(collector, content, pictures)
    except json.JSONDecodeError as error:
        told = gettext("This is no JSON: %(fault)s (column %(column)d).")
        collector.error(told % {"fault": error.msg, "column": error.colno}, error.lineno)
    except RecursionError:
        collector.error(gettext("The JSON is nested too deeply."), 0)
    except Left as fault:
        collector.error(fault.text, fault.line)
    return collector.finish()


def write(questions: Iterable[Pooled], language: str = "en", pictures: Pictures = NO_PICTURES) -> Export:
    """Every question with all that it holds, in all languages, and those of `pictures` that they name."""
    contents: list[dict[str, Any]] = []
    named: set[str] = set()
    for pool, question in questions:
        contents.append(({"pool": pool} if pool else {}) | dump(question))
        named |= names_in(question)
    whole: dict[str, Any] = {"questions": contents}
    if held := sorted(named & set(pictures)):
        whole["pictures"] = {name: base64.b64encode(pictures[name].data).decode() for name in held}
    return Export(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")


def _read_question(collector: Collector, content: Any, pictures: Mapping[str, Any]) -> None:
    pool = ""
    if isinstance(content, Mapping):
        content = dict(content)
        pool = content.pop("pool", "")
    if not isinstance(pool, str) or len(pool) > MAX_POOL or re.search("[\0\ud800-\udfff]", pool):
        collector.error(gettext("pool: a text of at most %(most)d characters is needed") % {"most": MAX_POOL})
        return
    try:
        question = parse(content)
    except BadQuestion as error:
        collector.error(str(error))
        return
    collector.pool = pool
    collector.add(_with_pictures(collector, question, pictures))


def _with_pictures(collector: Collector, question: Question, pictures: Mapping[str, Any]) -> Question:
    """The question with the stored names of the file's pictures. A stored name may be one of the course's already."""
    names = {}
    for label in labels_in(question):
        data = pictures.get(label, pictures.get(unquote(label)))
        if isinstance(data, str):
            names[label] = collector.picture(label, data)
        elif data is not None or not is_stored(label):
            told = gettext("The picture “%(label)s” is not in the file: its description is shown in its place.")
            collector.warn(told % {"label": label[:80]})
    return renamed(question, {label: name for label, name in names.items() if name})


# ---- Questions with their lines ----------------------------------------------------------------------------------


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no number", name, 0)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        _refuse_constant(text)
    return value


def _int(text: str) -> int | float:
    return int(text) if len(text) < 300 else _float(text)


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_float, parse_int=_int)
_SPACE = re.compile(r"[ \t\n]*")


def _skip(text: str, place: int) -> int:
    return _SPACE.match(text, place).end()  # type: ignore[union-attr]  # it matches the empty string too


def _value(text: str, place: int) -> tuple[Any, int]:
    """The value that begins at `place`, and where the next mark stands."""
    try:
        value, end = _decoder.raw_decode(text, place)
    except json.JSONDecodeError as error:
        # A refused number knows no place of its own: it is somewhere in this value.
        raise json.JSONDecodeError(error.msg, text, error.pos if error.doc is text else place) from None
    return value, _skip(text, end)


def _expect(text: str, place: int, marks: str) -> str:
    if place >= len(text) or text[place] not in marks:
        raise json.JSONDecodeError("expected " + " or ".join(f"“{mark}”" for mark in marks), text, place)
    return text[place]


def _questions(text: str, pictures: dict[str, Any]) -> Iterator[tuple[int, Any]]:
    """(line, question) of each, whether the file holds an envelope, a list or a single question.

    The pictures of an envelope are put into `pictures` before its first question comes.
    """
    start = _skip(text, 0)
    if _expect(text, start, "[{") == "[":
        end = yield from _elements(text, start)
    else:
        whole, end = _value(text, start)
        if "questions" in whole and "type" not in whole:
            if isinstance(whole.get("pictures"), dict):
                pictures |= whole["pictures"]
            yield from _envelope(text, start)
        else:
            yield text.count("\n", 0, start) + 1, whole
    if end != len(text):
        raise json.JSONDecodeError("more follows after the end", text, end)


def _envelope(text: str, place: int) -> Iterator[tuple[int, Any]]:
    """The elements of the key "questions" of the object at `place`, which is known to be well formed."""
    mark = ","
    while mark == ",":
        key, place = _value(text, _skip(text, place + 1))
        place = _skip(text, place + 1)
        if key == "questions":
            if text[place] != "[":
                raise Left(gettext("questions: a list of questions is needed"), text.count("\n", 0, place) + 1)
            place = yield from _elements(text, place)
        else:
            _, place = _value(text, place)
        mark = text[place]


def _elements(text: str, place: int) -> Any:
    """(line, element) of each element of the list at `place`; returns where the next mark after the list stands."""
    place = _skip(text, place + 1)
    if place < len(text) and text[place] == "]":
        return _skip(text, place + 1)
    mark, line, counted = ",", 1, 0
    while mark == ",":
        line, counted = line + text.count("\n", counted, place), place
        element, place = _value(text, place)
        yield line, element
        mark = _expect(text, place, ",]")
        place = _skip(text, place + 1)
    return place
