import numpy as np

from workers.testkit import assert_close, fail, test


def two(result, function, names):
    if not isinstance(result, tuple | list) or len(result) != 2:
        fail(
            {
                "en": f"`{function}` must return two values: return {names}.",
                "fr": f"`{function}` doit renvoyer deux valeurs : return {names}.",
            }
        )
    return result


def product(solution, W, tuned, rank):
    # A B of what `compress` returns, once both shapes are known to be right.
    A, B = two(solution.compress(W, tuned, rank), "compress", "A, B")
    for name, matrix, shape in (("A", A, (W.shape[0], rank)), ("B", B, (rank, W.shape[1]))):
        if not isinstance(matrix, np.ndarray) or matrix.dtype.kind != "f":
            fail(
                {
                    "en": f"compress: {name} must be a NumPy array of floats.",
                    "fr": f"compress : {name} doit être un tableau NumPy de flottants.",
                }
            )
        assert_close(matrix.shape, shape, name=f"{name}.shape")
    return A @ B


@test(
    "Example: the corrected layer, and the merged one",
    title={"fr": "Exemple : la couche corrigée, et la couche fusionnée"},
    points=1,
    public=True,
    hint={
        "en": "X A is [[2.0]], X A B is [[4, −2]], and alpha / r is 0.5.",
        "fr": "X A vaut [[2.0]], X A B vaut [[4, −2]], et alpha / r vaut 0,5.",
    },
)
def example_layer(solution, rng):
    X, W = np.array([[1.0, 2.0]]), np.eye(2)
    A, B = np.array([[1.0], [0.5]]), np.array([[2.0, -1.0]])
    assert_close(solution.correction(X, A, B, 0.5), np.array([[2.0, -1.0]]), name="correction")
    assert_close(solution.lora_forward(X, W, A, B, 0.5), np.array([[3.0, 1.0]]), name="lora_forward")
    assert_close(solution.merge(W, A, B, 0.5), np.array([[2.0, -0.5], [0.5, 0.75]]), name="merge")


@test(
    "Example: parameters, and a correction of rank 1",
    title={"fr": "Exemple : les paramètres, et une correction de rang 1"},
    points=1,
    public=True,
    hint={
        "en": "Of the two singular values 3 and 1, rank 1 keeps the 3. Count the elements of `A` and of `B`, and add.",
        "fr": "Des deux valeurs singulières 3 et 1, le rang 1 garde le 3. Comptez les éléments de `A` et ceux de `B`, "
        "puis additionnez.",
    },
)
def example_counts(solution, rng):
    counts = two(solution.parameter_counts(4096, 4096, 8), "parameter_counts", "full, lora")
    assert_close(counts, (16_777_216, 65_536), name="parameter_counts(4096, 4096, 8)")
    got = product(solution, np.zeros((2, 2)), np.diag([3.0, 1.0]), 1)
    assert_close(got, np.diag([3.0, 0.0]), name="A @ B")


# Hidden from here on. Corrections are summed rank by rank, and matrices for `compress` are built from known parts.


def layer(rng, n, inputs, outputs, rank):
    return tuple(rng.normal(size=shape) for shape in ((n, inputs), (inputs, outputs), (inputs, rank), (rank, outputs)))


def delta(A, B, alpha):
    # The correction of the weights as a mean of outer products.
    return alpha * np.mean([np.outer(A[:, k], B[k]) for k in range(len(B))], axis=0)


SIZES = ((5, 8, 6, 3), (4, 6, 6, 6), (1, 7, 3, 2), (3, 1, 4, 1), (2, 3, 1, 5))


@test(
    "The correction alone",
    title={"fr": "La correction seule"},
    points=1,
    hint={
        "en": "The factor is alpha divided by r, and r is the number of columns of `A`.",
        "fr": "Le facteur est alpha divisé par r, et r est le nombre de colonnes de `A`.",
    },
)
def alone(solution, rng):
    for sizes in SIZES:
        (X, _, A, B), alpha = layer(rng, *sizes), float(rng.uniform(4, 40))
        want = np.einsum("ni,io->no", X, delta(A, B, alpha))
        assert_close(solution.correction(X, A, B, alpha), want, name="correction")


@test(
    "A correction of 20,000 × 20,000",
    title={"fr": "Une correction de 20 000 × 20 000"},
    points=1,
    hint={
        "en": "`A @ B` is the large matrix that LoRA avoids: multiply `X` by `A` first. Everything stays thin.",
        "fr": "`A @ B` est la grande matrice que LoRA évite : multipliez d'abord `X` par `A`. Tout reste mince.",
    },
)
def large(solution, rng):
    X, A, B = rng.normal(size=(2, 20_000)), rng.normal(size=(20_000, 4)), rng.normal(size=(4, 20_000))
    thin = np.einsum("ni,ir->nr", X, A)
    assert_close(solution.correction(X, A, B, 8.0), 2 * np.einsum("nr,ro->no", thin, B), name="correction")


@test(
    "The corrected layer and the merged one agree",
    title={"fr": "La couche corrigée et la couche fusionnée s’accordent"},
    points=2,
    hint={
        "en": "The frozen part counts in full; only the correction is multiplied by alpha / r. The merged matrix has "
        "the shape of `W`.",
        "fr": "La partie gelée compte en entier ; seule la correction est multipliée par alpha / r. La matrice "
        "fusionnée a la forme de `W`.",
    },
)
def agree(solution, rng):
    for sizes in SIZES:
        (X, W, A, B), alpha = layer(rng, *sizes), float(rng.uniform(4, 40))
        together = W + delta(A, B, alpha)
        assert_close(solution.merge(W, A, B, alpha), together, name="merge")
        assert_close(solution.lora_forward(X, W, A, B, alpha), np.einsum("ni,io->no", X, together), name="lora_forward")


@test(
    "Parameters of any matrix",
    title={"fr": "Les paramètres d’une matrice quelconque"},
    points=1,
    hint={
        "en": "`A` has inputs × r elements, `B` has r × outputs. With a high rank LoRA may cost more than it saves.",
        "fr": "`A` a inputs × r éléments, `B` en a r × outputs. Avec un rang élevé, LoRA peut coûter plus qu'elle "
        "n'économise.",
    },
)
def counts(solution, rng):
    for inputs, outputs, rank in ((4096, 11_008, 16), (3, 5, 2), (10, 10, 10), (1, 7, 1)):
        want = (np.zeros((inputs, outputs)).size, np.zeros((inputs, rank)).size + np.zeros((rank, outputs)).size)
        got = two(solution.parameter_counts(inputs, outputs, rank), "parameter_counts", "full, lora")
        assert_close(got, want, name=f"parameter_counts({inputs}, {outputs}, {rank})")


def orthogonal(rng, rows, columns):
    return np.linalg.qr(rng.normal(size=(rows, columns)))[0]


def spectrum(rng, inputs, outputs):
    # A random matrix with the singular values 8, 4, 2, …, as the list of its parts of rank 1.
    many = min(inputs, outputs)
    left, right = orthogonal(rng, inputs, many), orthogonal(rng, outputs, many)
    return [8.0 * 0.5**k * np.outer(left[:, k], right[:, k]) for k in range(many)]


@test(
    "The best correction of a given rank",
    title={"fr": "La meilleure correction d’un rang donné"},
    points=2,
    hint={
        "en": "Decompose the difference `tuned - W`, not `tuned`; keep the largest singular values, which `svd` puts "
        "first, and do not lose them between `A` and `B`.",
        "fr": "Décomposez la différence `tuned - W`, pas `tuned` ; gardez les plus grandes valeurs singulières, que "
        "`svd` place en tête, et ne les perdez pas entre `A` et `B`.",
    },
)
def best(solution, rng):
    for inputs, outputs, rank in ((9, 6, 2), (5, 8, 3), (6, 6, 1)):
        W, parts = rng.normal(size=(inputs, outputs)), spectrum(rng, inputs, outputs)
        got = product(solution, W, W + sum(parts), rank)
        assert_close(got, sum(parts[:rank]), rtol=1e-6, atol=1e-8, name="A @ B")


@test(
    "A correction that fits its rank exactly",
    title={"fr": "Une correction qui tient exactement dans son rang"},
    points=1,
    hint={
        "en": "A difference of rank 2 is met exactly with rank 2, and with any higher one; the full rank gives "
        "`tuned` itself. No factor alpha / r here.",
        "fr": "Une différence de rang 2 est atteinte exactement avec le rang 2, et avec tout rang supérieur ; le rang "
        "maximal redonne `tuned`. Pas de facteur alpha / r ici.",
    },
)
def exact(solution, rng):
    for inputs, outputs, rank in ((7, 5, 2), (7, 5, 4), (4, 9, 4), (1, 6, 1), (6, 1, 1)):
        W, parts = rng.normal(size=(inputs, outputs)), spectrum(rng, inputs, outputs)
        difference = sum(parts[:2])
        got = product(solution, W, W + difference, rank)
        assert_close(W + got, W + difference, rtol=1e-6, atol=1e-8, name="W + A @ B")
