"""Tokens, fingerprints and common passages, without a database; and inputs made to be slow."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises import similarity
from exercises.similarity import METHODS, Profile

METHOD = METHODS["code"]
NOTHING = np.empty(0, dtype=np.uint64)
MEAN = '''
def mean(values):
    """The average."""
    total = 0
    for value in values:  # one by one
        total += value
    return total / len(values)
'''
# The same with other names, comments, layout and another docstring.
RENAMED = """
def average(xs):
    'Sum over number.'
    s = 0

    for x in xs:
            s += x
    return s / len(xs)
"""
OTHER = """
import numpy as np


def softmax(z):
    shifted = z - np.max(z, axis=-1, keepdims=True)
    weights = np.exp(shifted)
    return weights / weights.sum(axis=-1, keepdims=True)
"""


def profile(text: str, known: str = "", kind: str = "code") -> Profile:
    method = METHODS[kind]
    starter = similarity.grams_of(similarity.read(known, kind).hashes, method)
    return Profile(similarity.read(text, kind).hashes, starter, method)


def shown(text: str, kind: str = "code") -> list[str]:
    tokens = similarity.read(text, kind)
    return [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]


def test_it_works() -> None:
    one, other = profile(MEAN), profile(RENAMED)
    assert len(one.hashes) == len(other.hashes) and (one.hashes == other.hashes).all()
    (tile,) = similarity.tiles_of(one, other)
    assert (tile.a, tile.b, tile.length) == (0, 0, len(one.hashes))
    assert similarity.tiles_of(one, profile(OTHER)) == []


def test_what_a_token_is() -> None:
    assert shown("x = f'a#b' + 1.5e3  # note\n") == ["x", "=", "f'a#b'", "+", "1.5e3"]
    assert shown("a\\\n**= '''one\n'two''' // \"it\\\"s\"") == ["a", "**=", "'''one\n'two'''", "//", '"it\\"s"']
    assert shown("Answer: {{text}}, l’été!", "prompt") == ["Answer", "{{", "text", "}}", "l", "été"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("total = 3", "s = 4", True),
        ("self.total = 3", "self.s = 3", True),
        ("np.exp(x)", "np.log(x)", False),  # what a library calls its functions tells more than a variable's name
        ("range(x)", "len(x)", False),
        ("for x in y", "while x in y", False),
        ("s = 'a'", 's = "bcd"', True),
    ],
)
def test_what_is_alike(one: str, other: str, same: bool) -> None:
    hashes = [similarity.read(text, "code").hashes.tolist() for text in (one, other)]
    assert (hashes[0] == hashes[1]) is same


def test_the_starter_does_not_count() -> None:
    assert profile(MEAN, known=MEAN).size == 0
    assert not len(profile(MEAN, known=MEAN).fingerprints)
    one, other = profile(OTHER + MEAN, known=OTHER), profile(OTHER + RENAMED, known=OTHER)
    assert one.size < len(one.hashes)
    overlap = similarity.overlap_of([one, other], 0, 1)
    assert 0 < overlap.common <= one.size
    assert 0.9 < overlap.share_a <= 1


def test_passages_in_another_order() -> None:
    one, other = profile(MEAN + OTHER), profile(OTHER + RENAMED)
    tiles = similarity.tiles_of(one, other)
    assert len(tiles) == 2 and tiles[0].b > tiles[1].b
    assert sum(tile.length for tile in tiles) == len(one.hashes)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 3), max_size=60),
    st.lists(st.integers(0, 3), max_size=60),
    st.lists(st.integers(4, 99), min_size=METHOD.certain, max_size=40),
)
def test_a_passage_long_enough_is_always_found(before: list[int], after: list[int], shared: list[int]) -> None:
    """Winnowing's promise, and what a tile is: equal tokens, none used twice."""
    one = Profile(np.array(before + shared, dtype=np.uint64), NOTHING, METHOD)
    other = Profile(np.array(shared + after, dtype=np.uint64), NOTHING, METHOD)
    assert len(np.intersect1d(one.fingerprints, other.fingerprints))
    tiles = similarity.tiles_of(one, other)
    assert sum(tile.length for tile in tiles) >= len(shared)
    for side in ("a", "b"):
        used = [n for tile in tiles for n in range(getattr(tile, side), getattr(tile, side) + tile.length)]
        assert len(used) == len(set(used))
    for tile in tiles:
        assert (one.hashes[tile.a : tile.a + tile.length] == other.hashes[tile.b : tile.b + tile.length]).all()


def test_all_pairs() -> None:
    texts = [MEAN, OTHER, RENAMED, "x = 1", MEAN + OTHER]
    profiles = [profile(text) for text in texts]
    found = similarity.compare(profiles, [0, 1, 2, 3, 4], 5, 10, time.monotonic() + 60)
    pairs = {(overlap.a, overlap.b): overlap for overlap in found.overlaps}
    assert set(pairs) == {(0, 2), (0, 4), (1, 4), (2, 4)}
    assert (pairs[0, 2].share_a, pairs[0, 2].share_b) == (1, 1)
    assert pairs[0, 4].share_a == 1 and pairs[0, 4].share_b < 1
    assert found.finished and found.pairs == 6  # the short one is in no pair


def test_nobody_is_compared_with_oneself_or_among_the_others() -> None:
    profiles = [profile(MEAN)] * 4
    found = similarity.compare(profiles, [1, 2, 1, 3], 2, 10, time.monotonic() + 60)
    assert {(o.a, o.b) for o in found.overlaps} == {(0, 1), (0, 3), (1, 2), (1, 3)}


def test_the_table_is_multiplied_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = [profile(text) for text in (MEAN, MEAN + OTHER, OTHER)]
    whole = similarity.shared_fingerprints(profiles, 3)
    monkeypatch.setattr(similarity, "BLOCK", 2)
    assert (similarity.shared_fingerprints(profiles, 3) == whole).all()
    assert whole[0, 1] == len(profiles[0].fingerprints)


def test_the_deadline() -> None:
    found = similarity.compare([profile(MEAN)] * 3, [1, 2, 3], 3, 10, time.monotonic() - 1)
    assert found.overlaps == [] and not found.finished and found.pairs == 3


HOSTILE = {
    "one token": "x " * 50_000,
    "blank lines": " \n" * 50_000,
    "returns": "\r " * 50_000,
    "quotes": '"' * 100_000,
    "triple": "'''" * 33_333,
    "open string": "'" + "\\" * 100_000,
    "open triple": '"""' + '""\\"' * 25_000,
    "digits": "1_" * 50_000,
    "brackets": "(" * 100_000,
    "name": "a" * 100_000,
    "prefixes": "rb" * 50_000,
    "nulls": "\0" * 100_000,
    "surrogates": "\ud800" * 1_000,
    "no syntax": "def ((:\n" * 12_000,
    "empty": "",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", METHODS)
def test_hostile_texts(name: str, kind: str) -> None:
    """Anything is read: a prefix of the tokens, each where it stands; steps, not seconds, are what is bounded."""
    tokens = similarity.read(HOSTILE[name], kind)
    assert len(tokens.hashes) <= similarity.MOST_TOKENS
    assert (tokens.starts < tokens.ends).all() and (tokens.ends[:-1] <= tokens.starts[1:]).all()
    mine = Profile(tokens.hashes[:500], NOTHING, METHODS[kind])
    assert sum(tile.length for tile in similarity.tiles_of(mine, mine)) <= 500


def test_reading_takes_steps_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated gram is looked up at a bounded number of places, whatever the length."""
    calls = []
    plain = similarity._length
    monkeypatch.setattr(similarity, "_length", lambda *words: calls.append(1) or plain(*words))
    tokens = np.tile(np.arange(3, dtype=np.uint64), 1_000)
    one = Profile(tokens, NOTHING, METHOD)
    other = Profile(np.concatenate([tokens[:1_500], np.arange(9, 99, dtype=np.uint64)]), NOTHING, METHOD)
    similarity.tiles_of(one, other)
    assert len(calls) <= similarity.MOST_PLACES * len(tokens)
