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


@pytest.mark.parametrize("text", ["", "def f(:", "x = 1", '@test("a")\ndef f(s, r): ...', "\0"])
def test_without_public_tests_it_is_empty(text: str) -> None:
    assert public_source(text) == ""
