"""A quiz's item statistics from the database, under the newest key: for the page and for the CSV.

One attempt per student counts, the one that the gradebook takes. Previews do not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gradebook.export import safe_cell
from quizzes import statistics
from quizzes.contents import question_of
from quizzes.ending import counting
from quizzes.models import Answer, Attempt, QuestionVersion, Quiz, Slot
from quizzes.questions import Question as Content
from quizzes.scoring import matched_rightly
from quizzes.statistics import Item, Sitting, Summary


@dataclass
class Responses:
    """What was answered to one question."""

    asked: int = 0
    blank: int = 0
    # Choices: times that each option was ticked. Typed: each different answer. Matching: "p1" -> rightly matched.
    # Ordering: item -> times at its right place.
    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)  # in view, as the browsers said; unknown left out

    @property
    def median_seconds(self) -> float | None:
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Row:
    """One line of the analysis: a place of the test, or below a pool's place one of its questions."""

    place: str  # "1", "2", …; of a pool with a count, "3.1", "3.2", …
    name: str  # the question's name, or the pool's
    question: int | None  # pk of the question; None for a pool
    content: Content | None  # its newest version
    drawn: bool  # a question that a pool has given
    item: Item
    responses: Responses | None


@dataclass(frozen=True)
class Analysis:
    quiz: Quiz
    summary: Summary
    rows: tuple[Row, ...]
    max_score: float | None  # the largest total that an attempt could reach

    @property
    def few(self) -> bool:
        """Whether there are too few attempts for the figures to say much."""
        return self.summary.n < statistics.FEW


@dataclass
class _Gathered:
    """Marks and answers of every attempt that counts, before the figures."""

    sittings: list[Sitting] = field(default_factory=list)
    places: dict[str, float] = field(default_factory=dict)  # place -> maximum
    drawn: dict[str, float] = field(default_factory=dict)  # "place question" -> maximum
    questions: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # place -> questions asked there
    responses: dict[tuple[str, int], Responses] = field(default_factory=lambda: defaultdict(Responses))


def counted_attempts(quiz: Quiz) -> list[Attempt]:
    """The attempt of each student that the gradebook takes."""
    by_student: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(quiz=quiz, preview=False, state__in=Attempt.ENDED).order_by(
        "student", "number"
    ):
        by_student[attempt.student_id].append(attempt)
    found = (counting(quiz, attempts) for attempts in by_student.values())
    return [attempt for attempt in found if attempt is not None]


def analyse(quiz: Quiz) -> Analysis:
    """Every figure of `quizzes.statistics`, and what was answered. A handful of queries, whatever the size."""
    attempts = counted_attempts(quiz)
    versions = _versions(attempts)
    slots = list(quiz.slots.select_related("question__current"))
    gathered = _gather(attempts, versions, slots)
    items = statistics.place_items(gathered.sittings, gathered.places)
    drawn = statistics.drawn_items(gathered.sittings, gathered.drawn)
    rows = []
    for place in sorted(gathered.places, key=_natural):
        rows += _rows(place, gathered, items, drawn, slots, versions)
    best = max((float(attempt.max_score or 0) for attempt in attempts), default=None)
    return Analysis(quiz, statistics.summary(gathered.sittings, items), tuple(rows), best)


def _natural(place: str) -> list[int]:
    return [int(part) for part in place.split(".")]


def _versions(attempts: Iterable[Attempt]) -> dict[int, QuestionVersion]:
    wanted = {entry["version"] for attempt in attempts for entry in attempt.layout}
    return QuestionVersion.objects.select_related("question__current").in_bulk(wanted)


def _gather(attempts: list[Attempt], versions: dict[int, QuestionVersion], slots: list[Slot]) -> _Gathered:
    answers: dict[Any, dict[str, Answer]] = defaultdict(dict)
    for answer in Answer.objects.filter(attempt__in=[attempt.pk for attempt in attempts]):
        answers[answer.attempt_id][answer.key] = answer
    gathered = _Gathered()
    for attempt in attempts:
        _add(gathered, attempt, answers[attempt.pk], versions, slots)
    return gathered


def _add(
    gathered: _Gathered,
    attempt: Attempt,
    answers: dict[str, Answer],
    versions: dict[int, QuestionVersion],
    slots: list[Slot],
) -> None:
    marks: dict[str, float] = {}
    drawn: dict[str, float] = {}
    for entry, place in zip(attempt.layout, places_of(attempt, versions, slots), strict=True):
        answer, version = answers.get(entry["key"]), versions.get(entry["version"])
        if place is None or version is None:  # a slot that was taken out of the quiz since
            continue
        mark = answer.points if answer and answer.points is not None else 0.0
        marks[place] = mark
        gathered.places[place] = max(gathered.places.get(place, 0.0), entry["points"])
        gathered.questions[place].add(version.question_id)
        if entry["drawn"]:
            name = f"{place} {version.question_id}"
            drawn[name] = mark
            gathered.drawn[name] = entry["points"]
        _count(gathered.responses[place, version.question_id], question_of(version), answer)
    # Of unrounded marks, as every formula wants it; rounding and the floor are for the gradebook.
    gathered.sittings.append(Sitting(sum(marks.values()), marks, drawn))


def places_of(attempt: Attempt, versions: dict[int, QuestionVersion], slots: list[Slot]) -> list[str | None]:
    """The place of the test for each entry of the layout: the slot's number, with a second number within a draw.

    A slot that was made anew is found by its question; None for one that the quiz no longer has.
    """
    by_slot = {slot.pk: number for number, slot in enumerate(slots, 1)}
    by_question = {slot.question_id: number for number, slot in enumerate(slots, 1) if slot.question_id}
    numbers: list[int | None] = []
    for entry in attempt.layout:
        version = versions.get(entry["version"])
        known = by_slot.get(entry["slot"])
        numbers.append(known if known or version is None else by_question.get(version.question_id))
    total, seen = Counter(numbers), Counter[int | None]()
    places: list[str | None] = []
    for number in numbers:
        seen[number] += 1
        places.append(None if number is None else f"{number}.{seen[number]}" if total[number] > 1 else str(number))
    return places


def _count(responses: Responses, question: Content, answer: Answer | None) -> None:
    responses.asked += 1
    response = answer.response if answer else None
    if answer is not None and answer.seconds > 0:
        responses.seconds.append(answer.seconds)
    if response is None:
        responses.blank += 1
        return
    match question.type:
        case "matching":
            responses.counts.update(matched_rightly(question, response))
        case "ordering":
            right = [item.id for item in question.items]
            responses.counts.update(a for a, b in zip(response, right, strict=False) if a == b)
        case "numerical" | "short":
            responses.counts[" ".join(response.split())] += 1
        case _:
            responses.counts.update(response if isinstance(response, list) else [response])


def _rows(
    place: str,
    gathered: _Gathered,
    items: dict[str, Item],
    drawn: dict[str, Item],
    slots: list[Slot],
    versions: dict[int, QuestionVersion],
) -> list[Row]:
    slot = slots[_natural(place)[0] - 1]
    asked = sorted(gathered.questions[place])
    current = {v.question_id: v.question.current or v for v in versions.values()}

    def row(question: int, item: Item, is_drawn: bool) -> Row:
        content = question_of(current[question])
        return Row(place, content.name, question, content, is_drawn, item, gathered.responses[place, question])

    if not slot.pool:
        # Edited to another question between attempts: one line for each, the place's figures on the first.
        return [row(question, items[place], False) for question in asked]
    head = Row(place, slot.pool, None, None, False, items[place], None)
    return [head, *(row(question, drawn[f"{place} {question}"], True) for question in asked)]


COLUMNS = (
    *("place", "question", "type", "drawn", "n", "max", "mean", "facility", "sd", "discrimination_index"),
    *("discriminative_efficiency", "effective_weight", "blank", "median_seconds", "answers"),
)


def table(analysis: Analysis) -> list[list[str]]:
    """Header and lines for a CSV, with dots and four decimals; the summary stands in lines of its own at the end."""
    lines = [list(COLUMNS)]
    for row in analysis.rows:
        item, responses = row.item, row.responses or Responses()
        numbers = (item.max_mark, item.mean, item.facility, item.sd, item.discrimination, item.efficiency, item.weight)
        kind = row.content.type if row.content else "pool"
        answers = "; ".join(f"{name}: {count}" for name, count in responses.counts.most_common(20))
        line = [row.place, safe_cell(row.name), kind, str(int(row.drawn)), str(item.n), *map(_number, numbers)]
        lines.append([*line, str(responses.blank), _number(responses.median_seconds), safe_cell(answers)])
    for name in Summary.__dataclass_fields__:
        value = getattr(analysis.summary, name)
        lines.append([f"summary {name}", str(value) if name == "n" else _number(value)])
    return lines


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
