import math

import numpy as np

from workers.testkit import assert_close, fail, test


def two(result):
    """The two values that `attention` has to return, or a failure that says so."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        fail(
            {
                "en": "`attention` must return two values: return output, weights.",
                "fr": "`attention` doit renvoyer deux valeurs : return output, weights.",
            }
        )
    return result


@test(
    "Example: one query, one key hidden",
    title={"fr": "Exemple : une requête, une clé cachée"},
    points=1,
    public=True,
    hint={
        "en": "The scores are $QK^T / \\sqrt{4}$: 0 and log 3 for the two keys that can be seen. Their softmax is 1/4 "
        "and 3/4; the hidden key gets exactly 0.",
        "fr": "Les scores sont $QK^T / \\sqrt{4}$ : 0 et log 3 pour les deux clés visibles. Leur softmax vaut 1/4 et "
        "3/4 ; la clé cachée reçoit exactement 0.",
    },
)
def example_attention(solution, rng):
    Q = np.array([[2.0, 0.0, 0.0, 0.0]])
    K = np.array([[0.0, 1.0, 1.0, 1.0], [np.log(3.0), 0.0, 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]])
    V = np.array([[0.0, 8.0], [4.0, 0.0], [100.0, 100.0]])
    output, weights = two(solution.attention(Q, K, V, np.array([[True, True, False]])))
    assert_close(weights, np.array([[0.25, 0.75, 0.0]]), name="weights")
    assert_close(output, np.array([[3.0, 2.0]]), name="output")


@test(
    "Example: the two masks",
    title={"fr": "Exemple : les deux masques"},
    points=1,
    public=True,
    hint={
        "en": "True means: may look. The causal mask has True on the diagonal and below it; the padding mask has an "
        "axis of length 1 in the middle.",
        "fr": "True signifie : peut regarder. Le masque causal vaut True sur la diagonale et en dessous ; le masque de "
        "remplissage a un axe de longueur 1 au milieu.",
    },
)
def example_masks(solution, rng):
    want = np.array([[True, False, False], [True, True, False], [True, True, True]])
    assert_close(solution.causal_mask(3), want, name="causal_mask(3)")
    want = np.array([[[True, True, False]], [[False, False, False]]])
    assert_close(solution.padding_mask(np.array([2, 0]), 3), want, name="padding_mask([2, 0], 3)")


# Hidden from here on. One query at a time, with sums of the standard library; a key that is hidden is left out.


def one_query(q, keys, values, visible):
    """(output, weights) of one query over the visible keys."""
    seen = [j for j in range(len(keys)) if visible[j]]
    scores = {j: math.fsum(q * keys[j]) / math.sqrt(len(q)) for j in seen}
    top = max(scores.values(), default=0.0)
    shares = [math.exp(scores[j] - top) if j in scores else 0.0 for j in range(len(keys))]
    total = math.fsum(shares) or 1.0
    weights = [share / total for share in shares]
    output = [math.fsum(w * v for w, v in zip(weights, column, strict=True)) for column in values.T]
    return output, weights


def expected(Q, K, V, mask):
    lead, n, m = Q.shape[:-2], Q.shape[-2], K.shape[-2]
    output, weights = np.zeros((*lead, n, V.shape[-1])), np.zeros((*lead, n, m))
    visible = np.broadcast_to(True if mask is None else mask, weights.shape)
    for place in np.ndindex(*lead, n):
        head = place[:-1]
        output[place], weights[place] = one_query(Q[place], K[head], V[head], visible[place])
    return output, weights


def check(solution, Q, K, V, mask=None):
    answer = solution.attention(Q, K, V) if mask is None else solution.attention(Q, K, V, mask)
    want_output, want_weights = expected(Q, K, V, mask)
    output, weights = two(answer)
    assert_close(weights, want_weights, name="weights")
    assert_close(output, want_output, name="output")


def case(rng, n, m, d, dv, lead=()):
    return rng.normal(size=(*lead, n, d)), rng.normal(size=(*lead, m, d)), rng.normal(size=(*lead, m, dv))


@test(
    "Without a mask",
    title={"fr": "Sans masque"},
    points=1,
    hint={
        "en": "Divide by the square root of $d$, the length of a query (neither $d$ itself nor the number of keys); "
        "each row of weights sums to 1.",
        "fr": "Divisez par la racine de $d$, la longueur d'une requête (ni par $d$ lui-même, ni par le nombre de "
        "clés) ; la somme de chaque ligne de poids est 1.",
    },
)
def without(solution, rng):
    for n, m, d, dv in ((4, 6, 9, 3), (5, 5, 5, 5), (1, 3, 2, 4), (3, 1, 1, 1)):
        check(solution, *case(rng, n, m, d, dv))


@test(
    "With any mask",
    title={"fr": "Avec un masque quelconque"},
    points=1,
    hint={
        "en": "Hide keys **before** the softmax, by the score $-\\infty$: weights set to 0 afterwards no longer sum to "
        "1. True means may look.",
        "fr": "Cachez les clés **avant** softmax, par le score $-\\infty$ : des poids mis à 0 après coup n'ont plus "
        "pour somme 1. True signifie peut regarder.",
    },
)
def masked(solution, rng):
    for n, m in ((6, 8), (5, 5)):
        mask = rng.random((n, m)) < 0.5
        mask[:, 2] = True
        check(solution, *case(rng, n, m, 4, 3), mask)


@test(
    "A query that may look at nothing",
    title={"fr": "Une requête qui ne peut rien regarder"},
    points=1,
    hint={
        "en": "When all scores of a row are $-\\infty$, the softmax is 0/0. Weights and output of that row must be 0; "
        "with −10⁹ in place of $-\\infty$ you get the mean of everything instead.",
        "fr": "Quand tous les scores d'une ligne valent $-\\infty$, softmax donne 0/0. Les poids et la sortie de cette "
        "ligne doivent être nuls ; avec −10⁹ au lieu de $-\\infty$, on obtient la moyenne de tout.",
    },
)
def nothing(solution, rng):
    mask = rng.random((6, 5)) < 0.6
    mask[1], mask[:, 0], mask[4] = False, True, False
    check(solution, *case(rng, 6, 5, 3, 2), mask)
    check(solution, *case(rng, 2, 3, 3, 2), np.zeros((2, 3), dtype=bool))


@test(
    "Large scores",
    title={"fr": "Grands scores"},
    points=1,
    hint={
        "en": "Subtract the largest visible score of each row before `np.exp`; a hidden score may be far larger than "
        "the visible ones, and visible ones may lie below any fixed “very small” score.",
        "fr": "Soustrayez de chaque ligne son plus grand score visible avant `np.exp` ; un score caché peut être bien "
        "plus grand que les scores visibles, et ceux-ci peuvent passer sous n'importe quel « très petit » score fixe.",
    },
)
def large(solution, rng):
    Q, K, V = case(rng, 5, 6, 4, 3)
    mask = np.ones((5, 6), dtype=bool)
    mask[:, 3] = False
    K[3] *= 1e6  # hidden, and far above the others for some queries
    check(solution, 1e3 * Q, 1e3 * K, V, mask)
    # All visible scores are far below: a fixed "very small" score for hidden keys would come out on top.
    K = -np.abs(K)
    check(solution, 1e6 * np.abs(Q), 1e6 * K, V, mask)


@test(
    "Batches and heads",
    title={"fr": "Lots et têtes"},
    points=1,
    hint={
        "en": "`K.T` turns all axes round: swap the last two only, with `np.swapaxes(K, -1, -2)`. `@` takes care of "
        "the axes in front.",
        "fr": "`K.T` renverse tous les axes : n'échangez que les deux derniers, avec `np.swapaxes(K, -1, -2)`. `@` "
        "s'occupe des axes de tête.",
    },
)
def batches(solution, rng):
    check(solution, *case(rng, 3, 4, 5, 2, (3,)))
    mask = rng.random((2, 1, 4, 4)) < 0.6
    mask[..., 1] = True
    check(solution, *case(rng, 4, 4, 4, 4, (2, 3)), mask)


@test(
    "Causal masks of any length",
    title={"fr": "Masques causaux de toute longueur"},
    points=1,
    hint={
        "en": "Row $i$ has True in columns 0 to $i$, the diagonal included, and booleans, not numbers.",
        "fr": "La ligne $i$ contient True dans les colonnes 0 à $i$, diagonale comprise, et des booléens, pas des "
        "nombres.",
    },
)
def causal(solution, rng):
    for n in (1, 2, int(rng.integers(5, 12))):
        want = np.array([[j <= i for j in range(n)] for i in range(n)])
        assert_close(solution.causal_mask(n), want, name=f"causal_mask({n})")


@test(
    "Padding masks of any length",
    title={"fr": "Masques de remplissage de toute longueur"},
    points=1,
    hint={
        "en": "`np.arange(m)` compared with `lengths`, once the latter has the shape `(batch, 1, 1)`, gives "
        "`(batch, 1, m)`.",
        "fr": "`np.arange(m)` comparé à `lengths`, une fois celui-ci mis à la forme `(batch, 1, 1)`, donne "
        "`(batch, 1, m)`.",
    },
)
def padding(solution, rng):
    for batch, m in ((4, 6), (1, 3), (5, 5)):
        lengths = rng.integers(0, m + 1, size=batch)
        lengths[0] = m
        want = np.array([[[j < length for j in range(m)]] for length in lengths])
        assert_close(solution.padding_mask(lengths, m), want, name="padding_mask(lengths, m)")


@test(
    "A batch of texts, written from left to right",
    title={"fr": "Un lot de textes, écrits de gauche à droite"},
    points=1,
    hint={
        "en": "Both masks together: a change in the future, or in the filling, must change nothing for the tokens "
        "before. An empty text gives zeros.",
        "fr": "Les deux masques à la fois : un changement dans l'avenir, ou dans le remplissage, ne doit rien changer "
        "pour les tokens qui précèdent. Un texte vide donne des zéros.",
    },
)
def left_to_right(solution, rng):
    n, lengths = 6, np.array([6, 4, 0])
    Q, K, V = case(rng, n, n, 4, 3, (3,))
    causal, real = solution.causal_mask(n), solution.padding_mask(lengths, n)
    assert_close(causal, np.arange(n)[:, None] >= np.arange(n)[None, :], name="causal_mask(n)")
    assert_close(real, np.stack([[np.arange(n) < length] for length in lengths]), name="padding_mask(lengths, n)")
    check(solution, Q, K, V, causal & real)
    changed_K, changed_V = K.copy(), V.copy()
    changed_K[:, 4:], changed_V[:, 4:] = rng.normal(size=(3, 2, 4)), 1e6
    before = two(solution.attention(Q, K, V, causal & real))[0]
    after = two(solution.attention(Q, changed_K, changed_V, causal & real))[0]
    assert_close(after[:, :4], before[:, :4], name="output[:, :4]")
    assert_close(after[1], before[1], name="output[1]")
