"""Assertions over pictures that a model drew of a student's prompt.

    pictures = solution.draw()
    assert_similar(pictures, at_least=0.5)

A picture's score is 0 at the exercise's floor, 1 at its ceiling. Most of the pictures have to reach `at_least`, so that
neither one lucky seed nor an unlucky one decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.jobs.sentences import gettext_noop, sentence
from workers.testkit.compare import BadExpectation, CheckFailed
from workers.testkit.counted import count

NEAR = gettext_noop("{right} of {total} pictures come near enough to the target ({percent} %); {needed} are needed.")
WORDS = gettext_noop("Words of your prompt are written in {count} of the pictures: such a picture is worth nothing.")
WITHHELD = gettext_noop("The model's safety checker turned {count} of the pictures down: they are worth nothing.")


@dataclass(frozen=True)
class Picture:
    """What is known of one picture."""

    seed: int
    score: float  # 0 to 1; 0 too when it is withheld, or shows words of the prompt
    similarity: float  # to the target, as the models say it: -1 to 1
    words: list[str]  # of the prompt, that are written in it and not in the target
    words_checked: bool  # False: the node cannot read pictures
    withheld: bool  # turned down by the model's safety checker


def assert_similar(pictures: Sequence[Picture], *, at_least: float) -> None:
    """More than half of the pictures have a score of `at_least`, a share from 0 to 1."""
    if isinstance(at_least, bool) or not isinstance(at_least, int | float) or not 0 < at_least <= 1:
        raise BadExpectation(f"assert_similar: at_least: a share from 0 to 1 is needed, not {at_least!r}")
    found = list(pictures) if isinstance(pictures, list | tuple) else []
    if not found or not all(isinstance(picture, Picture) for picture in found):
        raise BadExpectation("assert_similar: a list of pictures is needed, such as what solution.draw gives")
    reached = [picture.score >= at_least - 1e-9 for picture in found]
    right, total = sum(reached), len(found)
    needed = total // 2 + 1
    count("similar", right, total, needed, [{"right": held, "expected": ""} for held in reached])
    if right >= needed:
        return
    told = [sentence(NEAR, right=right, total=total, needed=needed, percent=round(100 * at_least))]
    written, withheld = sum(bool(picture.words) for picture in found), sum(picture.withheld for picture in found)
    told += [sentence(WORDS, count=written)] if written else []
    told += [sentence(WITHHELD, count=withheld)] if withheld else []
    raise CheckFailed(told)
