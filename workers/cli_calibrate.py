"""`python -m workers calibrate EXERCISE_DIR`: measures what a likeness to the target is worth, and writes it down."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workers.check.calibration import Scale, image_spec, measure, pictures_needed, with_scale
from workers.check.show import Bar, Lines
from workers.cli import FAULT, LESS, OK
from workers.jobs.bundle import read_folder
from workers.jobs.spec import LEAST_GAP, BadExercise
from workers.models import BadSetting, ModelFault, Models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercise", type=Path, metavar="EXERCISE_DIR", help="folder of an image exercise")
    parser.add_argument("--dry-run", action="store_true", help="print what was measured, and write nothing")


def run(options: argparse.Namespace) -> int:
    """Measure, print, write. Exit code 0: written; 1: nothing to grade by; 2: this machine cannot measure."""
    name = options.exercise.resolve().name
    progress = Bar(sys.stderr) if sys.stderr.isatty() else Lines(sys.stderr)
    try:
        files = read_folder(options.exercise)
        image_spec(files)
        with Models() as models:
            done = progress.begin(name, "pictures", pictures_needed())
            scale = measure(models, files, done)
            model = models.facts("image")["model"]
    except (BadExercise, OSError) as error:
        print(error, file=sys.stderr)
        return LESS
    except (ModelFault, BadSetting) as error:
        print(error, file=sys.stderr)
        return FAULT
    finally:
        progress.end()
    print(told(scale, model))
    if not scale.usable:
        print(too_near(scale), file=sys.stderr)
        return LESS
    if not options.dry_run:
        return _write(options.exercise / "exercise.toml", files.text("exercise.toml"), scale)
    return OK


def _write(path: Path, toml: str, scale: Scale) -> int:
    try:
        path.write_text(with_scale(toml, scale), "utf-8")
    except (BadExercise, OSError) as error:
        print(error, file=sys.stderr)
        return LESS
    print(f"{path}: written; a published exercise has to be published again")
    return OK


def told(scale: Scale, model: str) -> str:
    unrelated, reference = sorted(scale.unrelated), sorted(scale.reference)
    return "\n".join(
        [
            f"model {model}",
            f"floor {scale.floor}: {len(unrelated)} unrelated prompts, {unrelated[0]:.4f} to {unrelated[-1]:.4f}",
            f"ceiling {scale.ceiling}: the reference with {len(reference)} seeds, "
            f"{reference[0]:.4f} to {reference[-1]:.4f}",
        ]
    )


def too_near(scale: Scale) -> str:
    return (
        f"ceiling - floor = {scale.ceiling - scale.floor:.4f}, and {LEAST_GAP:g} is the least: unrelated prompts come "
        "as near to the target as the reference does, so chance would grade. Nothing was written. Choose a target that "
        "this model can draw, a reference that says more of it, or a model that tells pictures better apart"
    )
