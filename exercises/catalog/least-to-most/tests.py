from workers.testkit import assert_close, assert_equal, fail, test

SPLIT = "Split into simpler questions, one a line:\n"
PROBLEM = "37 and 5 bunches of 5?"


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


def run(solution, problem, replies, limit):
    """Answer, pairs and prompts of a run that uses up all the replies."""
    model = Model(replies)
    result = solution.least_to_most(problem, model, limit)
    if not isinstance(result, tuple | list) or len(result) != 2:
        fail(
            {
                "en": "`least_to_most` must return two values: return answer, solved.",
                "fr": "`least_to_most` doit renvoyer deux valeurs : return answer, solved.",
            }
        )
    if len(model.prompts) != len(replies):
        fail(
            {
                "en": f"The model was called {len(model.prompts)} times, {len(replies)} calls were wanted.",
                "fr": f"Le modèle a été appelé {len(model.prompts)} fois, il fallait {len(replies)} appels.",
            }
        )
    return (*result, model.prompts)


@test(
    "Example: questions and prompt",
    title={"fr": "Exemple : questions et prompt"},
    points=1,
    public=True,
    hint={
        "en": "`1.` and `2)` go, with the space behind them; the empty line goes. The prompt ends with `A:`, without "
        "a space.",
        "fr": "`1.` et `2)` disparaissent avec l'espace qui suit, la ligne vide aussi. Le prompt finit par `A:`, sans "
        "espace.",
    },
)
def example_parts(solution, rng):
    got = solution.parse("1. How many bananas are in the bunches?\n\n2) How many in all?")
    assert_equal(got, ["How many bananas are in the bunches?", "How many in all?"], name="parse")
    got = solution.next_prompt(PROBLEM, [("How many in bunches?", "25")], PROBLEM)
    want = "37 and 5 bunches of 5?\nQ: How many in bunches?\nA: 25\nQ: 37 and 5 bunches of 5?\nA:"
    assert_equal(got, want, name="next_prompt")


@test(
    "Example: 37 bananas in three calls",
    title={"fr": "Exemple : 37 bananes en trois appels"},
    points=1,
    public=True,
    hint={
        "en": "Split, solve the part, solve the problem: three calls, and the last prompt holds `A: 25`.",
        "fr": "Découper, résoudre la partie, résoudre le problème : trois appels, et le dernier prompt contient `A: "
        "25`.",
    },
)
def example_run(solution, rng):
    replies = ["- How many in bunches?", " 25\n", "37 + 25 = 62"]
    answer, solved, prompts = run(solution, PROBLEM, replies, 5)
    assert_equal(prompts[0], SPLIT + PROBLEM, name="first prompt")
    assert_equal(prompts[1], f"{PROBLEM}\nQ: How many in bunches?\nA:", name="second prompt")
    assert_equal(prompts[2], f"{PROBLEM}\nQ: How many in bunches?\nA: 25\nQ: {PROBLEM}\nA:", name="third prompt")
    assert_equal(answer, "37 + 25 = 62", name="answer")
    assert_close(solved, [("How many in bunches?", "25")], name="solved")


# Hidden from here on.


def script(rng, problem, questions):
    """A reply that splits into `questions`, an answer for each that is asked, and one for the problem."""
    marks = [f"{i}. " if i % 2 else f"{i})  " for i in range(1, len(questions) + 1)]
    if rng.random() < 0.5:
        marks = [str(rng.choice(["- ", "* ", "", "  - "])) for _ in questions]
    split = "\n".join(mark + question for mark, question in zip(marks, questions, strict=True))
    answers = [f" {int(rng.integers(100))} \n" for question in questions if question != problem]
    return ["\n" + split + "\n\n", *answers, "  in all 62\n"]


def check(solution, rng, problem, questions, limit):
    replies = script(rng, problem, questions[:limit])
    if len(questions) > limit:
        replies[0] = "\n".join(["1. " + question for question in questions])
    answer, solved, prompts = run(solution, problem, replies, limit)
    asked = [question for question in questions[:limit] if question != problem]
    pairs = list(zip(asked, (reply.strip() for reply in replies[1:-1]), strict=True))
    blocks = [f"Q: {question}\nA: {reply}\n" for question, reply in pairs]
    want = [SPLIT + problem]
    for number, question in enumerate([*asked, problem]):
        want.append(f"{problem}\n{''.join(blocks[:number])}Q: {question}\nA:")
    for number, (prompt, text) in enumerate(zip(prompts, want, strict=True), start=1):
        assert_equal(prompt, text, name=f"prompt {number}")
    assert_close(solved, pairs, name="solved")
    assert_equal(answer, "in all 62", name="answer")


QUESTIONS = ["How many in one bunch?", "How many bunches?", "37 bananas?", "Who eats?", "What is 5 times 5?", "Sum?"]


@test(
    "Parsing lists of every sort",
    title={"fr": "Analyser toutes sortes de listes"},
    points=2,
    hint={
        "en": "A mark counts only at the beginning of a line and before a space: `37 bananas?`, `-3 or 3?` and `5.5 "
        "kg?` "
        "have none. Only one mark goes.",
        "fr": "Une marque ne compte qu'en début de ligne et devant une espace : `37 bananas?`, `-3 or 3?` et `5.5 "
        "kg?` n'en "
        "ont pas. Une seule marque disparaît.",
    },
)
def parsing(solution, rng):
    cases = {
        "1. One?\n2. Two?\n10. Ten?": ["One?", "Two?", "Ten?"],
        "1) One?\n 2)   Two? ": ["One?", "Two?"],
        "- One?\n* Two?\n   - Three?": ["One?", "Two?", "Three?"],
        "37 bananas?\n5 bunches of 5. How many?": ["37 bananas?", "5 bunches of 5. How many?"],
        "-3 or 3?\n5.5 kg?\n*starred*": ["-3 or 3?", "5.5 kg?", "*starred*"],
        "- 2. Two marks?\n1. - And here?": ["2. Two marks?", "- And here?"],
        "": [],
        "\n \n": [],
    }
    for reply, questions in cases.items():
        assert_equal(solution.parse(reply), questions, name=f"parse({reply!r})")
    number = int(rng.integers(11, 1000))
    assert_equal(solution.parse(f"{number}. Why {number}?"), [f"Why {number}?"], name="parse")


@test(
    "Prompts with any number of answers",
    title={"fr": "Des prompts avec autant de réponses que l’on veut"},
    points=1,
    hint={
        "en": "The problem comes first, also when nothing has been solved yet; the pairs stay in their order.",
        "fr": "Le problème vient en premier, même si rien n'est encore résolu ; les couples restent dans leur ordre.",
    },
)
def prompts(solution, rng):
    for number in range(5):
        pairs = [(QUESTIONS[i], str(rng.integers(100))) for i in rng.permutation(6)[:number]]
        want = PROBLEM + "".join(f"\nQ: {q}\nA: {a}" for q, a in pairs) + "\nQ: Now?\nA:"
        assert_equal(solution.next_prompt(PROBLEM, pairs, "Now?"), want, name="next_prompt")


@test(
    "Every prompt holds all earlier answers",
    title={"fr": "Chaque prompt contient toutes les réponses précédentes"},
    points=2,
    hint={
        "en": "The model has no memory: collect the pairs and hand all of them over, stripped, with each question.",
        "fr": "Le modèle n'a pas de mémoire : collectez les couples et transmettez-les tous, nettoyés, avec chaque "
        "question.",
    },
)
def all_answers(solution, rng):
    for number in (1, 2, 3, 6):
        check(solution, rng, PROBLEM, [QUESTIONS[i] for i in rng.permutation(6)[:number]], 10)


@test(
    "The limit",
    title={"fr": "La limite"},
    points=1,
    hint={
        "en": "Only the first `limit` questions are asked, then the problem: `limit + 2` calls at most.",
        "fr": "Seules les `limit` premières questions sont posées, puis le problème : `limit + 2` appels au plus.",
    },
)
def limited(solution, rng):
    for limit in (1, 2, 5):
        check(solution, rng, PROBLEM, QUESTIONS, limit)


@test(
    "Nothing to split",
    title={"fr": "Rien à découper"},
    points=1,
    hint={
        "en": "Without questions, or with `limit = 0`, the problem itself is asked all the same: two calls.",
        "fr": "Sans question, ou avec `limit = 0`, on pose quand même le problème lui-même : deux appels.",
    },
)
def nothing(solution, rng):
    check(solution, rng, PROBLEM, [], 4)
    check(solution, rng, PROBLEM, QUESTIONS[:2], 0)


@test(
    "The problem among its own parts",
    title={"fr": "Le problème parmi ses propres parties"},
    points=1,
    hint={
        "en": "Skip a part that is the problem word for word, wherever it stands: no call for it, but it still "
        "counts towards `limit`. The problem comes last, once.",
        "fr": "Sautez une partie qui est le problème mot pour mot, où qu'elle soit : pas d'appel pour elle, mais elle "
        "compte quand même dans `limit`. Le problème vient à la fin, une fois.",
    },
)
def itself(solution, rng):
    check(solution, rng, PROBLEM, ["How many bunches?", PROBLEM], 4)
    check(solution, rng, PROBLEM, [PROBLEM, "How many bunches?", "Sum?"], 2)
    check(solution, rng, PROBLEM, [PROBLEM], 4)
    check(solution, rng, PROBLEM, [PROBLEM + "?", PROBLEM.lower() + "!"], 4)
