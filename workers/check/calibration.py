"""What a likeness to a target is worth: a floor and a ceiling, measured with the models that will grade.

A cosine is no percentage: two pictures that have nothing in common may reach 0.6 with one model and 0.1 with another.
So for each target the floor is the 99th percentile of what unrelated prompts reach, and the ceiling the median of what
the reference prompt reaches with seeds that no student is graded with. Students' scores lie between.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workers.grader.images import calibration_of, canvas
from workers.grader.prompts import template_of
from workers.jobs.bundle import ExerciseFiles
from workers.jobs.pictures import target_of
from workers.jobs.spec import IMAGE_ROLE, LEAST_GAP, BadExercise, ImageSpec, parse_spec
from workers.models.interface import BadTarget, ModelFault
from workers.models.node import Models

PERCENTILE = 99
REFERENCE_SEEDS = 8  # other ones than the exercise's
FIRST_SEED = 1_000_003
DIGITS = 4
# Everyday scenes of many kinds: what a student may write who has not looked at the target.
UNRELATED = tuple(
    """
    a cat asleep on a windowsill
    a crowded market street in the rain
    a red sports car on a mountain road
    a bowl of ramen on a wooden table
    a portrait of an old fisherman
    a snowy forest at dawn
    a child building a sandcastle
    an astronaut floating above the earth
    a field of sunflowers under a blue sky
    a steam train crossing a stone bridge
    a black and white photograph of a jazz band
    a glass of lemonade with ice
    a medieval castle on a cliff
    a close-up of a bee on a lavender flower
    a modern kitchen with white cupboards
    a football match in a large stadium
    a lighthouse in a storm
    a stack of old books beside a candle
    a desert with a row of camels
    a watercolour of a small harbour
    a city skyline at night
    a dog running along a beach
    a violin lying on a velvet cloth
    a waterfall in a tropical jungle
    a robot repairing a bicycle
    a plate of croissants and a cup of coffee
    a hot air balloon over green hills
    a family having a picnic in a park
    a rusty tractor in a barn
    an oil painting of a bowl of fruit
    a subway platform full of people
    a polar bear on drifting ice
    a wooden rocking chair on a porch
    a fireworks display over a river
    a library with tall shelves and ladders
    a skateboarder in mid-air
    a plain white wall
    a blurred pattern of many colours
    a page of handwritten music
    a map of an imaginary island
    """.strip().splitlines()
)


@dataclass(frozen=True)
class Scale:
    """What was measured."""

    floor: float
    ceiling: float
    calibration: str  # what they hold for
    unrelated: tuple[float, ...]  # likeness of each unrelated prompt's picture
    reference: tuple[float, ...]  # of the reference's, by seed

    @property
    def usable(self) -> bool:
        return self.ceiling - self.floor >= LEAST_GAP


def measure(models: Models, files: ExerciseFiles, done: Callable[[], None] = lambda: None) -> Scale:
    """Draw all pictures, `done` after each. Raises BadExercise, ModelFault."""
    spec = image_spec(files)
    target = target_of(files)
    reference = template_of(files.text("solution.txt")).strip()
    facts = models.facts(IMAGE_ROLE)

    def likeness(prompt: str, seed: int) -> float | None:
        try:
            drawing = models.draw(prompt, canvas(spec, seed), target).drawing
        except BadTarget as error:
            raise BadExercise(f"{spec.target}: {error}") from None
        done()
        return None if drawing.withheld else drawing.similarity

    seeds = _other_seeds(spec)
    unrelated = [likeness(prompt.strip(), seeds[index % len(seeds)]) for index, prompt in enumerate(UNRELATED)]
    own = [likeness(reference, seed) for seed in seeds]
    low, high = ([value for value in values if value is not None] for values in (unrelated, own))
    if not low or not high:
        raise ModelFault("the model's safety checker turned every picture down: there is nothing to measure")
    return Scale(
        floor=round(float(np.percentile(low, PERCENTILE)), DIGITS),
        ceiling=round(statistics.median(high), DIGITS),
        calibration=calibration_of(spec, target, facts),
        unrelated=tuple(low),
        reference=tuple(high),
    )


def pictures_needed() -> int:
    return len(UNRELATED) + REFERENCE_SEEDS


def image_spec(files: ExerciseFiles) -> ImageSpec:
    """Raises BadExercise for another kind of exercise."""
    spec = files.spec().image
    if spec is None:
        raise BadExercise('exercise.toml: only an exercise of kind "image-prompt" has a scale to measure')
    return spec


def _other_seeds(spec: ImageSpec) -> list[int]:
    many = range(FIRST_SEED, FIRST_SEED + REFERENCE_SEEDS + len(spec.seeds))
    return [seed for seed in many if seed not in spec.seeds][:REFERENCE_SEEDS]


SCALE_KEY = re.compile(r"\s*(floor|ceiling|calibration)\s*=")


def with_scale(toml: str, scale: Scale) -> str:
    """The text of an exercise.toml with the scale in its table [image]; all else stays as its author wrote it.

    Raises BadExercise when the table is written in another form, or the scale is too small to grade by.
    """
    lines = toml.splitlines()
    start = next((index for index, line in enumerate(lines) if line.split("#")[0].strip() == "[image]"), None)
    if start is None:
        raise BadExercise("exercise.toml: write the settings of the picture below a line [image]")
    rest = range(start + 1, len(lines))
    end = next((index for index in rest if lines[index].lstrip().startswith("[")), len(lines))
    table = [line for line in lines[start + 1 : end] if not SCALE_KEY.match(line)]
    while table and not table[-1].strip():
        table.pop()
    values = [f"floor = {scale.floor}", f"ceiling = {scale.ceiling}", f'calibration = "{scale.calibration}"']
    after = ["", *lines[end:]] if end < len(lines) else []
    text = "\n".join([*lines[: start + 1], *table, *values, *after]) + "\n"
    parse_spec(text)
    return text
