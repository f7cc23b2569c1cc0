from workers.testkit import assert_close, assert_equal, fail, test

PROBLEM = "37 bananas and 5 bunches of 5?"
IDEAS, RATE = "Next step? One idea a line.", "Rate this from 0 to 10."


class Model:
    """A scripted model: a tree of ideas, a rating for each path. Unknown prompts and calls beyond the budget fail."""

    def __init__(self, tree, ratings, budget):
        self.tree, self.ratings, self.budget, self.prompts = tree, ratings, budget, []

    def __call__(self, prompt):
        self.prompts.append(prompt)
        if len(self.prompts) > self.budget:
            fail(
                {
                    "en": f"The budget is {self.budget} calls, and one more was made.",
                    "fr": f"Le budget est de {self.budget} appels, et il y en a eu un de plus.",
                }
            )
        problem, *path, last = prompt.split("\n") if isinstance(prompt, str) else ("", "")
        known = self.tree if last == IDEAS else self.ratings if last == RATE else {}
        if problem != PROBLEM or tuple(path) not in known:
            fail(
                {
                    "en": f"Call {len(self.prompts)}: this prompt is not one of the statement, or its path was never "
                    f"proposed: {prompt!r:.300}",
                    "fr": f"Appel {len(self.prompts)} : ce prompt n'est pas l'un de ceux de l'énoncé, ou son chemin "
                    f"n'a "
                    f"jamais été proposé : {prompt!r:.300}",
                }
            )
        answer = known[tuple(path)]
        return answer if isinstance(answer, str) else "\n".join(answer)


def search(solution, tree, ratings, depth, width, budget):
    """The result of a search, and the prompts that it made."""
    model = Model(tree, ratings, budget)
    return solution.tree_of_thoughts(PROBLEM, model, depth, width, budget), model.prompts


BANANA_TREE = {(): ["5 × 5 = 25", "37 + 5 = 42"], ("5 × 5 = 25",): ["37 + 25 = 62", "25 + 5 = 30"]}
BANANA_RATINGS = {
    ("5 × 5 = 25",): "9",
    ("37 + 5 = 42",): "3",
    ("5 × 5 = 25", "37 + 25 = 62"): "10",
    ("5 × 5 = 25", "25 + 5 = 30"): "2",
}


@test(
    "Example: ideas and ratings",
    title={"fr": "Exemple : idées et notes"},
    points=1,
    public=True,
    hint={
        "en": "Strip each line first, then look for repetitions. The first number of a reply is the rating.",
        "fr": "Nettoyez d'abord chaque ligne, puis cherchez les répétitions. Le premier nombre d'une réponse est la "
        "note.",
    },
)
def example_parsing(solution, rng):
    got = solution.parse_ideas("5 × 5 = 25\n\n 37 + 5 = 42 \n5 × 5 = 25")
    assert_equal(got, ["5 × 5 = 25", "37 + 5 = 42"], name="parse_ideas")
    assert_equal(solution.parse_rating("I give it 8 of 10."), 8, name="parse_rating")


@test(
    "Example: 37 bananas in two steps",
    title={"fr": "Exemple : 37 bananes en deux étapes"},
    points=1,
    public=True,
    hint={
        "en": "Level by level: one call for ideas for each path kept, one rating for each idea. Six calls here.",
        "fr": "Niveau par niveau : un appel d'idées par chemin gardé, une note par idée. Six appels ici.",
    },
)
def example_bananas(solution, rng):
    got, _ = search(solution, BANANA_TREE, BANANA_RATINGS, 2, 1, 20)
    assert_close(got, (["5 × 5 = 25", "37 + 25 = 62"], 10, 6), name="budget 20")
    got, _ = search(solution, BANANA_TREE, BANANA_RATINGS, 2, 1, 4)
    assert_close(got, (["5 × 5 = 25"], 9, 4), name="budget 4")


# Hidden from here on. The search once more, on the tree itself: a list of all calls, cut off at the budget.


def forest(rng, depth, equal=False):
    """A random tree of ideas down to `depth`, and the ratings of its paths: no two alike on a level, or many."""
    tree, ratings, level = {}, {}, [()]
    for _ in range(depth):
        following = []
        for path in level:
            number = 2 if path == () else int(rng.integers(1, 3))
            tree[path] = [f"{letter}{int(rng.integers(100))}" for letter in "zyx"[: number + equal]]
            following += [(*path, name) for name in tree[path]]
        values = rng.integers(4, 6, size=len(following)) if equal else rng.permutation(11)[: len(following)]
        ratings.update({path: str(value) for path, value in zip(following, values, strict=True)})
        level = following
    tree.update({path: [] for path in level})
    return tree, ratings


def expected(tree, ratings, depth, width, budget):
    """(result, prompts): each level is planned whole, then cut to the calls that are left."""
    frontier, prompts = [((), 0)], []
    for _ in range(depth):
        plan = []
        for path, _ in frontier:
            plan += [(path, IDEAS)] + [((*path, name), RATE) for name in tree[path]]
        plan = plan[: budget - len(prompts)]
        prompts += ["\n".join([PROBLEM, *path, last]) for path, last in plan]
        places = [(-int(ratings[path]), place, path) for place, (path, last) in enumerate(plan) if last == RATE]
        if not places:
            break
        frontier = [(path, -rating) for rating, _, path in sorted(places)[:width]]
    path, rating = frontier[0]
    return (list(path), rating, len(prompts)), prompts


def check(solution, tree, ratings, depth, width, budget):
    got, prompts = search(solution, tree, ratings, depth, width, budget)
    want, asked = expected(tree, ratings, depth, width, budget)
    for number, (prompt, text) in enumerate(zip(prompts, asked, strict=False), start=1):
        assert_equal(prompt, text, name=f"prompt {number}")
    assert_equal(len(prompts), len(asked), name="calls made")
    assert_close(got, want, name="(path, rating, calls)")


@test(
    "Ideas and ratings of every sort",
    title={"fr": "Toutes sortes d’idées et de notes"},
    points=2,
    hint={
        "en": "The first number, whole: `10/10` gives 10, `100` gives 10, `7.5` gives 7, no digit gives 0.",
        "fr": "Le premier nombre, en entier : `10/10` donne 10, `100` donne 10, `7.5` donne 7, aucun chiffre donne 0.",
    },
)
def parsing(solution, rng):
    ratings = {"7": 7, "10/10": 10, "100": 10, "11": 10, "7.5": 7, "": 0, "good": 0, "0 of 10": 0, "9\n3": 9, "a1b2": 1}
    for reply, rating in ratings.items():
        assert_equal(solution.parse_rating(reply), rating, name=f"parse_rating({reply!r})")
    cases = {
        "": [],
        "\n \n": [],
        " b\na \nb\n  a\nc": ["b", "a", "c"],
        "A\na": ["A", "a"],
        "1. one\n- two": ["1. one", "- two"],
    }
    for reply, ideas in cases.items():
        assert_equal(solution.parse_ideas(reply), ideas, name=f"parse_ideas({reply!r})")


@test(
    "A single branch",
    title={"fr": "Une seule branche"},
    points=1,
    hint={
        "en": "With `width = 1` the best step of each level is followed, and only that one.",
        "fr": "Avec `width = 1`, on suit la meilleure étape de chaque niveau, et elle seule.",
    },
)
def greedy(solution, rng):
    for depth in (1, 2, 3):
        check(solution, *forest(rng, depth), depth, 1, 200)


@test(
    "Several branches",
    title={"fr": "Plusieurs branches"},
    points=2,
    hint={
        "en": "The best of **all** longer paths of a level are kept, whichever path they come from; "
        "ratings are not added up. The next level takes the kept paths best first, not in the order they were rated.",
        "fr": "On garde les meilleurs de **tous** les chemins allongés d'un niveau, d'où qu'ils viennent ; "
        "les notes ne s'additionnent pas. Au niveau suivant, on prend les chemins gardés en commençant par le mieux "
        "noté, et non dans l'ordre où ils ont été notés.",
    },
)
def beam(solution, rng):
    for width in (2, 3, 50):
        check(solution, *forest(rng, 3), 3, width, 500)
    tree = {(): ["a", "b"], ("a",): ["c", "d"], ("b",): ["e"]}
    ratings = {("a",): "9", ("b",): "2", ("a", "c"): "3", ("a", "d"): "4", ("b", "e"): "5"}
    check(solution, tree, ratings, 2, 2, 50)


@test(
    "Equal ratings",
    title={"fr": "Notes égales"},
    points=1,
    hint={
        "en": "The path rated first goes first: sort by the rating alone, in descending order, with a stable sort.",
        "fr": "Le chemin noté le premier passe devant : triez sur la note seule, en ordre décroissant, avec un tri "
        "stable.",
    },
)
def equal(solution, rng):
    for width in (1, 2, 4):
        check(solution, *forest(rng, 3, equal=True), 3, width, 500)
    tree = {(): ["z", "y", "x"], ("z",): ["n", "m"], ("y",): ["l"], ("x",): []}
    ratings = {path: "5" for path in [("z",), ("y",), ("x",), ("z", "n"), ("z", "m"), ("y", "l")]}
    check(solution, tree, ratings, 2, 2, 50)


@test(
    "The budget runs out",
    title={"fr": "Le budget s’épuise"},
    points=1,
    hint={
        "en": "Check before every call, for ideas and for ratings. What has been rated on the level counts.",
        "fr": "Vérifiez avant chaque appel, d'idées comme de notes. Ce qui a été noté à ce niveau compte.",
    },
)
def budget(solution, rng):
    tree, ratings = forest(rng, 3)
    for calls in (0, 1, 2, 3, 4, 5, 6, 7, 9, 11):
        check(solution, tree, ratings, 3, 2, calls)


@test(
    "No ideas, no depth",
    title={"fr": "Pas d’idées, pas de profondeur"},
    points=1,
    hint={
        "en": "A level without ideas ends the search, and the paths of the level before remain. With `depth = 0` no "
        "call "
        "is made.",
        "fr": "Un niveau sans idées met fin à la recherche, et les chemins du niveau précédent restent. Avec `depth = "
        "0`, "
        "aucun appel n'est fait.",
    },
)
def barren(solution, rng):
    check(solution, {(): []}, {}, 3, 2, 50)
    check(solution, {(): ["a"]}, {("a",): "5"}, 0, 2, 50)
    check(solution, *forest(rng, 2), 5, 2, 90)
    tree = {(): ["a", "b"], ("a",): [], ("b",): ["c"], ("b", "c"): []}
    check(solution, tree, {("a",): "8", ("b",): "1", ("b", "c"): "0"}, 4, 2, 50)
