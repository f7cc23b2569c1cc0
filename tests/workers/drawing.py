"""Tiny models of the image tests: real classes of diffusers and transformers, a few thousand random weights each.

`python -m tests.workers.drawing FOLDER` writes them, and looks at what no grade needs: a process of its own, so that
pytest's need not import torch.

    FOLDER/pipeline     a Stable Diffusion pipeline that draws 64 × 64 pixels of nothing
    FOLDER/prudish      the same with a safety checker that turns every picture down
    FOLDER/likeness     a CLIP that compares pictures; FOLDER/dino: a DINOv2
    FOLDER/seen.json    what was seen: a picture that was withheld, what broken folders are told, words that were read
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from workers.jobs.bundle import ExerciseFiles
from workers.models.probe import grey_square
from workers.models.settings import ROOT, Settings, read_settings

TOKENS = 24  # of a prompt, with the two that frame it
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!-'"
SIDE = 32  # pixels of what the small vision models look at


def make(folder: Path) -> dict[str, Any]:
    """Write the models in a process of its own; what it saw."""
    command = [sys.executable, "-m", "tests.workers.drawing", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    return seen


def settings(home: Path, models: Path, pipeline: str = "pipeline", likeness: str = "likeness") -> Settings:
    """Settings of a node that draws and does nothing else."""
    environ = {"MODEL_CHAT": "none", "MODEL_BASE": "none", "MODEL_DIR": str(home)}
    environ |= {"MODEL_IMAGE": str(models / pipeline), "MODEL_SIMILARITY": str(models / likeness)}
    return read_settings(environ)


def uncached(found: Settings) -> Settings:
    return replace(found, cache=False)


TOML = """
title = { en = "Test", fr = "Test" }
kind = "image-prompt"
[image]
seeds = [1, 2, 3]
steps = 2
size = 64
guidance = 2.0
max_characters = 60
"""
SCALE = "floor = -1.0\nceiling = -0.9\n"  # every picture reaches it
TESTS = """
@test("all", points=4)
def all_seeds(solution, rng):
    assert_similar(solution.draw(), at_least=0.5)

@test("one", points=2, public=True)
def one(solution, rng):
    assert_similar(solution.draw([1]), at_least=0.5)
"""


def image_exercise(
    tests: str = TESTS, solution: str = "a red ball", scale: str = SCALE, target: bytes | None = None, **more: str
) -> ExerciseFiles:
    head = "from workers.testkit import *\nfrom workers.testkit.images import *\n"
    target = grey_square() if target is None else target
    files = {"exercise.toml": (TOML + scale).encode(), "tests.py": (head + tests).encode(), "target.png": target}
    files |= {"solution.txt": solution.encode()} | {path: text.encode() for path, text in more.items()}
    return ExerciseFiles(files)


# ---- writing them ----------------------------------------------------------------------------------------------------


def _tokenizer() -> Any:
    from transformers import CLIPTokenizer

    pieces = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    vocab = {piece: index for index, piece in enumerate(pieces)}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=TOKENS)


def _text_encoder(tokenizer: Any) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def _pipeline(checker: Any = None, extractor: Any = None) -> Any:
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    tokenizer = _tokenizer()
    unet = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(4, 8),
        layers_per_block=1,
        norm_num_groups=2,
        attention_head_dim=2,
        cross_attention_dim=16,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    vae = AutoencoderKL(
        block_out_channels=(4, 8),
        norm_num_groups=2,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, steps_offset=1),
        safety_checker=checker,
        feature_extractor=extractor,
        requires_safety_checker=checker is not None,
    )


def _vision() -> dict[str, Any]:
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return small | {"image_size": SIDE, "patch_size": 8}


def _processor() -> Any:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    return CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})


def _write(folder: Path) -> None:
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPModel, Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    _pipeline().save_pretrained(folder / "pipeline")
    config = CLIPConfig(vision_config=_vision(), projection_dim=16)
    checker = StableDiffusionSafetyChecker(config)
    checker.concept_embeds_weights.data.fill_(-2.0)  # a threshold below every cosine
    checker.special_care_embeds_weights.data.fill_(2.0)
    _pipeline(checker, _processor()).save_pretrained(folder / "prudish")
    text = {"vocab_size": 10, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    both = CLIPConfig(vision_config=_vision(), text_config=text, projection_dim=16)
    CLIPModel(both).save_pretrained(folder / "likeness")
    dino = {key: value for key, value in _vision().items() if key != "intermediate_size"}
    Dinov2Model(Dinov2Config(**dino)).save_pretrained(folder / "dino")
    for name in ("likeness", "dino"):
        _processor().save_pretrained(folder / name)


# ---- looking at them -------------------------------------------------------------------------------------------------

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
BREAKS = {
    "no index": lambda folder: (folder / "model_index.json").unlink(),
    "index is no JSON": lambda folder: (folder / "model_index.json").write_text("{"),
    "unknown class": lambda folder: _edit(folder, _class_name="NoSuchPipeline"),
    "class with code": lambda folder: _edit(folder, _class_name=["my_pipeline", "MyPipeline"]),
    "no text-to-image": lambda folder: _edit(folder, _class_name="StableDiffusionImg2ImgPipeline"),
    "strange module": lambda folder: _edit(folder, unet=["os", "system"]),
    "pickled weights": lambda folder: (folder / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.bin"),
    "cut weights": lambda folder: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:999]),
    "missing part": lambda folder: shutil.rmtree(folder / "vae"),
}


def _edit(folder: Path, **changes: Any) -> None:
    index = folder / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | changes))


def _look(folder: Path) -> dict[str, Any]:
    import base64

    from PIL import Image, ImageDraw, ImageFont

    from workers.models import ocr
    from workers.models.image import load, png, small
    from workers.models.interface import Canvas

    engine = load(settings(folder / "home", folder, "prudish", "dino"))
    target = base64.b64encode(grey_square()).decode()
    seen: dict[str, Any] = {"withheld": engine.draw("a red ball", Canvas(1, 1, 64, 2.0), target), "facts": engine.facts}
    told = seen["broken"] = {}
    for name, damage in BREAKS.items():
        broken = shutil.copytree(folder / "pipeline", folder / "broken")
        damage(broken)
        told[name] = _fault(load, settings(folder / "home", folder, "broken"))
        shutil.rmtree(broken)
    told["no likeness"] = _fault(load, settings(folder / "home", folder, "pipeline", "home"))
    paper = Image.new("RGB", (512, 256), "white")
    font = ImageFont.load_default(size=44)
    ImageDraw.Draw(paper).multiline_text((20, 40), "a glacier above\na flowered river", "black", font)
    seen["words"] = ocr.read_words(png(paper))
    noise = Image.effect_noise((1024, 1024), 200).convert("RGB")
    seen["small"] = len(small(noise))
    return seen


def _fault(load: Any, found: Settings) -> str:
    from workers.models.interface import ModelFault

    try:
        load(found)
    except ModelFault as fault:
        return str(fault)
    return ""


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
    Path(sys.argv[1], "seen.json").write_text(json.dumps(_look(Path(sys.argv[1]))))
