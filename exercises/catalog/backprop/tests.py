import numpy as np

from workers.testkit import assert_close, fail, test


def three(result, function, names):
    """The three values that `function` has to return, or a failure that says so."""
    if not isinstance(result, tuple | list) or len(result) != 3:
        fail(
            {
                "en": f"`{function}` must return three values: return {names}.",
                "fr": f"`{function}` doit renvoyer trois valeurs : return {names}.",
            }
        )
    return result


def gradients(solution, X, y, W, b, activation):
    return three(solution.backward(X, y, W, b, activation), "backward", "loss, dW, db")


@test(
    "Example: identity, worked by hand",
    title={"fr": "Exemple : l’identité, calculée à la main"},
    points=1,
    public=True,
    hint={
        "en": "Calculate this one on paper: $Z$ is [[1.5, -0.5]], the error is [[0.5, -0.5]].",
        "fr": "Calculez celui-ci sur papier : $Z$ vaut [[1.5, -0.5]], l'erreur [[0.5, -0.5]].",
    },
)
def example_identity(solution, rng):
    X, y = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])
    W, b = np.array([[0.5, -1.0], [0.25, 0.0]]), np.array([0.5, 0.5])
    loss, dW, db = gradients(solution, X, y, W, b, "identity")
    assert_close(loss, 0.25, name="loss")
    assert_close(dW, np.array([[0.5, -0.5], [1.0, -1.0]]), name="dW")
    assert_close(db, np.array([0.5, -0.5]), name="db")


@test(
    "Example: sigmoid, two images",
    title={"fr": "Exemple : la sigmoïde, deux images"},
    points=1,
    public=True,
    hint={
        "en": "$f'$ is taken at $Z$, before the activation: do not leave it out, and do not take it at $P$.",
        "fr": "$f'$ se prend en $Z$, avant l'activation : ne l'oubliez pas, et ne la prenez pas en $P$.",
    },
)
def example_sigmoid(solution, rng):
    X, y = np.array([[1.0, 0.0], [0.5, -1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    W, b = np.array([[1.0, -1.0], [0.5, 0.25]]), np.array([0.0, 0.5])
    loss, dW, db = gradients(solution, X, y, W, b, "sigmoid")
    assert_close(loss, 0.1952272157, name="loss")
    assert_close(dW, np.array([[0.0048114536, 0.0097690300], [-0.0625000000, 0.0691853987]]), name="dW")
    assert_close(db, np.array([0.0360614536, -0.0248236694]), name="db")


# Hidden from here on.


def layer(name, z):
    """f(z) and f'(z)."""
    if name == "identity":
        return z, np.ones(z.shape)
    if name == "relu":
        return (z + np.abs(z)) / 2, np.maximum(np.sign(z), 0.0)
    return (1 + np.tanh(z / 2)) / 2, 1 / (4 * np.cosh(z / 2) ** 2)


def mse(name, X, y, W, b):
    return float(np.mean((layer(name, X @ W + b)[0] - y) ** 2))


def expected(name, X, y, W, b):
    """Loss and gradients, summed image by image so that they share no line with a solution."""
    p, slope = layer(name, np.einsum("ni,ik->nk", X, W) + b)
    back = np.einsum("nk,nk->nk", p - y, slope) * (2 / (y.shape[0] * y.shape[1]))
    return mse(name, X, y, W, b), np.einsum("ni,nk->ik", X, back), np.einsum("nk->k", back)


def case(rng, n=1000, inputs=784, outputs=10):
    """A batch like MNIST's in size: pixels 0 to 1, one-hot labels, weights large enough to bend the sigmoid."""
    X = rng.uniform(size=(n, inputs)) * (rng.random((n, inputs)) < 0.2)
    y = np.eye(outputs)[rng.integers(outputs, size=n)]
    return X, y, rng.normal(size=(inputs, outputs)) * 0.2, rng.normal(size=outputs)


def check_gradients(solution, name, X, y, W, b):
    loss, dW, db = gradients(solution, X, y, W, b, name)
    want_loss, want_dW, want_db = expected(name, X, y, W, b)
    assert_close(loss, want_loss, name="loss")
    assert_close(dW, want_dW, name="dW")
    assert_close(db, want_db, name="db")


@test(
    "The loss of all three activations",
    title={"fr": "La perte pour les trois activations"},
    points=1,
    hint={
        "en": "The loss is the mean of $(P - y)^2$ over all elements, one number; $P$ is after the activation.",
        "fr": "La perte est la moyenne de $(P - y)^2$ sur tous les éléments, un seul nombre ; "
        "$P$ s'entend après l'activation.",
    },
)
def loss_only(solution, rng):
    for name in ("identity", "relu", "sigmoid"):
        X, y, W, b = case(rng, 20, 12, 5)
        assert_close(gradients(solution, X, y, W, b, name)[0], mse(name, X, y, W, b), name=name)


@test(
    "Gradients with the identity, 1,000 images",
    title={"fr": "Gradients avec l’identité, 1 000 images"},
    points=1,
    hint={
        "en": "The mean counts every element of $y$: divide by `y.size`, not by the number of images. "
        "`db` has the shape of `b`.",
        "fr": "La moyenne compte tous les éléments de $y$ : divisez par `y.size`, pas par le nombre d'images. "
        "`db` a la forme de `b`.",
    },
)
def identity(solution, rng):
    check_gradients(solution, "identity", *case(rng))


@test(
    "Gradients with ReLU, 1,000 images",
    title={"fr": "Gradients avec ReLU, 1 000 images"},
    points=1,
    hint={
        "en": "Where $Z$ is negative or 0, ReLU lets no gradient through.",
        "fr": "Là où $Z$ est négatif ou nul, ReLU ne laisse passer aucun gradient.",
    },
)
def relu(solution, rng):
    X, y, W, b = case(rng)
    X[:50], b[:3] = 0.0, 0.0  # black images: there Z is exactly 0, at ReLU's corner
    check_gradients(solution, "relu", X, y, W, b)


@test(
    "Gradients with the sigmoid, 1,000 images",
    title={"fr": "Gradients avec la sigmoïde, 1 000 images"},
    points=1,
    hint={
        "en": "$\\sigma'(Z) = P(1 - P)$ with $P = \\sigma(Z)$: the sigmoid is applied once, not twice.",
        "fr": "$\\sigma'(Z) = P(1 - P)$ avec $P = \\sigma(Z)$ : la sigmoïde s'applique une fois, pas deux.",
    },
)
def sigmoid(solution, rng):
    check_gradients(solution, "sigmoid", *case(rng))


@test(
    "Gradients agree with the slope of the loss",
    title={"fr": "Les gradients correspondent à la pente de la perte"},
    points=1,
    hint={
        "en": "Move one weight a little and see how the loss changes: your `dW` must predict it. "
        "A constant factor? See the 2 and the `y.size`. The sign? It is $P - y$.",
        "fr": "Déplacez un peu un poids et regardez la perte : votre `dW` doit prédire sa variation. "
        "Un facteur constant ? Voyez le 2 et `y.size`. Le signe ? C'est $P - y$.",
    },
)
def numeric(solution, rng):
    h = 1e-5
    for name in ("identity", "sigmoid"):  # ReLU has corners that a finite step may cross
        X, y, W, b = case(rng, 8, 6, 4)
        _, dW, db = gradients(solution, X, y, W, b, name)
        slopes = [np.zeros(W.shape), np.zeros(b.shape)]
        for parameters, slope in zip((W, b), slopes, strict=True):
            for index in np.ndindex(parameters.shape):
                kept = parameters[index]
                parameters[index] = kept + h
                above = mse(name, X, y, W, b)
                parameters[index] = kept - h
                slope[index] = (above - mse(name, X, y, W, b)) / (2 * h)
                parameters[index] = kept
        assert_close(dW, slopes[0], rtol=1e-5, atol=1e-8, name="dW")
        assert_close(db, slopes[1], rtol=1e-5, atol=1e-8, name="db")


@test(
    "A batch of one image, other sizes of layer",
    title={"fr": "Un lot d’une seule image, d’autres tailles de couche"},
    points=1,
    hint={
        "en": "Nothing may depend on 784, 10 or $n > 1$; `dW` has the shape of `W`, `db` that of `b`.",
        "fr": "Rien ne doit dépendre de 784, de 10 ou de $n > 1$ ; `dW` a la forme de `W`, `db` celle de `b`.",
    },
)
def one_row(solution, rng):
    for n, inputs, outputs in ((1, 5, 3), (1, 1, 1), (4, 3, 7)):
        for name in ("identity", "relu", "sigmoid"):
            check_gradients(solution, name, *case(rng, n, inputs, outputs))


def updated(solution, X, y, W, b, name, rate):
    return three(solution.step(X, y, W, b, name, rate), "step", "loss, W, b")


@test(
    "One step against the gradient",
    title={"fr": "Un pas dans le sens opposé au gradient"},
    points=1,
    hint={
        "en": "New value = old value − learning rate × gradient, once; the loss is the one before the step.",
        "fr": "Nouvelle valeur = ancienne valeur − taux d'apprentissage × gradient, une seule fois ; "
        "la perte est celle d'avant le pas.",
    },
)
def one_step(solution, rng):
    for name in ("identity", "relu", "sigmoid"):
        X, y, W, b = case(rng, 30, 20, 4)
        rate = float(rng.uniform(0.01, 0.5))
        want_loss, want_dW, want_db = expected(name, X, y, W, b)
        loss, new_W, new_b = updated(solution, X, y, W, b, name, rate)
        assert_close(loss, want_loss, name="loss")
        assert_close(new_W, W - rate * want_dW, name="W")
        assert_close(new_b, b - rate * want_db, name="b")


@test(
    "Twenty steps lower the loss",
    title={"fr": "Vingt pas font baisser la perte"},
    points=1,
    hint={
        "en": "If the loss grows, you walk up the slope: subtract the gradient.",
        "fr": "Si la perte augmente, vous remontez la pente : soustrayez le gradient.",
    },
)
def twenty_steps(solution, rng):
    X, y, W, b = case(rng, 40, 20, 4)
    want_W, want_b, losses = W, b, []
    for _ in range(20):
        _, dW, db = expected("sigmoid", X, y, want_W, want_b)
        want_W, want_b = want_W - 0.5 * dW, want_b - 0.5 * db
        loss, W, b = updated(solution, X, y, W, b, "sigmoid", 0.5)
        losses.append(loss)
    for earlier, later in zip(losses, losses[1:], strict=False):
        if not later < earlier:
            fail({"en": "The loss does not fall at every step.", "fr": "La perte ne diminue pas à chaque pas."})
    assert_close(W, want_W, name="W")
    assert_close(b, want_b, name="b")
