import math

import numpy as np

from workers.testkit import assert_close, fail, record, test

LOGITS = [2.0, 1.0, 0.0, 1.0]
P = [0.5344466453885, 0.1966119332414, 0.0723294881286, 0.1966119332414]


@test(
    "Example: temperature",
    title={"fr": "Exemple : la température"},
    points=1,
    public=True,
    hint={
        "en": "Divide the scores by the temperature **before** the exponential. Look at the curves: which one is "
        "flattest?",
        "fr": "Divisez les scores par la température **avant** l'exponentielle. Regardez les courbes : laquelle est "
        "la plus "
        "plate ?",
    },
)
def example_temperature(solution, rng):
    want = {0: [1.0, 0.0, 0.0, 0.0], 0.5: [0.7761, 0.1050, 0.0142, 0.1050], 1: P, 2: [0.3875, 0.2350, 0.1425, 0.2350]}
    for temperature, p in want.items():
        got = solution.probabilities(np.array(LOGITS), float(temperature))
        assert_close(got, np.array(p), rtol=1e-3, atol=1e-4, name=f"probabilities, temperature {temperature}")
        record(f"temperature {temperature}", got)


@test(
    "Example: cutting down and choosing",
    title={"fr": "Exemple : écarter et choisir"},
    points=1,
    public=True,
    hint={
        "en": "The token that crosses top_p stays. After top-k divide by the sum before you look at top_p. "
        "`choose` wants a cumulated probability strictly greater than u.",
        "fr": "Le token qui franchit top_p reste. Après top-k, divisez par la somme avant de regarder top_p. "
        "`choose` veut une probabilité cumulée strictement supérieure à u.",
    },
)
def example_keep(solution, rng):
    p = np.array(P)
    assert_close(solution.keep(p, 3, 0.8), np.array([0.57611688, 0.21194156, 0.0, 0.21194156]), name="keep(p, 3, 0.8)")
    assert_close(solution.keep(p, 4, 0.7), np.array([0.73105858, 0.26894142, 0.0, 0.0]), name="keep(p, 4, 0.7)")
    assert_close(solution.choose(np.array([0.5, 0.25, 0.25]), 0.5), 1, name="choose")
    assert_close(solution.sample(np.array(LOGITS), 0, 4, 1.0, lambda: 0.99), 0, name="sample")


# Hidden from here on. Expected values token by token, with exact sums.


def softmax(logits, temperature):
    """Each probability as 1 / (sum of the others' shares)."""
    if temperature == 0:
        best = max(range(len(logits)), key=lambda i: (logits[i], -i))
        return [float(i == best) for i in range(len(logits))]
    sums = []
    for z in logits:
        exponents = [(other - z) / temperature for other in logits]
        sums.append(math.inf if max(exponents) > 700 else math.fsum(map(math.exp, exponents)))
    return [1 / total for total in sums]


def kept(p, top_k, top_p):
    ranking = sorted(range(len(p)), key=lambda i: (-p[i], i))[:top_k]
    whole = math.fsum(p[i] for i in ranking)
    number = next((n for n in range(1, len(ranking)) if math.fsum(p[i] for i in ranking[:n]) / whole >= top_p), None)
    nucleus = ranking[:number]
    rest = math.fsum(p[i] for i in nucleus)
    return [p[i] / rest if i in nucleus else 0.0 for i in range(len(p))]


def chosen(p, u):
    for i in range(len(p)):
        if math.fsum(p[: i + 1]) > u:
            return i
    return max(i for i in range(len(p)) if p[i] > 0)


def distribution(rng, size):
    weights = rng.uniform(0.05, 1, size=size)
    return weights / weights.sum()


@test(
    "Temperatures of random scores",
    title={"fr": "Températures sur des scores aléatoires"},
    points=1,
    hint={
        "en": "`probabilities` must add up to 1; at temperature 0 dividing is impossible, and the first of equals "
        "wins.",
        "fr": "Les probabilités ont pour somme 1 ; à température 0, on ne peut pas diviser, et le premier ex æquo "
        "l'emporte.",
    },
)
def temperatures(solution, rng):
    for size in (1, 2, 9):
        logits = rng.normal(size=size) * 3
        for temperature in (0.0, 0.3, 1.0, 1.7, 10.0):
            got = solution.probabilities(logits, temperature)
            assert_close(got, np.array(softmax(logits.tolist(), temperature)), name=f"temperature {temperature}")
    assert_close(solution.probabilities(np.array([1.0, 4.0, 4.0]), 0), np.array([0.0, 1.0, 0.0]), name="temperature 0")
    assert_close(solution.probabilities(np.array([-3.0, -1.0]), 0), np.array([0.0, 1.0]), name="temperature 0")


@test(
    "Scores of a thousand, temperatures near 0",
    title={"fr": "Scores de l’ordre de mille, températures proches de 0"},
    points=1,
    hint={
        "en": "$e^{1000 / 0.01}$ is infinite. Subtract the largest score first: then the largest exponential is 1.",
        "fr": "$e^{1000 / 0{,}01}$ est infini. Soustrayez d'abord le plus grand score : la plus grande exponentielle "
        "vaut "
        "alors 1.",
    },
)
def extremes(solution, rng):
    for scores, temperature in (
        ([1000.0, 999.0, -1000.0], 1.0),
        ([-1000.0, -1000.5], 1.0),
        ([900.0, 899.99, 0.0], 0.01),
    ):
        want = np.array(softmax(scores, temperature))
        assert_close(solution.probabilities(np.array(scores), temperature), want, name="probabilities")


@test(
    "top-k",
    title={"fr": "top-k"},
    points=1,
    hint={
        "en": "Exactly k tokens: a threshold keeps all equals. The kept ones are divided by their sum; places do not "
        "change.",
        "fr": "Exactement k tokens : un seuil garde tous les ex æquo. On divise ceux qui restent par leur somme ; ils "
        "ne "
        "changent pas de place.",
    },
)
def top_k(solution, rng):
    for size in (1, 5, 12):
        p = distribution(rng, size)
        for k in (1, 2, size, size + 3):
            assert_close(solution.keep(p, k, 1.0), np.array(kept(p.tolist(), k, 1.0)), name=f"keep, top_k {k}")
    p = rng.permutation(np.array([0.25, 0.125, 0.125, 0.125, 0.125, 0.125, 0.0625, 0.0625]))
    for k in (1, 2, 3, 5, 7):
        assert_close(solution.keep(p, k, 1.0), np.array(kept(p.tolist(), k, 1.0)), name=f"keep, top_k {k}")
    flat = np.full(64, 1 / 64)
    assert_close(solution.keep(flat, 20, 1.0), np.array([0.05] * 20 + [0.0] * 44), name="keep, all equal")


@test(
    "top-p",
    title={"fr": "top-p"},
    points=1,
    hint={
        "en": "As few as needed to reach top_p: stop with the token that makes the sum ≥ top_p, and keep it.",
        "fr": "Juste assez pour atteindre top_p : arrêtez-vous au token qui rend la somme ≥ top_p, et gardez-le.",
    },
)
def top_p(solution, rng):
    for size in (1, 4, 15):
        p = distribution(rng, size)
        for share in (0.01, 0.35, 0.7, 0.95, 1.0):
            assert_close(solution.keep(p, size, share), np.array(kept(p.tolist(), size, share)), name=f"top_p {share}")
    p = np.array([0.125, 0.5, 0.125, 0.25])  # exact sums: 0.5, 0.75, 0.875, 1
    for share in (0.5, 0.6, 0.75, 0.875, 0.9):
        assert_close(solution.keep(p, 4, share), np.array(kept(p.tolist(), 4, share)), name=f"top_p {share}")


@test(
    "First top-k, then top-p",
    title={"fr": "D’abord top-k, puis top-p"},
    points=1,
    hint={
        "en": "top_p is a share of what top-k has left, not of the whole vocabulary.",
        "fr": "top_p est une part de ce que top-k a laissé, et non de tout le vocabulaire.",
    },
)
def both(solution, rng):
    p = np.array([0.25, 0.25, 0.125, 0.125, 0.125, 0.125])
    for k, share in ((2, 0.5), (4, 0.7), (3, 0.75)):
        assert_close(solution.keep(p, k, share), np.array(kept(p.tolist(), k, share)), name=f"keep(p, {k}, {share})")
    for _ in range(8):
        p, k, share = distribution(rng, 10), int(rng.integers(2, 9)), float(rng.uniform(0.3, 0.9))
        assert_close(
            solution.keep(p, k, share), np.array(kept(p.tolist(), k, share)), name=f"keep(p, {k}, {share:.3f})"
        )


@test(
    "Choosing with a number",
    title={"fr": "Choisir avec un nombre"},
    points=1,
    hint={
        "en": "Greater than u, not equal: a token of probability 0 is never chosen, not even for u = 0. "
        "And when the sum stays below u, it is the last **possible** token.",
        "fr": "Strictement supérieur à u : un token de probabilité 0 n'est jamais choisi, même pour u = 0. "
        "Et si la somme reste sous u, c'est le dernier token **possible**.",
    },
)
def choosing(solution, rng):
    p = [0.0, 0.25, 0.0, 0.5, 0.25, 0.0]
    for u in (0.0, 0.2, 0.25, 0.7, 0.75, 0.999999):
        assert_close(solution.choose(np.array(p), u), chosen(p, u), name=f"choose(p, {u})")
    assert_close(solution.choose(np.array([0.3, 0.3, 0.3999999999999, 0.0]), 0.99999999999999), 2, name="choose")
    for _ in range(10):
        q, u = distribution(rng, 7), float(rng.random())
        assert_close(solution.choose(q, u), chosen(q.tolist(), u), name="choose")


@test(
    "Sampling: one number for a token, none at temperature 0",
    title={"fr": "Tirage : un nombre par token, aucun à température 0"},
    points=2,
    hint={
        "en": "Call `random()` exactly once for each token and use no other generator; return the index, not a "
        "probability.",
        "fr": "Appelez `random()` exactement une fois par token, sans autre générateur ; renvoyez l'indice, pas une "
        "probabilité.",
    },
)
def sampling(solution, rng):
    drawn = []

    def random():
        drawn.append(float(rng.random()))
        return drawn[-1]

    for _ in range(60):
        logits, temperature = rng.normal(size=8) * 2, float(rng.uniform(0.3, 3))
        k, share = int(rng.integers(1, 10)), float(rng.uniform(0.2, 1))
        before = len(drawn)
        got = solution.sample(logits, temperature, k, share, random)
        if len(drawn) != before + 1:
            fail(
                {
                    "en": f"`random` was called {len(drawn) - before} times for one token.",
                    "fr": f"`random` a été appelée {len(drawn) - before} fois pour un token.",
                }
            )
        want = chosen(kept(softmax(logits.tolist(), temperature), k, share), drawn[-1])
        assert_close(got, want, name="sample")
    # Four equal tokens: (top_k, top_p, the token drawn with 0.99).
    for k, share, token in ((4, 0.6, 2), (2, 1.0, 1), (3, 0.6, 1), (9, 1.0, 3)):
        got = solution.sample(np.zeros(4), 1.0, k, share, lambda: 0.99)
        assert_close(got, token, name=f"sample, four equal tokens, {k}, {share}")
    before = len(drawn)
    for logits in ([1.0, 3.0, 3.0, 2.0], [-1.0, -2.0, -0.5], [7.0]):
        assert_close(solution.sample(np.array(logits), 0, 2, 0.9, random), int(np.argmax(logits)), name="sample")
    if len(drawn) != before:
        fail(
            {
                "en": "At temperature 0 there is nothing to draw: do not call `random`.",
                "fr": "À température 0, il n'y a rien à tirer : n'appelez pas `random`.",
            }
        )
