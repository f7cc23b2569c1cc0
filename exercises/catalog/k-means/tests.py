import numpy as np

from workers.testkit import assert_close, fail, record, test

POINTS = [[0.0, 0.0], [0.0, 2.0], [6.0, 0.0], [6.0, 2.0]]
START = [[0.0, 0.0], [1.0, 0.0]]


def parts(result, number, function, names):
    """The values that `function` has to return, or a failure that says so."""
    if not isinstance(result, tuple | list) or len(result) != number:
        fail(
            {
                "en": f"`{function}` must return {number} values: return {names}.",
                "fr": f"`{function}` doit renvoyer {number} valeurs : return {names}.",
            }
        )
    return result


def trained(solution, X, centres, max_steps):
    return parts(solution.k_means(X, centres, max_steps), 3, "k_means", "centres, labels, inertias")


@test(
    "Example: one step by hand",
    title={"fr": "Exemple : une étape à la main"},
    points=1,
    public=True,
    hint={
        "en": "Squared distances: 0 and 4 to the first centre, 25 and 29 to the second.",
        "fr": "Distances au carré : 0 et 4 jusqu'au premier centre, 25 et 29 jusqu'au second.",
    },
)
def example_step(solution, rng):
    X, start = np.array(POINTS), np.array(START)
    labels, inertia = parts(solution.assign(X, start), 2, "assign", "labels, inertia")
    assert_close(labels, np.array([0, 0, 1, 1]), name="labels")
    assert_close(inertia, 58.0, name="inertia")
    moved = solution.move(X, np.array([0, 0, 1, 1]), start)
    assert_close(moved, np.array([[0.0, 1.0], [6.0, 1.0]]), name="move")


@test(
    "Example: until nobody changes sides",
    title={"fr": "Exemple : jusqu’à ce que plus personne ne change de camp"},
    points=1,
    public=True,
    hint={
        "en": "The second assignment gives the same labels: its inertia is noted, then it is over.",
        "fr": "La deuxième affectation donne les mêmes étiquettes : on note son inertie, puis c'est fini.",
    },
)
def example_whole(solution, rng):
    centres, labels, inertias = trained(solution, np.array(POINTS), np.array(START), 10)
    assert_close(inertias, [58.0, 4.0], name="inertias")
    assert_close(centres, np.array([[0.0, 1.0], [6.0, 1.0]]), name="centres")
    assert_close(labels, np.array([0, 0, 1, 1]), name="labels")
    _, _, inertias = trained(solution, np.array(POINTS), np.array([[3.0, 0.0], [3.0, 2.0]]), 10)
    assert_close(inertias, [36.0, 36.0], name="inertias from another start")


@test(
    "The inertia never rises",
    title={"fr": "L’inertie n’augmente jamais"},
    points=1,
    public=True,
    hint={
        "en": "Note the inertia at each assignment, with the centres that the points were assigned to.",
        "fr": "Notez l'inertie à chaque affectation, avec les centres auxquels les points ont été affectés.",
    },
)
def falls(solution, rng):
    X = np.concatenate([rng.normal(size=(60, 2)) + middle for middle in ([0, 0], [4, 1], [1, 5], [6, 6])])
    _, _, inertias = trained(solution, X, X[:4], 30)
    values = np.array(inertias, dtype=float)
    record("inertia", values, x=range(1, len(values) + 1))
    if len(values) < 2 or (np.diff(values) > 1e-9).any():
        fail(
            {
                "en": "The inertia must be noted at every step, at least twice, and must not rise.",
                "fr": "L'inertie doit être notée à chaque étape, au moins deux fois, et ne doit pas augmenter.",
            }
        )


# Hidden from here on. Point by point, with Python's own numbers.


def squared(x, c):
    return sum((float(a) - float(b)) ** 2 for a, b in zip(x, c, strict=True))


def nearest(X, centres):
    labels = [min(range(len(centres)), key=lambda j: (squared(x, centres[j]), j)) for x in X]
    return labels, sum(squared(x, centres[j]) for x, j in zip(X, labels, strict=True))


def middles(X, labels, centres):
    result = []
    for j, centre in enumerate(centres):
        own = [x for x, label in zip(X, labels, strict=True) if label == j]
        result.append([sum(float(x[i]) for x in own) / len(own) for i in range(len(centre))] if own else list(centre))
    return np.array(result, dtype=float)


def lloyd(X, centres, max_steps):
    history = []
    while len(history) < max_steps:
        labels, inertia = nearest(X, centres)
        history.append((labels, inertia))
        if len(history) > 1 and history[-2][0] == labels:
            break
        centres = middles(X, labels, centres)
    return centres, history[-1][0], [inertia for _, inertia in history]


def check(solution, X, centres, max_steps):
    got = trained(solution, X, centres, max_steps)
    want = lloyd(X, centres, max_steps)
    assert_close(list(got[2]) if isinstance(got[2], np.ndarray) else got[2], want[2], name="inertias")
    assert_close(got[1], np.array(want[1]), name="labels")
    assert_close(got[0], want[0], name="centres")


@test(
    "Assigning random points",
    title={"fr": "Affecter des points aléatoires"},
    points=1,
    hint={
        "en": "Sum the squares over the coordinates of a point; the inertia is a sum, neither a mean nor a root.",
        "fr": "Additionnez les carrés sur les coordonnées d'un point ; l'inertie est une somme, ni une moyenne ni une "
        "racine.",
    },
)
def assigning(solution, rng):
    for n, d, k in ((1, 1, 1), (20, 3, 4), (7, 5, 9), (30, 2, 30)):
        X, centres = rng.normal(size=(n, d)) * 3, rng.normal(size=(k, d)) * 3
        labels, inertia = parts(solution.assign(X, centres), 2, "assign", "labels, inertia")
        want = nearest(X, centres)
        assert_close(labels, np.array(want[0]), name="labels")
        assert_close(inertia, want[1], name="inertia")


@test(
    "Equally near centres, whole numbers",
    title={"fr": "Centres à égale distance, nombres entiers"},
    points=1,
    hint={
        "en": "`np.argmin` already takes the first of equals. The mean of whole numbers is no whole number: "
        "the centres must be floats.",
        "fr": "`np.argmin` prend déjà le premier ex æquo. La moyenne de nombres entiers n'est pas entière : "
        "les centres doivent être des flottants.",
    },
)
def equals(solution, rng):
    X = rng.integers(-3, 4, size=(40, 2))
    centres = rng.permutation(np.array([[-1, 0], [1, 0], [0, 1], [0, -1], [1, 0]]))
    labels, inertia = parts(solution.assign(X, centres), 2, "assign", "labels, inertia")
    want = nearest(X, centres)
    assert_close(labels, np.array(want[0]), name="labels")
    assert_close(inertia, want[1], name="inertia")
    given = rng.integers(5, size=40)
    assert_close(solution.move(X, given, centres), middles(X, given, centres), name="move")


@test(
    "A centre without points stays",
    title={"fr": "Un centre sans points reste où il est"},
    points=1,
    hint={
        "en": "The mean of no points is `nan`, and from then on everything is: keep the old centre.",
        "fr": "La moyenne d'aucun point vaut `nan`, et tout le devient ensuite : gardez l'ancien centre.",
    },
)
def lonely(solution, rng):
    X = np.round(8 * rng.normal(size=(12, 2))) / 8  # exact squares: equal centres are equally near by any formula
    centres = np.array([[0.5, 0.5], [90.0, 90.0], [-0.5, -0.5], [0.5, 0.5]])
    labels = np.array(nearest(X, centres)[0])
    assert_close(solution.move(X, labels, centres), middles(X, labels, centres), name="move")
    check(solution, X, centres, 20)


@test(
    "The whole algorithm, step by step",
    title={"fr": "L’algorithme entier, étape par étape"},
    points=2,
    hint={
        "en": "Assign, note, compare, move: in this order. Compare the labels, not the centres or the inertia.",
        "fr": "Affecter, noter, comparer, déplacer : dans cet ordre. Comparez les étiquettes, pas les centres ni "
        "l'inertie.",
    },
)
def whole(solution, rng):
    for n, d, k in ((30, 2, 3), (25, 1, 4), (40, 3, 2), (1, 2, 1), (5, 2, 5)):
        X = rng.normal(size=(n, d)) * 2
        check(solution, X, X[rng.permutation(n)[:k]], 50)


@test(
    "Ended by max_steps",
    title={"fr": "Arrêté par max_steps"},
    points=1,
    hint={
        "en": "With `max_steps = 1` there is one inertia, and the centres have moved once.",
        "fr": "Avec `max_steps = 1`, il y a une inertie, et les centres se sont déplacés une fois.",
    },
)
def limited(solution, rng):
    X = rng.uniform(size=(60, 2)) * 10
    for steps in (1, 2, 3):
        check(solution, X, X[:5], steps)


@test(
    "60,000 points",
    title={"fr": "60 000 points"},
    points=1,
    hint={
        "en": "Subtract one centre from all points at once, and let NumPy sum: no loop over the points.",
        "fr": "Soustrayez un centre à tous les points d'un coup et laissez NumPy additionner : pas de boucle sur les "
        "points.",
    },
)
def many(solution, rng):
    places = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    own = rng.integers(4, size=60_000)
    X = places[own] + rng.uniform(-1, 1, size=(60_000, 2))
    centres, labels, inertias = trained(solution, X, places + 1.5, 20)
    assert_close(labels, own, name="labels")
    means = np.array([[np.mean(X[own == j, i]) for i in range(2)] for j in range(4)])
    assert_close(centres, means, name="centres")
    assert_close(len(inertias), 2, name="number of inertias")
