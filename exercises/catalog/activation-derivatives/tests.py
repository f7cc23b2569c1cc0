import numpy as np

from workers.testkit import assert_close, test

NAMES = ("identity", "relu", "sigmoid")


@test(
    "Example: the three activations",
    title={"fr": "Exemple : les trois activations"},
    points=1,
    public=True,
    hint={
        "en": "Work on the whole array at once: `np.maximum` and `np.exp` act on each element.",
        "fr": "Travaillez sur tout le tableau à la fois : `np.maximum` et `np.exp` agissent sur chaque élément.",
    },
)
def example_activation(solution, rng):
    z = np.array([[-2.0, 0.0, 3.0]])
    assert_close(solution.activation("identity", z), np.array([[-2.0, 0.0, 3.0]]), name="identity")
    assert_close(solution.activation("relu", z), np.array([[0.0, 0.0, 3.0]]), name="relu")
    expected = np.array([[0.119202922, 0.5, 0.952574127]])
    assert_close(solution.activation("sigmoid", z), expected, name="sigmoid")


@test(
    "Example: the three derivatives",
    title={"fr": "Exemple : les trois dérivées"},
    points=1,
    public=True,
    hint={
        "en": "The slope of the identity is 1 everywhere, that of ReLU is 0 or 1 (and 0 at the corner).",
        "fr": "La pente de l'identité vaut 1 partout, celle de ReLU vaut 0 ou 1 (et 0 au point anguleux).",
    },
)
def example_derivative(solution, rng):
    z = np.array([[-2.0, 0.0, 3.0]])
    assert_close(solution.activation_derivative("identity", z), np.array([[1.0, 1.0, 1.0]]), name="identity")
    assert_close(solution.activation_derivative("relu", z), np.array([[0.0, 0.0, 1.0]]), name="relu")
    expected = np.array([[0.104993585, 0.25, 0.045176660]])
    assert_close(solution.activation_derivative("sigmoid", z), expected, name="sigmoid")


# Hidden from here on. The formulas below are written otherwise than a solution would: through tanh and sign.


def value(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return (z + np.abs(z)) / 2
    return (1 + np.tanh(z / 2)) / 2


def slope(name, z):
    if name == "identity":
        return np.ones(z.shape)
    if name == "relu":
        return np.maximum(np.sign(z), 0.0)
    return 1 / (4 * np.cosh(z / 2) ** 2)


def check(solution, name, z):
    assert_close(solution.activation(name, z), value(name, z), name=name)
    assert_close(solution.activation_derivative(name, z), slope(name, z), name=f"{name}'")


@test(
    "Identity on random values",
    title={"fr": "L’identité sur des valeurs aléatoires"},
    points=1,
    hint={
        "en": "The derivative of $z$ with respect to $z$ is 1, not $z$.",
        "fr": "La dérivée de $z$ par rapport à $z$ est 1, et non $z$.",
    },
)
def identity(solution, rng):
    check(solution, "identity", rng.normal(size=(64, 10)))


@test(
    "ReLU on random values, zeros among them",
    title={"fr": "ReLU sur des valeurs aléatoires, zéros compris"},
    points=2,
    hint={
        "en": "The derivative is 1 where $z > 0$ and 0 elsewhere, 0 included; return numbers, not True and False.",
        "fr": "La dérivée vaut 1 là où $z > 0$ et 0 ailleurs, y compris en 0 ; renvoyez des nombres, "
        "pas True et False.",
    },
)
def relu(solution, rng):
    z = rng.normal(size=(64, 10))
    z[rng.random(z.shape) < 0.1] = 0.0
    check(solution, "relu", z)


@test(
    "Sigmoid on random values",
    title={"fr": "La sigmoïde sur des valeurs aléatoires"},
    points=2,
    hint={
        "en": "`s * (1 - s)` is right when `s` is the sigmoid of `z`, wrong when it is `z` itself.",
        "fr": "`s * (1 - s)` est juste si `s` est la sigmoïde de `z`, et faux si c'est `z` lui-même.",
    },
)
def sigmoid(solution, rng):
    check(solution, "sigmoid", 3 * rng.normal(size=(64, 10)))


@test(
    "Large values of z",
    title={"fr": "Grandes valeurs de z"},
    points=1,
    hint={
        "en": "`np.exp(1000)` is infinite, and infinity divided by infinity is `nan`. "
        "Use $\\sigma'(z) = \\sigma(z)(1 - \\sigma(z))$.",
        "fr": "`np.exp(1000)` est infini, et l'infini divisé par l'infini donne `nan`. "
        "Utilisez $\\sigma'(z) = \\sigma(z)(1 - \\sigma(z))$.",
    },
)
def large(solution, rng):
    z = np.append(rng.uniform(-1000, -750, size=4), rng.uniform(750, 1000, size=4))
    assert_close(solution.activation("sigmoid", z), (z > 0).astype(float), name="sigmoid")
    assert_close(solution.activation_derivative("sigmoid", z), np.zeros(8), name="sigmoid'")


@test(
    "Derivatives agree with the slope of your activations",
    title={"fr": "Les dérivées correspondent à la pente de vos activations"},
    points=1,
    hint={
        "en": "$\\frac{f(z + h) - f(z - h)}{2h}$ for a small $h$ must be close to your derivative: "
        "try it on your own functions.",
        "fr": "$\\frac{f(z + h) - f(z - h)}{2h}$, pour un petit $h$, doit être proche de votre dérivée : "
        "essayez avec vos propres fonctions.",
    },
)
def numeric(solution, rng):
    h = 1e-5
    z = rng.uniform(0.1, 4.0, size=40) * rng.choice([-1.0, 1.0], size=40)  # away from ReLU's corner
    for name in NAMES:
        above, below = solution.activation(name, z + h), solution.activation(name, z - h)
        assert_close(above, value(name, z + h), name=name)
        rise = (np.asarray(above) - np.asarray(below)) / (2 * h)
        assert_close(solution.activation_derivative(name, z), rise, rtol=1e-5, atol=1e-8, name=f"{name}'")


@test(
    "Any shape: one, two, three axes, or none of a length",
    title={"fr": "Toute forme : un, deux ou trois axes, ou un axe de longueur nulle"},
    points=1,
    hint={
        "en": "The result has the shape of `z`: no loop over rows and columns, no `flatten`, no list.",
        "fr": "Le résultat a la forme de `z` : pas de boucle sur les lignes et les colonnes, pas de `flatten`, "
        "pas de liste.",
    },
)
def shapes(solution, rng):
    for shape in ((7,), (1, 1), (5, 2), (2, 3, 4), (0, 10)):
        z = rng.normal(size=shape)
        for name in NAMES:
            check(solution, name, z)
