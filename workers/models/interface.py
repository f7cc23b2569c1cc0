"""What every backend offers, and what may go wrong.

MachineFault
└─ ModelFault       the model did not answer as it should: another node, or a later attempt, may do better
   └─ NoModel       this node has no model for the role
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from workers.sandbox.errors import MachineFault


class ModelFault(MachineFault):
    """A model, its process or its server failed; the text says how."""


class NoModel(ModelFault):
    """No model plays this role on this node; the text says which setting to change."""


class ModelFacts(TypedDict):
    """Everything that a completion depends on beside the prompt: kept with the grade, and part of the cache's key."""

    role: str
    model: str  # a name for people
    backend: str  # "transformers" or "http"
    weights: str  # sha256 of the weights; for a server, of what it says of its model
    template: str  # the chat template; empty: the prompt goes to the model as it is
    context: int  # tokens of prompt and completion together; 0: not known
    config: dict[str, Any]  # how tokens are chosen, in full


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
