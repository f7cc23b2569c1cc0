"""What the submissions to one assignment have in common: which are compared, and the result as the staff reads it.

A class of 300 takes about a second, so it is computed when asked for, and kept: submissions never change, so a result
holds for exactly the submissions, starters and options that it was made of.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from django.core.cache import cache
from django.db.models.functions import Length
from django.http import QueryDict

from courses.models import Course, Enrolment, Role
from exercises import similarity
from exercises.models import Assignment, ExerciseVersion, RunState, Submission
from exercises.similarity import METHODS, Hashes, Profile, Tile

if TYPE_CHECKING:
    from accounts.models import User

FORM = 1  # of what is kept: another number forgets older results
KEPT_SECONDS = 24 * 3600
KEPT_UNFINISHED_SECONDS = 300
AT_ONCE = 50  # submissions read from the database together
BUDGET_SECONDS = 10.0  # for one class, whatever was handed in
MOST_PAIRS = 100  # shown
MOST_STARTERS = 20  # versions of the exercise, newest first, whose starters are left out
SHARED_BY_MOST = 0.5  # of the students
FEWEST_FOR_MOST = 4  # students: in a smaller class, what half of them share says nothing


@dataclass(frozen=True)
class Options:
    """What the address asks for; nonsense in it is left out."""

    which: str = "best"  # or "last": of each student's submissions
    common: bool = False  # leave out what more than half of the students share
    earlier: bool = False  # compare with the same exercise in other courses that the reader teaches
    sort: str = "tokens"  # or "share"

    @classmethod
    def read(cls, params: QueryDict) -> Options:
        which = "last" if params.get("which") == "last" else "best"
        sort = "share" if params.get("sort") == "share" else "tokens"
        return cls(which, params.get("common") == "1", params.get("earlier") == "1", sort)

    def query(self, **changes: Any) -> str:
        """For an address with these options, or with some of them changed."""
        wanted = asdict(self) | changes
        query = QueryDict(mutable=True)
        query["which"] = wanted["which"]
        query.update({name: "1" for name in ("common", "earlier") if wanted[name]})
        query["sort"] = wanted["sort"]
        return query.urlencode()


@dataclass(frozen=True)
class Pair:
    """Two submissions: ids, tokens in common, and the share of each side in percent."""

    a: Submission
    b: Submission
    common: int
    share_a: float
    share_b: float


@dataclass(frozen=True)
class Report:
    pairs: list[Pair]  # those that share most
    compared: int  # submissions of this assignment
    earlier: int  # submissions of other courses
    all_pairs: int  # compared by fingerprints
    median: float  # percent: half of all pairs have at most so much in common, by fingerprints
    short: int  # submissions with too little of their own to compare
    cut: int  # submissions of which only the beginning was compared
    left_out: int  # submissions that there was no time to read
    finished: bool


# ---- What is compared ------------------------------------------------------------------------------------------------


def others_of(assignment: Assignment, user: User) -> list[Assignment]:
    """The same exercise given in other courses that `user` teaches: copies of a course keep its short names."""
    taught = Course.objects.taught_by(user).exclude(pk=assignment.course_id)
    found = Assignment.objects.filter(course__in=taught, exercise__slug=assignment.exercise.slug)
    return list(found.select_related("course", "exercise").order_by("pk"))


def kind_of(assignment: Assignment) -> str:
    """How its submissions are read: whatever is no code is a text of words."""
    return "code" if assignment.version is None or assignment.version.spec.kind == "code" else "prompt"


def chosen(assignments: Iterable[Assignment], which: str) -> dict[UUID, int]:
    """One submission of each student and assignment, with its student: the best graded one, or the last."""
    found = Submission.objects.filter(assignment__in=assignments, public_only=False)
    students = Enrolment.objects.filter(role=Role.STUDENT)
    rows = found.order_by("received_at", "number").values_list(
        "pk", "student_id", "assignment_id", "assignment__course_id", "run__state", "run__score"
    )
    people = set(students.filter(course__assignments__in=assignments).values_list("course_id", "user_id"))
    kept: dict[tuple[int, int], tuple[float, UUID]] = {}
    for pk, student, assignment, course, state, score in rows:
        if (course, student) not in people:
            continue  # staff tried it
        rank = (score or 0.0) if which == "best" and state == RunState.GRADED else -1.0
        best = kept.get((assignment, student))
        if best is None or which == "last" or rank >= best[0]:
            kept[assignment, student] = (rank, pk)
    return {pk: student for (_assignment, student), (_rank, pk) in kept.items()}


def starter_grams(assignments: Iterable[Assignment], kind: str) -> Hashes:
    """Grams of what was given to everybody: the starters of the exercise's versions."""
    versions = ExerciseVersion.objects.filter(exercise__in=[a.exercise_id for a in assignments]).order_by("-number")
    starters = set(versions.values_list("starter", flat=True)[:MOST_STARTERS])
    read = [similarity.grams_of(similarity.read(text, kind).hashes, METHODS[kind]) for text in sorted(starters)]
    return np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *read]))


# ---- The report ------------------------------------------------------------------------------------------------------


def report(assignment: Assignment, options: Options, user: User) -> Report:
    """The pairs that share most, from what is kept or computed now. Raises nothing, whatever was handed in."""
    found = _found(assignment, options, user)
    wanted = {pk for a, b, *_numbers in found["pairs"] for pk in (a, b)}
    submissions = {
        str(pk): submission
        for pk, submission in Submission.objects.select_related("student", "assignment__course", "run")
        .defer("source", "run__report")
        .in_bulk(wanted)
        .items()
    }
    pairs = [
        Pair(submissions[a], submissions[b], common, 100 * share_a, 100 * share_b)
        for a, b, common, share_a, share_b in found["pairs"]
        if a in submissions and b in submissions  # somebody may have been erased since
    ]
    if options.sort == "share":
        pairs.sort(key=lambda pair: (-max(pair.share_a, pair.share_b), -pair.common))
    else:
        pairs.sort(key=lambda pair: (-pair.common, -max(pair.share_a, pair.share_b)))
    names = ("compared", "earlier", "all_pairs", "median", "short", "cut", "left_out", "finished")
    return Report(pairs[:MOST_PAIRS], **{name: found[name] for name in names})


def _found(assignment: Assignment, options: Options, user: User) -> dict[str, Any]:
    """The result in plain values, as it is kept."""
    others = others_of(assignment, user) if options.earlier else []
    mine, theirs = chosen([assignment], options.which), chosen(others, options.which)
    kind = kind_of(assignment)
    starters = starter_grams([assignment, *others], kind)
    made_of = [FORM, kind, options.common, starters.tobytes().hex(), sorted(map(str, mine)), sorted(map(str, theirs))]
    key = f"similarity:{sha256(repr(made_of).encode()).hexdigest()}"
    found: dict[str, Any] | None = cache.get(key)
    if found is None:
        found = _compare(mine, theirs, kind, starters, options.common)
        cache.set(key, found, KEPT_SECONDS if found["finished"] else KEPT_UNFINISHED_SECONDS)
    return found


def _compare(mine: dict[UUID, int], theirs: dict[UUID, int], kind: str, known: Hashes, common: bool) -> dict[str, Any]:
    deadline = time.monotonic() + BUDGET_SECONDS
    read: dict[UUID, similarity.Tokens] = {}
    for pk, source in _sources([*mine, *theirs]):
        if time.monotonic() > deadline - BUDGET_SECONDS / 2:  # the rest of the time is for comparing
            break
        read[pk] = similarity.read(source, kind)
    own, other = [pk for pk in mine if pk in read], [pk for pk in theirs if pk in read]
    method, shared = METHODS[kind], np.empty(0, dtype=np.uint64)
    if common:
        shared = _shared_by_most([similarity.grams_of(read[pk].hashes, method) for pk in own])
    order, known = [*own, *other], np.union1d(known, shared)
    profiles = [Profile(read[pk].hashes, known, method) for pk in order]
    people = [(mine | theirs)[pk] for pk in order]
    done = similarity.compare(profiles, people, len(own), MOST_PAIRS, deadline)
    return {
        "pairs": [(str(order[o.a]), str(order[o.b]), o.common, o.share_a, o.share_b) for o in done.overlaps],
        "compared": len(own),
        "earlier": len(other),
        "all_pairs": done.pairs,
        "median": 100 * done.median,
        "short": sum(not len(profile.fingerprints) for profile in profiles),
        "cut": sum(read[pk].cut for pk in order),
        "left_out": len(mine) + len(theirs) - len(order),
        "finished": done.finished and len(order) == len(mine) + len(theirs),
        "shared": shared.tobytes(),
    }


def _sources(pks: list[UUID]) -> Iterator[tuple[UUID, str]]:
    """The shortest first: whoever hands in 256 KiB does not take the time of the others."""
    found = Submission.objects.filter(pk__in=pks)
    order = list(found.annotate(size=Length("source")).order_by("size", "pk").values_list("pk", flat=True))
    for start in range(0, len(order), AT_ONCE):
        sources = dict(found.filter(pk__in=order[start : start + AT_ONCE]).values_list("pk", "source"))
        yield from ((pk, sources[pk]) for pk in order[start : start + AT_ONCE] if pk in sources)


def _shared_by_most(grams: list[Hashes]) -> Hashes:
    at_least = max(FEWEST_FOR_MOST, int(len(grams) * SHARED_BY_MOST) + 1)
    return similarity.common_grams(grams, at_least)


# ---- Two side by side ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A stretch of a submission's text; `passage` is its number when the other side has it too, else 0."""

    text: str
    passage: int


@dataclass(frozen=True)
class SideBySide:
    pair: Pair
    left: list[Piece]
    right: list[Piece]
    passages: int
    cut: bool  # of one of the two, only the beginning was compared


def side_by_side(assignment: Assignment, a: Submission, b: Submission, options: Options, user: User) -> SideBySide:
    """The two texts with their common passages, numbered in the order of the first."""
    kind = kind_of(assignment)
    others = others_of(assignment, user) if options.earlier else []
    known = starter_grams([assignment, *others], kind)
    if options.common:
        known = np.union1d(known, np.frombuffer(_found(assignment, options, user)["shared"], dtype=np.uint64))
    left, right = similarity.read(a.source, kind), similarity.read(b.source, kind)
    one, other = (Profile(side.hashes, known, METHODS[kind]) for side in (left, right))
    tiles = similarity.tiles_of(one, other)
    common = sum(tile.counted for tile in tiles)
    pair = Pair(a, b, common, 100 * common / max(1, one.size), 100 * common / max(1, other.size))
    return SideBySide(
        pair,
        _pieces(a.source, left, [(tile.a, number, tile) for number, tile in enumerate(tiles, 1)]),
        _pieces(b.source, right, sorted((tile.b, number, tile) for number, tile in enumerate(tiles, 1))),
        len(tiles),
        left.cut or right.cut,
    )


def _pieces(text: str, tokens: similarity.Tokens, passages: list[tuple[int, int, Tile]]) -> list[Piece]:
    pieces, at = [], 0
    for first, number, tile in passages:
        start, end = int(tokens.starts[first]), int(tokens.ends[first + tile.length - 1])
        if start > at:
            pieces.append(Piece(text[at:start], 0))
        pieces.append(Piece(text[start:end], number))
        at = end
    return [*pieces, Piece(text[at:], 0)] if at < len(text) else pieces
