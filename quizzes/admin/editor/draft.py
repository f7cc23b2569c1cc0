"""What stands in the form, as it was typed: readable or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.http import QueryDict

from quizzes.admin.editor.spec import FLAGS, LISTS, TEXTS, WORDS, Rows
from quizzes.questions import LANGUAGES, MAX_PARTS, TYPES, Option, Question, Texts

Row = dict[str, str]  # by column; "remove" is "on" for one that goes, "place" is its number in the order


@dataclass
class Draft:
    kind: str
    fields: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, question: Question) -> Draft:
        """The form of a question that exists."""
        fields = {"name": question.name, "points": number(question.points), "topic": question.topic}
        fields |= _texts("text", question.text) | _texts("feedback", question.feedback) | {"rule": question.rule}
        flags = {"fixed_order": question.fixed_order, "unit_needed": question.unit_needed, "case": question.case}
        fields |= {name: "on" for name, given in flags.items() if given}
        rows = {rows.name: list(_WRITERS[rows.name](question)) for rows in LISTS[question.type]}
        return cls(question.type, fields, rows)

    @classmethod
    def sent(cls, post: QueryDict) -> Draft | None:
        """The form as it was sent; None when this is none."""
        kind = post.get("q.type", "")
        if kind not in TYPES:
            return None
        names = [*WORDS, *(f"{text}_{language}" for text in TEXTS for language in LANGUAGES), *FLAGS[kind], "rule"]
        fields = {name: _typed(post.get(f"q.{name}", "")) for name in names}
        return cls(kind, fields, {rows.name: _rows_sent(post, rows) for rows in LISTS[kind]})

    def retyped(self, kind: str) -> Draft:
        """The same as a question of another type: what that one has too is taken over."""
        names = {rows.name for rows in LISTS[kind]}
        return Draft(kind, self.fields, {name: self.rows.get(name, []) for name in names})

    def add_rows(self, name: str, count: int = 3) -> None:
        self.rows.setdefault(name, []).extend({} for _ in range(count))


def _rows_sent(post: QueryDict, rows: Rows) -> list[Row]:
    """In the order of their places; rows without one come last."""
    prefix = f"q.{rows.name}"
    found: list[Row] = []
    for token in list(dict.fromkeys(post.getlist(prefix)))[: 2 * MAX_PARTS]:
        row = {name: _typed(post.get(f"{prefix}.{token}.{name}", "")) for name in (*rows.columns, "place", "remove")}
        if rows.fixed:  # one of two: a choice, not boxes
            row["right"] = "on" if post.get(f"{prefix}.right") == token else ""
        found.append(row)
    return sorted(found, key=_place) if rows.ordered else found


def _place(row: Row) -> float:
    try:
        return float(row["place"])
    except ValueError:
        return 1e9


def _typed(text: str) -> str:
    """Browsers send line ends as two characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


# ---- A question as rows ------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """A number as short as it reads back the same."""
    return repr(float(value)).removesuffix(".0")


def percent(fraction: float) -> str:
    """A share in percent that reads back as exactly the same share."""
    return f"{Decimal(repr(fraction)) * 100:f}".rstrip("0").rstrip(".") if fraction else "0"


def _texts(name: str, texts: Texts) -> dict[str, str]:
    return {f"{name}_{language}": texts.get(language, "") for language in LANGUAGES}


def is_right(kind: str, fraction: float) -> bool:
    """As `Question.right` says it."""
    return fraction > 0 if kind == "multiple" else fraction >= 1


def usual_share(kind: str, right: bool, count: int) -> float:
    """What an option brings when its author gives no share; `count` options are right."""
    return (1 / count if kind == "multiple" else 1.0) if right else 0.0


def _options(question: Question) -> Iterator[Row]:
    for option in question.options:
        right = is_right(question.type, option.fraction)
        usual = option.fraction == usual_share(question.type, right, len(question.right))
        row = {"right": "on" if right else "", "share": "" if usual else percent(option.fraction)}
        yield _row_of(option) | row


def _row_of(option: Option) -> Row:
    return {"id": option.id} | _texts("text", option.text) | _texts("feedback", option.feedback)


def _answers(question: Question) -> Iterator[Row]:
    for answer in question.answers:
        row = {"share": percent(answer.fraction)} | _texts("feedback", answer.feedback)
        if isinstance(answer.value, str):
            yield row | {"form": answer.value}
        else:
            yield row | {"value": number(answer.value), "tolerance": number(answer.tolerance)}


def _units(question: Question) -> Iterator[Row]:
    for unit, factor in question.units.items():
        yield {"unit": unit, "factor": number(factor)}


def _pairs(question: Question) -> Iterator[Row]:
    for pair in question.pairs:
        yield {"id": pair.id} | _texts("left", pair.left) | _texts("right_side", pair.right)


def _distractors(question: Question) -> Iterator[Row]:
    for pair in question.distractors:
        yield {"id": pair.id} | _texts("right_side", pair.right)


def _items(question: Question) -> Iterator[Row]:
    yield from map(_row_of, question.items)


_WRITERS = {
    "options": _options,
    "answers": _answers,
    "units": _units,
    "pairs": _pairs,
    "distractors": _distractors,
    "items": _items,
}
