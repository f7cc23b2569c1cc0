"""Simulated students of graded ability, for the statistics of a quiz.

What it assumes: each student has an ability drawn from a normal distribution, each question a difficulty; a student
knows a question with the probability logistic(1.7 × (ability - difficulty)) (the two-parameter model with one slope).
Who knows it answers right; who does not leaves one in twelve blank and guesses otherwise: any option, each box of
several with even odds, a wrong number, any pairing. Answers to different questions are independent given the ability.
"""

from __future__ import annotations

import math
import random
from datetime import timedelta
from typing import Any

from django.utils import timezone

BLANK = 1 / 12
SLOPE = 1.7


def simulate(quiz: Any, students: list[Any], seed: int = 1) -> dict[int, float]:
    """Let every student take the quiz; abilities by student's id."""
    from quizzes import actions, building
    from quizzes.contents import questions_of
    from quizzes.models import Answer, Attempt, AttemptState

    dice = random.Random(seed)
    building.build_attempts(quiz)
    now = timezone.now()
    Attempt.objects.filter(quiz=quiz).update(
        state=AttemptState.RUNNING, started_at=now, deadline=now + timedelta(hours=1)
    )
    abilities, difficulties = {}, {slot.question_id: dice.gauss(-0.6, 0.9) for slot in quiz.slots.all()}
    questions: dict[int, Any] = {}
    answers, attempts = [], list(Attempt.objects.filter(quiz=quiz, student__in=students).select_related("student"))
    slots = dict(quiz.slots.values_list("pk", "question_id"))
    for attempt in attempts:
        ability = abilities[attempt.student_id] = dice.gauss(0, 1)
        if not questions:
            questions = {e["version"]: questions_of(attempt.layout)[e["key"]] for e in attempt.layout}
        for entry in attempt.layout:
            question = questions[entry["version"]]
            hard = difficulties[slots[entry["slot"]]]
            knows = dice.random() < 1 / (1 + math.exp(-SLOPE * (ability - hard)))
            if not knows and dice.random() < BLANK:
                continue
            response = right(question) if knows else guess(question, dice)
            seconds = dice.lognormvariate(4, 0.5)
            answers.append(Answer(attempt=attempt, key=entry["key"], response=response, sequence=1, seconds=seconds))
    Answer.objects.bulk_create(answers)
    for attempt in attempts:
        actions.submit(attempt, by=attempt.student)
    return abilities


def right(question: Any) -> Any:
    """A response with full marks, in the author's ids."""
    if question.type in ("single", "true_false"):
        return min(question.right)
    if question.type == "multiple":
        return sorted(question.right, key=question.parts.index)
    if question.type in ("numerical", "short"):
        return f"{question.answers[0].value}"
    if question.type == "matching":
        return {pair.id: pair.id for pair in question.pairs}
    return [item.id for item in question.items]


def guess(question: Any, dice: random.Random) -> Any:
    """What somebody writes who does not know."""
    if question.type in ("single", "true_false"):
        return dice.choice(question.parts)
    if question.type == "multiple":
        return [part for part in question.parts if dice.random() < 0.5] or [dice.choice(question.parts)]
    if question.type == "numerical":
        others = [answer.value for answer in question.answers if answer.fraction == 0]
        return str(dice.choice([*others, 12345]))
    if question.type == "short":
        return "no idea"
    if question.type == "matching":
        sides = [pair.id for pair in (*question.pairs, *question.distractors)]
        return {pair.id: dice.choice(sides) for pair in question.pairs}
    return dice.sample(question.parts, len(question.parts))
