"""What the editor of a new question begins with, by type."""

from __future__ import annotations

from typing import Any

from quizzes.questions import TYPES


def _texts(en: str, fr: str) -> dict[str, str]:
    return {"en": en, "fr": fr}


def _options(*fractions: float) -> list[dict[str, Any]]:
    return [
        {"id": name, "text": _texts(f"Option {name}", f"Option {name}"), "fraction": fraction}
        for name, fraction in zip("abcd", fractions, strict=False)
    ]


_OWN: dict[str, dict[str, Any]] = {
    "single": {"options": _options(1, 0, 0, 0)},
    "multiple": {"options": _options(0.5, 0.5, 0, 0), "rule": ""},
    "true_false": {
        "options": [
            {"id": "true", "text": _texts("True", "Vrai"), "fraction": 1},
            {"id": "false", "text": _texts("False", "Faux"), "fraction": 0},
        ]
    },
    "numerical": {"answers": [{"value": 3.14, "tolerance": 0.005, "fraction": 1}]},
    "short": {"answers": [{"text": "gradient descent", "fraction": 1}], "case": False},
    "matching": {
        "pairs": [
            {"id": "p1", "left": _texts("Left 1", "Gauche 1"), "right": _texts("Right 1", "Droite 1")},
            {"id": "p2", "left": _texts("Left 2", "Gauche 2"), "right": _texts("Right 2", "Droite 2")},
        ],
        "distractors": [{"id": "d1", "right": _texts("Right 3", "Droite 3")}],
    },
    "ordering": {
        "items": [{"id": f"i{place}", "text": _texts(f"Step {place}", f"Étape {place}")} for place in (1, 2, 3)]
    },
}


def template(kind: str) -> dict[str, Any]:
    """A whole, valid question of the type; of an unknown one, a single choice."""
    kind = kind if kind in TYPES else "single"
    start: dict[str, Any] = {
        "type": kind,
        "name": "New question",
        "text": _texts("What is $x^2$ for $x = 3$?", "Que vaut $x^2$ pour $x = 3$ ?"),
        "points": 1,
        "topic": "",
        "feedback": {},
    }
    return start | _OWN[kind]
