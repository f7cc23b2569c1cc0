"""AMC's scoring of a question as points, shares and a rule of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext

from quizzes.formats.common import Collector, Left
from quizzes.questions import Question
from quizzes.scoring_amc import BadRule, Strategy, multiple_score, simple_score

PLAIN = re.compile(r"[-+]?\d+(?:\.\d+)?")
MAX_RULE = 32  # characters of a rule's name


def scored(collector: Collector, question: Question, scoring: str, own: Sequence[str]) -> Question:
    """The question with points, shares and rule as AMC's `scoring` says; `own` is the scoring of each answer."""
    scoring = re.sub(r"\s+", "", scoring)
    try:
        strategy = Strategy.read(scoring)
    except BadRule:
        told = gettext("The scoring {%(scoring)s} was left out, as it cannot be held here: choose a rule.")
        collector.warn(told % {"scoring": scoring})
        return question
    if question.type == "multiple":
        return _multiple(collector, question, scoring, strategy, own)
    return _simple(collector, question, strategy, own)


def _multiple(
    collector: Collector, question: Question, scoring: str, strategy: Strategy, own: Sequence[str]
) -> Question:
    if any(own):
        told = gettext("The scoring of single answers was left out: with several right ones a rule scores the whole.")
        collector.warn(told)
    points = multiple_score(strategy, question.right, question.right, len(question.options))
    if points <= 0:
        raise Left(gettext("With the scoring {%(scoring)s} the right answers bring no points.") % {"scoring": scoring})
    simple = re.fullmatch(r"(?:haut|mz)=[\d.]+", scoring)
    rule = scoring if simple else f"amc:{scoring or 'b=1'}"
    if len(rule) > MAX_RULE:
        told = gettext("The scoring {%(scoring)s} was left out, as it cannot be held here: choose a rule.")
        collector.warn(told % {"scoring": scoring})
        return replace(question, points=points)
    return replace(question, points=points, rule=rule)


def _simple(collector: Collector, question: Question, strategy: Strategy, own: Sequence[str]) -> Question:
    right = next(index for index, option in enumerate(question.options, 1) if option.fraction == 1)
    scores = []
    for index, text in enumerate(own, 1):
        if text and not PLAIN.fullmatch(text):
            told = gettext("The scoring {%(scoring)s} of an answer was left out: write a number.")
            collector.warn(told % {"scoring": text})
        plain = text and PLAIN.fullmatch(text)
        scores.append(float(text) if plain else simple_score(strategy, right, (index,)))
    best = scores[right - 1]
    if best <= 0 or best < max(scores):
        raise Left(gettext("By its scoring the right answer does not bring the most points."))
    if strategy.v:
        collector.warn(gettext("The points for a blank answer (v) were left out: a blank brings 0 here."))
    if min(scores) < -best:
        collector.warn(gettext("A wrong answer takes more than the question is worth; it will take just that."))
    options = tuple(
        replace(option, fraction=max(-1.0, score / best))
        for option, score in zip(question.options, scores, strict=True)
    )
    return replace(question, points=best, options=options)
