from pathlib import Path

import numpy as np

from workers.testkit import assert_close, assert_equal, fail, record, test

# 300 digits: images (uint8, 784 values per row) and labels.
DATA = Path(__file__).parent / "data" / "digits.npz"
EPOCHS = 40


def three(result):
    """The three values that `gradient_descent` has to return, or a failure that says so."""
    if not isinstance(result, tuple | list) or len(result) != 3:
        fail(
            {
                "en": "`gradient_descent` must return three values: return W, b, losses.",
                "fr": "`gradient_descent` doit renvoyer trois valeurs : return W, b, losses.",
            }
        )
    return result


def curve(losses, length):
    """The loss curve as an array: checked to hold `length` finite numbers."""
    if not isinstance(losses, list | tuple | np.ndarray):
        fail({"en": "losses must be a list of numbers.", "fr": "losses doit être une liste de nombres."})
    if len(losses) != length:
        fail(
            {
                "en": f"losses holds {len(losses)} numbers instead of {length}: the start, then one after each step "
                "that is kept.",
                "fr": f"losses contient {len(losses)} nombres au lieu de {length} : le départ, puis un après chaque "
                "pas conservé.",
            }
        )
    numbers = np.array(losses, dtype=float)
    if not np.isfinite(numbers).all():
        fail(
            {
                "en": "losses holds an infinite number or nan: such a loss is not noted.",
                "fr": "losses contient un nombre infini ou nan : une telle perte ne se note pas.",
            }
        )
    return numbers


def point():
    """The example of the statement: one example, one input, start at 0."""
    return np.array([[1.0]]), np.array([[1.0]]), np.array([[0.0]]), np.array([0.0])


@test(
    "Example: steps that can be followed on paper",
    title={"fr": "Exemple : des pas que l’on suit sur papier"},
    points=1,
    public=True,
    hint={
        "en": "At the start $D = -2$. With the rate 0.125, $w$ and $b$ both go from 0 to 0.25: the loss falls from 1 "
        "to 0.25. Is the first number of the list the loss before any step?",
        "fr": "Au départ, $D = -2$. Avec le taux 0,125, $w$ et $b$ passent tous deux de 0 à 0,25 : la perte descend "
        "de 1 à 0,25. Le premier nombre de la liste est-il la perte avant le moindre pas ?",
    },
)
def example_steps(solution, rng):
    W, b, losses = three(solution.gradient_descent(*point(), 0.125, 2))
    assert_close(curve(losses, 3), np.array([1.0, 0.25, 0.0625]), name="losses")
    assert_close(W, np.array([[0.375]]), name="W")
    assert_close(b, np.array([0.375]), name="b")
    assert_close(curve(three(solution.gradient_descent(*point(), 1.0, 3))[2], 4), np.array([1.0, 9.0, 81.0, 729.0]))


@test(
    "Example: the best of three rates",
    title={"fr": "Exemple : le meilleur de trois taux"},
    points=1,
    public=True,
    hint={
        "en": "Return the rate itself, not its position or its loss.",
        "fr": "Renvoyez le taux lui-même, et non sa position ou sa perte.",
    },
)
def example_choice(solution, rng):
    assert_close(solution.choose_rate(*point(), [0.01, 0.125, 1.0], 2), 0.125, name="choose_rate")


@test(
    "Digits: too small, right, too large",
    title={"fr": "Chiffres : trop petit, bon, trop grand"},
    points=1,
    public=True,
    hint={
        "en": "Look at the three curves. All fall, or all rise? See the sign and the rate in your step. All are too "
        "flat? See the division by the number of elements.",
        "fr": "Regardez les trois courbes. Descendent-elles toutes, ou montent-elles toutes ? Voyez le signe et le "
        "taux dans votre pas. Toutes trop plates ? Voyez la division par le nombre d'éléments.",
    },
)
def digits(solution, rng):
    with np.load(DATA) as arrays:
        X, y = arrays["images"] / 255, np.eye(10)[arrays["labels"]]
    W, b = rng.normal(0.0, 0.01, size=(784, 10)), np.zeros(10)
    bands = {0.002: (0.070, 0.120), 0.2: (0.020, 0.045), 0.27: (0.15, 1e6)}
    for rate, (low, high) in bands.items():
        losses = curve(three(solution.gradient_descent(X, y, W, b, rate, EPOCHS))[2], EPOCHS + 1)
        record(f"loss {rate}", losses)
        if not low <= losses[-1] <= high:
            fail(
                {
                    "en": f"With the rate {rate}, the last loss is {losses[-1]:.4g}; it should lie between {low} and "
                    f"{high:g}.",
                    "fr": f"Avec le taux {rate}, la dernière perte est {losses[-1]:.4g} ; elle devrait se trouver "
                    f"entre {low} et {high:g}.",
                }
            )


# Hidden from here on.


def case(rng, n, d, k):
    return rng.normal(size=(n, d)), rng.normal(size=(n, k)), rng.normal(size=(d, k)), rng.normal(size=k)


def wall(X):
    """The rate beyond which descent diverges for k = 1: 2 over the largest curvature of the loss."""
    with_ones = np.hstack([X, np.ones((len(X), 1))])
    return float(len(X) / np.linalg.norm(with_ones, 2) ** 2)


def expected(X, y, W, b, rate, epochs):
    """Training seen from the errors: each step multiplies them by one fixed matrix. (W, b, losses)."""
    with_ones = np.hstack([X, np.ones((len(X), 1))])
    shrink = np.eye(len(X)) - 2 * rate / y.size * (with_ones @ with_ones.T)
    errors = [np.einsum("ni,ik->nk", X, W) + b - y]
    for _ in range(epochs):
        errors.append(shrink @ errors[-1])
    moved = 2 * rate / y.size * with_ones.T @ np.sum(errors[:-1], axis=0) if epochs else np.zeros((len(W) + 1, len(b)))
    return W - moved[:-1], b - moved[-1], np.array([float(np.average(np.square(error))) for error in errors])


def check(solution, X, y, W, b, rate, epochs):
    want_W, want_b, want = expected(X, y, W, b, rate, epochs)
    got_W, got_b, losses = three(solution.gradient_descent(X, y, W, b, rate, epochs))
    assert_close(curve(losses, epochs + 1), want, name="losses")
    assert_close(got_W, want_W, rtol=1e-6, atol=1e-8, name="W")
    assert_close(got_b, want_b, rtol=1e-6, atol=1e-8, name="b")


@test(
    "A training run that converges, number by number",
    title={"fr": "Un apprentissage qui converge, nombre par nombre"},
    points=2,
    hint={
        "en": "Both gradients are taken at the old W and b; $D$ is divided by `y.size`; the returned W and b belong "
        "to the last loss.",
        "fr": "Les deux gradients sont pris en l'ancien W et l'ancien b ; $D$ est divisé par `y.size` ; les W et b "
        "renvoyés correspondent à la dernière perte.",
    },
)
def converges(solution, rng):
    for n, d, k in ((30, 6, 3), (8, 2, 1), (1, 3, 2)):
        X, y, W, b = case(rng, n, d, k)
        check(solution, X, y, W, b, float(rng.uniform(0.3, 0.8)) * k * wall(X), 12)


@test(
    "A training run that diverges slowly, and none at all",
    title={"fr": "Un apprentissage qui diverge lentement, et aucun apprentissage"},
    points=1,
    hint={
        "en": "A loss that rises but is finite is noted like any other, up to the last epoch. With `epochs = 0` the "
        "list holds the loss of the start.",
        "fr": "Une perte qui monte mais reste finie se note comme les autres, jusqu'à la dernière époque. Avec "
        "`epochs = 0`, la liste contient la perte du départ.",
    },
)
def diverges(solution, rng):
    X, y, W, b = case(rng, 20, 4, 2)
    check(solution, X, y, W, b, 2.5 * wall(X), 10)
    check(solution, X, y, W, b, 0.1, 0)


@test(
    "A training run that leaves the range of floats",
    title={"fr": "Un apprentissage qui sort du domaine des flottants"},
    points=2,
    hint={
        "en": "Look at the loss after each step: when it is infinite or nan (`np.isfinite` tells both), undo the step "
        "and stop. The returned W and b must give the last loss of the list.",
        "fr": "Regardez la perte après chaque pas : si elle est infinie ou nan (`np.isfinite` reconnaît les deux), "
        "annulez le pas et arrêtez. Les W et b renvoyés doivent donner la dernière perte de la liste.",
    },
)
def leaves(solution, rng):
    X, y, W, b = case(rng, 10, 3, 2)
    X[:, 0] = 0.0  # an input that is always 0: infinite weights would make it nan
    for rate in (1e20, 1e40, 1e308):
        with np.errstate(all="ignore"):
            every = expected(X, y, W, b, rate, 12)[2]
        steps = int(np.argmin(np.isfinite(every))) - 1
        want_W, want_b, want = expected(X, y, W, b, rate, steps)
        got_W, got_b, losses = three(solution.gradient_descent(X, y, W, b, rate, 12))
        assert_close(curve(losses, steps + 1), want, name="losses")
        assert_close(got_W, want_W, name="W")
        assert_close(got_b, want_b, name="b")


@test(
    "The best rate, whatever the order",
    title={"fr": "Le meilleur taux, quel que soit l’ordre"},
    points=1,
    hint={
        "en": "Every rate starts from the same W and b (`W -= …` changes the arrays passed in); the last loss decides, "
        "not the lowest on the way.",
        "fr": "Chaque taux part des mêmes W et b (`W -= …` modifie les tableaux reçus) ; c'est la dernière perte qui "
        "décide, pas la plus basse en chemin.",
    },
)
def best(solution, rng):
    for shares in ((0.5, 0.02, 0.001), (0.001, 0.5, 0.02), (1e200, 0.02, 0.5)):
        X, y, W, b = case(rng, 12, 3, 1)
        rates = [float(share * wall(X)) for share in shares]
        last = {rate: expected(X, y, W, b, rate, 9)[2][-1] for rate in rates if rate < 1e100}
        assert_close(solution.choose_rate(X, y, W, b, rates, 9), min(last, key=last.get), name="choose_rate")
    # Steep along the first input and almost right there: with the rate 0.3 the loss first falls deep, then explodes.
    X, W = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), np.array([[0.01], [rng.uniform(0.9, 1.1)]])
    assert_close(solution.choose_rate(X, np.zeros((4, 1)), W, np.zeros(1), [0.3, 0.05], 9), 0.05, name="choose_rate")


@test(
    "Training runs cut short, and equals",
    title={"fr": "Apprentissages interrompus, et égalités"},
    points=1,
    hint={
        "en": "A run that was cut short never wins, even against one whose loss grew. Nothing left: `None`. "
        "Equal losses (all are equal with `epochs = 0`): the first.",
        "fr": "Un apprentissage interrompu ne gagne jamais, même contre un autre dont la perte a augmenté. Il n'en "
        "reste aucun : `None`. Pertes égales (avec `epochs = 0`, elles le sont toutes) : le premier.",
    },
)
def cut_short(solution, rng):
    X, y, W, b = case(rng, 10, 3, 1)
    rising = 3 * wall(X)
    assert_close(solution.choose_rate(X, y, W, b, [1e200, rising, 1e150], 5), rising, name="choose_rate")
    assert_equal(solution.choose_rate(X, y, W, b, [1e200, 1e250], 5), None, name="choose_rate")
    assert_equal(solution.choose_rate(X, y, W, b, [], 5), None, name="choose_rate")
    assert_close(solution.choose_rate(X, y, W, b, [0.3, 0.1, 0.2], 0), 0.3, name="choose_rate")
