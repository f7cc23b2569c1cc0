import numpy as np

from workers.testkit import assert_close, assert_equal, test, timing

FLOAT = np.float32


def matrix(rng, *shape):
    return rng.normal(size=shape).astype(FLOAT)


def exact(A, B):
    """The product in double precision."""
    return A.astype(float) @ B.astype(float)


def check(got, want, length, name):
    """A float32 result: its error grows like the root of `length`. That of TF32 or half precision is 100 times more."""
    assert_equal(str(getattr(got, "dtype", type(got).__name__)), "float32", name=f"type of {name}")
    assert_close(got, want, rtol=0, atol=2e-6 * length**0.5 * max(1.0, float(np.abs(want).max()) / 10), name=name)


@test(
    "Example: a product and three at once",
    title={"fr": "Exemple : un produit, puis trois d’un coup"},
    points=1,
    public=True,
    hint={
        "en": '`torch.as_tensor(A, device="cuda")` copies an array to the GPU; return the tensor, it is copied back.',
        "fr": '`torch.as_tensor(A, device="cuda")` copie un tableau vers le GPU ; renvoyez le tenseur, il est recopié.',
    },
)
def example(solution, rng):
    A, B = np.array([[1, 2], [3, 4]], FLOAT), np.array([[0, 1], [1, 0]], FLOAT)
    check(solution.product(A, B), np.array([[2, 1], [4, 3]], float), 2, "product(A, B)")
    want = np.array([[[2, 1], [4, 3]], [[4, 2], [8, 6]], [[0, 0], [0, 0]]], float)
    check(solution.many(A, np.stack([B, 2 * B, 0 * B])), want, 2, "many(A, Bs)")


@test(
    "Example: one step",
    title={"fr": "Exemple : un pas"},
    points=1,
    public=True,
    hint={
        "en": "Multiply, then divide by the Euclidean length. No step at all: v as it is.",
        "fr": "Multipliez, puis divisez par la longueur euclidienne. Aucun pas : v tel quel.",
    },
)
def example_power(solution, rng):
    A, v = np.array([[0, 3], [4, 0]], FLOAT), np.array([1, 1], FLOAT)
    check(solution.power_times(A, v, 1), np.array([0.6, 0.8]), 2, "power_times(A, v, 1)")
    check(solution.power_times(A, v, 0), np.array([1.0, 1.0]), 2, "power_times(A, v, 0)")


# Hidden from here on.


@test(
    "Products of any shape, in full precision",
    title={"fr": "Des produits de toute forme, en pleine précision"},
    points=2,
    hint={
        "en": "float32 all the way: no half precision, and no TF32 (`torch.backends.cuda.matmul.allow_tf32 = False`).",
        "fr": "float32 d'un bout à l'autre : ni demi-précision, ni TF32 "
        "(`torch.backends.cuda.matmul.allow_tf32 = False`).",
    },
)
def precision(solution, rng):
    for n, k, m in ((1, 5, 1), (33, 700, 20), (256, 1024, 256), (int(rng.integers(2, 99)), 64, 7)):
        A, B = matrix(rng, n, k), matrix(rng, k, m)
        check(solution.product(A, B), exact(A, B), k, "product(A, B)")


@test(
    "Many at once",
    title={"fr": "Beaucoup d’un coup"},
    points=1,
    hint={
        "en": "`@` with a three-dimensional tensor multiplies the whole batch; the order of Bs is kept.",
        "fr": "`@` avec un tenseur à trois dimensions multiplie tout le lot ; l'ordre de Bs est conservé.",
    },
)
def batches(solution, rng):
    for r, n, k, m in ((1, 3, 4, 5), (7, 16, 300, 2), (20, 1, 50, 9)):
        A, Bs = matrix(rng, n, k), matrix(rng, r, k, m)
        check(solution.many(A, Bs), np.stack([exact(A, B) for B in Bs]), k, "many(A, Bs)")


@test(
    "Many steps",
    title={"fr": "Beaucoup de pas"},
    points=1,
    hint={
        "en": "Divide in every step: after a hundred steps without it the numbers leave the range of float32.",
        "fr": "Divisez à chaque pas : sans cela, au bout de cent pas, les nombres sortent du domaine de float32.",
    },
)
def steps(solution, rng):
    for n, count in ((3, 4), (200, 25), (64, 150)):
        A, v = matrix(rng, n, n), matrix(rng, n)
        A = (A @ A.T / n + np.eye(n, dtype=FLOAT)) * FLOAT(40)  # symmetric: no error grows faster than the vector
        want = v.astype(float)
        for _ in range(count):
            want = A.astype(float) @ want
            want /= np.sqrt(want @ want)
        check(solution.power_times(A, v, count), want, 100 * n, "power_times")


# Speed: measured on the GPU against the reference, with all copies.


def same(got, want):
    assert_equal(str(getattr(got, "dtype", type(got).__name__)), "float32", name="type of the result")
    assert_close(got, want, rtol=0, atol=5e-3)


@timing(
    "Fast: a product of 2048 × 2048",
    title={"fr": "Rapide : un produit 2048 × 2048"},
    points=1,
    at_most=2.0,
    check=same,
    hint={
        "en": "On the GPU, and nothing but two copies there and one back.",
        "fr": "Sur le GPU, et rien de plus que deux copies à l'aller et une au retour.",
    },
)
def fast_product(rng):
    return "product", [matrix(rng, 2048, 2048), matrix(rng, 2048, 2048)]


@timing(
    "Fast: a batch of 20,000 products",
    title={"fr": "Rapide : un lot de 20 000 produits"},
    points=1,
    at_most=2.0,
    check=same,
    hint={
        "en": "One copy and one call for the whole batch: each launch of a small product costs more than the product.",
        "fr": "Une seule copie et un seul appel pour tout le lot : lancer un petit produit coûte plus que le produit.",
    },
)
def fast_many(rng):
    return "many", [matrix(rng, 16, 16), matrix(rng, 20_000, 16, 16)]


@timing(
    "Fast: 300 steps with a matrix of 3000 × 3000",
    title={"fr": "Rapide : 300 pas avec une matrice 3000 × 3000"},
    points=2,
    at_most=2.0,
    check=same,
    hint={
        "en": "The matrix and the vector stay on the GPU: nothing is copied, and nothing is read, inside the loop.",
        "fr": "La matrice et le vecteur restent sur le GPU : dans la boucle, rien n'est copié et rien n'est lu.",
    },
)
def fast_steps(rng):
    A = matrix(rng, 3000, 3000)
    return "power_times", [(A + A.T) / FLOAT(2), matrix(rng, 3000), 300]
