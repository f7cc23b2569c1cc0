from pathlib import Path

import numpy as np

from workers.testkit import assert_close, assert_equal, fail, record, test

# 1,000 digits to train and 500 to test: images (uint8, 784 values per row) and labels.
DATA = Path(__file__).parent / "data" / "mnist.npz"
EPOCHS = 40


def mnist():
    with np.load(DATA) as arrays:
        return [arrays[name] for name in ("images", "labels", "test_images", "test_labels")]


def four(result):
    """The four values that `train` has to return, or a failure that says so."""
    if not isinstance(result, tuple | list) or len(result) != 4:
        fail(
            {
                "en": "`train` must return four values: return W, b, losses, accuracies.",
                "fr": "`train` doit renvoyer quatre valeurs : return W, b, losses, accuracies.",
            }
        )
    return result


def between(name, value, low, high):
    """Check that a number lies in a band, which the seed of the random start cannot leave."""
    if not low <= value <= high:
        fail(
            {
                "en": f"{name} is {value:.4f}; it should lie between {low} and {high}.",
                "fr": f"{name} : {value:.4f} ; la valeur devrait se trouver entre {low} et {high}.",
            }
        )


def check_start(W, b, pixels):
    """Check the shape and the size of the weights, and that the biases are 0."""
    if not isinstance(W, np.ndarray):
        fail({"en": "W must be a NumPy array.", "fr": "W doit être un tableau NumPy."})
    assert_equal(W.shape, (pixels, 10), name="W.shape")
    # Huge weights saturate the sigmoid: then nothing is learnt, and the untrained weights would be right.
    between("max |W|", float(np.max(np.abs(W))), 0.0, 6.0)
    assert_close(b, np.zeros(10), name="b")


def curve(name, values, length):
    """The values of one curve as an array, checked: as many finite numbers as there are epochs."""
    if not isinstance(values, list | tuple | np.ndarray):
        fail({"en": f"{name} must be a list of numbers.", "fr": f"{name} doit être une liste de nombres."})
    numbers = np.array(values, dtype=float)
    assert_equal(numbers.shape, (length,), name=f"{name}.shape")
    if not np.isfinite(numbers).all():
        fail(
            {
                "en": f"{name} holds nan or infinity: training diverges. Are the grey values divided by 255?",
                "fr": f"{name} contient nan ou l'infini : l'apprentissage diverge. "
                "Les niveaux de gris sont-ils divisés par 255 ?",
            }
        )
    return numbers


def outputs(name, X, W, b):
    """f(XW + b), by another formula than the statement's."""
    z = np.einsum("ni,ik->nk", X, W) + b
    if name == "identity":
        return z
    return (z + np.abs(z)) / 2 if name == "relu" else (1 + np.tanh(z / 2)) / 2


def check_learnt(activation, W, b, last):
    """Check that the weights are those of the curve: they give the last loss, or a little less after one more step."""
    if not isinstance(W, np.ndarray) or W.shape != (784, 10) or np.shape(b) != (10,):
        fail({"en": "W must have the shape (784, 10) and b (10,).", "fr": "W doit avoir la forme (784, 10) et b (10,)."})
    images, labels, _, _ = mnist()
    y = (labels[:, None] == np.arange(10)).astype(float)
    loss = float(np.mean((outputs(activation, images / 255, W, b) - y) ** 2))
    if not 0.9 * last <= loss <= last + 1e-9:
        fail(
            {
                "en": f"{activation}: the returned weights give the loss {loss:.4f}, but losses ends at {last:.4f}. "
                "Do you return the trained W and b?",
                "fr": f"{activation} : les poids renvoyés donnent la perte {loss:.4f}, mais losses finit à {last:.4f}. "
                "Renvoyez-vous bien W et b après l'apprentissage ?",
            }
        )


def learning_curves(solution, activation, rate, seed):
    """Train on MNIST: the curves of loss and accuracy, once it is known that the loss falls at every epoch."""
    W, b, losses, accuracies = four(solution.train(*mnist(), activation, EPOCHS, rate, seed))
    losses, accuracies = curve("losses", losses, EPOCHS), curve("accuracies", accuracies, EPOCHS)
    rises = np.flatnonzero(np.diff(losses) > 0)
    if rises.size:
        fail(
            {
                "en": f"{activation}: the loss grows after epoch {rises[0]}. Do you subtract the gradient?",
                "fr": f"{activation} : la perte augmente après l'époque {rises[0]}. Soustrayez-vous le gradient ?",
            }
        )
    check_learnt(activation, W, b, losses[-1])
    return losses, accuracies


@test(
    "A random start, nothing learnt yet",
    title={"fr": "Un départ aléatoire, rien n’est encore appris"},
    points=1,
    public=True,
    hint={
        "en": "Draw `W` with `np.random.default_rng(seed)`; weights that are all equal would learn the same thing, "
        "and ReLU lets no gradient through at 0.",
        "fr": "Tirez `W` avec `np.random.default_rng(seed)` ; des poids tous égaux apprendraient la même chose, "
        "et ReLU ne laisse passer aucun gradient en 0.",
    },
)
def random_start(solution, rng):
    data, seed = mnist(), int(rng.integers(10**6))
    W, b, losses, accuracies = four(solution.train(*data, "relu", 0, 0.1, seed))
    check_start(W, b, 784)
    between("W.std()", float(np.std(W)), 0.0095, 0.0105)
    between("W.mean()", float(np.mean(W)), -0.001, 0.001)
    curve("losses", losses, 0)
    curve("accuracies", accuracies, 0)
    again = four(solution.train(*data, "relu", 0, 0.1, seed))[0]
    assert_equal(again, W, name="W")
    other = four(solution.train(*data, "relu", 0, 0.1, seed + 1))[0]
    if np.array_equal(other, W):
        fail(
            {
                "en": "Another seed gives the same start: pass it to the generator.",
                "fr": "Une autre graine donne le même départ : transmettez-la au générateur.",
            }
        )


@test(
    "Learning curves of the three activations at the rate 0.1",
    title={"fr": "Courbes d’apprentissage des trois activations, au taux 0,1"},
    points=2,
    public=True,
    hint={
        "en": "Note loss and accuracy first, then take the step; use all images at once, divided by 255.",
        "fr": "Notez d'abord la perte et le taux de réussite, puis faites le pas ; utilisez toutes les images à la "
        "fois, divisées par 255.",
    },
)
def same_rate(solution, rng):
    bands = {  # activation: loss at the start, loss at the end, accuracy at the end; each as (low, high)
        "identity": ((0.080, 0.130), (0.047, 0.052), (0.71, 0.95)),
        "relu": ((0.084, 0.107), (0.040, 0.075), (0.44, 0.95)),
        "sigmoid": ((0.220, 0.268), (0.099, 0.106), (0.42, 0.95)),
    }
    seed = int(rng.integers(10**6))
    for activation, (start, end, reached) in bands.items():
        losses, accuracies = learning_curves(solution, activation, 0.1, seed)
        record(f"loss {activation}", losses)
        record(f"accuracy {activation}", accuracies)
        between(f"{activation}: losses[0]", losses[0], *start)
        between(f"{activation}: losses[-1]", losses[-1], *end)
        between(f"{activation}: accuracies[0]", accuracies[0], 0.0, 0.35)
        between(f"{activation}: accuracies[-1]", accuracies[-1], *reached)


# Hidden from here on.


def check_activation(solution, rng, activation, rate, end, reached):
    losses, accuracies = learning_curves(solution, activation, rate, int(rng.integers(10**6)))
    between("losses[-1]", losses[-1], *end)
    between("accuracies[-1]", accuracies[-1], *reached)


@test(
    "Identity on MNIST",
    title={"fr": "L’identité sur MNIST"},
    points=1,
    hint={
        "en": "The rate is an argument: does your step use it? Do you train on the training images only?",
        "fr": "Le taux d'apprentissage est un argument : votre pas l'utilise-t-il ? "
        "N'apprenez-vous que sur les images d'apprentissage ?",
    },
)
def identity(solution, rng):
    check_activation(solution, rng, "identity", 0.2, (0.0415, 0.0455), (0.74, 0.95))


@test(
    "ReLU on MNIST",
    title={"fr": "ReLU sur MNIST"},
    points=1,
    hint={
        "en": "Multiply by the slope of ReLU at $Z$, 0 or 1; start from small random weights, not from zero.",
        "fr": "Multipliez par la pente de ReLU en $Z$, 0 ou 1 ; partez de petits poids aléatoires, pas de zéro.",
    },
)
def relu(solution, rng):
    check_activation(solution, rng, "relu", 0.2, (0.030, 0.062), (0.46, 0.95))


@test(
    "Sigmoid on MNIST",
    title={"fr": "La sigmoïde sur MNIST"},
    points=1,
    hint={
        "en": "$\\sigma' = P(1 - P)$ belongs in the gradient; with the rate 2 the sigmoid learns as well.",
        "fr": "$\\sigma' = P(1 - P)$ fait partie du gradient ; avec un taux de 2, la sigmoïde apprend aussi.",
    },
)
def sigmoid(solution, rng):
    check_activation(solution, rng, "sigmoid", 2.0, (0.0495, 0.0530), (0.67, 0.95))


def forward(name, X, W, b):
    """f(Z) and f'(Z)."""
    z = np.einsum("ni,ik->nk", X, W) + b
    slopes = {
        "identity": lambda: np.ones(z.shape),
        "relu": lambda: np.maximum(np.sign(z), 0.0),
        "sigmoid": lambda: 1 / (4 * np.cosh(z / 2) ** 2),
    }
    return outputs(name, X, W, b), slopes[name]()


def expected(data, name, epochs, rate, W, b):
    """The same training, from the student's own random start."""
    images, labels, test_images, test_labels = data
    X, X_test = images.astype(float) / 255, test_images.astype(float) / 255
    y = (labels[:, None] == np.arange(10)).astype(float)
    losses, accuracies = [], []
    for _ in range(epochs):
        p, slope = forward(name, X, W, b)
        losses.append(float(np.mean((p - y) ** 2)))
        read = np.argmax(forward(name, X_test, W, b)[0], axis=1)
        accuracies.append(float(np.mean(read == test_labels)))
        back = (p - y) * slope * (2 / y.size)
        W, b = W - rate * np.einsum("ni,nk->ik", X, back), b - rate * back.sum(axis=0)
    return W, b, losses, accuracies


def small_case(rng, n, m, pixels):
    images, test_images = (rng.integers(256, size=(rows, pixels), dtype=np.uint8) for rows in (n, m))
    images[: n // 10] = 0  # black images: at the start their outputs are exactly 0, at ReLU's corner
    labels, test_labels = (rng.integers(10, size=rows, dtype=np.uint8) for rows in (n, m))
    return images, labels, test_images, test_labels


def both(solution, rng, name, n=30, m=20, pixels=12, epochs=6):
    """What the student's training and ours make of the same data and the same start."""
    data, rate, seed = small_case(rng, n, m, pixels), float(rng.uniform(0.1, 1.0)), int(rng.integers(10**6))
    W, b, _, _ = four(solution.train(*data, name, 0, rate, seed))
    check_start(W, b, pixels)
    return four(solution.train(*data, name, epochs, rate, seed)), expected(data, name, epochs, rate, W, b)


@test(
    "Six epochs, number by number",
    title={"fr": "Six époques, nombre par nombre"},
    points=2,
    hint={
        "en": "`losses[0]` is the loss before the first step, and `W` and `b` are those after the last one. "
        "With the same seed, `epochs = 0` must give the start of the longer training.",
        "fr": "`losses[0]` est la perte avant le premier pas, `W` et `b` sont ceux d'après le dernier. "
        "Avec la même graine, `epochs = 0` doit donner le départ de l'apprentissage plus long.",
    },
)
def exact(solution, rng):
    for name in ("identity", "relu", "sigmoid"):
        (W, b, losses, _), (want_W, want_b, want_losses, _) = both(solution, rng, name)
        assert_close(curve("losses", losses, 6), np.array(want_losses), name="losses")
        assert_close(W, want_W, name="W")
        assert_close(b, want_b, name="b")


@test(
    "Accuracy on images never seen",
    title={"fr": "Précision sur des images jamais vues"},
    points=1,
    hint={
        "en": "The accuracy is the share of **test** images whose largest output is that of their label, "
        "with the weights at the beginning of the epoch.",
        "fr": "Le taux de réussite est la part des images de **test** dont la plus grande sortie est celle de leur "
        "étiquette, avec les poids du début de l'époque.",
    },
)
def seen_and_unseen(solution, rng):
    for name in ("identity", "sigmoid"):  # ReLU's outputs tie at 0
        (_, _, _, accuracies), (_, _, _, want) = both(solution, rng, name, n=40, m=300, pixels=20, epochs=10)
        assert_close(curve("accuracies", accuracies, 10), np.array(want), name="accuracies")


@test(
    "A single image, other sizes",
    title={"fr": "Une seule image, d’autres tailles"},
    points=1,
    hint={
        "en": "Take the number of pixels and of images from the shape of the data; there are always 10 digits, "
        "even when some are missing from the labels.",
        "fr": "Déduisez le nombre de pixels et d'images de la forme des données ; il y a toujours 10 chiffres, "
        "même si certains manquent parmi les étiquettes.",
    },
)
def other_sizes(solution, rng):
    for n, m, pixels in ((1, 1, 4), (3, 7, 1), (2, 5, 100)):
        (W, b, losses, _), (want_W, want_b, want_losses, _) = both(solution, rng, "sigmoid", n, m, pixels, 3)
        assert_close(W, want_W, name="W")
        assert_close(b, want_b, name="b")
        assert_close(curve("losses", losses, 3), np.array(want_losses), name="losses")
