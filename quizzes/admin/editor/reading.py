"""Reads the form of a question; what cannot be read is said field by field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from quizzes.admin.editor.draft import Draft, Row, is_right, usual_share
from quizzes.admin.editor.spec import FLAGS, LISTS, Rows
from quizzes.questions import LANGUAGES, MAX_PARTS, BadQuestion, Question, dump, parse

_PATH = re.compile(r"(?P<key>\w+)(?:\[(?P<number>\d+)\])?(?:\.(?P<rest>[^:]+))?: (?P<told>.+)", re.DOTALL)

# Of a row, by the key of the JSON form.
_COLUMNS = {name: name for name in ("text", "feedback", "value", "tolerance", "left")} | {
    "fraction": "share",
    "right": "right_side",
}


@dataclass
class Result:
    """The question, or what to change: by field ("points"), list ("options") or field of a row ("options.2.share")."""

    question: Question | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)  # "" for the question as a whole

    def fail(self, name: str, told: str) -> None:
        self.errors.setdefault(name, []).append(told)


def read(draft: Draft, before: Question | None = None, taken: Collection[str] = ()) -> Result:
    """The question in the form. `before` is what it was: unchanged, it stays exactly that.

    New parts get names that are not in `taken`: an answer to a part that once had the name must not become one to this.
    """
    result = Result()
    content: dict[str, Any] = {"type": draft.kind, "name": draft.fields.get("name", "")}
    if not content["name"].strip():
        result.fail("name", gettext("Give the question a name."))
    content["text"] = _texts(draft.fields, "text")
    if not content["text"]:
        result.fail("text", gettext("Write the statement in at least one language."))
    content["points"] = _number(result, "points", draft.fields.get("points", ""), "1")
    content |= {"topic": draft.fields.get("topic", ""), "feedback": _texts(draft.fields, "feedback")}
    content |= {name: draft.fields.get(name) == "on" for name in FLAGS[draft.kind]}
    if draft.kind == "multiple":
        content["rule"] = draft.fields.get("rule", "").strip()
    places: dict[str, list[int]] = {}
    for rows in LISTS[draft.kind]:
        kept = [(index, row) for index, row in enumerate(draft.rows.get(rows.name, [])) if _counts(rows, row)]
        places[rows.name] = [index for index, _row in kept]
        content[rows.name] = _READERS[rows.name](result, draft, rows, kept, taken)
    if not result.errors:
        _parse(result, content, places, before)
    return result


def _parse(result: Result, content: dict[str, Any], places: Mapping[str, list[int]], before: Question | None) -> None:
    try:
        question = parse(content)
    except BadQuestion as error:
        result.fail(*_placed(str(error), places))
        return
    same = before is not None and _bare(dump(question)) == _bare(dump(before))
    result.question = before if same else question


def _placed(text: str, places: Mapping[str, list[int]]) -> tuple[str, str]:
    """Which field a fault of the JSON form concerns: "options[2].text: …" is the text of the second row that counts."""
    found = _PATH.fullmatch(text)
    if found is None:
        return "", text
    key, number = found["key"], found["number"]
    if number is not None and key in places and 0 < int(number) <= len(places[key]):
        column = _COLUMNS.get((found["rest"] or "").partition(".")[0], "")
        if (key, column) == ("answers", "text"):
            column = "form"
        return f"{key}.{places[key][int(number) - 1]}.{column}".rstrip("."), found["told"]
    return key, found["told"]


def _bare(content: Any) -> Any:
    """A content without what says nothing: empty texts, and the kind of line ends."""
    if isinstance(content, dict):
        return {key: bare for key, value in content.items() if (bare := _bare(value)) not in ("", {})}
    if isinstance(content, list):
        return [_bare(value) for value in content]
    return content.replace("\r\n", "\n") if isinstance(content, str) else content


# ---- Fields ------------------------------------------------------------------------------------------------------


def _texts(values: Mapping[str, str], name: str) -> dict[str, str]:
    given = {language: values.get(f"{name}_{language}", "") for language in LANGUAGES}
    return {language: text for language, text in given.items() if text.strip()}


def _number(result: Result, name: str, text: str, empty: str = "") -> float:
    """A number as people write it, with a point or a comma."""
    bare = re.sub(r"[\s\u202f\u00a0]", "", text).replace(",", ".").replace("−", "-") or empty
    try:
        value = float(bare) if re.fullmatch(r"[-+\d.eE]{1,60}", bare) else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        result.fail(name, gettext("Write a number, such as 7850 or 0.5."))
        return 1.0
    return value


def _share(result: Result, name: str, text: str, least: int) -> float | None:
    """A share in percent as a fraction, to the last digit; None when it is left empty."""
    bare = re.sub(r"[\s\u202f\u00a0%]", "", text).replace(",", ".").replace("−", "-")
    if not bare:
        return None
    if not re.fullmatch(r"[-+]?\d{1,3}(\.\d{0,400})?", bare) or not least <= Decimal(bare) <= 100:
        told = gettext("Write a share from %(least)d to 100 percent, or nothing.")
        result.fail(name, told % {"least": least})
        return None
    return float(Decimal(bare) / 100)


# ---- Rows --------------------------------------------------------------------------------------------------------

Kept = list[tuple[int, Row]]


def _counts(rows: Rows, row: Row) -> bool:
    """Whether a row is one: an empty one is none, and one that is to go neither."""
    if rows.fixed:
        return True
    told = [name for name in rows.columns if name not in ("id", "share", "tolerance", "factor")]
    return row.get("remove") != "on" and any(row.get(name, "").strip() for name in told)


def _parts(draft: Draft, rows: Rows, kept: Kept, taken: Collection[str]) -> Iterator[tuple[str, dict[str, Any], Row]]:
    """(place, part with its name, row) of each row."""
    # Of all lists: pairs and distractors share their names.
    used = {*taken, *(row.get("id", "") for every in draft.rows.values() for row in every)}
    names = iter(rows.ids(4 * MAX_PARTS + len(used)) if rows.ids else ())
    for index, row in kept:
        name = row.get("id", "") or next(name for name in names if name not in used)
        yield f"{rows.name}.{index}", {"id": name}, row


def _options(result: Result, draft: Draft, rows: Rows, kept: Kept, taken: Collection[str]) -> list[dict[str, Any]]:
    kind, found = draft.kind, []
    shares = [_share(result, f"{rows.name}.{index}.share", row.get("share", ""), -100) for index, row in kept]
    right = [
        row.get("right") == "on" if share is None else is_right(kind, share)
        for (_index, row), share in zip(kept, shares, strict=True)
    ]
    for share, is_one, (place, part, row) in zip(shares, right, _parts(draft, rows, kept, taken), strict=True):
        text = _texts(row, "text")
        if not text:
            result.fail(f"{place}.text", gettext("Write the text in at least one language."))
        if share is not None and row.get("right") == "on" and not is_one:
            told = gettext("It is ticked as right, but its share says that it is not.")
            result.fail(f"{place}.share", told)
        fraction = usual_share(kind, is_one, sum(right)) if share is None else share
        found.append(part | {"text": text, "fraction": fraction, "feedback": _texts(row, "feedback")})
    if found and not any(right) and not result.errors:
        result.fail(rows.name, gettext("Tick at least one right option."))
    return found


def _answers(result: Result, draft: Draft, rows: Rows, kept: Kept, _taken: Collection[str]) -> list[dict[str, Any]]:
    found = []
    for index, row in kept:
        place = f"{rows.name}.{index}"
        share = _share(result, f"{place}.share", row.get("share", ""), 0)
        part: dict[str, Any] = {"fraction": 1.0 if share is None else share, "feedback": _texts(row, "feedback")}
        if draft.kind == "numerical":
            part["value"] = _number(result, f"{place}.value", row.get("value", ""))
            part["tolerance"] = _number(result, f"{place}.tolerance", row.get("tolerance", ""), "0")
        elif row.get("form", "").strip():
            part["text"] = row["form"]
        else:
            result.fail(f"{place}.form", gettext("Write the accepted text."))
        found.append(part)
    if not found:
        result.fail(rows.name, gettext("Write at least one accepted answer."))
    return found


def _units(result: Result, _draft: Draft, rows: Rows, kept: Kept, _taken: Collection[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for index, row in kept:
        unit = row.get("unit", "").strip()
        if unit in found:
            result.fail(f"{rows.name}.{index}.unit", gettext("This unit stands here twice."))
        found[unit] = _number(result, f"{rows.name}.{index}.factor", row.get("factor", ""), "1")
    return found


def _sides(result: Result, draft: Draft, rows: Rows, kept: Kept, taken: Collection[str]) -> list[dict[str, Any]]:
    found = []
    for place, part, row in _parts(draft, rows, kept, taken):
        for name, key in (("left", "left"), ("right_side", "right")):
            if name in rows.texts:
                part[key] = _texts(row, name)
                if not part[key]:
                    result.fail(f"{place}.{name}", gettext("Write the text in at least one language."))
        found.append(part)
    return found


def _items(result: Result, draft: Draft, rows: Rows, kept: Kept, taken: Collection[str]) -> list[dict[str, Any]]:
    found = []
    for place, part, row in _parts(draft, rows, kept, taken):
        text = _texts(row, "text")
        if not text:
            result.fail(f"{place}.text", gettext("Write the text in at least one language."))
        found.append(part | {"text": text, "feedback": _texts(row, "feedback")})
    return found


_READERS: dict[str, Callable[[Result, Draft, Rows, Kept, Collection[str]], Any]] = {
    "options": _options,
    "answers": _answers,
    "units": _units,
    "pairs": _sides,
    "distractors": _sides,
    "items": _items,
}
