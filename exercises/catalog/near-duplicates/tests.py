import binascii
import itertools

from workers.testkit import assert_close, assert_equal, fail, record, test

HASHES = [(3, 7), (1000003, 12345), (2654435761, 99), (97, 0)]
BANANA = {"the cat eats", "cat eats the", "eats the banana"}
APPLE = {"the cat eats", "cat eats the", "eats the apple"}


@test(
    "Example: shingles and Jaccard similarity",
    title={"fr": "Exemple : shingles et similarité de Jaccard"},
    points=1,
    public=True,
    hint={
        "en": "Five words hold three runs of three. Of the four shingles of the two texts together, two are common.",
        "fr": "Cinq mots contiennent trois suites de trois. Parmi les quatre shingles des deux textes réunis, deux "
        "sont "
        "communs.",
    },
)
def example_sets(solution, rng):
    assert_equal(solution.shingles("The cat eats the banana", 3), BANANA, name="shingles")
    assert_close(solution.jaccard(BANANA, APPLE), 0.5, name="jaccard")


@test(
    "Example: signatures",
    title={"fr": "Exemple : les signatures"},
    points=1,
    public=True,
    hint={
        "en": "For each pair (a, b) take the smallest value over all shingles, in the order of `hashes`. "
        "`near_duplicates` keeps the pairs whose estimate is ≥ the threshold, equality included.",
        "fr": "Pour chaque couple (a, b), prenez la plus petite valeur parmi tous les shingles, dans l'ordre de "
        "`hashes`. `near_duplicates` garde les couples dont l'estimation est ≥ au seuil, égalité comprise.",
    },
)
def example_signature(solution, rng):
    want = [2424902893, 501510629, 1337442877, 1095781716]
    assert_close(solution.signature(BANANA, HASHES), want, name="signature")
    assert_close(solution.estimate(want, [1314617956, 372823586, 1337442877, 1095781716]), 0.5, name="estimate")
    texts = ["The cat eats the banana", "a dog", "the cat eats the apple"]
    assert_close(solution.near_duplicates(texts, 3, HASHES, 0.5), [(0, 2)], name="near_duplicates")


def drawn(rng, number):
    """Hash functions: pairs of whole numbers below the prime."""
    return [(int(rng.integers(1, 4_294_967_311)), int(rng.integers(4_294_967_311))) for _ in range(number)]


@test(
    "The estimate gets better with the number of hash functions",
    title={"fr": "L’estimation s’améliore avec le nombre de fonctions de hachage"},
    points=1,
    public=True,
    hint={
        "en": "`estimate` divides the number of equal **positions** by the length of the signatures.",
        "fr": "`estimate` divise le nombre de **positions** égales par la longueur des signatures.",
    },
)
def converges(solution, rng):
    common, first, second = ({f"{name} {i}" for i in range(40)} for name in ("both", "first", "second"))
    hashes = drawn(rng, 256)
    one, two = solution.signature(common | first, hashes), solution.signature(common | second, hashes)
    if not (isinstance(one, list) and isinstance(two, list) and len(one) == len(two) == 256):
        fail(
            {
                "en": "`signature` must return a list with one number for each pair of `hashes`.",
                "fr": "`signature` doit renvoyer une liste d'un nombre par couple de `hashes`.",
            }
        )
    numbers = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    values = [solution.estimate(one[:n], two[:n]) for n in numbers]
    for n, value in zip(numbers, values, strict=True):
        equal = [x for x, y in zip(one[:n], two[:n], strict=True) if x == y]
        assert_close(value, len(equal) / n, name=f"estimate with {n}")
    record("estimate", values, x=numbers)
    record("exact", [1 / 3] * len(numbers), x=numbers)
    if abs(values[-1] - 1 / 3) > 0.25:
        fail(
            {
                "en": f"With 256 hash functions the estimate is {values[-1]:.3f}, the exact similarity 0.333.",
                "fr": f"Avec 256 fonctions de hachage, l'estimation vaut {values[-1]:.3f}, la similarité exacte 0,333.",
            }
        )


# Hidden from here on.

WORDS = "le la un chat chaton mange dort Banane été modèle TOKEN de the".split()


def written(rng, words):
    return " ".join(str(word) for word in rng.choice(WORDS, size=words))


def runs(text, k):
    words = text.lower().split()
    shifted = [words[i:] for i in range(min(k, len(words)))]
    return {" ".join(run) for run in zip(*shifted, strict=False)}


def minima(items, hashes):
    prime = 2**32 + 15
    codes = [binascii.crc32(item.encode()) for item in items]
    return [sorted([divmod(a * x + b, prime)[1] for x in codes] + [prime])[0] for a, b in hashes]


def alike(one, two):
    return 1 - sum(x != y for x, y in zip(one, two, strict=True)) / len(one)


@test(
    "Shingles of random texts",
    title={"fr": "Shingles de textes aléatoires"},
    points=1,
    hint={
        "en": "n words hold n − k + 1 runs of k; in lower case; spaces and line breaks do not matter.",
        "fr": "n mots contiennent n − k + 1 suites de k ; en minuscules ; espaces et sauts de ligne n'importent pas.",
    },
)
def random_shingles(solution, rng):
    for k in (1, 2, 3, 5):
        text = written(rng, int(rng.integers(6, 20)))
        assert_equal(solution.shingles(text, k), runs(text, k), name=f"shingles, k = {k}")
    assert_equal(solution.shingles("  Un\nDEUX  trois ", 2), {"un deux", "deux trois"}, name="shingles")


@test(
    "Short texts",
    title={"fr": "Textes courts"},
    points=1,
    hint={
        "en": "With fewer than k words there is one shingle, all words; without words there is none, not the empty "
        "text.",
        "fr": "S'il y a moins de k mots, il y a un seul shingle, tous les mots ; sans mots, aucun, et pas le texte "
        "vide.",
    },
)
def short(solution, rng):
    for text, k in (("chat", 3), ("Le chat", 3), ("le chat dort", 3), ("chat", 1), ("", 2), (" \n ", 1)):
        assert_equal(solution.shingles(text, k), runs(text, k), name=f"shingles({text!r}, {k})")


@test(
    "Jaccard similarity",
    title={"fr": "Similarité de Jaccard"},
    points=1,
    hint={
        "en": "Divide by the **union**, in which common elements count once; two empty sets are equal: 1.",
        "fr": "Divisez par l'**union**, où les éléments communs comptent une fois ; deux ensembles vides sont égaux : "
        "1.",
    },
)
def similarity(solution, rng):
    for sizes in ((3, 0, 0), (0, 3, 4), (2, 5, 1), (4, 4, 0), tuple(int(n) for n in rng.integers(1, 9, size=3))):
        both, left, right = sizes
        a = {f"c{i}" for i in range(both)} | {f"a{i}" for i in range(left)}
        b = {f"c{i}" for i in range(both)} | {f"b{i}" for i in range(right)}
        assert_close(solution.jaccard(a, b), both / (both + left + right), name="jaccard")
    assert_close(solution.jaccard(set(), set()), 1.0, name="jaccard of two empty sets")
    assert_close(solution.jaccard(set(), {"a"}), 0.0, name="jaccard with an empty set")


@test(
    "Signatures of random sets, and of none",
    title={"fr": "Signatures d’ensembles aléatoires, et de l’ensemble vide"},
    points=1,
    hint={
        "en": "`hash` changes with every start of Python, `zlib.crc32` does not. Multiply with Python's whole numbers: "
        "those of NumPy wrap round at 2^64. The empty set gives p everywhere.",
        "fr": "`hash` change à chaque démarrage de Python, pas `zlib.crc32`. Multipliez avec les entiers de Python : "
        "ceux de "
        "NumPy débordent à 2^64. L'ensemble vide donne p partout.",
    },
)
def signatures(solution, rng):
    for number in (1, 5, 30):
        hashes = drawn(rng, number)
        items = runs(written(rng, 20), 2) | {"été", "猫"}
        assert_close(solution.signature(items, hashes), minima(items, hashes), name="signature")
    assert_close(solution.signature(set(), HASHES), [4_294_967_311] * 4, name="signature of the empty set")
    assert_close(solution.estimate([1, 2, 3], [3, 2, 1]), 1 / 3, name="estimate")


@test(
    "Pairs above the threshold",
    title={"fr": "Paires au-dessus du seuil"},
    points=2,
    hint={
        "en": "Compare the **estimate** with the threshold, which itself counts; each pair once, the smaller index "
        "first.",
        "fr": "Comparez l'**estimation** au seuil, qui lui-même compte ; chaque paire une fois, le plus petit indice "
        "d'abord.",
    },
)
def pairs(solution, rng):
    for _ in range(5):
        base = written(rng, 30).split()
        texts = [
            "",
            written(rng, 30),
            " ".join(base),
            " ".join(base[:25]),
            " ".join(base[6:]),
            "",
            " ".join(base).upper(),
        ]
        texts = [texts[i] for i in rng.permutation(len(texts))]
        hashes = drawn(rng, 8)
        signed = [minima(runs(text, 2), hashes) for text in texts]
        values = {(i, j): alike(signed[i], signed[j]) for i, j in itertools.combinations(range(len(texts)), 2)}
        for threshold in (0.0, 0.25, 0.5, 0.625, 1.0):
            want = [pair for pair, value in values.items() if value >= threshold]
            got = solution.near_duplicates(texts, 2, hashes, threshold)
            assert_close(got, want, name=f"near_duplicates, {threshold}")
    assert_close(solution.near_duplicates([], 2, hashes, 0.5), [], name="near_duplicates of no text")


@test(
    "150 texts, 64 hash functions",
    title={"fr": "150 textes, 64 fonctions de hachage"},
    points=1,
    hint={
        "en": "There are 11,175 pairs and only 150 texts: calculate the signatures first, then compare them.",
        "fr": "Il y a 11 175 paires, mais seulement 150 textes : calculez d'abord les signatures, puis comparez-les.",
    },
)
def many(solution, rng):
    texts = [f"{i} {j} " + written(rng, 12) for i, j in itertools.pairwise(range(151))]
    copied, copy = sorted(int(i) for i in rng.choice(150, size=2, replace=False))
    texts[copy] = texts[copied]
    assert_close(solution.near_duplicates(texts, 2, drawn(rng, 64), 0.9), [(copied, copy)], name="near_duplicates")
