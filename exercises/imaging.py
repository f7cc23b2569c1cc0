"""Image exercises on the site: what stands around the editor, and what a report holds for whom.

`student_part` and `picture_of` belong to the wall in `exercises.results`. A report is untrusted: whatever has not the
agreed form is left out, and what is no WebP is no picture. Prompt, seeds and target are no secrets, so of the pictures
a student sees all that the run drew; of its tests no more than of any other's.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any

from exercises import prompting
from exercises.models import Bundle, ExerciseVersion
from workers.jobs import BadExercise, unpack
from workers.jobs.pictures import is_webp, target_of
from workers.jobs.spec import MAX_SEEDS, ImageSpec

COUNTS = ("characters", "max_characters", "tokens", "max_tokens", "size", "steps")
MAX_PICTURE_TEXT = 200_000  # characters of base64
MAX_WORDS = 50


# ---- The editor ------------------------------------------------------------------------------------------


def spec_of(version: ExerciseVersion | None) -> ImageSpec | None:
    """The version's [image] table; None for other kinds, and while nothing is published."""
    return version.spec.image if version is not None else None


def limits(spec: ImageSpec) -> dict[str, Any]:
    """What the API says of an image exercise: keys of exercise.toml, and whether it can be graded."""
    return {
        "max_characters": spec.max_characters,
        "seeds": list(spec.seeds),
        "size": spec.size,
        "steps": spec.steps,
        "guidance": spec.guidance,
        "calibrated": spec.calibrated,
    }


def editor_context(version: ExerciseVersion | None, source: str) -> dict[str, Any] | None:
    """What the exercise page says around the editor; None for other kinds."""
    spec = spec_of(version)
    return limits(spec) | {"characters": len(source.strip())} if spec is not None else None


def target_picture(version: ExerciseVersion) -> bytes | None:
    """The picture to come near to, a PNG; None when the version has none."""
    bundle = Bundle.objects.filter(sha256=version.sha256).first()
    if spec_of(version) is None or bundle is None:
        return None
    try:
        return target_of(unpack(bytes(bundle.data), version.sha256))
    except BadExercise:
        return None


# ---- The wall --------------------------------------------------------------------------------------------


def student_part(report: dict[str, Any], tests: list[dict[str, Any]]) -> dict[str, Any]:
    """`image` of the student's view; `checks` are put into `tests`, those that the wall lets through."""
    by_name = {test["name"]: test for test in report["tests"]}
    for test in tests:
        test["checks"] = prompting.counted_checks(by_name[test["name"]])
        if test["public"]:
            test["input"] = ""  # that pictures were asked for is plain
    return {"image": _account(report.get("image"))}


def picture_of(report: dict[str, Any] | None, number: int) -> bytes | None:
    """The picture with this number (1 for the first) as WebP; None when there is none."""
    pictures = _pictures((report or {}).get("image"))
    if not 1 <= number <= len(pictures):
        return None
    return _webp(pictures[number - 1].get("picture"))


def _webp(value: Any) -> bytes | None:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_PICTURE_TEXT:
        return None
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if is_webp(data) else None


def _pictures(value: Any) -> list[dict[str, Any]]:
    found = value.get("pictures") if isinstance(value, dict) else None
    return [item for item in (found if isinstance(found, list) else []) if isinstance(item, dict)][:MAX_SEEDS]


def _account(value: Any) -> dict[str, Any] | None:
    """What was drawn, and by which models. No time: it tells nothing that a student could use."""
    if not isinstance(value, dict):
        return None
    pictures = [_picture(number, item) for number, item in enumerate(_pictures(value), start=1)]
    best = max((picture for picture in pictures if picture["shown"]), key=lambda one: one["score"], default=None)
    for picture in pictures:
        picture["best"] = picture is best
    return {
        **{key: prompting.count_of(value.get(key)) for key in COUNTS},
        **{key: _number(value.get(key), -1, 100) for key in ("guidance", "floor", "ceiling")},
        "models": prompting.models_of(value),
        "pictures": pictures,
    }


def _picture(number: int, item: dict[str, Any]) -> dict[str, Any]:
    words = item.get("words")
    return {
        "number": number,
        "seed": prompting.count_of(item.get("seed")),
        "score": _number(item.get("score"), 0, 1),
        "similarity": _number(item.get("similarity"), -1, 1),
        "words": [word for word in words if isinstance(word, str)][:MAX_WORDS] if isinstance(words, list) else [],
        "words_checked": item.get("words_checked") is True,
        "withheld": item.get("withheld") is True,
        "shown": _webp(item.get("picture")) is not None,
    }


def _number(value: Any, low: float, high: float) -> float:
    """0 for what is no number in the range."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if fits and low <= value <= high else 0.0


# ---- The result page -------------------------------------------------------------------------------------


def dress(view: dict[str, Any]) -> None:
    """Put words and percentages beside the figures in a student's view, for the page."""
    for test in view["tests"]:
        for check in test.get("checks", []):
            check["words"] = prompting.check_in_words(check["check"])
    image = view["image"]
    if image is None:
        return
    for picture in image["pictures"]:
        picture["percent"] = round(100 * picture["score"])
    image["best"] = next((picture for picture in image["pictures"] if picture["best"]), None)
    image["unread"] = any(not picture["words_checked"] for picture in image["pictures"])
    for model in image["models"]:
        model["config_text"] = json.dumps(model["config"], indent=1, ensure_ascii=False)
