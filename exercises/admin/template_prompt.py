"""What a new prompt exercise starts from: a small one that works with the bundled model."""

EXERCISE = """\
title = { en = "Animal or plant", fr = "Animal ou plante" }
kind = "prompt"
languages = ["en", "fr"]
topics = []

[prompt]
model = "chat"
raw = true
max_new_tokens = 3
max_prompt_tokens = 80
placeholder = "{input}"
stop = ["\\n"]
"""

STATEMENT_EN = """\
Write a prompt that makes the model say whether a word names an `animal` or a `plant`. `{input}` marks where the word
goes; the model goes on with your text, and what it writes is cut at the first new line.

| word | answer |
| --- | --- |
| horse | `animal` |
| tulip | `plant` |

Then it is tried on 16 words that you do not see: 12 right answers are needed.
"""

STATEMENT_FR = """\
Écrivez une invite qui fait dire au modèle si un mot anglais désigne un animal (`animal`) ou une plante (`plant`).
`{input}` marque la place du mot ; le modèle poursuit votre texte, et ce qu'il écrit est coupé au premier saut de ligne.

| mot | réponse |
| --- | --- |
| horse | `animal` |
| tulip | `plant` |

Votre invite est ensuite essayée sur 16 mots que vous ne voyez pas : il faut 12 bonnes réponses.
"""

STARTER = "{input}\n"

SOLUTION = """\
Word: dog
Kind: animal

Word: rose
Kind: plant

Word: cow
Kind: animal

Word: grass
Kind: plant

Word: {input}
Kind:
"""

TESTS = """\
from workers.testkit import test
from workers.testkit.texts import assert_labels

LABELS = ["animal", "plant"]
SHOWN = {"horse": "animal", "tulip": "plant"}
ANIMALS = ["cat", "lion", "sheep", "tiger", "rabbit", "pig", "elephant", "wolf"]
PLANTS = ["sunflower", "pine tree", "fern", "moss", "daisy", "apple tree", "ivy", "wheat"]


@test("the two words of the statement", points=2, public=True)
def shown(solution, rng):
    outputs = solution.complete(list(SHOWN))
    assert_labels(outputs, list(SHOWN.values()), LABELS, at_least=1, strict=True, least_rows=2)


@test(
    "sixteen other words",
    points=8,
    hint={
        "en": "Show as many animals as plants, each with its answer.",
        "fr": "Montrez autant d'animaux que de plantes, chacun avec sa réponse.",
    },
)
def others(solution, rng):
    expected = ["animal"] * len(ANIMALS) + ["plant"] * len(PLANTS)
    assert_labels(solution.complete(ANIMALS + PLANTS), expected, LABELS, at_least=0.75, strict=True, least_rows=16)
"""

WRONG = """\
# expect: 0/10
Is this an animal or a plant? {input}
"""

FILES: dict[str, bytes] = {
    "exercise.toml": EXERCISE.encode(),
    "statement.en.md": STATEMENT_EN.encode(),
    "statement.fr.md": STATEMENT_FR.encode(),
    "starter.txt": STARTER.encode(),
    "solution.txt": SOLUTION.encode(),
    "tests.py": TESTS.encode(),
    "wrong/no_examples.txt": WRONG.encode(),
}
