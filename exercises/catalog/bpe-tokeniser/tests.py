import re

from workers.testkit import SolutionError, assert_close, assert_equal, fail, test

EXAMPLE = [(97, 110), (98, 256), (256, 97)]


def pairs(merges):
    """The merges as a list of tuples; lists are as good."""
    if not isinstance(merges, list | tuple) or any(not isinstance(one, list | tuple) for one in merges):
        fail(
            {
                "en": "`train` must return a list of pairs, such as [(97, 110), (98, 256)].",
                "fr": "`train` doit renvoyer une liste de paires, comme [(97, 110), (98, 256)].",
            }
        )
    return [tuple(one) for one in merges]


@test(
    "Example: three merges of banana banana",
    title={"fr": "Exemple : trois fusions de banana banana"},
    points=1,
    public=True,
    hint={
        "en": "After the first merge, three pairs occur twice. Which one is the smallest?",
        "fr": "Après la première fusion, trois paires apparaissent deux fois. Laquelle est la plus petite ?",
    },
)
def example_train(solution, rng):
    assert_equal(pairs(solution.train("banana banana", 3)), EXAMPLE, name="merges")


@test(
    "Example: there and back",
    title={"fr": "Exemple : aller et retour"},
    points=1,
    public=True,
    hint={
        "en": "The first merge makes the id 256. Apply the merges in the order of the list.",
        "fr": "La première fusion donne le numéro 256. Appliquez les fusions dans l'ordre de la liste.",
    },
)
def example_encode(solution, rng):
    assert_close(solution.encode("banana band", EXAMPLE), [257, 258, 32, 257, 100], name="encode")
    assert_equal(solution.decode([257, 258], EXAMPLE), "banana", name="decode")
    costs = solution.costs({"en": "banana", "fr": "bananes"}, EXAMPLE, "en")
    assert_close(costs, {"en": 1.0, "fr": 2.0}, name="costs")


# Hidden from here on. Here a token is one character of a text, so that `str.replace` does the merging.


def joined(text):
    return "".join(chr(byte) for byte in text.encode())


def reference_merges(text, count):
    tokens, merges = joined(text), []
    for new in range(256, 256 + count):
        found = {tokens[i : i + 2] for i in range(len(tokens) - 1)}
        counts = {pair: len(re.findall(f"(?={re.escape(pair)})", tokens, re.DOTALL)) for pair in found}
        most = max(counts.values(), default=0)
        if most < 2:
            break
        best = sorted(pair for pair in found if counts[pair] == most)[0]
        tokens = tokens.replace(best, chr(new))
        merges.append((ord(best[0]), ord(best[1])))
    return merges


def reference_ids(text, merges):
    tokens = joined(text)
    for new, (left, right) in enumerate(merges, start=256):
        tokens = tokens.replace(chr(left) + chr(right), chr(new))
    return [ord(token) for token in tokens]


SYLLABLES = {
    "fr": ["le ", "la ", "cha", "ton", "été ", "où ", "man", "ge ", "ban", "ane ", "s", "ç", "-"],
    "en": ["the ", "cat ", "eats ", "a ", "ban", "ana ", "kit", "ten ", "s", "in ", "!"],
    "el": ["το ", "γα", "τί ", "τρώ", "ει ", "μι", "α ", "μπα", "νά", "να "],
    "ja": ["猫", "は", "バナ", "ナ", "を", "食べ", "る", "。"],
}


def written(rng, language, syllables):
    return "".join(rng.choice(SYLLABLES[language], size=syllables))


@test(
    "Runs of one letter: counted with overlap, merged without",
    title={"fr": "Suites d’une même lettre : comptées avec chevauchement, fusionnées sans"},
    points=1,
    hint={
        "en": "Every position counts: in `aaaa` the pair (97, 97) occurs three times, and merging leaves two tokens. "
        "`str.count` does not count overlaps.",
        "fr": "Chaque position compte : dans `aaaa`, la paire (97, 97) apparaît trois fois, et la fusion laisse deux "
        "tokens. `str.count` ne compte pas les chevauchements.",
    },
)
def overlaps(solution, rng):
    # 2 pairs "ab" meet 3 of "cc" that overlap.
    assert_equal(pairs(solution.train("abcccc ab", 1)), [(99, 99)], name="merges")
    assert_equal(pairs(solution.train("bbb", 5)), [(98, 98)], name="merges")
    for length in (3, 4, 7, 8, int(rng.integers(9, 40))):
        merges = reference_merges("z" * length, 3)
        assert_equal(pairs(solution.train("z" * length, 3)), merges, name=f"{length} × z")
        assert_close(solution.encode("z" * length, merges), reference_ids("z" * length, merges), name="encode")


@test(
    "Ties: the smallest pair",
    title={"fr": "Égalités : la plus petite paire"},
    points=1,
    hint={
        "en": "`Counter.most_common` gives the pair seen first among equals; here the smallest one is asked for: "
        "left id first, then right id.",
        "fr": "`Counter.most_common` donne la première paire rencontrée en cas d'égalité ; ici, on veut la plus "
        "petite : "
        "d'abord le numéro de gauche, puis celui de droite.",
    },
)
def ties(solution, rng):
    letters = [str(one) for one in rng.permutation(list("abcdefgh"))]
    text = "".join(letters) + "".join(letters)
    assert_equal(pairs(solution.train(text, 5)), reference_merges(text, 5), name="merges")
    # The same left id, with different right ids.
    assert_equal(pairs(solution.train("ac.ab,ac;ab", 1)), [(97, 98)], name="merges")


@test(
    "Merges learnt from random texts",
    title={"fr": "Fusions apprises sur des textes aléatoires"},
    points=1,
    hint={
        "en": "Count the pairs anew after each merge: the tokens just made have neighbours as well.",
        "fr": "Recomptez les paires après chaque fusion : les tokens qui viennent d'être créés ont eux aussi des "
        "voisins.",
    },
)
def learnt(solution, rng):
    for language in ("fr", "en", "ja"):
        text = written(rng, language, 80)
        assert_equal(pairs(solution.train(text, 15)), reference_merges(text, 15), name="merges")


@test(
    "When training stops",
    title={"fr": "Quand l’apprentissage s’arrête"},
    points=1,
    hint={
        "en": "A pair that occurs once is not worth a merge; a text of one byte has no pair at all; and `count` may "
        "be 0.",
        "fr": "Une paire qui n'apparaît qu'une fois ne vaut pas une fusion ; un texte d'un octet n'a aucune paire ; "
        "et `count` peut valoir 0.",
    },
)
def stops(solution, rng):
    for text in ("", "a", "ab", "abcdef", "abab", "abcabcabc", "été, été"):
        assert_equal(pairs(solution.train(text, 50)), reference_merges(text, 50), name=f"train({text!r}, 50)")
    assert_equal(pairs(solution.train("ababab", 0)), [], name='train("ababab", 0)')
    assert_equal(pairs(solution.train("ababab", 1)), [(97, 98)], name='train("ababab", 1)')


@test(
    "Encoding other texts than the one of training",
    title={"fr": "Encoder d’autres textes que celui de l’apprentissage"},
    points=1,
    hint={
        "en": "Apply the first merge everywhere, then the second … The longest token that fits is another rule, "
        "and gives other ids. Start from bytes, not from `ord` of the characters.",
        "fr": "Appliquez partout la première fusion, puis la deuxième… Prendre le plus long token possible est une "
        "autre "
        "règle, qui donne d'autres numéros. Partez des octets, pas du `ord` des caractères.",
    },
)
def encodes(solution, rng):
    merges = reference_merges(written(rng, "fr", 120), 20)
    for language in SYLLABLES:
        text = written(rng, language, 40)
        assert_close(solution.encode(text, merges), reference_ids(text, merges), name=f"encode, {language}")
    # Learnt: bc, then ab, then abc. In "abc" bc comes first, and a stays alone.
    order = [(98, 99), (97, 98), (257, 99)]
    assert_close(solution.encode("abc ab", order), [97, 256, 32, 257], name='encode("abc ab")')
    assert_close(solution.encode("", merges), [], name='encode("")')


@test(
    "Decoding: every character comes back, and half a character does no harm",
    title={"fr": "Décodage : chaque caractère revient, et une moitié de caractère ne casse rien"},
    points=1,
    hint={
        "en": 'Join the bytes of all tokens first, then decode once, with `errors="replace"`: a token alone need '
        "not be "
        "a whole character.",
        "fr": "Réunissez d'abord les octets de tous les tokens, puis décodez une seule fois, avec "
        '`errors="replace"` : '
        "un token seul n'est pas forcément un caractère entier.",
    },
)
def decodes(solution, rng):
    merges = reference_merges(written(rng, "ja", 80), 15)
    for language in SYLLABLES:
        text = written(rng, language, 30)
        assert_equal(solution.decode(reference_ids(text, merges), merges), text, name="decode")
    assert_equal(solution.decode([], merges), "", name="decode([])")
    assert_equal(solution.decode([97, 195, 97], []), "a\ufffda", name="decode([97, 195, 97])")
    assert_equal(solution.decode([0, 127], []), "\x00\x7f", name="decode([0, 127])")


@test(
    "Ids that do not exist",
    title={"fr": "Des numéros qui n’existent pas"},
    points=1,
    hint={
        "en": "With 3 merges the ids go from 0 to 258. Check them: Python takes `-1` for the last one of a list.",
        "fr": "Avec 3 fusions, les numéros vont de 0 à 258. Vérifiez-les : pour Python, `-1` désigne le dernier "
        "élément "
        "d'une liste.",
    },
)
def unknown(solution, rng):
    assert_equal(solution.decode([258], EXAMPLE), "ana", name="decode([258])")
    assert_equal(solution.decode([255], EXAMPLE), "\ufffd", name="decode([255])")
    for ids, merges in (([98, 259], EXAMPLE), ([-1], EXAMPLE), ([256], []), ([97, 300, 97], EXAMPLE)):
        try:
            got = solution.decode(ids, merges)
        except SolutionError as error:
            assert_equal(error.type, "ValueError", name=f"decode({ids})")
        else:
            fail(
                {
                    "en": f"decode({ids}) with {len(merges)} merges must raise ValueError, and returned {got!r:.80}.",
                    "fr": f"decode({ids}) avec {len(merges)} fusions doit lever ValueError, et a renvoyé {got!r:.80}.",
                }
            )


@test(
    "What other languages pay",
    title={"fr": "Ce que paient les autres langues"},
    points=1,
    hint={
        "en": "Divide the number of tokens of each text by that of the reference's text; "
        "the reference itself then costs 1.",
        "fr": "Divisez le nombre de tokens de chaque texte par celui du texte de référence ; "
        "la référence elle-même coûte alors 1.",
    },
)
def languages(solution, rng):
    merges = reference_merges(written(rng, "en", 120), 20)
    texts = {
        "en": "the cat eats a banana",
        "fr": "le chat mange une banane",
        "el": "η γάτα τρώει μια μπανάνα",
        "ja": "猫はバナナを食べる",
        "": "",
    }
    for reference in ("en", "ja"):
        base = len(reference_ids(texts[reference], merges))
        want = {language: len(reference_ids(text, merges)) / base for language, text in texts.items()}
        assert_close(solution.costs(texts, merges, reference), want, name=f"costs, {reference}")
