"""Trying a role out, for `doctor`: does it answer, from which weights, how fast."""

from __future__ import annotations

import struct
import time
import zlib

from workers.jobs.pictures import PNG
from workers.models.interface import Canvas, ModelFault
from workers.models.node import Models

ROWS = 8
NEW_TOKENS = 16
PROBE = Canvas(seed=1, steps=2, size=256, guidance=0.0)


def try_role(models: Models, role: str) -> str:
    """One line: "works: …", "none: …" or "does not work: …"."""
    why = models.missing().get(role)
    if why is not None:
        return f"none: {why}"
    if role == "image":
        return _try_drawing(models)
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


def _try_drawing(models: Models) -> str:
    """One small picture in few steps, compared with a grey square: the figure says whether a minute will do."""
    try:
        facts = models.facts("image")
        began = time.monotonic()
        models.draw("a red apple on a table", PROBE, grey_square(), cache=False)
        seconds = time.monotonic() - began
    except ModelFault as fault:
        return f"does not work: {fault}"
    config = facts["config"]
    return (
        f"works: {facts['model']} (weights {facts['weights'][:12]}), compared by {config['compared by']}, safety "
        f"checker {config['safety checker']}, words read by {config['words read by']}; {PROBE.size} pixels in "
        f"{PROBE.steps} steps took {seconds:.1f} s"
    )


def grey_square(side: int = 64) -> bytes:
    """A PNG, written by hand: the process that asks has no library for pictures."""
    rows = b"".join(b"\0" + b"\x80" * side for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return PNG + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
