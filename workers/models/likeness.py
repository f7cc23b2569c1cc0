"""How like two pictures are: the cosine between what a vision model makes of each.

Any model that `transformers` loads from a folder and that gives one vector for a picture will do: DINOv2, CLIP, SigLIP.
A cosine is no percentage: what it is worth is measured for each target (`workers.check.calibration`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel

from workers.models.interface import ModelFault


class Likeness:
    """Raises ModelFault when the folder holds no model that can be used."""

    def __init__(self, folder: Path) -> None:
        try:
            self._processor: Any = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
            config: Any = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            # Pickled weights and code that comes with a model would run here: neither is read.
            model: Any = AutoModel.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            raise ModelFault(f"MODEL_SIMILARITY: {folder}: {type(error).__name__}: {error}"[:1000]) from None
        self._model = model.eval()
        self.name = type(model).__name__

    @torch.inference_mode()
    def embed(self, image: Image.Image) -> torch.Tensor:
        """A unit vector. Raises ModelFault."""
        pixels = self._processor(images=image, return_tensors="pt")["pixel_values"]
        if hasattr(self._model, "get_image_features"):
            found = self._model.get_image_features(pixel_values=pixels)
        else:
            found = self._model(pixel_values=pixels)
        vector = _vector(found).float().flatten()
        norm = torch.linalg.vector_norm(vector)
        if not torch.isfinite(norm) or norm <= 0:
            raise ModelFault(f"{self.name} gives no vector for a picture")
        return vector / norm

    def between(self, image: Image.Image, target: torch.Tensor) -> float:
        """-1 to 1; 1 for the target itself."""
        return float(torch.clamp(self.embed(image) @ target, -1.0, 1.0))


def _vector(output: Any) -> torch.Tensor:
    """One vector of a model's output: what it pools, else its first token, which stands for the whole picture."""
    if isinstance(output, torch.Tensor):
        return output
    pooled = getattr(output, "pooler_output", None)
    if pooled is not None:
        return torch.as_tensor(pooled)
    hidden = getattr(output, "last_hidden_state", None)
    if hidden is None:
        raise ModelFault("the model that compares pictures gives neither a pooled vector nor tokens")
    return torch.as_tensor(hidden)[:, 0]
