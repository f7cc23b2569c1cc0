"""What every backend offers, and what may go wrong.

MachineFault
└─ ModelFault       the model did not answer as it should: another node, or a later attempt, may do better
   └─ NoModel       this node has no model for the role
BadTarget           the exercise's target is no picture: its author's mistake
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from workers.sandbox.errors import MachineFault


class ModelFault(MachineFault):
    """A model, its process or its server failed; the text says how."""


class NoModel(ModelFault):
    """No model plays this role on this node; the text says which setting to change."""


class BadTarget(ValueError):
    """A picture to compare with cannot be read; the text says why."""


class ModelFacts(TypedDict):
    """Everything that a completion depends on beside the prompt: kept with the grade, and part of the cache's key."""

    role: str
    model: str  # a name for people
    backend: str  # "transformers", "diffusers" or "http"
    weights: str  # sha256 of the weights (of images: both models'); for a server, of what it says of its model
    template: str  # the chat template; empty: the prompt goes to the model as it is
    context: int  # tokens of prompt and completion together, of an image's prompt alone; 0: not known
    config: dict[str, Any]  # how tokens are chosen or a picture is made, in full


@dataclass(frozen=True)
class Completion:
    text: str
    prompt_tokens: int
    new_tokens: int
    finish: str  # "stop": the model ended it; "length": it was cut at the limit

    @classmethod
    def from_dict(cls, data: object) -> Completion:
        """Raises ModelFault for anything that is no completion."""
        if not isinstance(data, dict):
            raise ModelFault("a completion has not the agreed form")
        text, finish = data.get("text"), data.get("finish")
        counts = data.get("prompt_tokens"), data.get("new_tokens")
        if not isinstance(text, str) or not isinstance(finish, str) or any(type(n) is not int or n < 0 for n in counts):
            raise ModelFault("a completion has not the agreed form")
        return cls(text, *counts, finish)  # type: ignore[arg-type]  # both are whole numbers: checked above


@dataclass(frozen=True)
class Drawing:
    """One picture, and how near it comes to a target."""

    similarity: float  # -1 to 1
    words: list[str] | None  # read in the picture; None: the node has no program that reads pictures
    target_words: list[str] | None  # read in the target
    withheld: bool  # turned down by the model's own safety checker: there is no picture then
    picture: str  # WebP in base64, small enough for a report
    pixels: str  # sha256 of the picture as it was drawn

    @classmethod
    def from_dict(cls, data: object) -> Drawing:
        """Raises BadTarget when the model says so, ModelFault for anything that is no drawing."""
        if isinstance(data, dict) and isinstance(data.get("bad_target"), str):
            raise BadTarget(data["bad_target"])
        if not isinstance(data, dict) or set(data) != set(cls.__dataclass_fields__):
            raise ModelFault("a drawing has not the agreed form")
        number, texts = data["similarity"], (data["picture"], data["pixels"])
        fits = isinstance(number, int | float) and math.isfinite(number) and type(data["withheld"]) is bool
        if not fits or not all(isinstance(text, str) for text in texts):
            raise ModelFault("a drawing has not the agreed form")
        if not all(_are_words(data[key]) for key in ("words", "target_words")):
            raise ModelFault("a drawing has not the agreed form")
        return cls(**data)


def _are_words(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(word, str) for word in value))


@dataclass(frozen=True)
class Canvas:
    """What a picture depends on beside the model: an exercise's choice."""

    seed: int
    steps: int
    size: int  # pixels, width and height
    guidance: float


class Backend(Protocol):
    """One role. All methods raise ModelFault."""

    def facts(self) -> ModelFacts: ...

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Tokens of each text, without any template."""
        ...

    def complete(self, prompts: list[str], shared: str, max_new_tokens: int, raw: bool) -> list[Completion]:
        """One completion for each prompt, in order. `shared`: a text that all of them begin with (it may be empty).

        raw: without the chat template.
        """
        ...

    def close(self) -> None: ...
