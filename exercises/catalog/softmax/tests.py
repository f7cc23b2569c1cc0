import math

import numpy as np

from workers.testkit import assert_close, test


@test(
    "Example: softmax",
    title={"fr": "Exemple : softmax"},
    points=1,
    public=True,
    hint={
        "en": "$e^{1000}$ is infinite: subtract the largest score of each row before `np.exp`. Each row sums to 1.",
        "fr": "$e^{1000}$ est infini : soustrayez le plus grand score de chaque ligne avant `np.exp`. La somme de "
        "chaque ligne est 1.",
    },
)
def example_softmax(solution, rng):
    z = np.array([[0.0, np.log(3.0)], [1000.0, 1000.0]])
    assert_close(solution.softmax(z), np.array([[0.25, 0.75], [0.5, 0.5]]), name="softmax(z)")


@test(
    "Example: the logarithm and the loss",
    title={"fr": "Exemple : le logarithme et la perte"},
    points=1,
    public=True,
    hint={
        "en": "`np.log(softmax(z))` loses −800, because $e^{-800}$ is 0: use $z - c - \\log\\sum e^{z - c}$.",
        "fr": "`np.log(softmax(z))` perd −800, car $e^{-800}$ vaut 0 : utilisez $z - c - \\log\\sum e^{z - c}$.",
    },
)
def example_loss(solution, rng):
    assert_close(solution.log_softmax(np.array([0.0, -800.0])), np.array([0.0, -800.0]), name="log_softmax(z)")
    z = np.array([[0.0, np.log(3.0)], [5.0, 5.0]])
    assert_close(solution.cross_entropy(z, np.array([1, 0])), 0.4904146265, name="cross_entropy(z, labels)")


# Hidden from here on. The sum of exponentials is built up two scores at a time, by the standard library.


def log_sum(row):
    total = -math.inf
    for score in map(float, row):
        low, high = min(total, score), max(total, score)
        total = high if low == -math.inf else high + math.log1p(math.exp(low - high))
    return total


def log_probabilities(z):
    rows = [[float(score) - log_sum(row) for score in row] for row in z.reshape(-1, z.shape[-1])]
    return np.array(rows).reshape(z.shape)


def check(solution, z):
    want = log_probabilities(z)
    assert_close(solution.softmax(z), np.exp(want), name="softmax(z)")
    assert_close(solution.log_softmax(z), want, name="log_softmax(z)")


@test(
    "Probabilities of random scores",
    title={"fr": "Probabilités de scores aléatoires"},
    points=1,
    hint={
        "en": "Each **row** sums to 1: the sum runs along the last axis (`axis=-1`) and keeps its place "
        "(`keepdims=True`).",
        "fr": "La somme de chaque **ligne** est 1 : elle porte sur le dernier axe (`axis=-1`), qui garde sa place "
        "(`keepdims=True`).",
    },
)
def random_scores(solution, rng):
    for shape in ((6, 4), (5, 5), (1, 7)):
        z = 3 * rng.normal(size=shape)
        assert_close(solution.softmax(z), np.exp(log_probabilities(z)), name="softmax(z)")


@test(
    "Log-probabilities of random scores",
    title={"fr": "Log-probabilités de scores aléatoires"},
    points=1,
    hint={
        "en": "The natural logarithm of the probabilities: all values are negative. Natural means `np.log`.",
        "fr": "Le logarithme népérien des probabilités : toutes les valeurs sont négatives. Népérien, c'est `np.log`.",
    },
)
def random_logarithms(solution, rng):
    for shape in ((6, 4), (5, 5), (1, 7)):
        z = 3 * rng.normal(size=shape)
        assert_close(solution.log_softmax(z), log_probabilities(z), name="log_softmax(z)")


@test(
    "Very large and very small scores",
    title={"fr": "Scores très grands et très petits"},
    points=2,
    hint={
        "en": "Rows far from each other need each its own maximum: `z.max()` over everything makes a low row 0/0.",
        "fr": "Des lignes éloignées les unes des autres ont chacune besoin de leur maximum : `z.max()` pris sur tout "
        "le tableau transforme une ligne basse en 0/0.",
    },
)
def extreme(solution, rng):
    z = rng.normal(size=(4, 6)) + np.array([[1e4], [-1e4], [0.0], [700.0]])
    check(solution, z)
    z[:, 2] -= rng.uniform(5000, 9000, size=4)  # a probability that rounds to 0, with a finite logarithm
    check(solution, z)


@test(
    "Forbidden tokens: scores of minus infinity",
    title={"fr": "Tokens interdits : scores de moins l’infini"},
    points=1,
    hint={
        "en": "$e^{-\\infty} = 0$ comes out by itself when the subtracted maximum is finite. Did you clip the scores "
        "or add a small number to the probabilities? Then the 0 is lost.",
        "fr": "$e^{-\\infty} = 0$ s'obtient tout seul si le maximum soustrait est fini. Avez-vous borné les scores ou "
        "ajouté un petit nombre aux probabilités ? Alors le 0 est perdu.",
    },
)
def forbidden(solution, rng):
    z = rng.normal(size=(5, 8))
    z[rng.random(z.shape) < 0.4] = -np.inf
    z[:, 3], z[:, 0] = rng.normal(size=5), -np.inf
    check(solution, z)


@test(
    "Cross-entropy of random scores",
    title={"fr": "Entropie croisée de scores aléatoires"},
    points=2,
    hint={
        "en": "In each row pick the log-probability at the label only, then the mean over rows, with a minus sign. "
        "It must stay finite when the right answer has a tiny probability.",
        "fr": "Dans chaque ligne, prenez seulement la log-probabilité à la position de l'étiquette, puis la moyenne "
        "sur les lignes, avec un signe moins. Elle doit rester finie quand la bonne réponse a une probabilité infime.",
    },
)
def loss(solution, rng):
    for n, k, scale in ((40, 10, 1.0), (6, 6, 5.0), (1, 3, 1.0), (20, 5, 2000.0), (3, 1, 1.0)):
        z, labels = scale * rng.normal(size=(n, k)), rng.integers(k, size=n)
        surprises = [log_sum(row) - float(row[label]) for row, label in zip(z, labels, strict=True)]
        assert_close(solution.cross_entropy(z, labels), math.fsum(surprises) / n, name="cross_entropy(z, labels)")
    assert_close(solution.cross_entropy(np.zeros((4, 10)), np.arange(4)), math.log(10), name="cross_entropy of zeros")


@test(
    "One axis, three axes, a single score",
    title={"fr": "Un axe, trois axes, un seul score"},
    points=1,
    hint={
        "en": "`axis=-1` is the last axis whatever their number; the shape does not change.",
        "fr": "`axis=-1` désigne le dernier axe, quel que soit leur nombre ; la forme ne change pas.",
    },
)
def shapes(solution, rng):
    for shape in ((5,), (1,), (2, 3, 4), (3, 1), (0, 4)):
        check(solution, rng.normal(size=shape))
