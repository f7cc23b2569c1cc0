"""What a new exercise starts from: small files that work, each showing what it is for."""

EXERCISE = """\
title = { en = "Mean of a list", fr = "Moyenne d'une liste" }
kind = "code"
languages = ["en", "fr"]
modules = ["numpy"]
device = "cpu"
topics = []

[limits]
seconds = 5
total_seconds = 30
memory_mb = 1024
"""

STATEMENT_EN = """\
Write a function `mean(values)` that returns the mean of a list of numbers,

$$\\bar{x} = \\frac{1}{n} \\sum_{i=1}^{n} x_i.$$

The mean of an empty list is `None`.

```python
mean([1, 2, 6])  # 3.0
```
"""

STATEMENT_FR = """\
Écrivez une fonction `mean(values)` qui renvoie la moyenne d'une liste de nombres,

$$\\bar{x} = \\frac{1}{n} \\sum_{i=1}^{n} x_i.$$

La moyenne d'une liste vide est `None`.

```python
mean([1, 2, 6])  # 3.0
```
"""

STARTER = '''\
def mean(values):
    """Return the mean of a list of numbers, None for an empty list."""
    return None
'''

SOLUTION = '''\
def mean(values):
    """Return the mean of a list of numbers, None for an empty list."""
    if not values:
        return None
    return sum(values) / len(values)
'''

TESTS = """\
from workers.testkit import assert_close, assert_equal, test


@test("mean of three numbers", points=2, public=True)
def three_numbers(solution, rng):
    assert_close(solution.mean([1, 2, 6]), 3.0)


@test(
    "mean of many numbers",
    points=6,
    hint={"en": "Divide by the number of values.", "fr": "Divisez par le nombre de valeurs."},
)
def many_numbers(solution, rng):
    values = rng.normal(size=1000)
    assert_close(solution.mean(values.tolist()), float(values.mean()))


@test(
    "an empty list",
    points=2,
    hint={"en": "What can be divided by zero?", "fr": "Que peut-on diviser par zéro ?"},
)
def empty(solution, rng):
    # The starter returns None as well: both sides of the rule are asked for, so that it earns nothing here.
    assert_equal(solution.mean([4]), 4.0)
    assert_equal(solution.mean([]), None)
"""

WRONG = """\
# expect: 8/10
def mean(values):
    return sum(values) / len(values)
"""

FILES: dict[str, bytes] = {
    "exercise.toml": EXERCISE.encode(),
    "statement.en.md": STATEMENT_EN.encode(),
    "statement.fr.md": STATEMENT_FR.encode(),
    "starter.py": STARTER.encode(),
    "solution.py": SOLUTION.encode(),
    "tests.py": TESTS.encode(),
    "wrong/empty_list.py": WRONG.encode(),
}
