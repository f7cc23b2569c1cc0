"""Trying a role out, for `doctor`: does it answer, from which weights, how fast."""

from __future__ import annotations

import time

from workers.models.interface import ModelFault
from workers.models.node import Models

ROWS = 8
NEW_TOKENS = 16


def try_role(models: Models, role: str) -> str:
    """One line: "works: …", "none: …" or "does not work: …"."""
    why = models.missing().get(role)
    if why is not None:
        return f"none: {why}"
    try:
        facts = models.facts(role)
        before = "Count on: 1, 2, 3,"
        prompts = [f"{before} {number}" for number in range(ROWS)]
        began = time.monotonic()
        answers = models.complete(role, prompts, before, NEW_TOKENS, raw=True, cache=False)
        seconds = time.monotonic() - began
    except ModelFault as fault:
        return f"does not work: {fault}"
    new = sum(answer.completion.new_tokens for answer in answers)
    if not new:
        return f"does not work: {facts['model']} gives no text"
    return (
        f"works: {facts['model']} ({facts['backend']}, weights {facts['weights'][:12]}), {new / seconds:.0f} tokens/s"
    )
