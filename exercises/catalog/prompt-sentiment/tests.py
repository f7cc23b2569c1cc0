from workers.testkit import test
from workers.testkit.texts import assert_labels

LABELS = ["positive", "negative"]
EXAMPLES = {
    "The soup was delicious and came quickly.": "positive",
    "This jacket fell apart after a week.": "negative",
    "Great teacher, every lesson was clear.": "positive",
    "The app crashes all the time and is useless.": "negative",
}
HIDDEN = {
    "positive": [
        "The staff were friendly and the room was spotless.",
        "A wonderful story, I could not put the book down.",
        "My new phone is fast and the screen is beautiful.",
        "The concert was amazing from start to end.",
        "I love this coat, it is warm and light.",
        "The hotel breakfast was excellent.",
        "Fast delivery and perfect packaging.",
        "The best pizza I have eaten in years.",
        "The guide was kind and knew everything.",
        "A brilliant film with superb actors.",
        "The website is easy to use and very helpful.",
        "Our garden party was a great success.",
        "The new train is quiet and comfortable.",
        "I am very happy with this bicycle.",
        "Lovely garden and a charming old house.",
        "The nurse was gentle and very patient.",
    ],
    "negative": [
        "The room was dirty and smelled of smoke.",
        "A boring story, I gave up after ten pages.",
        "The soup was cold and tasted of nothing.",
        "My new phone is slow and the battery is terrible.",
        "The teacher was rude and nothing was clear.",
        "The concert was awful and far too loud.",
        "The hotel breakfast was disgusting.",
        "The parcel came late and the box was broken.",
        "The worst pizza I have eaten in years.",
        "The guide was unfriendly and knew nothing.",
        "A stupid film with bad actors.",
        "Our garden party was a complete disaster.",
        "The train was late, dirty and full.",
        "I am very disappointed with this bicycle.",
        "The garden was ugly and full of rubbish.",
        "The nurse was impatient and hurt my arm.",
    ],
}
ROWS = [review for pair in zip(*HIDDEN.values(), strict=True) for review in pair]
EXPECTED = LABELS * len(HIDDEN["positive"])


@test(
    "The four reviews of the statement",
    points=2,
    public=True,
    title={"fr": "Les quatre avis de l'énoncé"},
    hint={
        "en": "Show the model two finished reviews, each with its label, then the new one without.",
        "fr": "Montrez au modèle deux avis complets, chacun avec son étiquette, puis le nouveau sans étiquette.",
    },
)
def statement(solution, rng):
    outputs = solution.complete(list(EXAMPLES))
    assert_labels(outputs, list(EXAMPLES.values()), LABELS, at_least=1, strict=True, least_rows=4)


@test(
    "One word, and nothing else",
    points=3,
    title={"fr": "Un seul mot, et rien d'autre"},
    hint={
        "en": "Every example must end with the label and a new line, and your text with the same words before it.",
        "fr": "Chaque exemple doit finir par l'étiquette et un saut de ligne, et votre texte par les mots qui la précèdent.",
    },
)
def one_word(solution, rng):
    outputs = solution.complete(ROWS)
    named = [label if output.strip().strip(".").lower() == label else "" for output in outputs for label in LABELS]
    given = [first or second or LABELS[0] for first, second in zip(named[::2], named[1::2], strict=True)]
    assert_labels(outputs, given, LABELS, at_least=0.9, strict=True)


@test(
    "The right word",
    points=5,
    title={"fr": "Le bon mot"},
    hint={
        "en": "Balance your examples: as many positive ones as negative ones, in clear words.",
        "fr": "Équilibrez vos exemples : autant de positifs que de négatifs, en mots clairs.",
    },
)
def right_word(solution, rng):
    outputs = solution.complete(ROWS)
    assert_labels(outputs, EXPECTED, LABELS, at_least=0.85, strict=True)
