import math

from workers.testkit import assert_close, assert_equal, fail, test

CHAINS = [("Make a question: {claim}", "{question} Yes or no?"), ("Ask it: {claim}", "Q: {question}\nA:")]


class Model:
    """A scripted model: gives its replies in order, and keeps the prompts that it was asked."""

    def __init__(self, replies):
        self.replies, self.prompts = replies, []

    def __call__(self, prompt):
        if len(self.prompts) >= len(self.replies):
            fail(
                {
                    "en": f"One call too many, after {len(self.replies)}. Its prompt: {prompt!r:.300}",
                    "fr": f"Un appel de trop, après {len(self.replies)}. Son prompt : {prompt!r:.300}",
                }
            )
        self.prompts.append(prompt)
        return self.replies[len(self.prompts) - 1]

    def asked(self, want):
        """Check the prompts, one by one."""
        if len(self.prompts) != len(want):
            fail(
                {
                    "en": f"The model was called {len(self.prompts)} times, {len(want)} calls were wanted.",
                    "fr": f"Le modèle a été appelé {len(self.prompts)} fois, il fallait {len(want)} appels.",
                }
            )
        for number, (prompt, text) in enumerate(zip(self.prompts, want, strict=True), start=1):
            assert_equal(prompt, text, name=f"prompt {number}")


@test(
    "Example: reading and weighing",
    title={"fr": "Exemple : lire et peser"},
    points=1,
    public=True,
    hint={
        "en": "Only the first word counts, without its punctuation. `None` is neither right nor wrong: 3 / 2 inside "
        "the logarithm.",
        "fr": "Seul le premier mot compte, sans sa ponctuation. `None` n'est ni juste ni faux : 3 / 2 dans le "
        "logarithme.",
    },
)
def example_reading(solution, rng):
    for reply, want in (("Yes, they do.", True), ("FALSE!", False), ("I think yes", None)):
        assert_equal(solution.yes_no(reply), want, name=f"yes_no({reply!r})")
    got = solution.weight([True, True, None, False], [True, False, True, False])
    assert_close(got, 0.4054651081, name="weight")


@test(
    "Example: two chains vote",
    title={"fr": "Exemple : deux chaînes votent"},
    points=1,
    public=True,
    hint={
        "en": "The reply to the first prompt of a chain goes, stripped, into its second one. 1.5 for, 0.5 against.",
        "fr": "La réponse au premier prompt d'une chaîne va, nettoyée, dans le second. 1,5 pour, 0,5 contre.",
    },
)
def example_vote(solution, rng):
    model = Model(["Do they make 62?", "Yes.", "Is it 62? ", "no"])
    got = solution.ask_me_anything("They make 62.", CHAINS, [1.5, 0.5], model)
    model.asked(
        [
            "Make a question: They make 62.",
            "Do they make 62? Yes or no?",
            "Ask it: They make 62.",
            "Q: Is it 62?\nA:",
        ]
    )
    assert_close(got, (True, 1.0), name="ask_me_anything")


# Hidden from here on.

PLAIN = {True: "Yes.", False: "No.", None: "Perhaps."}
REPLIES = {
    True: ["yes", "Yes.", " TRUE", "true: 62", "\nYes!\nNo.", "yes no"],
    False: ["no", "No,", "False.", "  FALSE true", "no; yes", "NO"],
    None: ["", " ", "perhaps", "It is true", "nope", "yesterday", "not yes", "?", "62"],
}


@test(
    "Replies of every sort",
    title={"fr": "Toutes sortes de réponses"},
    points=2,
    hint={
        "en": "A whole word, not a beginning: *nope* and *yesterday* say nothing. An empty reply has no first word.",
        "fr": "Un mot entier, pas un début : *nope* et *yesterday* ne disent rien. Une réponse vide n'a pas de "
        "premier mot.",
    },
)
def replies(solution, rng):
    for want, texts in REPLIES.items():
        for text in texts:
            assert_equal(solution.yes_no(text), want, name=f"yes_no({text!r})")
    assert_equal(solution.yes_no("?!yes?! of course"), True, name="yes_no")
    assert_equal(solution.yes_no("y.e.s"), None, name="yes_no")


@test(
    "One chain: two calls, braces and all",
    title={"fr": "Une chaîne : deux appels, accolades comprises"},
    points=1,
    hint={
        "en": "`str.format` reads every brace, `str.replace` only the placeholder. Strip the question; use the "
        "reply's verdict.",
        "fr": "`str.format` lit toutes les accolades, `str.replace` seulement l'emplacement prévu. Nettoyez la "
        "question ; "
        "renvoyez le verdict de la réponse.",
    },
)
def one_chain(solution, rng):
    for claim in ("37 + 25 = 62", "the set {1, 2} has {n} elements", "{claim", "100 % of {question}", "a{}b"):
        for verdict, text in PLAIN.items():
            number = int(rng.integers(1000))
            model = Model([f" \nIs {number} {{right}}?\n", text])
            got = solution.ask(claim, ("{claim}\nAs a question {x}:", "Q {y}: {question}\nA:"), model)
            model.asked([f"{claim}\nAs a question {{x}}:", f"Q {{y}}: Is {number} {{right}}?\nA:"])
            assert_equal(got, verdict, name="ask")


@test(
    "Weights",
    title={"fr": "Les poids"},
    points=2,
    hint={
        "en": "Add 1 above and below, take the natural logarithm; False for False is right; `None` counts nowhere.",
        "fr": "Ajoutez 1 en haut et en bas, prenez le logarithme népérien ; False pour False est juste ; `None` ne "
        "compte "
        "nulle part.",
    },
)
def weights(solution, rng):
    for size in (0, 1, 3, 12, 30):
        answers = [(True, False, None)[i] for i in rng.integers(3, size=size)]
        truths = [bool(b) for b in rng.integers(2, size=size)]
        pairs = [f"{a}{t}" for a, t in zip(answers, truths, strict=True)]
        right = pairs.count("TrueTrue") + pairs.count("FalseFalse")
        wrong = pairs.count("TrueFalse") + pairs.count("FalseTrue")
        want = math.log1p(right) - math.log1p(wrong)
        assert_close(solution.weight(answers, truths), want, name="weight")
    assert_close(solution.weight([None, None], [True, False]), 0.0, name="weight")
    assert_close(solution.weight([False, True, True], [True, False, True]), math.log(2 / 3), name="weight")


def check_vote(solution, verdicts, trusts):
    chains = [(f"R{i} {{claim}}", f"A{i} {{question}}") for i in range(len(verdicts))]
    script, prompts, score = [], [], 0.0
    for i, (verdict, trust) in enumerate(zip(verdicts, trusts, strict=True)):
        if trust != 0:
            script += [f"q{i}?", PLAIN[verdict]]
            prompts += [f"R{i} bananas", f"A{i} q{i}?"]
            score += {True: trust, False: -trust, None: 0.0}[verdict]
    model = Model(script)
    got = solution.ask_me_anything("bananas", chains, trusts, model)
    model.asked(prompts)
    want = True if score > 0 else False if score < 0 else None
    assert_close(got, (want, score), name="(answer, score)")


@test(
    "Votes of many chains",
    title={"fr": "Le vote de nombreuses chaînes"},
    points=1,
    hint={
        "en": "True adds the weight, False subtracts it, also when the weight is negative; `None` changes nothing.",
        "fr": "True ajoute le poids, False le retire, même si le poids est négatif ; `None` ne change rien.",
    },
)
def votes(solution, rng):
    for size in (1, 2, 5, 9):
        for _ in range(3):
            verdicts = [bool(rng.integers(2)), *((True, False, None)[i] for i in rng.integers(3, size=size - 1))]
            trusts = [float(w) for w in rng.choice([-1, 1], size=size) * rng.uniform(0.1, 2, size=size)]
            check_vote(solution, verdicts, trusts)
    check_vote(solution, [False], [0.5])
    check_vote(solution, [True, False, None], [-2.0, -0.5, 1.0])


@test(
    "Ties, weights of 0, no chain",
    title={"fr": "Égalités, poids nuls, aucune chaîne"},
    points=2,
    hint={
        "en": "A score of exactly 0 is `None`, not `False`. Check the weight before you call.",
        "fr": "Un score d'exactement 0 donne `None`, pas `False`. Regardez le poids avant d'appeler.",
    },
)
def ties(solution, rng):
    check_vote(solution, [], [])
    check_vote(solution, [None, None], [1.0, 2.0])
    check_vote(solution, [True, False], [0.75, 0.75])
    check_vote(solution, [True, True, False], [0.0, 0.5, 0.0])
    check_vote(solution, [True, False, True, False], [1.5, 0.0, 0.5, 2.0])
    check_vote(solution, [True, True], [0.0, 0.0])
