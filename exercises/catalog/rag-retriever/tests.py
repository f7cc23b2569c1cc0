import math
import re
from fractions import Fraction

from workers.testkit import SolutionError, assert_close, assert_equal, fail, test

PASSAGES = ["The library opens at nine.", "The exam lasts one hour.", "The library closes: exam!"]


@test(
    "Example: chunks",
    title={"fr": "Exemple : le découpage"},
    points=1,
    public=True,
    hint={
        "en": "The second chunk begins 3 − 1 = 2 words after the first. It reaches the end: no third one.",
        "fr": "Le deuxième morceau commence 3 − 1 = 2 mots après le premier. Il atteint la fin : pas de troisième.",
    },
)
def example_chunks(solution, rng):
    got = solution.chunks("one two three four five", 3, 1)
    assert_equal(got, ["one two three", "three four five"], name="chunks")


@test(
    "Example: ranking and prompt",
    title={"fr": "Exemple : classement et prompt"},
    points=1,
    public=True,
    hint={
        "en": '"the" is in all passages: ln(3 / 3) = 0. Compare the prompt with the frame of the statement line by '
        "line.",
        "fr": "« the » est dans tous les passages : ln(3 / 3) = 0. Comparez le prompt au cadre de l'énoncé, ligne par "
        "ligne.",
    },
)
def example_rank(solution, rng):
    question = "When does the exam start?"
    assert_close(solution.scores(question, PASSAGES), [0.0, 0.0810930216, 0.101366277], name="scores")
    assert_close(solution.retrieve(question, PASSAGES, 3), [2, 1], name="retrieve")
    want = "Answer from the context only.\n[1] The library closes: exam!\nQuestion: When?\nAnswer:"
    assert_equal(solution.prompt("When?", PASSAGES, [2, 1], 14), want, name="prompt")


# Hidden from here on.

VOCABULARY = ["chat", "Chaton", "modèle", "exam", "EXAM", "hour", "42", "rag", "token", "the", "le"]
LOWER = ["chat", "chaton", "modèle", "exam", "42", "rag", "the"]
GLUE = [" ", " ", " ", ", ", ". ", "  ", " - ", "'"]


def written(rng, words):
    return "".join(str(rng.choice(VOCABULARY)) + str(rng.choice(GLUE)) for _ in range(words))


def pieces(words, size, overlap):
    """Chunks by their number, which follows from the length."""
    step = size - overlap
    number = 1 + max(0, math.ceil((len(words) - size) / step)) if words else 0
    return [" ".join(words[i * step : i * step + size]) for i in range(number)]


def bag(text):
    return [term for term in re.split(r"\W+", text.lower()) if term]


def tf_idf(question, passages):
    bags = [bag(passage) for passage in passages]
    totals = [0.0] * len(bags)
    for term in sorted(set(bag(question))):
        having = [i for i, terms in enumerate(bags) if term in terms]
        for i in having:
            share = Fraction(sum(one == term for one in bags[i]), len(bags[i]))
            totals[i] += float(share) * (math.log(len(bags)) - math.log(len(having)))
    return totals


def raises_value_error(call, shown):
    try:
        got = call()
    except SolutionError as error:
        assert_equal(error.type, "ValueError", name=shown)
    else:
        fail(
            {
                "en": f"{shown} must raise ValueError; {got!r:.100} was returned.",
                "fr": f"{shown} doit lever ValueError ; {got!r:.100} a été renvoyé.",
            }
        )


@test(
    "Chunks of every size",
    title={"fr": "Morceaux de toutes tailles"},
    points=1,
    hint={
        "en": "Stop at the first chunk that reaches the last word: one more would only repeat the end of it.",
        "fr": "Arrêtez au premier morceau qui atteint le dernier mot : un de plus ne ferait que répéter sa fin.",
    },
)
def sizes(solution, rng):
    for size, overlap in ((1, 0), (3, 0), (3, 2), (5, 1), (7, 3)):
        for length in (0, 1, size, size + 1, 2 * size - overlap, int(rng.integers(10, 40))):
            words = [f"w{i}" for i in range(length)]
            text = "\n ".join(words) + "  "
            assert_equal(solution.chunks(text, size, overlap), pieces(words, size, overlap), name="chunks")


@test(
    "An overlap that never ends",
    title={"fr": "Un chevauchement sans fin"},
    points=1,
    hint={
        "en": "With overlap = size the next chunk begins where the last one did: raise ValueError before the loop.",
        "fr": "Avec overlap = size, le morceau suivant commence au même endroit : levez ValueError avant la boucle.",
    },
)
def overlap(solution, rng):
    for size, shared in ((3, 3), (3, 4), (2, -1)):
        raises_value_error(lambda s=size, o=shared: solution.chunks("a b c d e", s, o), f"chunks(…, {size}, {shared})")


@test(
    "Scores",
    title={"fr": "Les scores"},
    points=1,
    hint={
        "en": "Divide by the number of terms of the passage; take the natural logarithm of N / passages with the term, "
        "not of the occurrences; compare terms in lower case.",
        "fr": "Divisez par le nombre de termes du passage ; prenez le logarithme népérien de N / passages contenant le "
        "terme, et non des occurrences ; comparez les termes en minuscules.",
    },
)
def scored(solution, rng):
    for number in (1, 2, 6, 12):
        passages = [written(rng, int(rng.integers(3, 9))) for _ in range(number)]
        question = " ".join(str(word) for word in rng.choice(LOWER, size=4, replace=False)) + " baleine?"
        assert_close(solution.scores(question, passages), tf_idf(question, passages), name="scores")


@test(
    "Scores: repeated words, empty passages",
    title={"fr": "Les scores : mots répétés, passages vides"},
    points=1,
    hint={
        "en": "Use the set of the question's terms. A passage without terms scores 0, and still counts among the N.",
        "fr": "Utilisez l'ensemble des termes de la question. Un passage sans termes vaut 0, mais compte parmi les N.",
    },
)
def special(solution, rng):
    passages = ["chat chat exam", "", "?!", "le chat", "exam exam 42", "Chat!"]
    for question in ("chat", "chat chat CHAT", "exam ? exam, chat", "", "baleine"):
        assert_close(solution.scores(question, passages), tf_idf(question, passages), name=f"scores({question!r}, …)")
    assert_close(solution.scores("chat", []), [], name="scores without passages")


@test(
    "The k best, without those of score 0",
    title={"fr": "Les k meilleurs, sans ceux de score nul"},
    points=1,
    hint={
        "en": "Best first, equals in the order of the passages; leave out the score 0 before you cut to k.",
        "fr": "Le meilleur d'abord, les ex æquo dans l'ordre des passages ; écartez les scores nuls avant de couper à "
        "k.",
    },
)
def best(solution, rng):
    passages = ["rag one", "nothing", "rag two", "rag rag", "token here", "rag three", "the end"]
    for k in (0, 1, 3, 4, 9):
        assert_close(solution.retrieve("rag?", passages, k), [3, 0, 2, 5][:k], name=f"retrieve, k = {k}")
    assert_close(solution.retrieve("baleine", passages, 3), [], name="retrieve, nothing found")
    assert_close(solution.retrieve("rag", ["no", "rag rag rag", "end"], 3), [1], name="retrieve, a word three times")
    passages = ["the the the", "the exam there", "the end"]
    assert_close(solution.retrieve("the exam", passages, 3), [1], name="retrieve, a word in all passages")
    passages = [written(rng, 6) for _ in range(9)]
    values = tf_idf("exam token 42", passages)
    got = solution.retrieve("exam token 42", passages, 9)
    if not isinstance(got, list | tuple) or sorted(got) != [i for i, value in enumerate(values) if value > 0]:
        fail(
            {
                "en": f"retrieve gave {got!r:.100}: exactly the passages of a score above 0 were wanted.",
                "fr": f"retrieve a donné {got!r:.100} : on voulait exactement les passages de score positif.",
            }
        )
    assert_close(
        [values[i] for i in got], sorted(values, reverse=True)[: len(got)], name="scores in the order returned"
    )


@test(
    "Prompt: the budget counts every word",
    title={"fr": "Le prompt : le budget compte tous les mots"},
    points=2,
    hint={
        "en": "Instruction, number, question and Answer: are tokens too, and a prompt of exactly `budget` tokens fits.",
        "fr": "L'instruction, le numéro, la question et Answer: sont aussi des tokens, et un prompt d'exactement "
        "`budget` "
        "tokens convient.",
    },
)
def budget(solution, rng):
    # By rank 5, 1, 8, 2, 4, 3 words: a long passage stands before shorter ones, wherever they lie in the list.
    order = [int(i) for i in rng.permutation(6)]
    lengths = dict(zip(order, (5, 1, 8, 2, 4, 3), strict=True))
    passages = [" ".join(["mot"] * lengths[i]) for i in range(6)]
    for allowed in (10, 11, 12, 13, 17, 22, 30, 100):
        used = []
        for i in order:
            if 10 + sum(1 + len(passages[j].split()) for j in [*used, i]) <= allowed:
                used.append(i)
        lines = "".join(f"[{n}] {passages[i]}\n" for n, i in enumerate(used, start=1))
        want = f"Answer from the context only.\n{lines}Question: what is rag\nAnswer:"
        assert_equal(solution.prompt("what is rag", passages, order, allowed), want, name=f"prompt, budget {allowed}")


@test(
    "Prompt: too long without any passage, or nothing found",
    title={"fr": "Le prompt : trop long sans aucun passage, ou rien trouvé"},
    points=1,
    hint={
        "en": "Without passages the frame and the question must fit alone, else ValueError; an empty `order` is no "
        "mistake.",
        "fr": "Sans passage, le cadre et la question doivent tenir seuls, sinon ValueError ; un `order` vide n'est "
        "pas une "
        "erreur.",
    },
)
def too_long(solution, rng):
    want = "Answer from the context only.\nQuestion: why me\nAnswer:"
    assert_equal(solution.prompt("why me", PASSAGES, [], 9), want, name="prompt, budget 9")
    assert_equal(solution.prompt("why me", PASSAGES, [0, 1, 2], 9), want, name="prompt, budget 9")
    raises_value_error(lambda: solution.prompt("why me", PASSAGES, [0], 8), "prompt, budget 8")
    raises_value_error(lambda: solution.prompt("why me", [], [], 3), "prompt, budget 3")
