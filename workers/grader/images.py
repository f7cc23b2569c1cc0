"""Image exercises: the node's model draws what the student's prompt says, and the pictures are compared with a target.

A test's `solution.draw()` arrives as a CALL like any other; here it becomes pictures, one for each of the exercise's
seeds, and their scores go back as the REPLY: the likeness to the target, between a floor that pictures of anything else
reach and a ceiling that the reference prompt reaches (`workers.check.calibration` measures both).

Two gates before the score. A picture in which words of the prompt are written is worth nothing: models that compare
pictures read, so the prompt on a sheet of paper would come near to the target. A picture that the model's own safety
checker turns down is worth nothing and shown to nobody.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import time
from typing import Any

from workers.grader.clean import clean
from workers.grader.errors import ExerciseFault, StudentFault
from workers.grader.model_link import BadCall
from workers.grader.prompts import EMPTY, TOO_LONG, template_of
from workers.jobs.report import DrawnPicture, ImageReport, TestEntry
from workers.jobs.sentences import gettext_noop, sentence
from workers.jobs.spec import IMAGE_ROLE, ImageSpec
from workers.models.interface import BadTarget, Canvas, Drawing, ModelFacts
from workers.models.node import Drawn, Models

TOO_MANY_CHARACTERS = gettext_noop("Your prompt has {characters} characters; this exercise allows {limit}.")
LEAST_LETTERS = 4  # of a word: shorter ones are found in any texture
LEAST_WORDS = 2  # of the prompt, in a picture that is a text
ALIKE = 0.8  # of two words, the share of letters in common: reading a picture makes mistakes
MAX_WORD = 40  # characters of a word that the report keeps
UNCALIBRATED = (
    "exercise.toml: image: the scale of this target has not been measured, so there is nothing to grade by: run "
    "`python -m workers calibrate` on a machine with the models that grade it, and publish what it writes"
)
MEASURED_OTHERWISE = (
    "exercise.toml: image: floor and ceiling were measured with other models, another target or other settings: run "
    "`python -m workers calibrate` again on a machine with the models that grade it, and publish what it writes"
)


def canvas(spec: ImageSpec, seed: int) -> Canvas:
    return Canvas(seed, spec.steps, spec.size, spec.guidance)


def calibration_of(spec: ImageSpec, target: bytes, facts: ModelFacts) -> str:
    """What a floor and a ceiling hold for: the models, the target, and how pictures are made."""
    parts = [facts["weights"], hashlib.sha256(target).hexdigest(), spec.steps, spec.size, spec.guidance]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class Images:
    """One run's prompt, and the pictures that were made of it."""

    def __init__(self, spec: ImageSpec, models: Models, target: bytes, source: str, cache: bool = True) -> None:
        self.spec = spec
        self.prompt = template_of(source).strip()
        self._models = models
        self._target = target
        self._cache = cache
        self._tokens = 0
        self._facts: ModelFacts | None = None
        self._pictures: dict[int, DrawnPicture] = {}  # by seed: all tests of a run share them
        self.seconds = 0.0  # waited for models

    def begin(self, entry: TestEntry) -> None:
        """Pictures belong to the run, not to a test."""

    # ---- before anything is drawn -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises StudentFault("rejected") for a prompt that cannot be used, ExerciseFault, ModelFault."""
        if not self.spec.calibrated:
            raise ExerciseFault(UNCALIBRATED)
        if not self.prompt:
            raise StudentFault("rejected", sentence(EMPTY))
        limit = self.spec.max_characters
        if len(self.prompt) > limit:
            raise StudentFault("rejected", sentence(TOO_MANY_CHARACTERS, characters=len(self.prompt), limit=limit))
        facts = self._known_facts()
        if self.spec.calibration and self.spec.calibration != calibration_of(self.spec, self._target, facts):
            raise ExerciseFault(MEASURED_OTHERWISE)
        began = time.monotonic()
        try:
            (self._tokens,) = self._models.count_tokens(IMAGE_ROLE, [self.prompt])
        finally:
            self.seconds += time.monotonic() - began
        if self._tokens > facts["context"]:  # a model cuts the rest off, and says nothing
            raise StudentFault("rejected", sentence(TOO_LONG, tokens=self._tokens, limit=facts["context"]))

    def _known_facts(self) -> ModelFacts:
        if self._facts is None:
            began = time.monotonic()
            try:
                self._facts = self._models.facts(IMAGE_ROLE)
            finally:
                self.seconds += time.monotonic() - began
        return self._facts

    # ---- pictures ---------------------------------------------------------------------------------------------------

    def answer(self, question: dict[str, Any]) -> Any:
        """Answer one question of tests.py. Raises BadCall, ExerciseFault, ModelFault."""
        if question.get("op") == "prompt":
            return self.prompt
        if question.get("op") == "draw":
            return [self._told(seed) for seed in self._seeds(question.get("seeds"))]
        raise BadCall("an image exercise has `draw` and `prompt`, nothing else")

    def _seeds(self, asked: object) -> list[int]:
        if asked is None:
            return list(self.spec.seeds)
        if type(asked) is not list or not asked or any(type(seed) is not int for seed in asked):
            raise BadCall("seeds: a list of whole numbers is needed, with one at least")
        strange = [seed for seed in asked if seed not in self.spec.seeds]
        if strange or len(set(asked)) != len(asked):
            raise BadCall(f"seeds: each once, of those in exercise.toml: {', '.join(map(str, self.spec.seeds))}")
        return asked

    def _told(self, seed: int) -> dict[str, Any]:
        """What tests.py learns of a picture."""
        if seed not in self._pictures:
            self._pictures[seed] = self._drawn(seed)
        picture = self._pictures[seed]
        told = {key: picture[key] for key in ("seed", "score", "similarity", "withheld")}
        return told | {"words": list(picture["words"]), "words_checked": picture["words_checked"]}

    def _drawn(self, seed: int) -> DrawnPicture:
        began = time.monotonic()
        try:
            drawn = self._models.draw(self.prompt, canvas(self.spec, seed), self._target, self._cache)
        except BadTarget as error:
            raise ExerciseFault(f"{self.spec.target}: {error}") from None
        finally:
            self.seconds += time.monotonic() - began
        return self._picture(seed, drawn)

    def _picture(self, seed: int, drawn: Drawn) -> DrawnPicture:
        drawing = drawn.drawing
        words = prompt_words(drawing, self.prompt)
        worthless = drawing.withheld or len(words) >= LEAST_WORDS
        return {
            "seed": seed,
            "score": 0.0 if worthless else scaled(drawing.similarity, self.spec),
            "similarity": drawing.similarity,
            "words": [clean(word, MAX_WORD) for word in words] if len(words) >= LEAST_WORDS else [],
            "words_checked": drawing.words is not None,
            "withheld": drawing.withheld,
            "picture": drawing.picture,
            "pixels": drawing.pixels,
            "cached": drawn.cached,
        }

    # ---- the account ------------------------------------------------------------------------------------------------

    def account(self) -> dict[str, Any]:
        """The report's part."""
        return {"image": self.report()}

    def report(self) -> ImageReport:
        """Nothing in it is a secret: prompt, seeds and target are the student's to know."""
        spec = self.spec
        return {
            "characters": len(self.prompt),
            "max_characters": spec.max_characters,
            "tokens": self._tokens,
            "max_tokens": self._facts["context"] if self._facts is not None else 0,
            "size": spec.size,
            "steps": spec.steps,
            "guidance": spec.guidance,
            "floor": spec.floor or 0.0,
            "ceiling": spec.ceiling or 0.0,
            "seconds": round(self.seconds, 3),
            "models": [dict(self._facts)] if self._facts is not None else [],
            "pictures": [self._pictures[seed] for seed in spec.seeds if seed in self._pictures],
        }


def scaled(similarity: float, spec: ImageSpec) -> float:
    """0 at the exercise's floor, 1 at its ceiling, and never beyond."""
    assert spec.floor is not None and spec.ceiling is not None  # looked at before anything is drawn
    share = (similarity - spec.floor) / (spec.ceiling - spec.floor)
    return round(min(1.0, max(0.0, share)), 4) if math.isfinite(share) else 0.0


def prompt_words(drawing: Drawing, prompt: str) -> list[str]:
    """Words of the prompt that are written in the picture, and not in the target too: a sign there may say them."""
    asked = _words(prompt.split())
    allowed = _words(drawing.target_words or [])
    found = []
    for word in _words(drawing.words or []):
        near = difflib.get_close_matches(word, asked, 1, ALIKE)
        if near and near[0] not in found and not difflib.get_close_matches(word, allowed, 1, ALIKE):
            found.append(near[0])
    return found


def _words(texts: list[str]) -> list[str]:
    """Letters and digits alone, without case; what is too short to mean anything left out."""
    bare = ("".join(filter(str.isalnum, part)).casefold() for text in texts for part in text.split())
    return [word for word in dict.fromkeys(bare) if len(word) >= LEAST_LETTERS]
