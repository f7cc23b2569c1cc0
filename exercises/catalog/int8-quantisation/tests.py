from fractions import Fraction

import numpy as np

from workers.testkit import assert_close, assert_equal, fail, test

EXAMPLE = [[1.27, -0.50, 0.0], [0.02, 0.01, -0.02]]


def quantised(solution, W, per_row):
    """What `quantise` returns, once it is known to be a pair whose first part is an int8 array."""
    result = solution.quantise(W, True) if per_row else solution.quantise(W)
    if not isinstance(result, tuple | list) or len(result) != 2:
        fail(
            {
                "en": "`quantise` must return two values: return q, scale.",
                "fr": "`quantise` doit renvoyer deux valeurs : return q, scale.",
            }
        )
    q, scale = result
    if not isinstance(q, np.ndarray):
        fail({"en": "q must be a NumPy array.", "fr": "q doit être un tableau NumPy."})
    assert_equal(str(q.dtype), "int8", name="q.dtype")
    return q, scale


@test(
    "Example: one scale for the tensor",
    title={"fr": "Exemple : une échelle pour tout le tenseur"},
    points=1,
    public=True,
    hint={
        "en": "The largest weight without its sign becomes 127: the scale is 1.27 / 127.",
        "fr": "Le plus grand poids en valeur absolue devient 127 : l'échelle vaut 1,27 / 127.",
    },
)
def example_tensor(solution, rng):
    q, scale = quantised(solution, np.array(EXAMPLE), False)
    assert_close(scale, 0.01, name="scale")
    assert_close(q, np.array([[127, -50, 0], [2, 1, -2]]), name="q")
    assert_close(solution.dequantise(q, 0.01), np.array(EXAMPLE), name="dequantise")


@test(
    "Example: one scale per row, and the memory",
    title={"fr": "Exemple : une échelle par ligne, et la mémoire"},
    points=1,
    public=True,
    hint={
        "en": "`keepdims=True` gives the scales the shape (m, 1), so that each row meets its own. And 63.5 rounds to 64: "
        "`np.round`, not `astype` alone, which cuts off.",
        "fr": "`keepdims=True` donne aux échelles la forme (m, 1) : chaque ligne trouve alors la sienne. Et 63,5 "
        "s'arrondit à 64 : `np.round`, pas `astype` seul, qui tronque.",
    },
)
def example_rows(solution, rng):
    q, scale = quantised(solution, np.array(EXAMPLE), True)
    assert_close(scale, np.array([[0.01], [0.02 / 127]]), name="scale")
    assert_close(q, np.array([[127, -50, 0], [127, 64, -127]]), name="q")
    assert_close(solution.memory(4096, 4096, True), (67108864, 16793600), name="memory")


# Hidden from here on. Expected values in exact fractions, which round halves to even as well.


def nearest(w, scale):
    return round(Fraction(float(w)) / scale)


def scale_of(weights):
    largest = max(abs(Fraction(float(w))) for w in weights)
    return largest / 127 if largest else Fraction(1)


def expected(W, per_row):
    groups = [scale_of(row) for row in W] if per_row else [scale_of(W.flat)] * len(W)
    q = np.array([[nearest(w, scale) for w in row] for row, scale in zip(W, groups, strict=True)])
    scales = [float(scale) for scale in groups]
    return q, np.array(scales)[:, None] if per_row else scales[0]


def check(solution, W, per_row):
    q, scale = quantised(solution, W, per_row)
    want_q, want_scale = expected(W, per_row)
    assert_close(scale, want_scale, name="scale")
    assert_close(q, want_q, name="q")


@test(
    "Random weights, one scale",
    title={"fr": "Poids aléatoires, une seule échelle"},
    points=1,
    hint={
        "en": "The largest may be negative: take `np.abs` before `np.max`.",
        "fr": "Le plus grand peut être négatif : prenez `np.abs` avant `np.max`.",
    },
)
def tensor(solution, rng):
    for shape in ((1, 1), (7, 5), (1, 30)):
        W = rng.normal(size=shape) * 10 ** rng.uniform(-3, 3)
        W[0, 0] = -2.3 * np.abs(W).max()
        check(solution, W, False)


@test(
    "Random weights, one scale per row",
    title={"fr": "Poids aléatoires, une échelle par ligne"},
    points=1,
    hint={
        "en": "The rows run along the axis 1: `np.max(np.abs(W), axis=1, keepdims=True)`.",
        "fr": "Une ligne se parcourt le long de l'axe 1 : `np.max(np.abs(W), axis=1, keepdims=True)`.",
    },
)
def rows(solution, rng):
    for shape in ((1, 4), (6, 6), (9, 3), (5, 1)):
        check(solution, rng.normal(size=shape) * rng.uniform(0.01, 100, size=(shape[0], 1)), True)


@test(
    "Rounding: to the nearest, halves to the even one",
    title={"fr": "L’arrondi : au plus proche, à l’entier pair à mi-chemin"},
    points=1,
    hint={
        "en": "`astype(np.int8)` cuts the decimals off, and `np.floor(x + 0.5)` sends all halves up. `np.round` is "
        "right.",
        "fr": "`astype(np.int8)` tronque les décimales, et `np.floor(x + 0.5)` arrondit toujours vers le haut à mi-chemin. "
        "`np.round` convient.",
    },
)
def rounding(solution, rng):
    W = np.append(127.0, rng.choice(np.arange(-126.5, 127, 1.0), size=11, replace=False)).reshape(3, 4)
    check(solution, W, False)
    W = np.append([127.0, 0.5, 1.5, 2.5, -0.5, -1.5], rng.uniform(-126, 126, size=6)).reshape(2, 6)
    W[1, 0] = -127.0
    check(solution, W, True)


@test(
    "Weights that are all 0",
    title={"fr": "Des poids tous nuls"},
    points=1,
    hint={
        "en": "A scale of 0 divides by zero. The convention is the scale 1, also for a single row of zeros.",
        "fr": "Une échelle nulle divise par zéro. La convention est une échelle de 1, aussi pour une seule ligne de "
        "zéros.",
    },
)
def zeros(solution, rng):
    check(solution, np.zeros((3, 4)), False)
    W = rng.normal(size=(4, 5)) * 0.01
    W[[0, 2]] = 0.0
    check(solution, W, True)


@test(
    "Back to floats: an error of half a step at most",
    title={"fr": "Retour aux flottants : une erreur d’un demi-pas au plus"},
    points=1,
    hint={
        "en": "Multiply whole number by scale, with the scale (m, 1) as with a single one; the result is float, not "
        "int8. "
        "A float32 matrix is quantised in float64.",
        "fr": "Multipliez l'entier par l'échelle, qu'elle soit de forme (m, 1) ou unique ; le résultat est en "
        "flottants, "
        "pas en int8. Une matrice float32 se quantifie en float64.",
    },
)
def back(solution, rng):
    for per_row in (False, True):
        W = rng.normal(size=(12, 12)).astype(np.float32)
        W[:, 3] = -9.0
        q, scale = quantised(solution, W, per_row)
        want_q, want_scale = expected(W, per_row)
        assert_close(scale, want_scale, rtol=1e-12, name="scale")
        restored = solution.dequantise(want_q.astype(np.int8), want_scale)
        steps = np.broadcast_to(want_scale, W.shape)
        want = np.array(
            [[float(k) * s for k, s in zip(*pair, strict=True)] for pair in zip(want_q, steps, strict=True)]
        )
        assert_close(restored, want, name="dequantise")
        if np.abs(np.asarray(solution.dequantise(q, scale)) - W).max() > np.max(steps) * 0.5000001:
            fail({"en": "The error exceeds half a step.", "fr": "L'erreur dépasse un demi-pas."})
    # A scale in whole numbers is a scale all the same.
    assert_close(
        solution.dequantise(np.array([[100, -3]], dtype=np.int8), 2), np.array([[200.0, -6.0]]), name="scale 2"
    )


@test(
    "Product of two quantised matrices",
    title={"fr": "Produit de deux matrices quantifiées"},
    points=2,
    hint={
        "en": "`a @ b` of two int8 arrays stays in int8 and wraps round beyond 127: convert both to int32 first. "
        "Each entry is the sum of whole numbers times both scales.",
        "fr": "Le produit `a @ b` de deux tableaux int8 reste en int8 et déborde au-delà de 127 : convertissez "
        "d'abord les "
        "deux en int32. Chaque coefficient est la somme d'entiers, multipliée par les deux échelles.",
    },
)
def products(solution, rng):
    for m, k, n in ((1, 1, 1), (3, 4, 2), (2, 300, 5)):
        a, b = (rng.integers(-127, 128, size=shape, dtype=np.int8) for shape in ((m, k), (k, n)))
        s, t = (float(x) for x in rng.uniform(0.001, 0.1, size=2))
        real = [[sum(int(x) * int(y) for x, y in zip(row, col, strict=True)) * s * t for col in b.T] for row in a]
        assert_close(solution.product(a, s, b, t), np.array(real), name="product")


@test(
    "Memory",
    title={"fr": "La mémoire"},
    points=1,
    hint={
        "en": "Count the scales as well: one for the tensor or one per row, 4 bytes each.",
        "fr": "Comptez aussi les échelles : une pour le tenseur ou une par ligne, 4 octets chacune.",
    },
)
def sizes(solution, rng):
    for m, n in ((1, 1), (3, 10), (int(rng.integers(2, 5000)), int(rng.integers(2, 5000)))):
        weights = sum(n for _ in range(m))
        assert_close(solution.memory(m, n), (weights << 2, weights + 4), name=f"memory({m}, {n})")
        assert_close(solution.memory(m, n, True), (weights << 2, weights + (m << 2)), name=f"memory({m}, {n}, True)")
