"""A quiz as a course has it: formulas, code, a picture, long options, units, all seven types, in two languages."""

from __future__ import annotations

from typing import Any

from quizzes.pictures import keep, read_picture
from tests.quizzes.drawing import chart
from tests.quizzes.quizzing import add_question, add_quiz, add_slots


def both(english: str, french: str) -> dict[str, str]:
    return {"en": english, "fr": french}


def option(
    name: str, english: str, french: str, fraction: float = 0.0, why: tuple[str, str] = ("", "")
) -> dict[str, Any]:
    found: dict[str, Any] = {"id": name, "text": both(english, french), "fraction": fraction}
    return found | ({"feedback": both(*why)} if why[0] else {})


CHART = read_picture(chart())
LOSS = r"$$\mathcal{L} = \frac{1}{n}\sum_{i=1}^{n} (p_i - y_i)^2$$"
CODE = "```python\ndef step(W, X, y, rate):\n    p = X @ W\n    return W - rate * 2 * X.T @ (p - y) / y.size\n```"

QUESTIONS: dict[str, dict[str, Any]] = {
    "base-model": {
        "type": "single",
        "text": both(
            "A base model and a chat model receive the same question. What does the **base model** do?",
            "Un modèle de base et un modèle conversationnel reçoivent la même question. Que fait le **premier** ?",
        ),
        "feedback": both(
            "A base model has learnt to continue text.", "Un modèle de base a appris à prolonger un texte."
        ),
        "options": [
            option(
                "a",
                "It answers, more briefly",
                "Il répond, plus brièvement",
                0.0,
                ("Chat models do.", "C’est le chat."),
            ),
            option("b", "It continues the text", "Il prolonge le texte", 1.0, ("Yes: it is trained for that.", "Oui.")),
            option("c", "It refuses, for want of `instructions`", "Il refuse, faute d’`instructions`"),
        ],
    },
    "loss": {
        "type": "multiple",
        "text": both(
            f"The loss of the lecture is\n\n{LOSS}\n\nWhat holds of it?",
            f"La perte du cours est\n\n{LOSS}\n\nQu’est-ce qui est vrai ?",
        ),
        "points": 2.0,
        "options": [
            option(
                "a",
                "It is never negative: $\\mathcal{L} \\ge 0$",
                "Elle n’est jamais négative : $\\mathcal{L} \\ge 0$",
                0.5,
            ),
            option("b", "It is $0$ exactly when $p = y$", "Elle est nulle exactement quand $p = y$", 0.5),
            option("c", "Its gradient is\n\n```python\np - y\n```", "Son gradient est\n\n```python\np - y\n```"),
        ],
    },
    "step": {
        "type": "true_false",
        "text": both(
            f"This function does one step of gradient descent.\n\n{CODE}",
            f"Cette fonction fait un pas de descente de gradient.\n\n{CODE}",
        ),
        "options": [option("true", "True", "Vrai", 1.0), option("false", "False", "Faux")],
    },
    "weights": {
        "type": "numerical",
        "text": both(
            "How many unknowns has a network from 784 inputs to 10 outputs?\n\n"
            f"![Loss over steps: falls from 2.3 to 0.3](picture:{CHART.name})",
            "Combien d’inconnues a un réseau de 784 entrées et 10 sorties ?\n\n"
            f"![Perte au fil des pas : elle tombe de 2,3 à 0,3](picture:{CHART.name})",
        ),
        "answers": [
            {
                "value": 7850.0,
                "tolerance": 0.5,
                "feedback": both("7,840 weights and 10 biases.", "7 840 poids et 10 biais."),
            }
        ],
        "units": {"k": 1000, "M": 1e6},
    },
    "splits": {
        "type": "short",
        "text": both("What turns a text into whole numbers?", "Qu’est-ce qui transforme un texte en nombres entiers ?"),
        "answers": [{"text": "tokeni*", "fraction": 1.0}],
    },
    "terms": {
        "type": "matching",
        "text": both("Match each formula with its name.", "Associez chaque formule à son nom."),
        "pairs": [
            {"id": "p1", "left": both("$\\max(0, z)$", "$\\max(0, z)$"), "right": both("ReLU", "ReLU")},
            {"id": "p2", "left": both("$1/(1+e^{-z})$", "$1/(1+e^{-z})$"), "right": both("sigmoid", "sigmoïde")},
            {"id": "p3", "left": both("$z$", "$z$"), "right": both("identity", "identité")},
        ],
        "distractors": [{"id": "d1", "right": both("softmax", "softmax")}],
    },
    "training": {
        "type": "ordering",
        "text": both("Order the steps of training.", "Remettez dans l’ordre les étapes de l’entraînement."),
        "items": [
            {"id": "i1", "text": both("random start", "départ aléatoire")},
            {"id": "i2", "text": both("forward pass: $z = XW + b$", "passe avant : $z = XW + b$")},
            {"id": "i3", "text": both("loss", "perte")},
            {"id": "i4", "text": both("gradient step", "pas de gradient")},
        ],
    },
    "derivatives": {
        "type": "matching",
        "text": both("Match each function with its derivative.", "Associez chaque fonction à sa dérivée."),
        "pairs": [
            {"id": "p1", "left": both("identity", "identité"), "right": both("$1$", "$1$")},
            {
                "id": "p2",
                "left": both("sigmoid", "sigmoïde"),
                "right": both("$\\sigma(z)\\,(1-\\sigma(z))$", "$\\sigma(z)\\,(1-\\sigma(z))$"),
            },
        ],
    },
}
FEATURES: dict[str, Any] = {
    "title_en": "Chatbots: final quiz",
    "title_fr": "Chatbots : examen final",
    "instructions_en": "No documents. A pocket calculator is allowed.",
    "instructions_fr": "Sans documents. La calculatrice est autorisée.",
    "shuffle_questions": False,
    "shuffle_options": False,
}


def rich_quiz(course: Any, *, slug: str = "final", questions: Any = QUESTIONS, **fields: Any) -> Any:
    """The quiz with all of QUESTIONS, one hour, one attempt, in the author's order."""
    from quizzes.models import Quiz

    quiz = add_quiz(course, slug)
    Quiz.objects.filter(pk=quiz.pk).update(**FEATURES | fields)
    quiz.refresh_from_db()
    keep(course, [CHART])
    for name in questions:
        add_slots(quiz, add_question(course, f"{slug}-{name}", {"name": name, **QUESTIONS[name]}))
    return quiz
