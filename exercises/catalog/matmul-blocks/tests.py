import numpy as np

from workers.testkit import assert_close, fail, test, timing


@test(
    "Example: pieces, and a product of two blocks",
    title={"fr": "Exemple : des morceaux, et un produit de deux blocs"},
    points=1,
    public=True,
    hint={
        "en": "`range(0, length, size)` gives the starts; the last end is `length`. The two block products are added.",
        "fr": "`range(0, length, size)` donne les débuts ; la dernière fin est `length`. Les deux produits de blocs "
        "s'additionnent.",
    },
)
def example_product(solution, rng):
    assert_close(solution.tiles(5, 2), [(0, 2), (2, 4), (4, 5)], name="tiles(5, 2)")
    A, B = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert_close(solution.matmul(A, B, 2), np.array([[4.0, 5.0], [10.0, 11.0]]), name="matmul(A, B, 2)")


@test(
    "Example: numbers read",
    title={"fr": "Exemple : nombres lus"},
    points=1,
    public=True,
    hint={
        "en": "With blocks of 2, the first call reads 4 + 4 numbers, the second 2 + 2. With blocks of 1, each of the "
        "n · k · m products reads two.",
        "fr": "Avec des blocs de 2, le premier appel lit 4 + 4 nombres, le second 2 + 2. Avec des blocs de 1, chacun "
        "des n · k · m produits en lit deux.",
    },
)
def example_loads(solution, rng):
    assert_close(solution.loads(2, 3, 2, 2), 12, name="loads(2, 3, 2, 2)")
    assert_close(solution.loads(4096, 4096, 4096, 1), 137_438_953_472, name="loads(4096, 4096, 4096, 1)")
    assert_close(solution.loads(4096, 4096, 4096, 64), 2_147_483_648, name="loads(4096, 4096, 4096, 64)")


# Hidden from here on. Pieces are found number by number, and products by einsum.


def pieces(length, size):
    found = {}
    for index in range(length):
        found.setdefault(index // size, []).append(index)
    return [(indices[0], indices[-1] + 1) for indices in found.values()]


SIZES = ((6, 4, 8, 2), (7, 5, 3, 2), (5, 9, 4, 3), (3, 2, 4, 10), (1, 6, 1, 4), (4, 1, 5, 1), (8, 8, 8, 8))


@test(
    "Pieces of any length",
    title={"fr": "Des morceaux de toute longueur"},
    points=1,
    hint={
        "en": "No empty piece when the length is a multiple of `size`, and none beyond the end when it is not.",
        "fr": "Aucun morceau vide quand la longueur est un multiple de `size`, et rien au-delà de la fin sinon.",
    },
)
def any_length(solution, rng):
    for length, size in ((6, 3), (7, 3), (3, 3), (2, 3), (1, 1), (int(rng.integers(50, 90)), 7)):
        assert_close(solution.tiles(length, size), pieces(length, size), name=f"tiles({length}, {size})")


@test(
    "Products of any shape",
    title={"fr": "Des produits de toute forme"},
    points=2,
    hint={
        "en": "Three loops over pieces: rows of A, columns of B, and the inner dimension; each block product is "
        "**added** to its block of C. Try sides that are no multiples of `size`.",
        "fr": "Trois boucles sur les morceaux : lignes de A, colonnes de B, et dimension intérieure ; chaque produit "
        "de blocs **s'ajoute** à son bloc de C. Essayez des côtés qui ne sont pas des multiples de `size`.",
    },
)
def any_shape(solution, rng):
    for n, k, m, size in SIZES:
        A, B = rng.normal(size=(n, k)), rng.normal(size=(k, m))
        assert_close(solution.matmul(A, B, size), np.einsum("ik,kj->ij", A, B), name=f"matmul(A, B, {size})")


@test(
    "The chip gets blocks, each pair once",
    title={"fr": "La puce reçoit des blocs, chaque paire une seule fois"},
    points=2,
    hint={
        "en": "Call `multiply` for products, not `@`; its arguments are blocks with no side longer than `size`; one "
        "call for each piece of n, of m and of k.",
        "fr": "Pour les produits, appelez `multiply`, et non `@` ; ses arguments sont des blocs dont aucun côté ne "
        "dépasse `size` ; un appel pour chaque morceau de n, de m et de k.",
    },
)
def the_chip(solution, rng):
    for n, k, m, size in SIZES:
        A, B, seen = rng.normal(size=(n, k)), rng.normal(size=(k, m)), []

        def chip(a, b, size=size, seen=seen):
            if np.ndim(a) != 2 or np.ndim(b) != 2 or max(*a.shape, *b.shape) > size or a.shape[1] != b.shape[0]:
                fail(
                    {
                        "en": f"multiply got arrays of the shapes {np.shape(a)} and {np.shape(b)}: not two blocks of "
                        f"size {size} that go together.",
                        "fr": f"multiply a reçu des tableaux de formes {np.shape(a)} et {np.shape(b)} : ce ne sont pas "
                        f"deux blocs de taille {size} qui vont ensemble.",
                    }
                )
            seen.append((a.shape[0], a.shape[1], b.shape[1]))
            return np.einsum("ik,kj->ij", a, b)

        got = solution.matmul(A, B, size, chip)
        sides = [[end - start for start, end in pieces(length, size)] for length in (n, k, m)]
        want = sorted((rows, inner, columns) for rows in sides[0] for inner in sides[1] for columns in sides[2])
        if sorted(seen) != want:
            fail(
                {
                    "en": f"multiply was called {len(seen)} times for ({n}, {k}) by ({k}, {m}) in blocks of {size}; "
                    f"{len(want)} calls are expected, with blocks as large as `size` allows.",
                    "fr": f"multiply a été appelée {len(seen)} fois pour ({n}, {k}) par ({k}, {m}) en blocs de {size} ; "
                    f"on attend {len(want)} appels, avec des blocs aussi grands que `size` le permet.",
                }
            )
        assert_close(got, np.einsum("ik,kj->ij", A, B), name="matmul(A, B, size, multiply)")


@test(
    "Numbers read, any shape",
    title={"fr": "Nombres lus, toute forme"},
    points=1,
    hint={
        "en": "All of A is read once for every piece of m, all of B once for every piece of n. Round the number of "
        "pieces up.",
        "fr": "Tout A est lu une fois pour chaque morceau de m, tout B une fois pour chaque morceau de n. Arrondissez "
        "le nombre de morceaux vers le haut.",
    },
)
def any_loads(solution, rng):
    for n, k, m, size in SIZES:
        rows, inner, columns = ([end - start for start, end in pieces(length, size)] for length in (n, k, m))
        count = sum(r * i + i * c for r in rows for i in inner for c in columns)
        assert_close(solution.loads(n, k, m, size), count, name=f"loads({n}, {k}, {m}, {size})")


@timing(
    "Fast enough: 250 × 250 in blocks of 20",
    title={"fr": "Assez rapide : 250 × 250 en blocs de 20"},
    points=2,
    against="solution.py",
    at_most=3.0,
    clock="cpu",
    hint={
        "en": "Only blocks in the inner loop: slices of A, B and C, and `+=` on the slice of C. No loop over single "
        "numbers, no new matrix of the size of C for each block.",
        "fr": "Dans la boucle intérieure, rien que des blocs : des tranches de A, de B et de C, et `+=` sur la tranche "
        "de C. Pas de boucle sur les nombres, pas de nouvelle matrice de la taille de C à chaque bloc.",
    },
)
def fast(rng):
    return "matmul", [rng.normal(size=(250, 250)), rng.normal(size=(250, 250)), 20]
