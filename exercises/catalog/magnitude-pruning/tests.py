import math

import numpy as np

from workers.testkit import assert_close, assert_equal, fail, test

EXAMPLE = [[0.5, -0.1, 0.4, -0.9], [0.1, 0.0, -0.3, 0.1]]


def two(result):
    """The two values of `prune_rows`, or a failure that says so."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        fail(
            {
                "en": "`prune_rows` must return two values: return smaller, kept.",
                "fr": "`prune_rows` doit renvoyer deux valeurs : return smaller, kept.",
            }
        )
    return result


@test(
    "Example: half of the weights",
    title={"fr": "Exemple : la moitié des poids"},
    points=1,
    public=True,
    hint={
        "en": "Sort the magnitudes, not the weights: −0.9 is the largest of all.",
        "fr": "Triez les magnitudes, pas les poids : −0,9 est le plus grand de tous.",
    },
)
def example_prune(solution, rng):
    want = np.array([[0.5, 0.0, 0.4, -0.9], [0.0, 0.0, -0.3, 0.0]])
    assert_close(solution.prune(np.array(EXAMPLE), 0.5), want, name="prune")


@test(
    "Example: rows, and two of four",
    title={"fr": "Exemple : les lignes, et deux sur quatre"},
    points=1,
    public=True,
    hint={
        "en": "`prune_rows` makes the matrix smaller; `prune_two_of_four` keeps its shape and works group by group.",
        "fr": "`prune_rows` rétrécit la matrice ; `prune_two_of_four` en garde la forme et travaille groupe par "
        "groupe.",
    },
)
def example_structured(solution, rng):
    smaller, kept = two(solution.prune_rows(np.array(EXAMPLE), 0.5))
    assert_close(smaller, np.array([[0.5, -0.1, 0.4, -0.9]]), name="smaller")
    assert_close(kept, np.array([0]), name="kept")
    want = np.array([[0.5, 0.0, 0.0, -0.9], [0.0, 0.0, -0.3, 0.1]])
    assert_close(solution.prune_two_of_four(np.array(EXAMPLE)), want, name="prune_two_of_four")


# Hidden from here on. Expected values with Python's sort, on (magnitude, place).


def zeroed(values, count):
    """The list of values, `count` smallest magnitudes of it set to 0."""
    gone = {place for _, place in sorted((abs(value), place) for place, value in enumerate(values))[:count]}
    return [0.0 if place in gone else value for place, value in enumerate(values)]


def pruned(W, sparsity):
    return np.array(zeroed(W.flatten().tolist(), round(sparsity * W.size))).reshape(W.shape)


def rows_kept(W, sparsity):
    norms = sorted((math.fsum(w * w for w in row), place) for place, row in enumerate(W.tolist()))
    return sorted(place for _, place in norms[round(sparsity * W.shape[0]) :])


def two_of_four(W):
    rows = [[zeroed(row[i : i + 4], 2) for i in range(0, len(row), 4)] for row in W.tolist()]
    return np.array([[w for group in row for w in group] for row in rows])


def check_rows(solution, W, sparsity):
    smaller, kept = two(solution.prune_rows(W, sparsity))
    want = rows_kept(W, sparsity)
    assert_close(kept, np.array(want, dtype=int), name="kept")
    assert_close(smaller, np.array([W[i] for i in want]).reshape(len(want), W.shape[1]), name="smaller")


@test(
    "Unstructured: random weights, many sparsities",
    title={"fr": "Non structuré : poids aléatoires, de nombreuses proportions"},
    points=1,
    hint={
        "en": "The share is of **all** weights of the matrix, not of each row, and it is `round`, not `int`.",
        "fr": "La proportion porte sur **tous** les poids de la matrice, pas sur chaque ligne, et c'est `round`, pas "
        "`int`.",
    },
)
def unstructured(solution, rng):
    for shape in ((1, 1), (5, 7), (12, 3)):
        for sparsity in (0.0, 0.29, 0.5, float(rng.random()), 0.97, 1.0):
            W = rng.normal(size=shape)
            assert_close(solution.prune(W, sparsity), pruned(W, sparsity), name=f"prune, {sparsity:.3g}")


@test(
    "Unstructured: equal magnitudes and zeros",
    title={"fr": "Non structuré : magnitudes égales et zéros"},
    points=2,
    hint={
        "en": "A threshold such as `abs(W) <= t` prunes all equals at once. Take exactly k places, "
        'from a sort that keeps equals in order: `kind="stable"`.',
        "fr": "Un seuil comme `abs(W) <= t` élague tous les ex æquo d'un coup. Prenez exactement k places, "
        'avec un tri qui garde l\'ordre des ex æquo : `kind="stable"`.',
    },
)
def ties(solution, rng):
    for shape in ((4, 6), (10, 10), (1, 50)):
        W = rng.integers(-2, 3, size=shape).astype(float)
        for sparsity in (0.1, 0.5, 0.8):
            assert_close(solution.prune(W, sparsity), pruned(W, sparsity), name=f"prune, {sparsity}")
    W = np.ones((3, 3))
    assert_close(solution.prune(W, 4 / 9), pruned(W, 4 / 9), name="prune, all equal")


@test(
    "Rows: the smallest norms go, the others keep their order",
    title={"fr": "Lignes : les plus petites normes disparaissent, les autres gardent leur ordre"},
    points=1,
    hint={
        "en": "The norm is the root of the sum of **squares**, along a row. Sort the indices that remain.",
        "fr": "La norme est la racine de la somme des **carrés**, le long d'une ligne. Triez les indices qui restent.",
    },
)
def rows(solution, rng):
    for shape in ((1, 3), (6, 6), (9, 4), (20, 2)):
        for sparsity in (0.0, 0.3, float(rng.random()), 1.0):
            check_rows(solution, rng.normal(size=shape), sparsity)
    # The same sum of magnitudes, and the same largest one: only the squares tell.
    check_rows(solution, np.array([[3.0, 3.0, 0.0], [3.0, 1.0, 2.0], [3.0, -2.5, 0.5]]), 1 / 3)


@test(
    "Rows of equal norm",
    title={"fr": "Lignes de même norme"},
    points=1,
    hint={
        "en": 'Of equal rows the first ones go: sort with `kind="stable"`, and do not turn the order round.',
        "fr": 'À égalité, les premières lignes disparaissent : triez avec `kind="stable"`, sans retourner l\'ordre.',
    },
)
def equal_rows(solution, rng):
    W = rng.choice([-1.0, 1.0], size=(40, 5)) * rng.integers(0, 3, size=(40, 1))
    for sparsity in (0.2, 0.5, 0.75):
        check_rows(solution, W, sparsity)


@test(
    "Two of four",
    title={"fr": "Deux sur quatre"},
    points=2,
    hint={
        "en": "Groups never overlap and never cross the end of a row: `W.reshape(-1, 4)` makes them. Of equals the "
        "first goes.",
        "fr": "Les groupes ne se chevauchent pas et ne dépassent jamais la fin d'une ligne : `W.reshape(-1, 4)` les "
        "forme. "
        "À égalité, le premier disparaît.",
    },
)
def pattern(solution, rng):
    for shape in ((1, 4), (3, 8), (5, 20)):
        for W in (rng.normal(size=shape), rng.integers(-2, 3, size=shape).astype(float)):
            assert_close(solution.prune_two_of_four(W), two_of_four(W), name="prune_two_of_four")


UNCHANGED = """
import numpy as _np
_W = _np.arange(-6.0, 6.0).reshape(3, 4).astype(_np.float32)
_kept = _W.copy()
_results = [prune(_W, 0.5), prune_rows(_W, 0.4)[0], prune_two_of_four(_W), prune(_W, 0.0)]
for _one in _results:
    _one[...] = 77.0
[bool((_W == _kept).all()), [str(_one.dtype) for _one in _results]]
"""


@test(
    "The matrix given stays as it was, float32 stays float32",
    title={"fr": "La matrice reçue reste intacte, float32 reste float32"},
    points=1,
    hint={
        "en": "`W.flat[...] = 0` changes the caller's matrix: work on `W.copy()`. `reshape` makes no copy either.",
        "fr": "`W.flat[...] = 0` modifie la matrice de l'appelant : travaillez sur `W.copy()`. `reshape` ne copie pas "
        "non plus.",
    },
)
def unchanged(solution, rng):
    value = solution.run(UNCHANGED).value
    if not isinstance(value, list) or len(value) != 2 or value[0] is not True:
        fail(
            {
                "en": "Your functions change the matrix that they are given, or return it itself.",
                "fr": "Vos fonctions modifient la matrice reçue, ou la renvoient elle-même.",
            }
        )
    assert_equal(value[1], ["float32"] * 4, name="dtypes")
    W = np.array([[1, -7], [3, 2]], dtype=np.float32)
    assert_close(solution.prune(W, 0.5), np.array([[0, -7], [3, 0]], dtype=np.float32), name="prune")
