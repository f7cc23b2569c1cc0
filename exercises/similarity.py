"""Which passages two submissions share: their tokens, fingerprints chosen by winnowing, and the passages themselves.

Theory of operation
    A submission becomes a sequence of tokens in which names that its author chose are all alike, comments and layout
    are left out, and what the language and the libraries name (keywords, built-in functions, attributes) stays. Every K
    consecutive tokens are hashed: a gram. Grams of the starter are known to everybody and left out.

    All pairs of a class are compared by fingerprints: of every WINDOW consecutive grams, the smallest. A passage of
    K + WINDOW - 1 tokens that two submissions share gives both a fingerprint in common (Schleimer, Wilkerson, Aiken:
    "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003). The pairs with the most are then compared
    token by token: tiles are common passages of at least K tokens, longest first at each place, none overlapping.

    A student may hand in anything. Reading is one regular expression without backtracking, so its time grows with the
    length only (Pygments' lexer takes seconds for 10,000 lines of one space); a submission is read up to MOST_TOKENS;
    a gram that comes a thousand times is looked up at MOST_PLACES places; whoever compares a class gives a deadline.
"""

from __future__ import annotations

import builtins
import keyword
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from itertools import islice

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

MOST_TOKENS = 6_000  # of one submission: about 900 lines
MOST_PLACES = 32  # at which a repeated gram is looked for in the other submission
BLOCK = 4_096  # columns of the table of fingerprints that are multiplied at once
LONGEST_NAME = 100  # characters of a token that tell it from another


@dataclass(frozen=True)
class Method:
    """How one kind of submission is compared."""

    gram: int  # tokens hashed together: shorter passages in common are not seen
    window: int  # grams from which one is kept as a fingerprint

    @property
    def certain(self) -> int:
        """Tokens of the shortest passage that is certainly found."""
        return self.gram + self.window - 1


METHODS = {"code": Method(12, 5), "prompt": Method(6, 3)}

# Possessive quantifiers (*+, ++) throughout: nothing is ever tried twice.
PYTHON = re.compile(
    r"""(?P<space>[\s\\]++|\#[^\n]*+)
    |(?P<string>[fFrRbBuU]{0,2}+(?:'''(?:[^'\\]++|\\.|'(?!''))*+(?:'''|\Z)
        |\"\"\"(?:[^"\\]++|\\.|"(?!""))*+(?:\"\"\"|\Z)|'(?:[^'\\\n]++|\\.)*+'?+|"(?:[^"\\\n]++|\\.)*+"?+))
    |(?P<number>\d[\w.]*+)
    |(?P<name>[^\W\d]\w*+)
    |(?P<sign>\*\*=?|//=?|<<=?|>>=?|->|:=|\.\.\.|[-+*/%@&|^<>=!]=|.)""",
    re.VERBOSE | re.DOTALL,
)
WORD = re.compile(r"(?P<word>\w++|\{\{?+|\}\}?+)")
LANGUAGE = frozenset(keyword.kwlist) | frozenset(dir(builtins)) - {"self", "cls"}


@lru_cache(maxsize=20_000)
def _token_hash(text: str) -> int:
    """The same in every process, as Python's own is not: results are kept between them."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


MULTIPLIERS = np.array([_token_hash(f"gram {place}") | 1 for place in range(16)], dtype=np.uint64)


@dataclass(frozen=True)
class Tokens:
    """A submission as it is compared."""

    hashes: Hashes  # of the n tokens
    starts: npt.NDArray[np.int32]  # of each token, characters from the beginning of the text
    ends: npt.NDArray[np.int32]
    cut: bool  # there is more than MOST_TOKENS: the rest is not compared


def read(text: str, kind: str) -> Tokens:
    """The tokens of a submission of `kind` "code" or "prompt", whatever it contains. Time linear in its length."""
    found = _words(text) if kind == "prompt" else _python(text)
    rows = list(islice(found, MOST_TOKENS + 1))
    kept = rows[:MOST_TOKENS]
    return Tokens(
        np.array([_token_hash(name[:LONGEST_NAME]) for name, _start, _end in kept], dtype=np.uint64),
        np.array([start for _name, start, _end in kept], dtype=np.int32),
        np.array([end for _name, _start, end in kept], dtype=np.int32),
        len(rows) > MOST_TOKENS,
    )


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    for match in WORD.finditer(text):
        yield match[0].casefold(), match.start(), match.end()


def _python(text: str) -> Iterator[tuple[str, int, int]]:
    """Names, numbers and strings of the author's choice become one token each; an attribute stays, but not of self."""
    last = before = ""
    for match in PYTHON.finditer(text):
        kind = match.lastgroup
        if kind == "space":
            continue
        written = match[0]
        if kind == "name" and written not in LANGUAGE and not (last == "." and before != "self"):
            shown = "V"
        else:
            shown = {"string": "S", "number": "N"}.get(kind or "", written)
        yield shown, match.start(), match.end()
        before, last = last, written


def grams_of(hashes: Hashes, method: Method) -> Hashes:
    """Hashes of every `method.gram` consecutive tokens: n - gram + 1 of them, or none."""
    count = len(hashes) - method.gram + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    grams = np.zeros(count, dtype=np.uint64)
    for place in range(method.gram):
        grams += hashes[place : place + count] * MULTIPLIERS[place]  # modulo 2^64
    return grams


@dataclass(frozen=True)
class Profile:
    """A submission with what of it is its author's."""

    hashes: Hashes
    known: Hashes  # grams that do not count: of the starter, or shared by most
    method: Method

    @cached_property
    def grams(self) -> Hashes:
        return grams_of(self.hashes, self.method)

    @cached_property
    def hidden(self) -> npt.NDArray[np.bool_]:
        """Of each gram, whether it does not count."""
        return np.isin(self.grams, self.known)

    @cached_property
    def own(self) -> npt.NDArray[np.bool_]:
        """Of each token, whether it lies outside all grams that do not count."""
        edges = np.zeros(len(self.hashes) + 1, dtype=np.int64)
        np.add.at(edges, np.flatnonzero(self.hidden), 1)
        np.add.at(edges, np.flatnonzero(self.hidden) + self.method.gram, -1)
        return np.asarray(np.cumsum(edges)[:-1] == 0)

    @property
    def size(self) -> int:
        """Tokens that count."""
        return int(self.own.sum())

    @cached_property
    def fingerprints(self) -> Hashes:
        """Sorted, each once."""
        grams = self.grams[~self.hidden]
        if not len(grams):
            return grams
        window = min(self.method.window, len(grams))
        return np.unique(np.lib.stride_tricks.sliding_window_view(grams, window).min(axis=1))


def common_grams(all_grams: Sequence[Hashes], at_least: int) -> Hashes:
    """The grams that at least so many of the submissions contain, sorted."""
    if not all_grams:
        return np.empty(0, dtype=np.uint64)
    grams, counts = np.unique(np.concatenate([np.unique(grams) for grams in all_grams]), return_counts=True)
    return np.asarray(grams[counts >= at_least])


# ---- All pairs -------------------------------------------------------------------------------------------------------


def shared_fingerprints(profiles: Sequence[Profile], rows: int) -> npt.NDArray[np.float32]:
    """How many fingerprints each of the first `rows` profiles shares with each profile: float32 (rows, all).

    As products of 0/1 tables, BLOCK fingerprints at a time: 300 × 300 comparisons of sets would take seconds.
    """
    counts = np.zeros((rows, len(profiles)), dtype=np.float32)
    sizes = [len(profile.fingerprints) for profile in profiles]
    if not sum(sizes):
        return counts
    values = np.concatenate([profile.fingerprints for profile in profiles])
    owners = np.repeat(np.arange(len(profiles)), sizes)
    _unique, columns, times = np.unique(values, return_inverse=True, return_counts=True)
    several = times[columns] > 1
    owners, columns = owners[several], np.unique(columns[several], return_inverse=True)[1]
    order = np.argsort(columns, kind="stable")
    owners, columns = owners[order], columns[order]
    for start in range(0, int(columns[-1]) + 1 if len(columns) else 0, BLOCK):
        low, high = np.searchsorted(columns, (start, start + BLOCK))
        table = np.zeros((len(profiles), BLOCK), dtype=np.float32)
        table[owners[low:high], columns[low:high] - start] = 1
        counts += table[:rows] @ table.T
    return counts


# ---- One pair --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """A common passage: `length` tokens from `a` in one submission, from `b` in the other."""

    a: int
    b: int
    length: int
    counted: int  # tokens that are both authors' own


def tiles_of(one: Profile, other: Profile) -> list[Tile]:
    """Common passages of at least `gram` tokens, in the order of `one`, none overlapping in either."""
    gram, a, b = one.method.gram, one.hashes.tolist(), other.hashes.tolist()
    places: dict[int, list[int]] = {}
    for place, (value, hidden) in enumerate(zip(other.grams.tolist(), other.hidden.tolist(), strict=True)):
        if not hidden:
            found = places.setdefault(value, [])
            if len(found) < MOST_PLACES:
                found.append(place)
    used = bytearray(len(b))
    hidden_a = [*one.hidden.tolist(), *[True] * gram]
    tiles, at = [], 0
    for start, value in enumerate(one.grams.tolist()):
        if start < at or hidden_a[start] or value not in places:
            continue
        length, place = max((_length(a, b, start, p, used, hidden_a, gram), p) for p in places[value])
        if not length:
            continue
        counted = min(int(one.own[start : start + length].sum()), int(other.own[place : place + length].sum()))
        used[place : place + length] = b"\1" * length
        at = start + length
        if counted:
            tiles.append(Tile(start, place, length, counted))
    return tiles


def _length(a: list[int], b: list[int], start: int, place: int, used: bytearray, hidden: list[bool], gram: int) -> int:
    """Tokens in common from here on, 0 when the place is taken; it ends where only known grams would follow."""
    if any(used[place : place + gram]):
        return 0
    length, most = gram, min(len(a) - start, len(b) - place)
    while (
        length < most
        and a[start + length] == b[place + length]
        and not used[place + length]
        and not hidden[start + length - gram + 1]
    ):
        length += 1
    return length


@dataclass(frozen=True)
class Overlap:
    """What a pair has in common, in numbers."""

    a: int  # place in the list of profiles
    b: int
    common: int  # tokens
    share_a: float  # of the tokens of `a` that count, 0 to 1
    share_b: float


def overlap_of(profiles: Sequence[Profile], a: int, b: int) -> Overlap:
    common = sum(tile.counted for tile in tiles_of(profiles[a], profiles[b]))
    return Overlap(a, b, common, common / max(1, profiles[a].size), common / max(1, profiles[b].size))


@dataclass(frozen=True)
class Comparison:
    overlaps: list[Overlap]  # of the pairs that share most, in no order
    pairs: int  # compared by their fingerprints
    median: float  # over these: fingerprints in common, of the side that has fewer; 0 to 1
    finished: bool  # False: the deadline came before the last of the pairs that share most


def compare(profiles: Sequence[Profile], people: Sequence[int], rows: int, most: int, deadline: float) -> Comparison:
    """Compare each of the first `rows` submissions with every later one, the `most` that share most exactly.

    people: the author of each; nobody is compared with oneself. deadline: of time.monotonic().
    """
    counts = shared_fingerprints(profiles, rows)
    sizes = np.array([len(profile.fingerprints) for profile in profiles], dtype=np.float32)
    author = np.array(people)
    allowed = np.triu(np.ones(counts.shape, dtype=bool), 1) & (author[:rows, None] != author[None, :])
    allowed &= (sizes[:rows, None] > 0) & (sizes[None, :] > 0)
    fewer = np.maximum(np.float32(1), np.minimum(sizes[:rows, None], sizes[None, :]))
    shares = (counts / fewer).astype(np.float32)
    compared = shares[allowed]
    counts[~allowed] = shares[~allowed] = 0
    rankings = zip(_top(counts, most), _top(shares, most), strict=True)
    chosen = list(dict.fromkeys(place for both in rankings for place in both))
    overlaps: list[Overlap] = []
    for a, b in chosen:
        if time.monotonic() > deadline:
            break
        overlaps.append(overlap_of(profiles, a, b))
    middle = float(np.median(compared)) if len(compared) else 0.0
    found = [overlap for overlap in overlaps if overlap.common]
    return Comparison(found, len(compared), middle, len(overlaps) == len(chosen))


def _top(table: npt.NDArray[np.float32], most: int) -> list[tuple[int, int]]:
    """Places of the largest values above 0, the largest first."""
    flat = table.ravel()
    order = np.argsort(-flat, kind="stable")[:most]
    return [divmod(int(place), table.shape[1]) for place in order if flat[place] > 0]
