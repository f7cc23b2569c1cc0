"""Pictures drawn in this process, by diffusers, and compared with a target. The result depends on the prompt alone.

Float32 on the processor, one picture at a time, a fresh generator on the processor for each seed, scheduler and steps
as they are written down: on one kind of machine the same pixels come out each time. Another kind may round otherwise;
there, the stored pictures are what an appeal looks at.

Nothing that a student writes can be a control token: the tokenisers split such words as any other.
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import diffusers
import torch
from PIL import Image
from transformers import PreTrainedTokenizerBase

from workers.models import ocr
from workers.models.interface import BadTarget, Canvas, ModelFacts, ModelFault
from workers.models.likeness import Likeness
from workers.models.settings import Settings
from workers.models.weights import tree_digest, version

SHOWN_SIDE = 384  # pixels of the picture that a report keeps
SHOWN_BYTES = 90_000  # of it: four must fit into a report beside everything else
MOST_TOKENS = 512  # of a tokeniser that names no limit
MAX_TARGET_PIXELS = 2048 * 2048
# What the decoder raises for a file that is no whole picture.
DAMAGED = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
# Where a pipeline's parts may come from: a module named otherwise in model_index.json would be imported.
LIBRARIES = ("diffusers", "transformers")


def load(settings: Settings) -> ImageEngine:
    """The engine that the settings name. Raises ModelFault."""
    return ImageEngine(Path(settings.sources["image"].place), Path(settings.similarity), settings)


class ImageEngine:
    """Raises ModelFault when a folder holds no model that can be used."""

    def __init__(self, folder: Path, similarity: Path, settings: Settings) -> None:
        torch.set_num_threads(settings.threads)
        digests = [tree_digest(place, settings) for place in (folder, similarity)]
        self._pipeline = _pipeline(folder)
        self._likeness = Likeness(similarity)
        self._tokenizers = [
            part for part in self._pipeline.components.values() if isinstance(part, PreTrainedTokenizerBase)
        ]
        if not self._tokenizers:
            raise ModelFault(f"{folder}: the pipeline has no tokeniser, so it takes no prompt")
        for tokenizer in self._tokenizers:
            tokenizer.split_special_tokens = True
        # The longest: where there are two of different lengths, the short one only adds a summary.
        self._counter = max(self._tokenizers, key=_room)
        self._accepted = set(inspect.signature(self._pipeline.__call__).parameters)
        self._targets: dict[str, tuple[torch.Tensor, list[str] | None]] = {}
        self.facts: ModelFacts = {
            "role": "image",
            "model": folder.name,
            "backend": "diffusers",
            "weights": hashlib.sha256("".join(digests).encode()).hexdigest(),
            "template": "",
            "context": _room(self._counter),
            "config": self._described(similarity, settings.threads),
        }

    def _described(self, similarity: Path, threads: int) -> dict[str, Any]:
        scheduler: Any = self._pipeline.scheduler
        checker = getattr(self._pipeline, "safety_checker", None)
        reader = ocr.version()
        return {
            "pipeline": type(self._pipeline).__name__,
            "scheduler": type(scheduler).__name__,
            "scheduler_config": json.loads(json.dumps(dict(scheduler.config), default=str)),
            "compared by": f"{similarity.name} ({self._likeness.name})",
            "safety checker": type(checker).__name__ if checker is not None else "none",
            "words read by": f"tesseract {reader}" if reader else "nobody",
            "dtype": "float32",
            "device": "cpu",
            "batch": 1,
            "generator": "cpu",
            "threads": threads,
            "torch": str(torch.__version__),
            "diffusers": version("diffusers"),
            "transformers": version("transformers"),
            "pillow": version("pillow"),
            "cpu": torch.backends.cpu.get_cpu_capability(),
        }

    # ---- the interface ----------------------------------------------------------------------------------------------

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Tokens of each text, without those that frame it."""
        ids = self._counter(texts, add_special_tokens=False, split_special_tokens=True).input_ids
        return [len(row) for row in ids]

    def draw(self, prompt: str, canvas: Canvas, target: str) -> dict[str, Any]:
        """A Drawing as a dictionary; {"bad_target": why} when `target`, a PNG in base64, cannot be read."""
        try:
            wanted, target_words = self._target(target)
        except BadTarget as error:
            return {"bad_target": str(error)}
        image, withheld = self._draw(prompt, canvas)
        return {
            "similarity": 0.0 if withheld else round(self._likeness.between(image, wanted), 6),
            "words": [] if withheld else ocr.read_words(png(image)),
            "target_words": target_words,
            "withheld": withheld,
            "picture": "" if withheld else base64.b64encode(small(image)).decode(),
            "pixels": hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest(),
        }

    def _draw(self, prompt: str, canvas: Canvas) -> tuple[Image.Image, bool]:
        """A picture, and whether the pipeline's safety checker turned it down."""
        given = {
            "prompt": prompt,
            "generator": torch.Generator("cpu").manual_seed(canvas.seed),  # it has a state: a new one for each picture
            "num_inference_steps": canvas.steps,
            "guidance_scale": canvas.guidance,
            "width": canvas.size,
            "height": canvas.size,
            "num_images_per_prompt": 1,
            "output_type": "pil",
        }
        with torch.inference_mode():
            output = self._pipeline(**{name: value for name, value in given.items() if name in self._accepted})
        flagged = getattr(output, "nsfw_content_detected", None)
        return output.images[0].convert("RGB"), bool(flagged and flagged[0])

    def _target(self, text: str) -> tuple[torch.Tensor, list[str] | None]:
        """What the target looks like to the model, and the words in it. Raises BadTarget."""
        name = hashlib.sha256(text.encode()).hexdigest()
        if name not in self._targets:
            image = _opened(base64.b64decode(text))
            if len(self._targets) >= 100:
                self._targets.clear()
            self._targets[name] = self._likeness.embed(image), ocr.read_words(png(image))
        return self._targets[name]


def _opened(data: bytes) -> Image.Image:
    """A PNG's picture. Raises BadTarget."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as file:
            if file.width * file.height > MAX_TARGET_PIXELS:
                raise BadTarget(f"{file.width} × {file.height} pixels are too many")
            return file.convert("RGB")
    except BadTarget:
        raise
    except DAMAGED as error:
        raise BadTarget(f"it cannot be read as a picture: {error}"[:500]) from None


def _pipeline(folder: Path) -> Any:
    """The pipeline of a folder, as `save_pretrained` writes it. Raises ModelFault."""
    kind = _checked_index(folder)
    try:
        pipeline: Any = kind.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError) as error:
        raise ModelFault(f"MODEL_IMAGE: {folder}: {type(error).__name__}: {error}"[:1000]) from None
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _checked_index(folder: Path) -> Any:
    """The pipeline's class: one of diffusers that makes a picture from a prompt. Raises ModelFault.

    model_index.json names the classes and the modules that they lie in: none but the two libraries' own are imported.
    """
    try:
        index = json.loads((folder / "model_index.json").read_text("utf-8"))
        name = index["_class_name"]
        parts = [value for key, value in index.items() if not key.startswith("_") and isinstance(value, list)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFault(
            f"MODEL_IMAGE: {folder}: model_index.json cannot be read ({type(error).__name__}): a pipeline of diffusers "
            "is needed, as `save_pretrained` writes it"
        ) from None
    kind = getattr(diffusers, name, None) if isinstance(name, str) else None
    if not isinstance(kind, type) or not issubclass(kind, diffusers.DiffusionPipeline):
        raise ModelFault(f"MODEL_IMAGE: {folder}: {name!r} is no pipeline of diffusers {version('diffusers')}")
    for library in (part[0] for part in parts if part and part[0] is not None):
        if library not in LIBRARIES and not hasattr(diffusers.pipelines, str(library)):
            allowed = " and ".join(LIBRARIES)
            raise ModelFault(f"MODEL_IMAGE: {folder}: a part comes from {library!r}: only {allowed} may")
    taken = inspect.signature(kind.__call__).parameters
    image = taken.get("image")
    if "prompt" not in taken or (image is not None and "strength" in taken):
        raise ModelFault(f"MODEL_IMAGE: {folder}: {name} makes no picture from a prompt alone")
    return kind


def _room(tokenizer: Any) -> int:
    """Tokens of a prompt that the model reads: the rest would be cut off without a word."""
    most = int(min(tokenizer.model_max_length, MOST_TOKENS))
    return most - int(tokenizer.num_special_tokens_to_add())


def png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def small(image: Image.Image) -> bytes:
    """The picture as WebP, small enough for a report."""
    shown = image.copy()
    shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    for quality in (85, 70, 50, 30, 10):
        data = io.BytesIO()
        shown.save(data, "WEBP", quality=quality)
        if data.tell() <= SHOWN_BYTES:
            return data.getvalue()
    raise ModelFault(f"a picture does not fit into {SHOWN_BYTES} bytes")
