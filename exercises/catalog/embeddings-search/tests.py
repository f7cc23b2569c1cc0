import math

import numpy as np

from workers.testkit import SolutionError, assert_close, assert_equal, fail, test

WORDS = ["chat", "chaton", "banane", "chien"]
TABLE = [[4.0, 3.0], [2.0, 1.5], [-3.0, 4.0], [3.0, 4.0]]


@test(
    "Example: similarities and search",
    title={"fr": "Exemple : similarités et recherche"},
    points=1,
    public=True,
    hint={
        "en": "Divide each product by the length of the row **and** by the length of `q`.",
        "fr": "Divisez chaque produit scalaire par la longueur de la ligne **et** par celle de `q`.",
    },
)
def example_search(solution, rng):
    q, E = np.array([1.0, 0.0]), np.array(TABLE)
    assert_close(solution.similarities(q, E), np.array([0.8, 0.8, -0.6, 0.6]), name="similarities")
    assert_close(solution.search(q, E, 3), np.array([0, 1, 3]), name="search")


@test(
    "Example: chaton finds chat",
    title={"fr": "Exemple : chaton trouve chat"},
    points=1,
    public=True,
    hint={
        "en": "Search all words, then leave out the word itself, then keep `k`: in this order.",
        "fr": "Cherchez parmi tous les mots, puis écartez le mot lui-même, puis gardez-en `k` : dans cet ordre.",
    },
)
def example_neighbours(solution, rng):
    got = solution.neighbours("chaton", WORDS, np.array(TABLE), 2)
    assert_close(got, [("chat", 1.0), ("chien", 0.96)], name="neighbours")


# Hidden from here on. Expected values one by one, with Python's own numbers.


def cosine(u, v):
    size = math.sqrt(math.fsum(x * x for x in u) * math.fsum(y * y for y in v))
    return math.fsum(x * y for x, y in zip(u, v, strict=True)) / size if size else 0.0


def ranked(q, E):
    return sorted(range(len(E)), key=lambda i: (-cosine(q, E[i]), i))


def signs(rng, n, d=16):
    """Vectors of ±1, all of length 4: products and quotients are exact, so that equal is equal."""
    return rng.choice([-1.0, 1.0], size=(n, d))


@test(
    "Similarities of vectors of any length",
    title={"fr": "Similarités de vecteurs de toute longueur"},
    points=2,
    hint={
        "en": "The cosine does not change when a vector is made longer: dividing by one length only is not enough, "
        "and the distance is something else.",
        "fr": "Le cosinus ne change pas quand on allonge un vecteur : diviser par une seule longueur ne suffit pas, "
        "et la distance est autre chose.",
    },
)
def lengths(solution, rng):
    for n, d in ((1, 1), (6, 3), (3, 6), (40, 12)):
        q = rng.normal(size=d) * 5
        E = rng.normal(size=(n, d)) * rng.uniform(0.01, 100, size=(n, 1))
        want = np.array([cosine(q, row) for row in E])
        assert_close(solution.similarities(q, E), want, name="similarities")
        assert_close(solution.search(q, E, n), np.array(ranked(q, E)), name="search")


@test(
    "Vectors of zeros",
    title={"fr": "Vecteurs nuls"},
    points=1,
    hint={
        "en": "0 / 0 is `nan`, and `nan` upsets every sort. Where a length is 0, the similarity is 0.",
        "fr": "0 / 0 donne `nan`, et `nan` dérègle tous les tris. Là où une longueur est nulle, la similarité vaut 0.",
    },
)
def zeros(solution, rng):
    E = rng.normal(size=(5, 4))
    E[[1, 3]] = 0.0
    q = rng.normal(size=4)
    assert_close(solution.similarities(q, E), np.array([cosine(q, row) for row in E]), name="similarities")
    assert_close(solution.search(q, E, 5), np.array(ranked(q, E)), name="search")
    assert_close(solution.similarities(np.zeros(4), E), np.zeros(5), name="similarities, q = 0")
    assert_close(solution.search(np.zeros(4), E, 2), np.array([0, 1]), name="search, q = 0")
    tiny = np.full((1, 4), 1e-20)
    assert_close(solution.similarities(np.ones(4), tiny), np.ones(1), name="similarities, tiny vector")


@test(
    "Ties: the lower index first",
    title={"fr": "Égalités : le plus petit indice d’abord"},
    points=1,
    hint={
        "en": "Turning a sorted list round turns the equals round as well, and NumPy's default sort does not keep them "
        'in order: `np.argsort(-s, kind="stable")`.',
        "fr": "Retourner une liste triée retourne aussi les ex æquo, et le tri par défaut de NumPy n'en garde pas "
        "l'ordre : "
        '`np.argsort(-s, kind="stable")`.',
    },
)
def ties(solution, rng):
    E, q = signs(rng, 200), signs(rng, 1)[0]
    assert_close(solution.search(q, E, 200), np.array(ranked(q, E)), name="search")
    assert_close(solution.search(q, np.ones((6, 16)), 4), np.arange(4), name="search")


@test(
    "More asked for than there is, or nothing",
    title={"fr": "Demander plus qu’il n’y a, ou rien du tout"},
    points=1,
    hint={
        "en": "`x[:k]` already does it: no more than there are, and none for 0. `x[-k:]` takes everything for 0.",
        "fr": "`x[:k]` s'en charge déjà : pas plus qu'il n'y en a, et aucun pour 0. `x[-k:]` prend tout pour 0.",
    },
)
def few(solution, rng):
    E, q = rng.normal(size=(4, 3)), rng.normal(size=3)
    for k in (0, 1, 4, 9):
        assert_close(solution.search(q, E, k), np.array(ranked(q, E)[:k], dtype=int), name=f"search, k = {k}")
    assert_equal(solution.neighbours("chat", WORDS, np.array(TABLE), 0), [], name="neighbours, k = 0")
    got = solution.neighbours("chat", WORDS, np.array(TABLE), 50)
    assert_close(got, [("chaton", 1.0), ("chien", 0.96), ("banane", 0.0)], name="neighbours, k = 50")


@test(
    "Neighbours: not the word itself, but its double",
    title={"fr": "Voisins : pas le mot lui-même, mais son double"},
    points=1,
    hint={
        "en": "Leave out the row of the word by its index: the first of the ranking may be another word with the same "
        "vector.",
        "fr": "Écartez la ligne du mot par son indice : le premier du classement peut être un autre mot de même "
        "vecteur.",
    },
)
def doubles(solution, rng):
    words = [f"w{i}" for i in range(9)]
    E = signs(rng, 9)
    E[6] = E[2]
    for word, k in (("w6", 3), ("w2", 8), ("w0", 5)):
        own = words.index(word)
        want = [(words[i], cosine(E[own], E[i])) for i in ranked(E[own], E) if i != own][:k]
        assert_close(solution.neighbours(word, words, E, k), want, name=f"neighbours of {word}")
    E[4] = 0.0
    want = [(f"w{i}", 0.0) for i in (0, 1, 2)]
    assert_close(solution.neighbours("w4", words, E, 3), want, name="neighbours of a zero vector")


@test(
    "Words unknown, whole numbers in the table",
    title={"fr": "Mots inconnus, nombres entiers dans la table"},
    points=1,
    hint={
        "en": "`words.index` raises ValueError; KeyError is asked for. And a result that is stored in an array of "
        "whole "
        "numbers loses its decimals.",
        "fr": "`words.index` lève ValueError ; on demande KeyError. Et un résultat rangé dans un tableau d'entiers "
        "perd "
        "ses décimales.",
    },
)
def unknown(solution, rng):
    try:
        got = solution.neighbours("baleine", WORDS, np.array(TABLE), 2)
    except SolutionError as error:
        assert_equal(error.type, "KeyError", name="neighbours")
    else:
        fail(
            {
                "en": f"An unknown word must raise KeyError; {got!r:.80} was returned.",
                "fr": f"Un mot inconnu doit lever KeyError ; {got!r:.80} a été renvoyé.",
            }
        )
    E, q = rng.integers(-9, 10, size=(8, 5)), rng.integers(1, 10, size=5)
    want = np.array([cosine(q.tolist(), row) for row in E.tolist()])
    assert_close(solution.similarities(q, E), want, name="similarities")


@test(
    "20,000 vectors of 300 numbers",
    title={"fr": "20 000 vecteurs de 300 nombres"},
    points=1,
    hint={
        "en": "One product `E @ q` and one `np.linalg.norm(E, axis=1)` do the work of 20,000 loops.",
        "fr": "Un seul produit `E @ q` et un seul `np.linalg.norm(E, axis=1)` font le travail de 20 000 boucles.",
    },
)
def large(solution, rng):
    E = (rng.normal(size=(20_000, 300)) * 20).astype(np.float32)  # long, and in no particular direction
    q = rng.normal(size=300)
    planted = rng.choice(20_000, size=3, replace=False)
    for noise, place in zip((0.1, 0.4, 0.9), planted, strict=True):
        E[place] = q + noise * rng.normal(size=300)
    assert_close(solution.search(q, E, 3), planted, name="search")
