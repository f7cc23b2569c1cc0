"""The download of public tests: hidden tests, their helpers and their data stay behind."""

from __future__ import annotations

import ast

import pytest

from workers.jobs.public_tests import public_source

TESTS = '''
"""Speaks of SECRET."""
import secret_module
import numpy as np
from workers.testkit import assert_close, secret_helper, test

SECRET = [1, 2]
SHARED = 3  # SECRET in a comment


def secret_reference(x):
    return SECRET


def used(x):
    return np.add(x, SHARED)


@test("open", public=True)
def opened(solution, rng):
    assert_close(solution.f(1), used(1))


@test("hidden SECRET")
def hidden(solution, rng):
    secret_reference(secret_module.x)


@test("hidden too SECRET", public=False)
def hidden_too(solution, rng):
    secret_helper()
'''


def test_it_works() -> None:
    source = public_source(TESTS)
    ast.parse(source)
    assert "def opened" in source
    assert "def used" in source
    assert "SHARED = 3" in source
    assert "import numpy as np" in source
    assert "secret" not in source.lower()


def test_a_local_name_brings_no_hidden_helper_along() -> None:
    source = public_source(
        "from workers.testkit import assert_equal, test\n\n\n"
        "def expected(x):\n    return x**3\n\n\n"
        "LIMIT = 3\n\n\n"
        '@test("open", public=True)\ndef opened(solution, rng):\n'
        "    expected = LIMIT\n    assert_equal(solution.f(1), expected)\n"
    )
    assert "x**3" not in source and "x ** 3" not in source
    assert "LIMIT = 3" in source


@pytest.mark.parametrize("text", ["", "def f(:", "x = 1", '@test("a")\ndef f(s, r): ...', "\0"])
def test_without_public_tests_it_is_empty(text: str) -> None:
    assert public_source(text) == ""
