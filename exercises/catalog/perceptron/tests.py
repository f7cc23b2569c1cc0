import numpy as np

from workers.testkit import assert_close, assert_equal, fail, test

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def three(result):
    """The three values that `train` has to return, or a failure that says so."""
    if not isinstance(result, tuple | list) or len(result) != 3:
        fail(
            {
                "en": "`train` must return three values: return w, b, errors.",
                "fr": "`train` doit renvoyer trois valeurs : return w, b, errors.",
            }
        )
    return result


def check_answers(got, want):
    """Whole numbers 0 and 1, of any size of whole number."""
    assert_close(got, np.array(want, dtype=np.int64), name="neuron(X, w, b)")


def check_training(solution, X, y, epochs, want):
    w, b, errors = three(solution.train(X, y, epochs))
    assert_close(errors, want[2], name="errors")
    assert_close(w, want[0], name="w")
    assert_close(b, want[1], name="b")


@test(
    "Example: the logical and",
    title={"fr": "Exemple : le et logique"},
    points=1,
    public=True,
    hint={
        "en": "`X @ w + b` gives all sums at once; `(… >= 0).astype(int)` turns them into 0 and 1.",
        "fr": "`X @ w + b` donne toutes les sommes à la fois ; `(… >= 0).astype(int)` les transforme en 0 et 1.",
    },
)
def example_and(solution, rng):
    check_answers(solution.neuron(CORNERS, np.array([1.0, 1.0]), -1.5), [0, 0, 0, 1])


@test(
    "Example: learning the logical or",
    title={"fr": "Exemple : apprendre le ou logique"},
    points=1,
    public=True,
    hint={
        "en": "Write down w, b and the answer after each of the four examples, and compare with your program's. "
        "The first answer is 1: the sum is 0.",
        "fr": "Notez w, b et la réponse après chacun des quatre exemples, et comparez avec votre programme. "
        "La première réponse est 1 : la somme vaut 0.",
    },
)
def example_or(solution, rng):
    check_training(solution, CORNERS, np.array([0, 1, 1, 1]), 10, (np.array([1.0, 1.0]), -1.0, [2, 2, 1, 0]))


# Hidden from here on. Inputs are whole numbers, so that every sum is exact whatever order it is added up in.


def points_of(rng, n, d, reach=9):
    return rng.integers(-reach, reach + 1, size=(n, d)).astype(float)


def rosenblatt(X, y, epochs):
    """The same rule in its other form: the bias is the weight of an input that is always 1, and answers are ±1."""
    rows = [[1, *map(int, row)] for row in X]
    signs = [2 * int(answer) - 1 for answer in y]
    v, errors = [0] * (X.shape[1] + 1), []
    while len(errors) < epochs and 0 not in errors:
        wrong = 0
        for row, sign in zip(rows, signs, strict=True):
            total = sum(left * right for left, right in zip(v, row, strict=True))
            if (total >= 0) != (sign > 0):
                v = [weight + sign * value for weight, value in zip(v, row, strict=True)]
                wrong += 1
        errors.append(wrong)
    return np.array(v[1:], dtype=float), float(v[0]), errors


def separable(rng, n, d):
    """Points of both classes with a gap between them, so that few epochs are enough; no line through 0 parts them."""
    w, b = points_of(rng, 1, d, 3)[0], float(rng.choice([-8, -7, 7, 8]))
    w[0] += 5.0
    X = points_of(rng, 8 * n, d, 2)
    far = X[np.abs(X @ w + b) > 3][:n]
    return far, np.heaviside(far @ w + b, 1.0).astype(int)


@test(
    "The neuron at its threshold",
    title={"fr": "Le neurone à son seuil"},
    points=1,
    hint={
        "en": "A sum that equals the threshold fires: $H(0) = 1$.",
        "fr": "Une somme égale au seuil active le neurone : $H(0) = 1$.",
    },
)
def threshold(solution, rng):
    X, w = points_of(rng, 200, 4), points_of(rng, 1, 4)[0]
    b = -float(X[0] @ w)  # so that at least one sum is exactly 0
    check_answers(solution.neuron(X, w, b), np.heaviside(X @ w + b, 1.0))


@test(
    "The neuron on random weights",
    title={"fr": "Le neurone avec des poids aléatoires"},
    points=1,
    hint={
        "en": "One answer for each row, 0 or 1 (not −1, not True): the shape is `(n,)`. Is the bias added?",
        "fr": "Une réponse par ligne, 0 ou 1 (ni −1, ni True) : la forme est `(n,)`. Le biais est-il ajouté ?",
    },
)
def random_weights(solution, rng):
    for n, d in ((50, 3), (1, 6), (7, 1), (0, 2)):
        X, w, b = points_of(rng, n, d), points_of(rng, 1, d)[0], rng.integers(-30, 31) + 0.5  # no sum is 0
        check_answers(solution.neuron(X, w, b), np.heaviside(X @ w + b, 1.0))


@test(
    "One epoch, correction by correction",
    title={"fr": "Une époque, correction par correction"},
    points=2,
    hint={
        "en": "Correct after each example, not at the end of the epoch; a right answer changes nothing; "
        "the bias learns as well.",
        "fr": "Corrigez après chaque exemple, pas à la fin de l'époque ; une bonne réponse ne change rien ; "
        "le biais apprend lui aussi.",
    },
)
def one_epoch(solution, rng):
    for n, d, reach in ((12, 3, 9), (40, 4, 2), (40, 3, 1)):  # small inputs: there the bias counts
        X, y = points_of(rng, n, d, reach), rng.integers(2, size=n)
        check_training(solution, X, y, 1, rosenblatt(X, y, 1))


@test(
    "Separable classes are learnt without a mistake",
    title={"fr": "Des classes séparables sont apprises sans faute"},
    points=2,
    hint={
        "en": "Training ends after the first epoch without a mistake, and the 0 of that epoch belongs in `errors`; "
        "count mistakes as they are made, not afterwards. If the message is about `neuron(X, w, b)`: does `neuron` "
        "pass its own tests?",
        "fr": "L'apprentissage s'arrête après la première époque sans faute, et le 0 de cette époque figure dans "
        "`errors` ; comptez les erreurs au moment où elles se produisent, pas après coup. Si le message porte sur "
        "`neuron(X, w, b)` : `neuron` passe-t-elle ses propres tests ?",
    },
)
def learnt(solution, rng):
    for _ in range(3):
        X, y = separable(rng, 40, 3)
        want = rosenblatt(X, y, 500)
        check_training(solution, X, y, 500, want)
        assert_close(solution.neuron(X, want[0], want[1]), y, name="neuron(X, w, b)")


@test(
    "The exclusive or is never learnt",
    title={"fr": "Le ou exclusif n’est jamais appris"},
    points=1,
    hint={
        "en": "No line separates these classes: training must end after `epochs` epochs all the same.",
        "fr": "Aucune droite ne sépare ces classes : l'apprentissage doit tout de même s'arrêter après `epochs` "
        "époques.",
    },
)
def exclusive_or(solution, rng):
    epochs = int(rng.integers(20, 40))
    y = np.array([0, 1, 1, 0])
    want = rosenblatt(CORNERS, y, epochs)
    assert_equal(len(want[2]), epochs)
    check_training(solution, CORNERS, y, epochs, want)


@test(
    "No epoch, one example, one input",
    title={"fr": "Aucune époque, un seul exemple, une seule entrée"},
    points=1,
    hint={
        "en": "With `epochs = 0` the weights are zeros and the list is empty; the number of weights is `X.shape[1]`.",
        "fr": "Avec `epochs = 0`, les poids sont nuls et la liste est vide ; le nombre de poids est `X.shape[1]`.",
    },
)
def small(solution, rng):
    X, y = points_of(rng, 5, 4), rng.integers(2, size=5)
    check_training(solution, X, y, 0, (np.zeros(4), 0.0, []))
    for n, d, right in ((1, 3, 0), (1, 3, 1), (8, 1, 0)):
        X, y = points_of(rng, n, d), np.full(n, right)
        check_training(solution, X, y, 6, rosenblatt(X, y, 6))
