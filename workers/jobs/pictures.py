"""Pictures seen from outside, without a decoder: what a file says of itself in its first bytes."""

from __future__ import annotations

import struct

from workers.jobs.bundle import ExerciseFiles
from workers.jobs.spec import BadExercise

PNG = b"\x89PNG\r\n\x1a\n"
MAX_TARGET_BYTES = 4 << 20
MAX_TARGET_SIDE = 2048  # pixels


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels. Raises ValueError when the bytes do not begin as a PNG does."""
    if not data.startswith(PNG) or data[12:16] != b"IHDR" or len(data) < 24:
        raise ValueError("not a PNG file")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def target_of(files: ExerciseFiles) -> bytes:
    """The target of an image exercise. Raises BadExercise when it is missing, too large or plainly no PNG."""
    spec = files.spec().image
    if spec is None:
        raise BadExercise('exercise.toml: only an exercise of kind "image-prompt" has a target')
    data = files.files.get(spec.target)
    if data is None:
        raise BadExercise(f"{spec.target} is missing: the picture that students come near to")
    try:
        width, height = png_size(data)
    except ValueError:
        raise BadExercise(f"{spec.target}: save it as PNG; it is something else") from None
    if len(data) > MAX_TARGET_BYTES or not 1 <= min(width, height) <= max(width, height) <= MAX_TARGET_SIDE:
        raise BadExercise(
            f"{spec.target}: at most {MAX_TARGET_SIDE} × {MAX_TARGET_SIDE} pixels and {MAX_TARGET_BYTES >> 20} MiB"
        )
    return data
