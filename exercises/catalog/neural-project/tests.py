from pathlib import Path

import numpy as np

from workers.testkit import assert_close, fail, record, test

# 800 digits to train and 400 to test: images (uint8, 196 values per row) and labels.
DATA = Path(__file__).parent / "data" / "digits14.npz"
NAMES = ("W1", "b1", "W2", "b2")
EPOCHS = 20


def checked(values, name, shapes):
    """A dictionary of float arrays of these shapes, or a failure that says what is wrong with it."""
    if not isinstance(values, dict) or set(values) != set(NAMES):
        fail(
            {
                "en": f"{name} must be a dictionary with the keys W1, b1, W2 and b2.",
                "fr": f"{name} doit être un dictionnaire de clés W1, b1, W2 et b2.",
            }
        )
    for key, shape in shapes.items():
        if not isinstance(values[key], np.ndarray) or values[key].dtype.kind != "f":
            fail(
                {
                    "en": f"{name}: {key} must be a NumPy array of floats.",
                    "fr": f"{name} : {key} doit être un tableau NumPy de flottants.",
                }
            )
        assert_close(values[key].shape, shape, name=f"{name}: {key}.shape")
    return values


def shapes_of(inputs, hidden, outputs):
    return {"W1": (inputs, hidden), "b1": (hidden,), "W2": (hidden, outputs), "b2": (outputs,)}


def curve(losses, epochs):
    """The list that `fit` returns, as an array of finite numbers."""
    if not isinstance(losses, list | tuple | np.ndarray) or len(losses) != epochs:
        fail(
            {
                "en": f"`fit` must return a list of {epochs} losses, one for each epoch.",
                "fr": f"`fit` doit renvoyer une liste de {epochs} pertes, une par époque.",
            }
        )
    numbers = np.array(losses, dtype=float)
    if not np.isfinite(numbers).all():
        fail({"en": "A loss is infinite or nan.", "fr": "Une perte est infinie ou vaut nan."})
    return numbers


def between(name, value, low, high):
    if not low <= value <= high:
        fail(
            {
                "en": f"{name} is {value:.4f}; it should lie between {low:.4g} and {high:.4g}.",
                "fr": f"{name} : {value:.4f} ; la valeur devrait se trouver entre {low:.4g} et {high:.4g}.",
            }
        )


@test(
    "A random start",
    title={"fr": "Un départ aléatoire"},
    points=1,
    public=True,
    hint={
        "en": "`rng.normal(0.0, np.sqrt(2 / inputs), size=…)` for W1; for W2 the inputs are the hidden neurons. All "
        "chance comes from `np.random.default_rng(seed)`.",
        "fr": "`rng.normal(0.0, np.sqrt(2 / inputs), size=…)` pour W1 ; pour W2, les entrées sont les neurones cachés. "
        "Tout le hasard vient de `np.random.default_rng(seed)`.",
    },
)
def start(solution, rng):
    seed, shapes = int(rng.integers(10**6)), shapes_of(120, 50, 40)
    first = checked(solution.Network(120, 50, 40, seed).parameters(), "parameters()", shapes)
    for name, inputs in (("W1", 120), ("W2", 50)):
        spread = (2 / inputs) ** 0.5
        between(f"{name}.std()", float(np.std(first[name])), 0.9 * spread, 1.1 * spread)
        between(f"{name}.mean()", float(np.mean(first[name])), -0.15 * spread, 0.15 * spread)
    for name in ("b1", "b2"):
        assert_close(first[name], np.zeros(shapes[name]), name=name)
    again = checked(solution.Network(120, 50, 40, seed).parameters(), "parameters()", shapes)
    other = checked(solution.Network(120, 50, 40, seed + 1).parameters(), "parameters()", shapes)
    assert_close(again["W1"], first["W1"], name="W1, same seed")
    assert_close(again["W2"], first["W2"], name="W2, same seed")
    if np.array_equal(other["W1"], first["W1"]):
        fail({"en": "Another seed gives the same start.", "fr": "Une autre graine donne le même départ."})


@test(
    "Example: scores, predictions and loss by hand",
    title={"fr": "Exemple : scores, prédictions et perte à la main"},
    points=1,
    public=True,
    hint={
        "en": "The hidden layer is [[3, 0], [0, 2.5]]; ReLU is not applied to the scores. For the loss, take the "
        "log-softmax at the label.",
        "fr": "La couche cachée vaut [[3, 0], [0, 2.5]] ; ReLU ne s'applique pas aux scores. Pour la perte, prenez "
        "log-softmax à la position de l'étiquette.",
    },
)
def example(solution, rng):
    net = solution.Network(2, 2, 2, seed=1)
    W1, W2 = np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
    net.load({"W1": W1, "b1": np.array([0.0, 0.5]), "W2": W2, "b2": np.array([0.0, -1.0])})
    X = np.array([[1.0, 1.0], [-2.0, 0.5]])
    assert_close(net.scores(X), np.array([[3.0, -1.0], [0.0, 4.0]]), name="scores(X)")
    assert_close(net.predict(X), np.array([0, 1]), name="predict(X)")
    loss, _ = pair(net.gradients(X, np.array([0, 1])))
    assert_close(loss, 0.0181499279, name="loss")


def pair(result):
    if not isinstance(result, tuple | list) or len(result) != 2:
        fail(
            {
                "en": "`gradients` must return two values: return loss, gradients.",
                "fr": "`gradients` doit renvoyer deux valeurs : return loss, gradients.",
            }
        )
    return result


@test(
    "Learning to read 800 digits",
    title={"fr": "Apprendre à lire 800 chiffres"},
    points=2,
    public=True,
    hint={
        "en": "Look at the plot of the loss. It hardly falls: are the gradients too small, or do labels and images "
        "get out of step when they are shuffled? It jumps: is the gradient a sum instead of a mean?",
        "fr": "Regardez le tracé de la perte. Elle descend à peine : les gradients sont-ils trop petits, ou étiquettes "
        "et images se décalent-elles quand on les mélange ? Elle saute : le gradient est-il une somme au lieu d'une "
        "moyenne ?",
    },
)
def digits(solution, rng):
    with np.load(DATA) as arrays:
        X, labels, unseen, answers = (arrays[name] for name in ("images", "labels", "test_images", "test_labels"))
    net = solution.Network(196, 32, 10, int(rng.integers(10**6)))
    losses = curve(net.fit(X / 255, labels, EPOCHS, 0.1, 20), EPOCHS)
    record("loss", losses)
    between("losses[0]", losses[0], *FIRST)  # before the next call, so that a failure shows the call of `fit`
    between("losses[-1]", losses[-1], *LAST)
    read = net.predict(unseen / 255)
    assert_close(np.shape(read), answers.shape, name="predict(X).shape")
    between("accuracy", float(np.mean(read == answers)), *REACHED)


# What no seed leaves: loss after the first epoch and after the last one, share of unseen digits read correctly.
FIRST, LAST, REACHED = (0.95, 2.0), (0.095, 0.20), (0.84, 0.95)


# Hidden from here on. Everything is worked out image by image.


def values_of(rng, inputs, hidden, outputs, scale=1.0):
    return {name: scale * rng.normal(size=shape) for name, shape in shapes_of(inputs, hidden, outputs).items()}


def one_image(v, x, label):
    """Loss and gradients of a single image; the probabilities come from a chain of logaddexp."""
    z = np.einsum("i,ih->h", x, v["W1"]) + v["b1"]
    h = (z + np.abs(z)) / 2
    s = np.einsum("h,ho->o", h, v["W2"]) + v["b2"]
    log_p = s - np.logaddexp.reduce(s)
    error = np.exp(log_p) - (np.arange(len(s)) == label)
    back = np.einsum("ho,o->h", v["W2"], error) * np.maximum(np.sign(z), 0.0)
    return -log_p[label], {"W1": np.outer(x, back), "b1": back, "W2": np.outer(h, error), "b2": error}, s


def batch_of(v, X, labels):
    """Mean loss and mean gradients."""
    all_of_them = [one_image(v, x, label) for x, label in zip(X, labels, strict=True)]
    gradients = {name: np.mean([g[name] for _, g, _ in all_of_them], axis=0) for name in NAMES}
    return float(np.mean([loss for loss, _, _ in all_of_them])), gradients


def network(solution, v, seed=5):
    net = solution.Network(len(v["W1"]), len(v["b1"]), len(v["b2"]), seed)
    net.load(v)
    return net


def check_values(got, want, name, rtol=1e-6, atol=1e-9):
    checked(got, name, {key: want[key].shape for key in NAMES})
    for key in NAMES:
        assert_close(got[key], want[key], rtol=rtol, atol=atol, name=f"{name}: {key}")


@test(
    "Saving, loading, scores and predictions",
    title={"fr": "Enregistrer, charger, scores et prédictions"},
    points=1,
    hint={
        "en": "`load` replaces all four arrays, and `parameters` gives them back; `predict` returns positions, the "
        "first one where scores are equal.",
        "fr": "`load` remplace les quatre tableaux, et `parameters` les redonne ; `predict` renvoie des positions, la "
        "première en cas de scores égaux.",
    },
)
def saved(solution, rng):
    for sizes, n in (((6, 5, 4), 9), ((3, 1, 2), 1), ((1, 4, 7), 3)):
        v, X = values_of(rng, *sizes), rng.normal(size=(n, sizes[0]))
        net = network(solution, v)
        check_values(net.parameters(), v, "parameters()")
        want = np.array([one_image(v, x, 0)[2] for x in X])
        assert_close(net.scores(X), want, name="scores(X)")
        assert_close(net.predict(X), np.array([max(range(len(s)), key=s.__getitem__) for s in want]), name="predict(X)")
    v["b2"], v["W2"] = np.array([1.0, 3.0, 0.0, 3.0, 3.0, 2.0, 1.0]), np.zeros((4, 7))
    assert_close(network(solution, v).predict(X), np.array([1, 1, 1]), name="predict(X), equal scores")


@test(
    "Gradients",
    title={"fr": "Gradients"},
    points=2,
    hint={
        "en": "Compare with `numeric_gradient`, one of the four arrays at a time. All too large by n: divide by the "
        "number of rows. W1 and b1 only: have you multiplied by the slope of ReLU (1 where its input is positive, else 0)? "
        "Is `W2` transposed on the way back?",
        "fr": "Comparez avec `numeric_gradient`, un tableau à la fois. Tous n fois trop grands : divisez par le nombre "
        "de lignes. W1 et b1 seulement : avez-vous multiplié par la pente de ReLU (1 là où son entrée est positive, "
        "0 sinon) ? `W2` est-il transposé au retour ?",
    },
)
def slopes(solution, rng):
    for sizes, n in (((6, 5, 4), 8), ((4, 4, 4), 4), ((3, 2, 6), 1)):
        v, X, labels = values_of(rng, *sizes), rng.normal(size=(n, sizes[0])), rng.integers(sizes[2], size=n)
        X[0], v["b1"][0] = 0.0, 0.0  # there Z is exactly 0, at ReLU's corner
        want_loss, want = batch_of(v, X, labels)
        net = network(solution, v)
        loss, got = pair(net.gradients(X, labels))
        assert_close(loss, want_loss, name="loss")
        check_values(got, want, "gradients")
        check_values(net.parameters(), v, "parameters() after gradients")


@test(
    "Large scores",
    title={"fr": "Grands scores"},
    points=1,
    hint={
        "en": "Subtract the largest score of each row before `np.exp`, and take the logarithm of the sum, not of the "
        "probability.",
        "fr": "Soustrayez de chaque ligne son plus grand score avant `np.exp`, et prenez le logarithme de la somme, "
        "pas celui de la probabilité.",
    },
)
def large(solution, rng):
    v, X, labels = values_of(rng, 5, 6, 4, scale=50.0), rng.normal(size=(12, 5)), rng.integers(4, size=12)
    want_loss, want = batch_of(v, X, labels)
    loss, got = pair(network(solution, v).gradients(X, labels))
    assert_close(loss, want_loss, name="loss")
    check_values(got, want, "gradients")


def trained(v, X, labels, epochs, rate):
    """Training with a single batch: (parameters, losses)."""
    losses = []
    for _ in range(epochs):
        gradients = batch_of(v, X, labels)[1]
        v = {name: v[name] - rate * gradients[name] for name in NAMES}
        losses.append(batch_of(v, X, labels)[0])
    return v, losses


@test(
    "Training with a single batch, number by number",
    title={"fr": "Apprentissage avec un seul lot, nombre par nombre"},
    points=1,
    hint={
        "en": "One step per batch against its gradient, all four arrays; the loss is noted at the end of the epoch, "
        "over all images.",
        "fr": "Un pas par lot, dans le sens opposé au gradient, pour les quatre tableaux ; la perte se note en fin "
        "d'époque, sur toutes les images.",
    },
)
def single(solution, rng):
    for n, batch_size, epochs in ((10, 10, 4), (7, 100, 3), (1, 1, 2), (6, 6, 0)):
        v, X, labels = values_of(rng, 5, 4, 3), rng.normal(size=(n, 5)), rng.integers(3, size=n)
        net, rate = network(solution, v), float(rng.uniform(0.05, 0.3))
        want, losses = trained(v, X, labels, epochs, rate)
        assert_close(curve(net.fit(X, labels, epochs, rate, batch_size), epochs), np.array(losses), name="losses")
        check_values(net.parameters(), want, "parameters() after fit")


def moves(solution, v, X, labels, batch_size, rate=1e-6):
    """How one epoch with a tiny rate moves the parameters, in units of the rate: the sum of its steps."""
    net = network(solution, v)
    net.fit(X, labels, 1, rate, batch_size)
    after = checked(net.parameters(), "parameters()", {name: v[name].shape for name in NAMES})
    return np.concatenate([np.ravel(v[name] - after[name]) / rate for name in NAMES])


def flat(gradients):
    return np.concatenate([np.ravel(gradients[name]) for name in NAMES])


@test(
    "Batches: every image once in an epoch, in a new order",
    title={"fr": "Les lots : chaque image une fois par époque, dans un nouvel ordre"},
    points=1,
    hint={
        "en": "The last, smaller batch counts too, and its gradient is the mean over its own images. The order comes "
        "from the network's generator: same seed, same numbers; shuffle images and labels together.",
        "fr": "Le dernier lot, plus petit, compte aussi, et son gradient est la moyenne sur ses propres images. L'ordre "
        "vient du générateur du réseau : même graine, mêmes nombres ; mélangez ensemble images et étiquettes.",
    },
)
def batches(solution, rng):
    v, X, labels = values_of(rng, 4, 5, 3, scale=0.3), rng.normal(size=(5, 4)), rng.permutation([0, 1, 2, 0, 1])
    each = np.array([flat(one_image(v, x, label)[1]) for x, label in zip(X, labels, strict=True)])
    assert_close(moves(solution, v, X, labels, 1), each.sum(axis=0), rtol=1e-3, atol=1e-3, name="steps of one image")
    got = moves(solution, v, X, labels, 4)  # four images, and one alone: which one is up to the generator
    ways = [each[i] + np.delete(each, i, axis=0).mean(axis=0) for i in range(5)]
    if not any(np.allclose(got, way, rtol=1e-3, atol=1e-3) for way in ways):
        fail(
            {
                "en": "5 images in batches of 4: the parameters do not move by the mean gradient of four images plus "
                "the gradient of the fifth.",
                "fr": "5 images en lots de 4 : les paramètres ne bougent pas du gradient moyen de quatre images plus le "
                "gradient de la cinquième.",
            }
        )
    check_order(solution, rng)


def check_order(solution, rng):
    """Same seed, same numbers; another seed or a second epoch, another order."""
    v, X, labels = values_of(rng, 4, 5, 3), rng.normal(size=(30, 4)), rng.integers(3, size=30)
    ends = []
    for seed in (1, 1, 2):
        net = network(solution, v, seed)
        losses = curve(net.fit(X, labels, 3, 0.2, 4), 3)
        ends.append((checked(net.parameters(), "parameters()", {name: v[name].shape for name in NAMES}), losses))
    check_values(ends[1][0], ends[0][0], "parameters() with the same seed")
    assert_close(ends[1][1], ends[0][1], name="losses with the same seed")
    if np.allclose(ends[2][0]["W1"], ends[0][0]["W1"], rtol=1e-9):
        fail(
            {
                "en": "Networks with two different seeds go through the images in the same order.",
                "fr": "Deux réseaux de graines différentes parcourent les images dans le même ordre.",
            }
        )
    twice = network(solution, v, 1)
    twice.fit(X, labels, 1, 0.2, 4)
    twice.load(v)
    twice.fit(X, labels, 1, 0.2, 4)
    once = network(solution, v, 1)
    once.fit(X, labels, 1, 0.2, 4)
    if np.allclose(once.parameters()["W1"], twice.parameters()["W1"], rtol=1e-9):
        fail(
            {
                "en": "Every epoch goes through the images in the same order: draw a new one from the same generator.",
                "fr": "Toutes les époques parcourent les images dans le même ordre : tirez-en un nouveau du même "
                "générateur.",
            }
        )
