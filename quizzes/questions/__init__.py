"""What a question is, apart from any database: the JSON form that is stored, exported and imported.

A question is one JSON object. Every text is an object by language, {"en": "…", "fr": "…"}, in Markdown with maths.

    type        single | multiple | true_false | numerical | short | matching | ordering
    name        short title for staff
    text        the statement
    points      what it is worth, above 0
    topic       free text, "" for none
    feedback    shown to everybody once the review allows it
    fixed_order true: options are never shuffled

    options     single, multiple, true_false: [{"id", "text", "fraction", "feedback"}]; ids are "true" and "false" for
                true_false. fraction: share of the points that ticking it brings, -1 to 1; 1 for a right option of
                single; in multiple an option is right when its fraction is above 0.
    rule        multiple: a name in quizzes.scoring.RULES; "" for the quiz's
    answers     numerical: [{"value", "tolerance", "fraction", "feedback"}], the first that fits counts
                short: [{"text", "fraction", "feedback"}], `*` stands for any characters
    units       numerical: {"W": 1, "kW": 1000}: accepted units, value of the answer = number × factor; {} for none
    unit_needed numerical: true when an answer without a unit is wrong
    case        short: true when capitals matter
    pairs       matching: [{"id", "left", "right"}]
    distractors matching: [{"id", "right"}], right sides that no left side has
    items       ordering: [{"id", "text"}] in the right order

A student's response, as stored and as the API takes it; null is a blank:

    single, true_false   "b"                          the option's id
    multiple             ["a", "c"]                   ids, each once
    numerical, short     "7850"                       as typed
    matching             {"p1": "p2", "p3": "d1"}     left side's id to right side's (a pair's or a distractor's)
    ordering             ["i2", "i1", "i3"]           all ids
"""

from __future__ import annotations

from quizzes.questions.model import (
    CHOICES,
    IDENTIFIER,
    LANGUAGES,
    MAX_PARTS,
    MAX_TEXT,
    MAX_TYPED,
    TYPES,
    Accepted,
    BadQuestion,
    BadResponse,
    Option,
    Pair,
    Question,
    Response,
    Texts,
    digest,
    localized,
    missing_languages,
)
from quizzes.questions.reading import parse
from quizzes.questions.responses import check_response
from quizzes.questions.writing import dump

__all__ = [
    "Accepted",
    "BadQuestion",
    "BadResponse",
    "CHOICES",
    "IDENTIFIER",
    "LANGUAGES",
    "MAX_PARTS",
    "MAX_TEXT",
    "MAX_TYPED",
    "Option",
    "Pair",
    "Question",
    "Response",
    "TYPES",
    "Texts",
    "check_response",
    "digest",
    "dump",
    "localized",
    "missing_languages",
    "parse",
]
