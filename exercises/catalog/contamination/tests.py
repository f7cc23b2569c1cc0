import re

from workers.testkit import assert_close, assert_equal, test

BENCHMARK = ["37 bananas and 5 bunches of 5 make?", "What is a consultant?", "Name a mammal that lays eggs."]
TRAINING = ["Quiz: 37 bananas, and 5 bunches of 5 make... 62!", "What is a bank?"]


@test(
    "Example: words and runs of words",
    title={"fr": "Exemple : mots et suites de mots"},
    points=1,
    public=True,
    hint={
        "en": "An apostrophe is neither a letter nor a digit: it becomes a space, and makes two words.",
        "fr": "Une apostrophe n'est ni une lettre ni un chiffre : elle devient une espace et sépare deux mots.",
    },
)
def example_words(solution, rng):
    assert_equal(solution.normalise("L'été, 37 bananas!"), ["l", "été", "37", "bananas"], name="normalise")
    assert_equal(solution.ngrams(["a", "b", "a", "b"], 2), {("a", "b"), ("b", "a")}, name="ngrams")


@test(
    "Example: 37 bananas",
    title={"fr": "Exemple : 37 bananes"},
    points=1,
    public=True,
    hint={
        "en": "Normalise both sides: the comma and the dots of the training text must not hide the question.",
        "fr": "Normalisez des deux côtés : la virgule et les points du texte d'apprentissage ne doivent pas cacher la "
        "question.",
    },
)
def example_overlaps(solution, rng):
    assert_close(solution.overlaps(BENCHMARK, TRAINING, 3), [1.0, 0.5, 0.0], name="overlaps")
    assert_close(solution.contaminated(BENCHMARK, TRAINING, 3, 0.8), [0], name="contaminated")
    assert_close(solution.accuracies([True, False, True], [0]), (2 / 3, 0.5), name="accuracies")


# Hidden from here on. Runs of words are looked up as texts: " a b " in " x a b y ".

WORDS = "le chat Chaton mange été 5 37 bananas, and l'arbre MODEL token".split()


def written(rng, words):
    return " ".join(str(word) for word in rng.choice(WORDS, size=words))


def words_of(text):
    return [word for word in re.split(r"[\W_]+", text.lower()) if word]


def shares(benchmark, training, n):
    texts = [f" {' '.join(words_of(text))} " for text in training]
    result = []
    for item in benchmark:
        words = words_of(item)
        size = n if len(words) >= n else max(len(words), 1)
        runs = {" ".join(words[i : i + size]) for i in range(len(words)) if i + size <= len(words)}
        found = [run for run in runs if any(f" {run} " in text for text in texts)]
        result.append(len(found) / max(len(runs), 1))
    return result


@test(
    "Normalisation",
    title={"fr": "La normalisation"},
    points=1,
    hint={
        "en": "Every character that is not `isalnum()` becomes a space, the underscore and line breaks too; "
        "letters with accents are letters.",
        "fr": "Tout caractère qui n'est pas `isalnum()` devient une espace, y compris le tiret bas et les sauts de "
        "ligne ; "
        "une lettre accentuée est une lettre.",
    },
)
def normalised(solution, rng):
    cases = (
        "",
        "?!",
        "snake_case",
        "A-B\nc\td",
        "  ÉTÉ  où  ",
        "3.14",
        "GPT-4o",
        "猫 neko",
        "x" * int(rng.integers(1, 9)),
    )
    for text in (*cases, written(rng, 12)):
        assert_equal(solution.normalise(text), words_of(text), name=f"normalise({text!r})")


@test(
    "Runs of n words",
    title={"fr": "Suites de n mots"},
    points=1,
    hint={
        "en": "There are len(words) − n + 1 of them, each a tuple, also for n = 1; none when the list is too short.",
        "fr": "Il y en a len(words) − n + 1, chacune sous forme de tuple, même pour n = 1 ; aucune si la liste est "
        "trop "
        "courte.",
    },
)
def runs(solution, rng):
    words = [str(word) for word in rng.choice(["a", "b", "c"], size=9)]
    for n in (1, 2, 4, 9, 10, 30):
        want = set(zip(*(words[i:] for i in range(n)), strict=False)) if n <= 9 else set()
        assert_equal(solution.ngrams(words, n), want, name=f"ngrams, n = {n}")
    assert_equal(solution.ngrams([], 1), set(), name="ngrams of no words")


@test(
    "Overlaps of random texts",
    title={"fr": "Recouvrements de textes aléatoires"},
    points=2,
    hint={
        "en": "Divide by the number of different runs of the **item**, not of the training texts; "
        "whole words only: *chat* is not in *chaton*.",
        "fr": "Divisez par le nombre de suites différentes de la **question**, pas de l'apprentissage ; des mots "
        "entiers "
        "seulement : *chat* n'est pas dans *chaton*.",
    },
)
def random_texts(solution, rng):
    for n in (1, 2, 3):
        training = [written(rng, int(rng.integers(0, 12))) for _ in range(6)]
        benchmark = [written(rng, int(rng.integers(3, 12))) for _ in range(8)] + ["chat chat chat mange le chat chat"]
        assert_close(
            solution.overlaps(benchmark, training, n), shares(benchmark, training, n), name=f"overlaps, n = {n}"
        )
    assert_close(solution.overlaps(["cat nip"], ["cat nip cat"], 1), [1.0], name="overlaps")
    assert_close(solution.overlaps(["cat", "ton"], ["concat", "chaton"], 1), [0.0, 0.0], name="overlaps")
    assert_close(solution.overlaps(["a b a b c"], ["a b"], 2), [1 / 3], name="overlaps")
    assert_close(solution.overlaps(["a b"], ["x a", "b y"], 2), [0.0], name="overlaps")


@test(
    "Runs stay within one training text",
    title={"fr": "Une suite reste dans un seul texte d’apprentissage"},
    points=1,
    hint={
        "en": "Do not join the training texts: the end of one and the beginning of the next were never read together.",
        "fr": "Ne collez pas les textes d'apprentissage : la fin de l'un et le début du suivant n'ont jamais été lus "
        "ensemble.",
    },
)
def borders(solution, rng):
    words = [f"w{i}" for i in rng.permutation(6)]
    first, second = " ".join(words[:3]), " ".join(words[3:])
    assert_close(solution.overlaps([" ".join(words)], [first, second], 3), [0.5], name="overlaps")
    assert_close(solution.overlaps([" ".join(words)], [first, second], 4), [0.0], name="overlaps")
    assert_close(solution.overlaps([first], [], 2), [0.0], name="overlaps without training texts")
    assert_close(solution.overlaps([], [first], 2), [], name="overlaps without items")


@test(
    "Short items, items without words",
    title={"fr": "Questions courtes, questions sans mots"},
    points=1,
    hint={
        "en": "Of m < n words, make one run of m words and look for it among the runs of m words of the training "
        "texts.",
        "fr": "Avec m < n mots, formez une seule suite de m mots et cherchez-la parmi les suites de m mots de "
        "l'apprentissage.",
    },
)
def short(solution, rng):
    training = ["le chat mange", "un chaton"]
    benchmark = ["Le chat!", "mange le", "", "chaton", "?", "le chat mange", "un chaton dort", "mange un"]
    for n in (3, 5, 13):
        want = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]
        assert_close(solution.overlaps(benchmark, training, n), want, name=f"overlaps, n = {n}")


@test(
    "The threshold itself counts",
    title={"fr": "Le seuil lui-même compte"},
    points=1,
    hint={
        "en": "At least `threshold` means `>=`; with the threshold 0 every item is in the list.",
        "fr": "Au moins `threshold`, c'est `>=` ; avec un seuil de 0, toutes les questions sont dans la liste.",
    },
)
def flagged(solution, rng):
    training = ["a b c d e"]
    benchmark = ["a b c d e", "a b c x y", "a b x", "x y z", ""]  # pairs found: 4 of 4, 2 of 4, 1 of 2, 0 of 2, none
    benchmark = [benchmark[i] for i in rng.permutation(5)]
    for threshold in (0.0, 0.25, 0.5, 0.75, 1.0):
        want = [i for i, share in enumerate(shares(benchmark, training, 2)) if not share < threshold]
        assert_close(solution.contaminated(benchmark, training, 2, threshold), want, name=f"threshold {threshold}")


@test(
    "The two accuracies, 300 items against 300 texts",
    title={"fr": "Les deux taux, 300 questions face à 300 textes"},
    points=1,
    hint={
        "en": "Leave the flagged items out of both parts of the fraction. Make the set of training runs once, "
        "before you look at the items.",
        "fr": "Retirez les questions signalées des deux termes de la fraction. Construisez l'ensemble des suites "
        "d'apprentissage une seule fois, avant de regarder les questions.",
    },
)
def published(solution, rng):
    correct = [bool(right) for right in rng.random(20) < 0.6]
    gone = sorted(int(i) for i in rng.choice(20, size=7, replace=False))
    kept = [right for i, right in enumerate(correct) if i not in gone]
    assert_close(
        solution.accuracies(correct, gone), (correct.count(True) / 20, kept.count(True) / 13), name="accuracies"
    )
    assert_close(solution.accuracies(correct, []), (correct.count(True) / 20,) * 2, name="accuracies")
    assert_close(solution.accuracies([True, True], [1, 0]), (1.0, None), name="accuracies, all flagged")
    assert_close(solution.accuracies([], []), (None, None), name="accuracies, no item")
    training = [f"t{i} " + written(rng, 60) + f" u{i} v{i} w{i} x{i}" for i in range(300)]
    benchmark = [f"y{i} " + written(rng, 12) + f" y{i}" for i in range(300)]
    places = sorted(int(i) for i in rng.choice(300, size=5, replace=False))
    for i in places:
        benchmark[i] = f"u{i}; v{i}; w{i}; x{i}"
    assert_close(solution.contaminated(benchmark, training, 4, 0.999), places, name="contaminated")
