from collections import Counter
from pathlib import Path

import numpy as np

from workers.testkit import assert_close, assert_equal, record, test

# 2,000 digits of MNIST: the label of each, and what three networks read.
DATA = Path(__file__).parent / "data" / "predictions.npz"
EXAMPLE = np.array([[1, 1, 0], [0, 1, 0], [2, 0, 1]])


@test(
    "Example: the matrix of six images",
    title={"fr": "Exemple : la matrice de six images"},
    points=1,
    public=True,
    hint={
        "en": "Row: the truth; column: the prediction. The pair (2, 0) occurs twice and counts twice: "
        "`M[labels, predictions] += 1` counts it once.",
        "fr": "La ligne est la vérité, la colonne la prédiction. Le couple (2, 0) apparaît deux fois et compte deux "
        "fois : `M[labels, predictions] += 1` ne le compte qu'une fois.",
    },
)
def example_matrix(solution, rng):
    got = solution.confusion_matrix(np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 0, 2]), 3)
    assert_close(got, EXAMPLE, name="M")


@test(
    "Example: three answers from one matrix",
    title={"fr": "Exemple : trois réponses tirées d’une matrice"},
    points=1,
    public=True,
    hint={
        "en": "Three of six images lie on the diagonal. The recall divides each diagonal cell by the sum of its row.",
        "fr": "Trois images sur six se trouvent sur la diagonale. Le rappel divise chaque case de la diagonale par la "
        "somme de sa ligne.",
    },
)
def example_answers(solution, rng):
    assert_close(solution.accuracy(EXAMPLE), 0.5, name="accuracy(M)")
    assert_close(solution.recall(EXAMPLE), np.array([1 / 2, 1.0, 1 / 3]), name="recall(M)")
    assert_close(solution.most_confused(EXAMPLE), (2, 0), name="most_confused(M)")


@test(
    "Three networks on 2,000 digits",
    title={"fr": "Trois réseaux sur 2 000 chiffres"},
    points=1,
    public=True,
    hint={
        "en": "The plots show the recall of each digit. Is yours a share between 0 and 1, and is the sum taken over "
        "the row of the matrix?",
        "fr": "Les graphiques montrent le rappel de chaque chiffre. Le vôtre est-il une part entre 0 et 1, et la "
        "somme est-elle prise sur la ligne de la matrice ?",
    },
)
def networks(solution, rng):
    known = {  # accuracy, recall of every digit, most frequent error
        "identity": (0.8385, [0.932, 0.948, 0.799, 0.843, 0.869, 0.591, 0.905, 0.882, 0.772, 0.809], (5, 3)),
        "relu": (0.751, [0.953, 0.0, 0.845, 0.867, 0.863, 0.641, 0.896, 0.906, 0.822, 0.820], (1, 2)),
        "sigmoid": (0.667, [0.990, 0.974, 0.644, 0.733, 0.794, 0.099, 0.649, 0.877, 0.396, 0.415], (5, 0)),
    }
    with np.load(DATA) as arrays:
        read = {name: arrays[name] for name in ("labels", *known)}
    for name, (share, recalls, error) in known.items():
        M = solution.confusion_matrix(read["labels"], read[name], 10)
        rates = solution.recall(M)
        if isinstance(rates, np.ndarray) and rates.dtype.kind == "f" and rates.shape == (10,):
            record(f"recall {name}", rates)
        assert_close(rates, np.array(recalls), rtol=0.0, atol=0.0006, name=f"{name}: recall")
        assert_close(solution.accuracy(M), share, name=f"{name}: accuracy")
        assert_close(solution.most_confused(M), error, name=f"{name}: most_confused")


# Hidden from here on. Pairs are counted in a dictionary, one image at a time.


def count(labels, predictions, classes):
    pairs = Counter(zip(labels.tolist(), predictions.tolist(), strict=True))
    return np.array([[pairs[i, j] for j in range(classes)] for i in range(classes)])


def random_matrix(rng, classes):
    """Counts with a clear diagonal; off it no two cells are equal."""
    M = rng.permutation(classes * classes).reshape(classes, classes) + 1
    return M + np.diag(rng.integers(50, 500, size=classes))


@test(
    "The matrix of random predictions",
    title={"fr": "La matrice de prédictions aléatoires"},
    points=2,
    hint={
        "en": "The size is `classes`, not the largest label that occurs. With `uint8` labels, "
        "`labels * classes + predictions` wraps around at 256.",
        "fr": "La taille est `classes`, et non la plus grande étiquette présente. Avec des étiquettes `uint8`, "
        "`labels * classes + predictions` repart de 0 à partir de 256.",
    },
)
def matrices(solution, rng):
    for n, classes, dtype in ((500, 10, np.int64), (3000, 26, np.uint8), (6, 12, np.uint8), (0, 4, np.uint8)):
        labels, predictions = (rng.integers(classes, size=n).astype(dtype) for _ in range(2))
        got = solution.confusion_matrix(labels, predictions, classes)
        assert_close(got, count(labels, predictions, classes), name="M")
    got = solution.confusion_matrix(np.zeros(0, dtype=int), np.zeros(0, dtype=int), 2)
    assert_equal(np.asarray(got).dtype.kind, "i", name="M.dtype.kind")


@test(
    "Accuracy",
    title={"fr": "Taux de réussite"},
    points=1,
    hint={
        "en": "The diagonal over the whole matrix: classes with more images weigh more, so it is not the mean of the "
        "recalls. An empty matrix gives 0.0.",
        "fr": "La diagonale sur toute la matrice : une classe plus nombreuse pèse davantage, ce n'est donc pas la "
        "moyenne des rappels. Une matrice vide donne 0.0.",
    },
)
def accuracies(solution, rng):
    for classes in (2, 5, 10):
        M = random_matrix(rng, classes)
        right = sum(int(M[i, i]) for i in range(classes))
        assert_close(solution.accuracy(M), right / sum(map(int, M.flat)), name="accuracy(M)")
    assert_close(solution.accuracy(np.zeros((3, 3), dtype=int)), 0.0, name="accuracy of no image")
    assert_close(solution.accuracy(np.array([[7]])), 1.0, name="accuracy of one class")


@test(
    "Recall",
    title={"fr": "Rappel"},
    points=1,
    hint={
        "en": "Divide by the images **of** the class, a row; the sum of a column counts what was **read as** the class "
        "(that is the precision). No image: `nan`, not 0.",
        "fr": "Divisez par les images **de** la classe, une ligne ; la somme d'une colonne compte ce qui a été **lu "
        "comme** la classe (c'est la précision). Aucune image : `nan`, et non 0.",
    },
)
def recalls(solution, rng):
    for classes in (2, 6, 10):
        M = random_matrix(rng, classes)
        M[classes // 2] = 0  # a class without an image, although others were read as it
        M[0, 0] = 0  # a class that is never read correctly
        want = [M[i, i] / sum(map(int, M[i])) if M[i].any() else np.nan for i in range(classes)]
        assert_close(solution.recall(M), np.array(want), equal_nan=True, name="recall(M)")


@test(
    "The most frequent error",
    title={"fr": "L’erreur la plus fréquente"},
    points=1,
    hint={
        "en": "Leave the diagonal out, without changing the sizes of the other cells; `(i, j)` is (truth, prediction).",
        "fr": "Laissez la diagonale de côté, sans toucher aux autres cases ; `(i, j)` est (vérité, prédiction).",
    },
)
def confused(solution, rng):
    for classes in (2, 5, 10):
        M = random_matrix(rng, classes)
        cells = [(int(M[i, j]), i, j) for i in range(classes) for j in range(classes) if i != j]
        assert_close(solution.most_confused(M), max(cells)[1:], name="most_confused(M)")
    # Both directions together are not what is asked for.
    M = np.array([[50, 9, 8], [8, 50, 0], [10, 1, 50]])
    assert_close(solution.most_confused(M), (2, 0), name="most_confused(M)")
    M = np.array([[50, 9, 0], [8, 50, 0], [10, 0, 50]])
    assert_close(solution.most_confused(M), (2, 0), name="most_confused(M)")


@test(
    "No error, and errors equally frequent",
    title={"fr": "Aucune erreur, et des erreurs également fréquentes"},
    points=2,
    hint={
        "en": "Without an error: `None`. Of equals: the smallest `i`, then the smallest `j`, as plain whole numbers.",
        "fr": "Sans erreur : `None`. À égalité : le plus petit `i`, puis le plus petit `j`, sous forme de simples "
        "entiers.",
    },
)
def ties(solution, rng):
    assert_equal(solution.most_confused(np.diag(rng.integers(1, 9, size=4))), None, name="no error")
    assert_equal(solution.most_confused(np.zeros((3, 3), dtype=int)), None, name="no image")
    assert_equal(solution.most_confused(np.array([[5]])), None, name="one class")
    M = np.diag(rng.integers(1, 30, size=6))
    M[4, 1] = M[2, 5] = M[2, 3] = M[5, 0] = 7
    assert_close(solution.most_confused(M), (2, 3), name="most_confused(M)")
