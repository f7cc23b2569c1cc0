import math

import numpy as np

from workers.testkit import SolutionError, assert_close, fail, test


@test(
    "Example: the loss and its gradient",
    title={"fr": "Exemple : la perte et son gradient"},
    points=1,
    public=True,
    hint={
        "en": "There are four elements: the loss is the sum of the squares divided by 4. The gradient of $u^2$ is "
        "$2u$.",
        "fr": "Il y a quatre éléments : la perte est la somme des carrés divisée par 4. La dérivée de $u^2$ est "
        "$2u$.",
    },
)
def example_loss(solution, rng):
    P, y = np.array([[0.5, 1.0], [0.0, 2.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    assert_close(solution.mse(P, y), 1.0625, name="mse")
    assert_close(solution.mse_gradient(P, y), np.array([[-0.25, 0.0], [0.0, 1.0]]), name="mse_gradient")


@test(
    "Example: measured slopes",
    title={"fr": "Exemple : des pentes mesurées"},
    points=1,
    public=True,
    hint={
        "en": "Move one element up by h, call f; move it down by h, call f; divide the difference by 2h. All other "
        "elements stay.",
        "fr": "Montez un élément de h, appelez f ; descendez-le de h, appelez f ; divisez la différence par 2h. Tous "
        "les autres éléments restent en place.",
    },
)
def example_slopes(solution, rng):
    got = solution.numeric_gradient(lambda x: float(x[0] ** 2 + 3 * x[1]), np.array([2.0, 5.0]), 0.01)
    assert_close(got, np.array([4.0, 3.0]), name="numeric_gradient")


# Hidden from here on. Expected values are added up element by element, with exact sums.


def shapes(rng):
    """Pairs (P, y) of one to three axes; long and flat ones among them, so that n and N are not confused."""
    for shape in ((30, 10), (7,), (2, 3, 4), (1, 10), (6, 1), (1, 1)):
        yield 3 * rng.normal(size=shape), rng.normal(size=shape)


@test(
    "The loss of random arrays",
    title={"fr": "La perte de tableaux aléatoires"},
    points=1,
    hint={
        "en": "The mean counts every element, whatever the shape, and gives one number: no `axis`, and no division "
        "by the number of rows.",
        "fr": "La moyenne compte tous les éléments, quelle que soit la forme, et donne un seul nombre : pas d'`axis`, "
        "pas de division par le nombre de lignes.",
    },
)
def loss(solution, rng):
    for P, y in shapes(rng):
        squares = [(left - right) ** 2 for left, right in zip(P.flat, y.flat, strict=True)]
        assert_close(solution.mse(P, y), math.fsum(squares) / len(squares), name="mse")


@test(
    "The gradient of random arrays",
    title={"fr": "Le gradient de tableaux aléatoires"},
    points=2,
    hint={
        "en": "$2(P - y)/N$ with $N$ = `y.size`. A constant factor off? See the 2 and the $N$. The opposite sign? "
        "It is $P - y$, not $y - P$.",
        "fr": "$2(P - y)/N$ avec $N$ = `y.size`. Un facteur constant de trop ? Voyez le 2 et $N$. Le signe opposé ? "
        "C'est $P - y$, et non $y - P$.",
    },
)
def gradient(solution, rng):
    for P, y in shapes(rng):
        want = np.array([(left - right) / (0.5 * P.size) for left, right in zip(P.flat, y.flat, strict=True)])
        assert_close(solution.mse_gradient(P, y), want.reshape(P.shape), name="mse_gradient")


@test(
    "Shapes that differ are refused",
    title={"fr": "Des formes différentes sont refusées"},
    points=1,
    hint={
        "en": "Compare `P.shape` with `y.shape` first and raise a ValueError when they differ: NumPy would stretch "
        "one of them. Both functions must do so.",
        "fr": "Comparez d'abord `P.shape` et `y.shape` et levez une ValueError si elles diffèrent : NumPy étirerait "
        "l'un des deux. Les deux fonctions doivent le faire.",
    },
)
def refused(solution, rng):
    for left, right in (((5, 1), (5,)), ((4, 3), (3,)), ((2, 3), (3, 2))):
        for name in ("mse", "mse_gradient"):
            try:
                getattr(solution, name)(rng.normal(size=left), rng.normal(size=right))
            except SolutionError as error:
                if error.type == "ValueError":
                    continue
            fail(
                {
                    "en": f"`{name}` must raise a ValueError for the shapes {left} and {right}.",
                    "fr": f"`{name}` doit lever une ValueError pour les formes {left} et {right}.",
                }
            )


@test(
    "Measured slopes of a cubic",
    title={"fr": "Pentes mesurées d’un polynôme du troisième degré"},
    points=2,
    hint={
        "en": "With $h = 0.1$ the central difference of $x^3$ is exactly $3x^2 + 0.01$: it is compared with that. Is "
        "yours one-sided? Do you divide by $h$ instead of $2h$? Does each element return to its place?",
        "fr": "Avec $h = 0{,}1$, la différence centrée de $x^3$ vaut exactement $3x^2 + 0{,}01$ : c'est à cela qu'on "
        "la compare. La vôtre est-elle d'un seul côté ? Divisez-vous par $h$ au lieu de $2h$ ? Chaque élément "
        "revient-il à sa place ?",
    },
)
def cubic(solution, rng):
    for shape in ((6,), (3, 4), (2, 2, 2)):
        weights, x, h = rng.uniform(1, 2, size=shape), rng.normal(size=shape), float(rng.uniform(0.05, 0.5))
        # The product of all pairs makes each slope depend on where the other elements are.
        got = solution.numeric_gradient(lambda v, w=weights: float(np.sum(w * v**3) + np.sum(v) ** 2), x, h)
        want = weights * (3 * x**2 + h**2) + 2 * np.sum(x)
        assert_close(got, want, rtol=1e-7, atol=1e-9, name="numeric_gradient")


@test(
    "Two calls per element, at the right places",
    title={"fr": "Deux appels par élément, aux bons endroits"},
    points=1,
    hint={
        "en": "Each call differs from `x` in exactly one element, by +h or −h; no other call is needed.",
        "fr": "Chaque appel diffère de `x` en un seul élément, de +h ou de −h ; aucun autre appel n'est nécessaire.",
    },
)
def calls(solution, rng):
    x, h, seen = rng.normal(size=(3, 5)), 0.25, []

    def watched(v):
        assert_close(v.shape, x.shape, name="x.shape")
        seen.append(v - x)
        return float(np.sum(v))

    assert_close(solution.numeric_gradient(watched, x, h), np.ones(x.shape), name="numeric_gradient")
    if len(seen) != 2 * x.size:
        fail(
            {
                "en": f"f was called {len(seen)} times for {x.size} elements: twice each is enough.",
                "fr": f"f a été appelée {len(seen)} fois pour {x.size} éléments : deux fois chacun suffisent.",
            }
        )
    for moves in seen:
        if np.count_nonzero(np.abs(moves) > h / 2) != 1 or not np.isclose(np.abs(moves).sum(), h):
            fail(
                {
                    "en": "f was called at a place that differs from x in more or less than one element by h.",
                    "fr": "f a été appelée en un point qui ne diffère pas de x par un seul élément, de h.",
                }
            )


@test(
    "Your gradient agrees with your measured slopes",
    title={"fr": "Votre gradient s’accorde avec vos pentes mesurées"},
    points=1,
    hint={
        "en": "This is the check of the last paragraph of the statement: run it yourself on a small array.",
        "fr": "C'est le contrôle du dernier paragraphe de l'énoncé : faites-le vous-même sur un petit tableau.",
    },
)
def agree(solution, rng):
    P, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    slopes = solution.numeric_gradient(lambda Q: float(np.average(np.square(np.subtract(Q, y)))), P, 1e-4)
    assert_close(slopes, (P - y) / 6, rtol=1e-6, atol=1e-8, name="numeric_gradient")
    assert_close(solution.mse_gradient(P, y), slopes, rtol=1e-6, atol=1e-8, name="mse_gradient")
