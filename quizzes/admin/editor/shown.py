"""The form of a question as the template draws it: fields with their names, values, labels and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quizzes.admin.display import TYPES
from quizzes.admin.editor.draft import Draft, Row
from quizzes.admin.editor.spec import FIELD_HELP, FLAGS, HELP, LABELS, LISTS, ONE, POINTLESS, ROW_TEXT, RULES, Rows
from quizzes.questions import LANGUAGES

LANGUAGE_NAMES = {"en": "English", "fr": "français"}
NEW = "new"  # stands for a row's number in the empty row that the script copies
CONVERTIBLE = ("single", "multiple")

Errors = Mapping[str, list[str]]


@dataclass(frozen=True)
class Field:
    """One control."""

    name: str
    label: Any
    value: str = ""
    errors: tuple[str, ...] = ()
    help: Any = ""
    language: str = ""  # of what is typed
    language_name: str = ""
    area: bool = False
    checked: bool = False

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")


@dataclass(frozen=True)
class Both:
    """One text in both languages, side by side."""

    label: Any
    help: Any
    fields: tuple[Field, ...]
    errors: tuple[str, ...]
    filled: bool
    id: str


@dataclass(frozen=True)
class ShownRow:
    token: str
    number: str
    prefix: str
    id: str  # the part's own name
    small: tuple[Field, ...]
    texts: tuple[Both, ...]
    feedback: Both | None
    removed: bool
    errors: tuple[str, ...]


@dataclass(frozen=True)
class ShownList:
    name: str
    title: Any
    help: Any
    ordered: bool
    fixed: bool
    one: Any  # what one of them is called
    rows: tuple[ShownRow, ...]
    empty: ShownRow  # that the script copies
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    kind: str
    kind_name: Any
    kinds: tuple[tuple[str, Any], ...]  # that it could be instead
    name: Field
    small: tuple[Field, ...]  # points and topic
    flags: tuple[Field, ...]
    rule: Field | None
    rules: tuple[tuple[str, Any], ...]
    text: Both
    feedback: Both
    lists: tuple[ShownList, ...]
    errors: tuple[str, ...]


def shown(draft: Draft, errors: Errors) -> Shown:
    """The form with what stands in it; an error that belongs to no field stands above."""
    values = draft.fields
    placed = _known(draft)
    general = [told for name, tolds in errors.items() if name not in placed for told in _named(name, tolds)]
    flags = tuple(
        _field(name, values, errors, checked=values.get(name) == "on")
        for name in FLAGS[draft.kind]
        if draft.kind not in POINTLESS.get(name, ()) or values.get(name) == "on"
    )
    rule = _field("rule", values, errors) if draft.kind == "multiple" else None
    return Shown(
        kind=draft.kind,
        kind_name=TYPES[draft.kind],
        kinds=tuple((kind, TYPES[kind]) for kind in CONVERTIBLE) if draft.kind in CONVERTIBLE else (),
        name=_field("name", values, errors),
        small=(_field("points", values, errors), _field("topic", values, errors)),
        flags=flags,
        rule=rule,
        rules=tuple(RULES.items()) if rule else (),
        text=_both("text", "q.text", values, errors, "text"),
        feedback=_both("feedback", "q.feedback", values, errors, "feedback"),
        lists=tuple(_list(draft, rows, errors) for rows in LISTS[draft.kind]),
        errors=tuple(general),
    )


def _known(draft: Draft) -> set[str]:
    """Names of the errors that stand beside a field."""
    names = {"name", "points", "topic", "text", "feedback", *FLAGS[draft.kind]}
    names |= {"rule"} if draft.kind == "multiple" else set()
    for rows in LISTS[draft.kind]:
        names.add(rows.name)
        for index in range(len(draft.rows.get(rows.name, []))):
            place = f"{rows.name}.{index}"
            names |= {place, *(f"{place}.{name}" for name in (*rows.small, *rows.texts, "feedback"))}
    return names


def _named(name: str, tolds: list[str]) -> list[str]:
    return [f"{name}: {told}" if name else told for told in tolds]


def _field(name: str, values: Mapping[str, str], errors: Errors, *, checked: bool = False) -> Field:
    value = values.get(name, "")
    told = tuple(errors.get(name, ()))
    # A box of one line would drop a line's end.
    return Field(f"q.{name}", LABELS[name], value, told, FIELD_HELP.get(name, ""), area="\n" in value, checked=checked)


def _both(name: str, prefix: str, values: Mapping[str, str], errors: Errors, error: str, label: Any = None) -> Both:
    fields = tuple(
        Field(
            f"{prefix}_{language}",
            label or LABELS[name],
            values.get(f"{name}_{language}", ""),
            language=language,
            language_name=LANGUAGE_NAMES[language],
            area=True,
        )
        for language in LANGUAGES
    )
    filled = any(field.value.strip() for field in fields)
    help_text = "" if label else FIELD_HELP.get(name, "")
    return Both(
        label or LABELS[name], help_text, fields, tuple(errors.get(error, ())), filled, prefix.replace(".", "-")
    )


def _list(draft: Draft, rows: Rows, errors: Errors) -> ShownList:
    found = draft.rows.get(rows.name, [])
    return ShownList(
        name=rows.name,
        title=rows.title,
        help=HELP[draft.kind, rows.name],
        ordered=rows.ordered,
        fixed=rows.fixed,
        one=ONE[rows.name],
        rows=tuple(_row(rows, row, str(index), errors) for index, row in enumerate(found)),
        empty=_row(rows, {}, NEW, {}),
        errors=tuple(errors.get(rows.name, ())),
    )


def _row(rows: Rows, row: Row, token: str, errors: Errors) -> ShownRow:
    prefix, place = f"q.{rows.name}.{token}", f"{rows.name}.{token}"
    small = tuple(
        Field(
            f"{prefix}.{name}",
            LABELS[name],
            row.get(name, ""),
            tuple(errors.get(f"{place}.{name}", ())),
            area="\n" in row.get(name, ""),
            checked=row.get(name) == "on",
        )
        for name in rows.small
    )
    texts = tuple(
        _both(name, f"{prefix}.{name}", row, errors, f"{place}.{name}", ROW_TEXT.get(name, LABELS[name]))
        for name in rows.texts
    )
    feedback = None
    if rows.feedback:
        feedback = _both("feedback", f"{prefix}.feedback", row, errors, f"{place}.feedback", ROW_TEXT["feedback"])
    number = str(int(token) + 1) if token.isdigit() else ""
    return ShownRow(
        token=token,
        number=number,
        prefix=prefix,
        id=row.get("id", ""),
        small=small,
        texts=texts,
        feedback=feedback,
        removed=row.get("remove") == "on",
        errors=tuple(errors.get(place, ())),
    )
