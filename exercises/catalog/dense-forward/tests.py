import numpy as np

from workers.testkit import assert_close, fail, test


def check_outputs(solution, X, layers, want):
    got = solution.forward(X, layers)
    if not isinstance(got, list | tuple) or len(got) != len(want):
        fail(
            {
                "en": f"`forward` must return a list of {len(want)} arrays: the input, then the output of each of the "
                f"{len(want) - 1} layers.",
                "fr": f"`forward` doit renvoyer une liste de {len(want)} tableaux : l'entrée, puis la sortie de "
                f"chacune des {len(want) - 1} couches.",
            }
        )
    for k, (ours, theirs) in enumerate(zip(want, got, strict=True)):
        assert_close(theirs, ours, name=f"A{k}")


@test(
    "Example: two layers, worked by hand",
    title={"fr": "Exemple : deux couches, calculées à la main"},
    points=1,
    public=True,
    hint={
        "en": "The hidden layer has the sums [[2, −1], [2.5, −6]]; ReLU comes next, then the second layer reads the "
        "result.",
        "fr": "La couche cachée a pour sommes [[2, −1], [2.5, −6]] ; vient ensuite ReLU, puis la deuxième couche lit "
        "le résultat.",
    },
)
def example_forward(solution, rng):
    X = np.array([[1.0, 2.0], [3.0, -1.0]])
    hidden = (np.array([[1.0, -1.0], [0.5, 1.0]]), np.array([0.0, -2.0]), "relu")
    output = (np.array([[2.0], [3.0]]), np.array([0.5]), "identity")
    want = [X, np.array([[2.0, 0.0], [2.5, 0.0]]), np.array([[4.5], [5.5]])]
    check_outputs(solution, X, [hidden, output], want)


@test(
    "Example: the network of the lecture has 7,850 parameters",
    title={"fr": "Exemple : le réseau du cours a 7 850 paramètres"},
    points=1,
    public=True,
    hint={
        "en": "One weight for each pair of an input and an output, one bias for each output: 784 × 10 + 10.",
        "fr": "Un poids pour chaque couple entrée-sortie, un biais pour chaque sortie : 784 × 10 + 10.",
    },
)
def example_count(solution, rng):
    assert_close(solution.count_parameters([784, 10]), 7850, name="count_parameters([784, 10])")


# Hidden from here on. Layers are computed by einsum and tanh, and parameters counted in arrays that exist.


def bend(name, z):
    if name == "identity":
        return z
    return (z + np.abs(z)) / 2 if name == "relu" else (1 + np.tanh(z / 2)) / 2


def stack(rng, sizes, names):
    """Random layers of these widths, with sums of moderate size."""
    return [
        (rng.normal(size=(inputs, outputs)) / np.sqrt(inputs), rng.normal(size=outputs), name)
        for inputs, outputs, name in zip(sizes, sizes[1:], names, strict=False)
    ]


def check_stack(solution, rng, n, sizes, names):
    X, layers = rng.normal(size=(n, sizes[0])), stack(rng, sizes, names)
    want = [X]
    for W, b, name in layers:
        want.append(bend(name, np.einsum("ni,io->no", want[-1], W) + b[np.newaxis, :]))
    check_outputs(solution, X, layers, want)


@test(
    "One layer with each activation",
    title={"fr": "Une couche avec chaque activation"},
    points=1,
    hint={
        "en": "$f(XW + b)$: the product first, then the biases on every row, then the activation that `name` asks for.",
        "fr": "$f(XW + b)$ : d'abord le produit, puis les biais sur chaque ligne, puis l'activation demandée par "
        "`name`.",
    },
)
def one_layer(solution, rng):
    for name in ("identity", "relu", "sigmoid"):
        check_stack(solution, rng, 20, (12, 5), (name,))


@test(
    "Three layers, each with its own activation",
    title={"fr": "Trois couches, chacune avec son activation"},
    points=2,
    hint={
        "en": "Layer $k$ reads $A_{k-1}$, the output of the layer before (after its activation), not `X`; "
        "every layer has an activation, the last one too.",
        "fr": "La couche $k$ lit $A_{k-1}$, la sortie de la précédente (après son activation), et non `X` ; "
        "chaque couche a une activation, la dernière aussi.",
    },
)
def three_layers(solution, rng):
    check_stack(solution, rng, 16, (9, 9, 9, 9), ("sigmoid", "relu", "sigmoid"))
    check_stack(solution, rng, 16, (30, 12, 7, 3), ("relu", "identity", "relu"))


@test(
    "A thousand images of MNIST's size",
    title={"fr": "Mille images de la taille de celles de MNIST"},
    points=1,
    hint={
        "en": "One matrix product per layer: no loop over images or neurons.",
        "fr": "Un seul produit de matrices par couche : pas de boucle sur les images ni sur les neurones.",
    },
)
def many(solution, rng):
    check_stack(solution, rng, 1000, (784, 32, 10), ("relu", "sigmoid"))


@test(
    "A single row, a single neuron, no row, no layer",
    title={"fr": "Une seule ligne, un seul neurone, aucune ligne, aucune couche"},
    points=2,
    hint={
        "en": "Shapes stay `(n, outputs)` even when `n` or `outputs` is 1; without a layer the answer is `[X]`.",
        "fr": "Les formes restent `(n, outputs)` même si `n` ou `outputs` vaut 1 ; sans couche, la réponse est `[X]`.",
    },
)
def small(solution, rng):
    check_stack(solution, rng, 1, (4, 3, 2), ("relu", "sigmoid"))
    check_stack(solution, rng, 5, (1, 1, 1), ("sigmoid", "identity"))
    check_stack(solution, rng, 0, (3, 2), ("relu",))
    check_stack(solution, rng, 3, (6,), ())


@test(
    "Parameters of random stacks",
    title={"fr": "Paramètres d’empilements aléatoires"},
    points=2,
    hint={
        "en": "Go through neighbouring widths: each pair is a layer with `inputs * outputs` weights and `outputs` "
        "biases. The input itself has none.",
        "fr": "Parcourez les largeurs voisines : chaque paire est une couche avec `inputs * outputs` poids et "
        "`outputs` biais. L'entrée elle-même n'en a pas.",
    },
)
def parameters(solution, rng):
    assert_close(solution.count_parameters([784, 128, 10]), 101_770, name="count_parameters([784, 128, 10])")
    for length in (1, 2, 3, 5):
        sizes = [int(width) for width in rng.integers(1, 60, size=length)]
        count = sum(W.size + b.size for W, b, _ in stack(rng, sizes, ["identity"] * length))
        assert_close(solution.count_parameters(sizes), count, name=f"count_parameters({sizes})")
