from collections import Counter

from workers.testkit import assert_close, assert_equal, fail, test

SUFFIX = "\nThink step by step, and end with the answer."
BANANAS = ["5 × 5 = 25, and 37 + 25 = 62.", "37 + 5 + 5 = 47", "25 + 37 is 62", "The answer: 62", "47"]


class Model:
    """A scripted model: gives its replies in order, and keeps the prompts that it was asked."""

    def __init__(self, replies):
        self.replies, self.prompts = replies, []

    def __call__(self, prompt):
        if len(self.prompts) >= len(self.replies):
            fail(
                {
                    "en": f"The model was called more than {len(self.replies)} times: that is more than `samples`.",
                    "fr": f"Le modèle a été appelé plus de {len(self.replies)} fois : c'est plus que `samples`.",
                }
            )
        self.prompts.append(prompt)
        return self.replies[len(self.prompts) - 1]


def check(solution, replies, want):
    """Ask for as many samples as there are replies; the result, the calls and every prompt must be right."""
    model = Model(replies)
    got = solution.self_consistency("How many bananas?", model, len(replies))
    if len(model.prompts) != want[2]:
        fail(
            {
                "en": f"The model was called {len(model.prompts)} times, {want[2]} were wanted. Replies: {replies}",
                "fr": f"Le modèle a été appelé {len(model.prompts)} fois, il en fallait {want[2]}. Réponses : "
                f"{replies}",
            }
        )
    for prompt in model.prompts:
        assert_equal(prompt, "How many bananas?" + SUFFIX, name="prompt")
    assert_close(got, want, name="(answer, votes, calls)")


@test(
    "Example: read and vote",
    title={"fr": "Exemple : relever et voter"},
    points=1,
    public=True,
    hint={
        "en": "62 stands at the end of the chain of thought: take the last number. 47 and 62 are equal, and 47 came "
        "first.",
        "fr": "62 se trouve à la fin de la chaîne de pensée : prenez le dernier nombre. 47 et 62 sont à égalité, et "
        "47 est "
        "arrivé le premier.",
    },
)
def example_vote(solution, rng):
    assert_close(solution.extract("37 + 25 = 62 bananas"), 62, name="extract")
    assert_close(solution.extract("5 bunches of 5 are 25, and 37 more make 62."), 62, name="extract")
    assert_close(solution.vote([47, 62, None, 62, 47]), 47, name="vote")


@test(
    "Example: 37 bananas, settled after four calls",
    title={"fr": "Exemple : 37 bananes, acquis après quatre appels"},
    points=1,
    public=True,
    hint={
        "en": "3 votes to 1 with one call left: 3 > 1 + 1. One call earlier it was 2 to 1 with two left.",
        "fr": "3 voix contre 1 et un appel restant : 3 > 1 + 1. Un appel plus tôt, c'était 2 contre 1 avec deux "
        "restants.",
    },
)
def example_bananas(solution, rng):
    check(solution, BANANAS, (62, 3, 4))


# Hidden from here on.


def outcome(answers):
    """(answer, votes, calls): the first number of calls after which every way to go on has the same winner."""
    for calls in range(1, len(answers) + 1):
        ranking = [number for _, number in Counter(a for a in answers[:calls] if a is not None).most_common(2)] + [0, 0]
        if ranking[0] - ranking[1] > len(answers) - calls:
            break
    votes = Counter(answer for answer in answers[:calls] if answer is not None)
    # Counter keeps the order in which keys came, and most_common keeps it among equals.
    return (*votes.most_common(1)[0], calls) if votes else (None, 0, calls)


def reply(rng, answer):
    if answer is None:
        return str(rng.choice(["I do not know.", "", "Many bananas!", "37 minus bananas".replace("37", "Some")]))
    a = int(rng.integers(1, 60))
    texts = [f"{a} and {answer - a} make {answer}.", f"Answer: {answer}", f"So {a} + … = {answer} bananas", f"{answer}"]
    return str(rng.choice(texts))


@test(
    "Extracting numbers",
    title={"fr": "Relever les nombres"},
    points=2,
    hint={
        "en": "All digits of the last number, not the last digit; a minus directly before belongs to it; `None` when "
        "there "
        "is no number, and an int, not a text.",
        "fr": "Tous les chiffres du dernier nombre, pas le dernier chiffre ; un moins accolé en fait partie ; `None` "
        "s'il "
        "n'y a pas de nombre, et un entier, pas un texte.",
    },
)
def extracting(solution, rng):
    big = int(rng.integers(10**6, 10**9))
    cases = [("62", 62), ("62.", 62), ("= -7", -7), ("3 - 10 = -7!", -7), ("x=0", 0), ("007", 7), ("a1b22c", 22)]
    cases += [(f"not 5 but {big}, I think", big), ("**62**\n", 62), ("9 minus - 4", 4)]
    for text, number in cases:
        assert_close(solution.extract(text), number, name=f"extract({text!r})")
    for text in ("", "none", "-", "sixty-two"):
        assert_equal(solution.extract(text), None, name=f"extract({text!r})")


@test(
    "Voting: ties and silence",
    title={"fr": "Le vote : égalités et silence"},
    points=2,
    hint={
        "en": "`max(set(…))` takes any of the equals: the first of the list must win. 0 is an answer, `None` is not.",
        "fr": "`max(set(…))` prend n'importe lequel des ex æquo : c'est le premier de la liste qui gagne. 0 est une "
        "réponse, "
        "`None` n'en est pas une.",
    },
)
def voting(solution, rng):
    cases = [[], [None], [None, None, 5], [0, 0, 3], [None, None, None, 1, 2], [3, 2, 2, 3], [2, 3, 3, 2, 1]]
    cases += [[9, 8, 7, 6, 5, 4, 3, 2, 1], [-1, 1, None, 1, -1, None, None]]
    for _ in range(12):
        cases.append([None if x == 4 else int(x) * 37 for x in rng.integers(0, 5, size=int(rng.integers(1, 10)))])
    for answers in cases:
        votes = Counter(answer for answer in answers if answer is not None).most_common(1)
        want = votes[0][0] if votes else None
        assert_equal(solution.vote(answers), want, name=f"vote({answers})")


@test(
    "Stop when it is settled, not before",
    title={"fr": "S’arrêter quand c’est acquis, pas avant"},
    points=2,
    hint={
        "en": "Compare the leader with the **second** plus the calls left, strictly: with equality a tie is still "
        "possible.",
        "fr": "Comparez la réponse en tête à la **deuxième** augmentée des appels restants, strictement : en cas "
        "d'égalité, "
        "un ex æquo reste possible.",
    },
)
def settled(solution, rng):
    scripts = [[62], [62, 62], [62, 62, 62], [62, 47, 62, 62], [1, 2, 3, 4, 5], [62, 62, 47, 47], [7, 7, 1, 2, 3, 7]]
    scripts += [[62, 62, 62, 47, 1, 2, 3], [5, 5, 1, 2, 3]]
    for _ in range(8):
        scripts.append([int(x) for x in rng.choice([62, 47, 42], p=[0.6, 0.3, 0.1], size=int(rng.integers(1, 12)))])
    for answers in scripts:
        check(solution, [reply(rng, answer) for answer in answers], outcome(answers))


@test(
    "Replies without an answer",
    title={"fr": "Des réponses sans nombre"},
    points=1,
    hint={
        "en": "They are calls, but not votes: they neither win nor stand second. If no reply holds a number, the answer "
        "is `None` with 0 votes.",
        "fr": "Ce sont des appels, mais pas des voix : elles ne gagnent pas et ne sont pas deuxièmes. Si aucune "
        "réponse ne contient de nombre, le résultat est `None` avec 0 voix.",
    },
)
def silent(solution, rng):
    scripts = [[None], [None, None, None], [None, None, None, 62], [62, None, None], [None, 62, 62, None, 47, None]]
    scripts += [[None, None, 62, 47, None, None, None], [62, 62, None, None, None, 47]]
    for _ in range(8):
        size = int(rng.integers(1, 9))
        scripts.append([None if x == 0 else int(x) for x in rng.choice([0, 62, 47], p=[0.4, 0.4, 0.2], size=size)])
    for answers in scripts:
        check(solution, [reply(rng, answer) for answer in answers], outcome(answers))


@test(
    "As many samples as asked for",
    title={"fr": "Autant d’essais que demandé"},
    points=1,
    hint={
        "en": "`samples` is an argument; the model is a function that you call with the question and SUFFIX, nothing "
        "else.",
        "fr": "`samples` est un argument ; le modèle est une fonction que l'on appelle avec la question suivie de "
        "SUFFIX, "
        "rien d'autre.",
    },
)
def number(solution, rng):
    half = int(rng.integers(8, 15))
    answers = [62, 47] * half
    check(solution, [reply(rng, answer) for answer in answers], (62, half, 2 * half))
    check(solution, ["62"] * 30, (62, 16, 16))
