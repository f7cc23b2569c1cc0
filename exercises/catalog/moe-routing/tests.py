import math

import numpy as np

from workers.testkit import assert_close, fail, test


def two(result, function, names):
    """The two values that `function` has to return, or a failure that says so."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        fail(
            {
                "en": f"`{function}` must return two values: return {names}.",
                "fr": f"`{function}` doit renvoyer deux valeurs : return {names}.",
            }
        )
    return result


@test(
    "Example: two experts of three",
    title={"fr": "Exemple : deux experts sur trois"},
    points=1,
    public=True,
    hint={
        "en": "The weights are a softmax over the two chosen scores alone: $1 / (1 + e^{-1})$ for the first token.",
        "fr": "Les poids sont un softmax sur les deux scores choisis seulement : $1 / (1 + e^{-1})$ pour le premier "
        "token.",
    },
)
def example_route(solution, rng):
    logits = np.array([[0.0, 2.0, 1.0], [5.0, 5.0, 5.0]])
    experts, weights = two(solution.route(logits, 2), "route", "experts, weights")
    assert_close(experts, np.array([[1, 2], [0, 1]]), name="experts")
    assert_close(weights, np.array([[0.7310585786, 0.2689414214], [0.5, 0.5]]), name="weights")


@test(
    "Example: a mixture of two experts, worked by hand",
    title={"fr": "Exemple : un mélange de deux experts, calculé à la main"},
    points=1,
    public=True,
    hint={
        "en": "The first token chooses the expert 0, which doubles; the second the expert 1, where ReLU cuts off.",
        "fr": "Le premier token choisit l'expert 0, qui double ; le second l'expert 1, où ReLU coupe.",
    },
)
def example_mixture(solution, rng):
    X, router = np.array([[1.0, 0.0], [0.0, 3.0]]), np.eye(2)
    W1, W2 = np.array([[[2.0], [1.0]], [[1.0], [-1.0]]]), np.array([[[1.0, 0.5]], [[1.0, 1.0]]])
    assert_close(solution.mixture(X, router, W1, W2, 1), np.array([[2.0, 1.0], [0.0, 0.0]]), name="mixture")


@test(
    "Example: the parameters of a tiny model",
    title={"fr": "Exemple : les paramètres d’un modèle minuscule"},
    points=1,
    public=True,
    hint={
        "en": "One layer has 192 for attention, 32 for the router, 16 for normalisation and 384 for each expert; "
        "160 for both tables and 8 for the last normalisation come once.",
        "fr": "Une couche compte 192 pour l'attention, 32 pour le routeur, 16 pour la normalisation et 384 par expert "
        "; "
        "160 pour les deux tables et 8 pour la dernière normalisation s'ajoutent une fois.",
    },
)
def example_parameters(solution, rng):
    assert_close(solution.parameters(8, 2, 16, 4, 2, 4, 2, 10), (3720, 2184), name="parameters")


# Hidden from here on. Token by token and expert by expert, with Python's own numbers.


def routed(scores, k):
    experts = sorted(range(len(scores)), key=lambda e: (-scores[e], e))[:k]
    return experts, [1 / math.fsum(math.exp(scores[j] - scores[e]) for j in experts) for e in experts]


def check_route(solution, logits, k):
    experts, weights = two(solution.route(logits, k), "route", "experts, weights")
    want = [routed(row, k) for row in logits.tolist()]
    assert_close(experts, np.array([row[0] for row in want]), name="experts")
    assert_close(weights, np.array([row[1] for row in want]), name="weights")


def mixed(X, router, W1, W2, k):
    rows = []
    for x in X:
        scores = [float(np.vdot(x, column)) for column in router.T]
        total = np.zeros(x.shape)
        for e, weight in zip(*routed(scores, k), strict=True):
            inner = np.einsum("i,ij->j", x, W1[e])
            total += weight * np.einsum("j,ji->i", (inner + np.abs(inner)) / 2, W2[e])
        rows.append(total)
    return np.array(rows)


def network(rng, n, d, h, number):
    shapes = ((n, d), (d, number), (number, d, h), (number, h, d))
    return [rng.normal(size=shape) for shape in shapes]


@test(
    "Routing of random scores",
    title={"fr": "Routage de scores aléatoires"},
    points=1,
    hint={
        "en": "Largest first; a softmax over all experts leaves weights whose sum is below 1.",
        "fr": "Le plus grand d'abord ; un softmax sur tous les experts laisse des poids de somme inférieure à 1.",
    },
)
def random_scores(solution, rng):
    for n, number, k in ((1, 1, 1), (7, 8, 2), (5, 4, 4), (3, 6, 1)):
        check_route(solution, rng.normal(size=(n, number)) * 2, k)


@test(
    "Equal scores",
    title={"fr": "Scores égaux"},
    points=1,
    hint={
        "en": 'Lower index first: `np.argsort(-logits, axis=1, kind="stable")`. Sorting upwards and turning round '
        "turns equals round too.",
        "fr": "Le plus petit indice d'abord : `np.argsort(-logits, axis=1, kind=\"stable\")`. Trier dans l'ordre "
        "croissant "
        "puis retourner retourne aussi les ex æquo.",
    },
)
def equal_scores(solution, rng):
    for k in (1, 2, 5):
        check_route(solution, rng.integers(-1, 2, size=(30, 20)).astype(float), k)
    check_route(solution, np.zeros((2, 8)), 3)


@test(
    "Scores of a thousand",
    title={"fr": "Des scores de l’ordre de mille"},
    points=1,
    hint={
        "en": "$e^{1000}$ is infinite, and $e^{-1000}$ is 0: subtract the largest chosen score of each token first.",
        "fr": "$e^{1000}$ est infini et $e^{-1000}$ vaut 0 : soustrayez d'abord le plus grand score choisi de chaque "
        "token.",
    },
)
def large(solution, rng):
    offsets = rng.choice([-1000.0, 1000.0], size=(6, 1))
    check_route(solution, offsets + rng.normal(size=(6, 5)), 3)
    check_route(solution, np.array([[-300.0, 300.0, 0.0]]), 3)


@test(
    "Mixtures of random experts",
    title={"fr": "Mélanges d’experts aléatoires"},
    points=1,
    hint={
        "en": "Weight the **outputs** of the experts, each token with its own weights; ReLU stands between the "
        "matrices.",
        "fr": "Pondérez les **sorties** des experts, chaque token avec ses propres poids ; ReLU se place entre les "
        "matrices.",
    },
)
def random_mixtures(solution, rng):
    for n, d, h, number, k in ((1, 2, 3, 1, 1), (12, 4, 6, 4, 2), (5, 3, 2, 3, 3), (9, 6, 1, 8, 1)):
        case = network(rng, n, d, h, number)
        assert_close(solution.mixture(*case, k), mixed(*case, k), name="mixture")


@test(
    "An expert that nobody chose does not calculate",
    title={"fr": "Un expert que personne n’a choisi ne calcule pas"},
    points=1,
    hint={
        "en": "Do not multiply an unwanted output by 0: pick the tokens of each expert first, then calculate for them "
        "only.",
        "fr": "Ne multipliez pas par 0 une sortie dont on ne veut pas : prenez d'abord les tokens de chaque expert, "
        "puis ne "
        "calculez que pour eux.",
    },
)
def idle(solution, rng):
    X, router, W1, W2 = network(rng, 6, 4, 3, 5)
    X, router = np.abs(X) + 0.1, np.abs(router)
    lazy = int(rng.integers(5))
    router[:, lazy] = -5.0
    broken1, broken2 = W1.copy(), W2.copy()
    broken1[lazy] = broken2[lazy] = np.nan
    for k in (1, 2, 4):
        assert_close(solution.mixture(X, router, broken1, broken2, k), mixed(X, router, W1, W2, k), name="mixture")


@test(
    "Parameters of models of all sizes",
    title={"fr": "Paramètres de modèles de toutes tailles"},
    points=1,
    hint={
        "en": "All experts count in the total, k of them in the active ones; the keys and values have fewer heads "
        "than the queries.",
        "fr": "Tous les experts comptent dans le total, k d'entre eux dans les actifs ; les clés et les valeurs ont "
        "moins de "
        "têtes que les requêtes.",
    },
)
def sizes(solution, rng):
    def count(active, dim, layers, hidden, heads, kv_heads, vocabulary, experts):
        size = dim // heads
        matrices = [(dim, heads * size)] * 2 + [(dim, kv_heads * size)] * 2 + [(dim, experts), (dim, 1), (dim, 1)]
        layer = [*matrices, *[(dim, hidden)] * (3 * active)]
        return sum(a * b for a, b in layer * layers + [(vocabulary, dim), (dim, vocabulary), (dim, 1)])

    for _ in range(6):
        heads, experts = int(rng.choice([1, 2, 4, 6])), int(rng.integers(1, 10))
        k, dim = int(rng.integers(1, experts + 1)), heads * int(rng.integers(1, 9))
        layers, hidden, kv_heads, vocabulary = (int(x) for x in rng.integers(1, 12, size=4))
        rest = (dim, layers, hidden, heads, kv_heads, vocabulary, experts)
        got = solution.parameters(dim, layers, hidden, experts, k, heads, kv_heads, vocabulary)
        assert_close(got, (count(experts, *rest), count(k, *rest)), name="parameters")


@test(
    "Mixtral 8×7B",
    title={"fr": "Mixtral 8×7B"},
    points=1,
    hint={
        "en": "46.7 billion in all, 12.9 billion active, to the last parameter: only the experts are there eight "
        "times. "
        "The exact figures are 46,702,792,704 and 12,879,925,248.",
        "fr": "46,7 milliards en tout, 12,9 milliards actifs, au paramètre près : seuls les experts existent en huit "
        "exemplaires. Les valeurs exactes sont 46 702 792 704 et 12 879 925 248.",
    },
)
def mixtral(solution, rng):
    got = solution.parameters(4096, 32, 14336, 8, 2, 32, 8, 32000)
    assert_close(got, (46_702_792_704, 12_879_925_248), name="parameters")
