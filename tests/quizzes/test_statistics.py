"""Item statistics against the definitions, worked out a second time with NumPy; and what the analysis gathers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from quizzes import actions, statistics
from quizzes.analysis import analyse, table
from quizzes.models import Slot
from quizzes.statistics import Sitting
from tests.quizzes.quizzing import RIGHT, WRONG, add_question, add_quiz, answer, content, full_quiz

STUDENTS, PLACES = 500, 30
POOL = [f"p{n}" for n in range(20, PLACES)]  # the last ten places draw from three questions each


def generated() -> tuple[list[Sitting], dict[str, float], dict[str, float]]:
    """500 students of different ability on 30 places: some drawn, some blank, some missing."""
    rng = np.random.default_rng(7)
    ability, hardness = rng.normal(size=STUDENTS), rng.normal(size=PLACES)
    most = {f"p{n}": float(rng.choice([1.0, 2.0, 0.5])) for n in range(PLACES)}
    drawn_most: dict[str, float] = {}
    sittings = []
    for student in range(STUDENTS):
        places, drawn = {}, {}
        for number, (place, maximum) in enumerate(most.items()):
            if number == 5 and student % 7 == 0:
                continue  # edited out of this student's attempt
            chance = 1 / (1 + math.exp(hardness[number] - ability[student]))
            worth = float(rng.choice([1.0, 0.5])) if rng.random() < chance else float(rng.choice([0.0, -0.25]))
            mark = 0.0 if rng.random() < 0.05 else worth * maximum
            places[place] = mark
            if place in POOL:
                question = f"{place} {rng.integers(3)}"
                drawn[question], drawn_most[question] = mark, maximum
        sittings.append(Sitting(math.fsum(places.values()), places, drawn))
    return sittings, most, drawn_most


def cov(x: Any, y: Any) -> float:
    return float(np.cov(x, y, ddof=1)[0, 1])


def expected(x: Any, rest: Any, maximum: float) -> dict[str, float]:
    return {
        "mean": float(np.mean(x)),
        "facility": float(np.mean(x)) / maximum,
        "sd": float(np.std(x, ddof=1)),
        "discrimination": 100 * float(np.corrcoef(x, rest)[0, 1]),
        "efficiency": 100 * cov(x, rest) / cov(np.sort(x), np.sort(rest)),
    }


def test_it_works() -> None:
    sittings, most, _drawn = generated()
    items = statistics.place_items(sittings, most)
    held = {p: [s for s in sittings if p in s.places] for p in most}
    roots = {}
    for place, item in items.items():
        x = np.array([s.places[place] for s in held[place]])
        total = np.array([s.total for s in held[place]])
        want = expected(x, total - x, most[place])
        assert item.n == len(x)
        assert {name: getattr(item, name) for name in want} == pytest.approx(want, abs=1e-6)
        roots[place] = math.sqrt(cov(x, total))
    assert items["p5"].n < STUDENTS
    weights = {place: 100 * root / sum(roots.values()) for place, root in roots.items()}
    assert {place: item.weight for place, item in items.items()} == pytest.approx(weights, abs=1e-6)


def test_drawn_items_are_set_against_the_whole() -> None:
    sittings, _most, drawn_most = generated()
    for question, item in statistics.drawn_items(sittings, drawn_most).items():
        held = [s for s in sittings if question in s.drawn]
        want = expected([s.drawn[question] for s in held], [s.total for s in held], drawn_most[question])
        assert {name: getattr(item, name) for name in want} == pytest.approx(want, abs=1e-6)
        assert item.weight is None


def test_the_whole_test() -> None:
    sittings, most, _drawn = generated()
    items = statistics.place_items(sittings, most)
    totals = np.array([s.total for s in sittings])
    n, d = len(totals), totals - totals.mean()
    k2 = float(np.sum(d**2) / (n - 1))
    k3 = n * float(np.sum(d**3)) / ((n - 1) * (n - 2))
    m2, m4 = float(np.mean(d**2)), float(np.mean(d**4))
    k4 = n**2 * ((n + 1) * m4 - 3 * (n - 1) * m2**2) / ((n - 1) * (n - 2) * (n - 3))
    inner = sum(float(np.var([s.places[place] for s in sittings if place in s.places], ddof=1)) for place in most)
    alpha = 100 * PLACES / (PLACES - 1) * (1 - inner / k2)
    error = 100 * math.sqrt(1 - alpha / 100)
    want = {
        "n": n,
        "mean": float(totals.mean()),
        "median": float(np.median(totals)),
        "sd": float(totals.std(ddof=1)),
        "skewness": k3 / k2**1.5,
        "kurtosis": k4 / k2**2,
        "consistency": alpha,
        "error_ratio": error,
        "standard_error": error * math.sqrt(k2) / 100,
    }
    found = statistics.summary(sittings, items)
    assert {name: getattr(found, name) for name in want} == pytest.approx(want, abs=1e-6)
    assert 60 < alpha < 100


def test_too_little_to_say_anything() -> None:
    for sittings in ([], [Sitting(1.0, {"a": 1.0}, {})], [Sitting(1.0, {"a": 1.0}, {})] * 4):
        items = statistics.place_items(sittings, {"a": 1.0})
        found = statistics.summary(sittings, items)
        assert (items["a"].discrimination, items["a"].efficiency, found.consistency, found.skewness) == (None,) * 4


def test_a_question_that_good_students_miss_has_no_weight() -> None:
    sittings = [Sitting(float(n), {"a": float(9 - n), "b": 2.0 * n - 9}, {}) for n in range(10)]
    items = statistics.place_items(sittings, {"a": 9.0, "b": 9.0})
    assert items["a"].weight is None
    assert items["a"].discrimination == pytest.approx(-100)
    assert items["b"].weight == pytest.approx(100)


# ---- From the database -------------------------------------------------------------------------------------------


def students(course: Any, count: int) -> list[Any]:
    from accounts.models import User
    from courses.models import Enrolment

    people = [User.objects.create_user(f"s{number}@example.org") for number in range(count)]
    Enrolment.objects.bulk_create(Enrolment(course=course, user=person) for person in people)
    return people


def test_the_analysis_of_a_quiz(course: Any, alice: Any) -> None:
    quiz = full_quiz(course, attempts=2)
    answer(actions.start_preview(quiz, alice), "single", "a")
    actions.submit(actions.start_preview(quiz, alice), by=alice)
    for number, student in enumerate(students(course, 4)):
        attempt = actions.start(quiz, student)
        for slug in RIGHT:
            if slug != "short":
                answer(attempt, slug, RIGHT[slug] if number < 2 else WRONG[slug], seconds=10.0 * (number + 1))
        actions.submit(attempt, by=student)
    found = analyse(quiz)
    assert (found.summary.n, found.few, found.max_score) == (4, True, 7)
    rows = {row.content.name.removeprefix("Question "): row for row in found.rows if row.content}
    assert [row.place for row in found.rows] == ["1", "2", "3", "4", "5", "6", "7"]
    assert rows["single"].item.facility == 0.5
    assert rows["single"].responses.counts == {"a": 2, "b": 2}
    assert rows["multiple"].responses.counts == {"a": 4, "b": 2, "c": 2}
    assert rows["short"].responses.blank == 4
    assert rows["short"].item.facility == 0
    assert rows["numerical"].responses.counts == {"7 850": 2, "784": 2}
    assert rows["matching"].responses.counts == {"p1": 2, "p2": 2, "p3": 2}
    assert rows["ordering"].responses.median_seconds == 25
    assert rows["single"].item.discrimination == pytest.approx(100)
    lines = table(found)
    assert len({len(line) for line in lines[:8]}) == 1
    assert lines[8] == ["summary n", "4"]


def test_a_pools_place_and_the_questions_that_it_gave(course: Any) -> None:
    quiz = add_quiz(course)
    for number in range(3):
        add_question(course, f"q-{number}", content("single", name=f"Q{number}"), pool="P")
    Slot.objects.create(quiz=quiz, position=0, pool="P", count=2)
    for student in students(course, 6):
        actions.submit(actions.start(quiz, student), by=student)
    rows = analyse(quiz).rows
    heads = [row for row in rows if row.content is None]
    assert [(row.place, row.name, row.item.n) for row in heads] == [("1.1", "P", 6), ("1.2", "P", 6)]
    drawn = [row for row in rows if row.drawn]
    assert sum(row.item.n for row in drawn) == 12
    assert all(row.item.weight is None for row in drawn)


def test_slots_made_anew_are_found_by_their_questions(course: Any, bob: Any) -> None:
    quiz = full_quiz(course)
    actions.submit(actions.start(quiz, bob), by=bob)
    questions = [slot.question for slot in quiz.slots.all()]
    quiz.slots.all().delete()
    for position, question in enumerate(reversed(questions)):
        Slot.objects.create(quiz=quiz, position=position, question=question)
    assert [row.content.type for row in analyse(quiz).rows if row.content][0] == "ordering"
    assert len(analyse(quiz).rows) == 7


def test_typed_answers_are_no_formulas_in_the_csv(course: Any, bob: Any) -> None:
    quiz = full_quiz(course)
    attempt = actions.start(quiz, bob)
    answer(attempt, "short", "=HYPERLINK(1)")
    actions.submit(attempt, by=bob)
    cells = [line[-1] for line in table(analyse(quiz)) if "HYPERLINK" in line[-1]]
    assert cells == ["'=HYPERLINK(1): 1"]
