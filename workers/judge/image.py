"""`solution` as tests.py of an image exercise sees it: a prompt, and the pictures that the node's model draws of it."""

from __future__ import annotations

from collections.abc import Iterable

from workers.judge.solution import Session, Unusable
from workers.testkit.images import Picture


class ImageSolution:
    """The first argument of a test."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def prompt(self) -> str:
        """The student's text."""
        return str(self._session.ask("prompt", {"op": "prompt"}))

    def draw(self, seeds: Iterable[int] | None = None) -> list[Picture]:
        """One picture for each seed, in order; for all seeds of exercise.toml when none are given.

        A run draws each picture once, however many tests ask for it. Raises TypeError for seeds that are no numbers.
        """
        asked = list(seeds) if seeds is not None else None
        if asked is not None and not all(isinstance(seed, int) for seed in asked):
            raise TypeError("tests.py: solution.draw takes a list of seeds")
        answer = self._session.ask("draw", {"op": "draw", "seeds": asked})
        try:
            return [Picture(**item) for item in answer]
        except TypeError:
            raise Unusable({"kind": "malformed"}, "draw") from None
