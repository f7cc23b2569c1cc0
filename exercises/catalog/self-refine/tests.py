from workers.testkit import SolutionError, assert_close, assert_equal, fail, test

TASK = "37 bananas and 5 bunches of 5: how many?"
EXAMPLE = ["37 + 5 + 5 = 47", "5 bunches of 5 are 25, not 10.", "37 + 25 = 62\n", "OK."]


class Model:
    """A scripted model: gives its replies in order, and keeps the prompts that it was asked."""

    def __init__(self, replies):
        self.replies, self.prompts = replies, []

    def __call__(self, prompt):
        if len(self.prompts) >= len(self.replies):
            fail(
                {
                    "en": f"One call too many: the model was called again after {len(self.replies)} calls.",
                    "fr": f"Un appel de trop : le modèle a été appelé de nouveau après {len(self.replies)} appels.",
                }
            )
        self.prompts.append(prompt)
        return self.replies[len(self.prompts) - 1]


def check(solution, replies, budget, want):
    """Refine with a model that has exactly the replies wanted; `want` is (answer, reason)."""
    model = Model(replies)
    got = solution.self_refine(TASK, model, budget)
    if len(model.prompts) != len(replies):
        fail(
            {
                "en": f"Budget {budget}: the model was called {len(model.prompts)} times, {len(replies)} calls were "
                f"wanted.",
                "fr": f"Budget {budget} : le modèle a été appelé {len(model.prompts)} fois, il fallait {len(replies)} "
                f"appels.",
            }
        )
    assert_close(got, (*want, len(replies)), name=f"budget {budget}")
    return model.prompts


@test(
    "Example: OK or not",
    title={"fr": "Exemple : OK ou pas"},
    points=1,
    public=True,
    hint={
        "en": "The whole criticism must be OK: it is not enough that these two letters occur in it.",
        "fr": "Toute la critique doit se réduire à OK : il ne suffit pas que ces deux lettres y figurent.",
    },
)
def example_accepted(solution, rng):
    for text, want in (("OK.", True), (" ok!\n", True), ("OK, but the sum is wrong", False), ("Not ok", False)):
        assert_equal(solution.accepted(text), want, name=f"accepted({text!r})")


@test(
    "Example: 37 bananas, accepted after four calls",
    title={"fr": "Exemple : 37 bananes, accepté après quatre appels"},
    points=1,
    public=True,
    hint={
        "en": "Draft, criticism, correction, criticism: four calls. Compare your prompts with the table, line by line.",
        "fr": "Brouillon, critique, correction, critique : quatre appels. Comparez vos prompts au tableau, ligne par "
        "ligne.",
    },
)
def example_bananas(solution, rng):
    prompts = check(solution, EXAMPLE, 6, ("37 + 25 = 62", "accepted"))
    ask = "What is wrong? Say OK if nothing is."
    first, second = f"Task: {TASK}\nAnswer: 37 + 5 + 5 = 47\n", f"Task: {TASK}\nAnswer: 37 + 25 = 62\n"
    assert_equal(prompts[0], f"Task: {TASK}\nAnswer:", name="prompt 1")
    assert_equal(prompts[1], first + ask, name="prompt 2")
    assert_equal(prompts[2], f"{first}Criticism: {EXAMPLE[1]}\nBetter answer:", name="prompt 3")
    assert_equal(prompts[3], second + ask, name="prompt 4")


# Hidden from here on.


def story(rng, rounds):
    """Replies of a model that is never satisfied: a draft, then criticisms and corrections, all different."""
    numbers = [int(n) for n in rng.choice(1000, size=2 * rounds + 1, replace=False)]
    return [f"  The sum {n} is not ok.\n" if i % 2 else f"\n{n} bananas " for i, n in enumerate(numbers)]


@test(
    "Criticisms of every sort",
    title={"fr": "Toutes sortes de critiques"},
    points=1,
    hint={
        "en": "Spaces first, then dots and exclamation marks at the end only; capitals do not matter; the empty "
        "criticism is "
        "no OK.",
        "fr": "D'abord les espaces, puis les points et points d'exclamation, à la fin seulement ; la casse n'importe "
        "pas ; une "
        "critique vide n'est pas un OK.",
    },
)
def criticisms(solution, rng):
    for text in ("OK", "ok", "Ok", "oK..", "\tOK!!!  ", "OK.!.", "ok\n"):
        assert_equal(solution.accepted(text), True, name=f"accepted({text!r})")
    for text in ("", "!", "okay", "OK?", ".OK", "OK OK", "It is ok.", "OK: but 47?", "ko", "OK . x", "o.k."):
        assert_equal(solution.accepted(text), False, name=f"accepted({text!r})")


@test(
    "Accepted at once, or late",
    title={"fr": "Accepté tout de suite, ou tard"},
    points=1,
    hint={
        "en": "The answer returned is the one that was criticised last, without spaces at its ends.",
        "fr": "La réponse renvoyée est celle qui vient d'être critiquée, sans espaces aux extrémités.",
    },
)
def late(solution, rng):
    for rounds in (0, 1, 2, 5):
        replies = [*story(rng, rounds), " ok. "]
        for budget in (2 * rounds + 3, 2 * rounds + 4, 100):
            check(solution, replies, budget, (replies[-2].strip(), "accepted"))


@test(
    "Every prompt holds the current answer and its criticism",
    title={"fr": "Chaque prompt contient la réponse actuelle et sa critique"},
    points=2,
    hint={
        "en": "The newest answer and the newest criticism, stripped, and nothing older.",
        "fr": "La dernière réponse et la dernière critique, nettoyées, et rien de plus ancien.",
    },
)
def prompts_hold(solution, rng):
    replies = [*story(rng, 3), "OK!"]
    prompts = check(solution, replies, 12, (replies[6].strip(), "accepted"))
    said = [reply.strip() for reply in replies]
    want = [["Answer:"]]
    for i in range(1, 8):
        newest = said[i - 1] if i % 2 else said[i - 2]
        rest = ["What is wrong? Say OK if nothing is."] if i % 2 else [f"Criticism: {said[i - 1]}", "Better answer:"]
        want.append([f"Answer: {newest}", *rest])
    for number, (prompt, lines) in enumerate(zip(prompts, want, strict=True), start=1):
        assert_equal(prompt, "\n".join([f"Task: {TASK}", *lines]), name=f"prompt {number}")


@test(
    "The budget",
    title={"fr": "Le budget"},
    points=2,
    hint={
        "en": "With 4 calls three are made: the fourth would be a criticism without a correction. With 1 or 2 there "
        "is only "
        "the draft.",
        "fr": "Avec 4 appels, on en fait trois : le quatrième serait une critique sans correction. Avec 1 ou 2, il "
        "n'y a que "
        "le brouillon.",
    },
)
def limited(solution, rng):
    for budget in (1, 2, 3, 4, 5, 8, 11):
        replies = story(rng, (budget - 1) // 2)
        check(solution, replies, budget, (replies[-1].strip(), "budget"))


@test(
    "Answers that come again",
    title={"fr": "Des réponses qui reviennent"},
    points=1,
    hint={
        "en": "Keep all answers, and compare the new one with each of them, stripped: A, B, A must stop as well.",
        "fr": "Gardez toutes les réponses et comparez la nouvelle à chacune, une fois nettoyées : A, B, A doit aussi "
        "s'arrêter.",
    },
)
def repeated(solution, rng):
    for rounds, back in ((1, 0), (2, 0), (3, 1), (4, 3)):
        replies = story(rng, rounds)
        replies[-1] = replies[2 * back].strip() + "\n\n"
        for budget in (2 * rounds + 1, 2 * rounds + 2, 50):
            check(solution, replies, budget, (replies[-1].strip(), "repeated"))
    # A criticism that repeats itself, or repeats an answer, is no answer.
    check(solution, ["62", "No.", "47", "No.", "42", "62", "25", "OK"], 9, ("25", "accepted"))


@test(
    "No budget at all",
    title={"fr": "Pas de budget du tout"},
    points=1,
    hint={
        "en": "Raise ValueError before the first call when `budget` is below 1.",
        "fr": "Levez ValueError avant le premier appel si `budget` est inférieur à 1.",
    },
)
def nothing(solution, rng):
    for budget in (0, -1, -int(rng.integers(2, 100))):
        model = Model(["62"])
        try:
            got = solution.self_refine(TASK, model, budget)
        except SolutionError as error:
            assert_equal(error.type, "ValueError", name=f"budget {budget}")
        else:
            fail(
                {
                    "en": f"A budget of {budget} must raise ValueError; {got!r:.80} was returned.",
                    "fr": f"Un budget de {budget} doit lever ValueError ; {got!r:.80} a été renvoyé.",
                }
            )
        assert_equal(len(model.prompts), 0, name="calls")
    check(solution, ["62"], 1, ("62", "budget"))
