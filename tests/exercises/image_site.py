"""A published image exercise, and reports on it as a node with an image model sends them."""

from __future__ import annotations

import base64
import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from workers.models.probe import grey_square

SPEC = """
title = { en = "Red ball", fr = "Balle rouge" }
kind = "image-prompt"
languages = ["en", "fr"]
[image]
seeds = [11, 12, 13]
steps = 4
size = 256
guidance = 0.0
max_characters = 80
"""
SCALE = "floor = 0.2\nceiling = 0.8\n"
TESTS_PY = """
from workers.testkit import test
from workers.testkit.images import assert_similar

@test("one picture", points=2, public=True)
def one(solution, rng):
    assert_similar(solution.draw([11]), at_least=0.3)

@test("two of three", points=8, hint={"en": "Say more.", "fr": "Dites-en plus."})
def most(solution, rng):
    assert_similar(solution.draw(), at_least=0.5)
"""
FILES = {
    "exercise.toml": (SPEC + SCALE).encode(),
    "statement.en.md": b"Write the prompt of the picture.\n",
    "statement.fr.md": "Écrivez le prompt de l'image.\n".encode(),
    "starter.txt": b"a picture\n",
    "solution.txt": b"a red ball on a grey square\n",
    "tests.py": TESTS_PY.encode(),
    "target.png": grey_square(64),
}
PUBLIC, HIDDEN = "one picture", "two of three"
# 16 × 16 pixels: a light disc on red.
RED = (
    "UklGRpAAAABXRUJQVlA4IIQAAABwAwCdASoQABAAAoBCJbACdLoAs//SgCCA3YBqc7kHif1Hn4AA/p3Ru/QE8vFAX7mHPemBvJZSy4VAQ4WLqcmp"
    "kUZThUf0ErDnA67pDIFbp7vEjBEsFJkQtuoorNQwHwMY9b+/wwySToBnzXxAyb/47DM6gHU/eLa7qbfltdkLiDUAAAA="
)
MODEL = {
    "role": "image",
    "model": "sd-turbo",
    "backend": "diffusers",
    "weights": "c2" * 32,
    "template": "",
    "context": 75,
    "config": {"pipeline": "StableDiffusionPipeline", "dtype": "float32", "scheduler_config": {"a": 1}},
}


def make_assignment(course: Any, calibrated: bool = True) -> Any:
    """The exercise with its tests listed, given to the course, due in a week."""
    from exercises import actions
    from exercises.models import Assignment, Exercise, ExerciseVersion, Run
    from gradebook.models import GradeItem
    from workers.jobs import ExerciseFiles

    exercise = Exercise.objects.create(course=course, slug="red-ball")
    scale = SCALE if calibrated else ""
    actions.save_files(exercise, ExerciseFiles(FILES | {"exercise.toml": (SPEC + scale).encode()}))
    version = actions.publish(exercise)
    version.manifest, version.max_score, version.state = make_manifest(version), 10.0, ExerciseVersion.State.READY
    version.save()
    Run.objects.filter(version=version).delete()
    exercise.published = version
    exercise.save()
    names = {"title_en": "Red ball", "title_fr": "Balle rouge"}
    item = GradeItem.objects.create(course=course, slug="red-ball", max_points=Decimal(10), **names)
    due = timezone.now() + datetime.timedelta(days=7)
    return Assignment.objects.create(course=course, exercise=exercise, slug="red-ball", item=item, due_at=due)


def make_manifest(version: Any) -> dict[str, Any]:
    hint = {"en": "Say more.", "fr": "Dites-en plus."}
    tests = [
        {"name": name, "points": points, "public": public, "timing": False, "hint": said, "title": None}
        for name, points, public, said in ((PUBLIC, 2.0, True, None), (HIDDEN, 8.0, False, hint))
    ]
    facts = {"exercise": "red-ball", "version": version.sha256, "grading_version": version.grading_sha256}
    return facts | {"ok": True, "fault": "", "machine": False, "max_score": 10.0, "tests": tests}


def picture(seed: int, score: float, **changes: Any) -> dict[str, Any]:
    facts = {"seed": seed, "score": score, "similarity": 0.2 + 0.6 * score, "words": [], "words_checked": True}
    return facts | {"withheld": False, "picture": RED, "pixels": f"{seed:064x}", "cached": False} | changes


def _test(name: str, public: bool, points: float, passed: bool, check: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "public": public,
        "verdict": "passed" if passed else "failed",
        "points": points if passed else 0.0,
        "max_points": points,
        "message": "" if passed else "too far away",
        "sentences": [],
        "seconds": 1.5,
        "timing": None,
        "difference": None,
        "input": "draw(None)",
        "output": "",
        "hint": None,
        "series": [],
        "staff": "",
        "checks": [check],
    }


def make_report(version: Any, public_only: bool = False, **changes: Any) -> dict[str, Any]:
    """The first picture is a good one, the second shows the prompt as text, the third was turned down."""
    shown = {"check": "similar", "right": 1, "total": 1, "needed": 1, "marks": [{"right": True, "expected": ""}]}
    unseen = {"check": "similar", "right": 1, "total": 3, "needed": 2}
    tests = [_test(PUBLIC, True, 2.0, True, shown), _test(HIDDEN, False, 8.0, False, unseen)]
    pictures = [
        picture(11, 0.63),
        picture(12, 0.0, words=["glacier", "<b>river</b>"]),
        picture(13, 0.0, withheld=True, picture="", words_checked=False),
    ]
    image = {"characters": 27, "max_characters": 80, "tokens": 9, "max_tokens": 75, "size": 256, "steps": 4}
    image |= {"guidance": 0.0, "floor": 0.2, "ceiling": 0.8, "seconds": 77.25, "models": [MODEL]}
    facts = {"exercise": "red-ball", "version": version.sha256, "grading_version": version.grading_sha256}
    report = facts | {
        "verdict": "passed" if public_only else "partial",
        "score": 2.0,
        "max_score": 2.0 if public_only else 10.0,
        "seed": 1,
        "seconds": 77.25,
        "public_only": public_only,
        "message": "",
        "sentences": [],
        "tests": tests[:1] if public_only else tests,
        "output": "",
        "staff": "",
        "sandbox": {"level": "FULL", "machine_fault": False},
        "image": image | {"pictures": pictures[:1] if public_only else pictures},
    }
    return report | changes


def webp() -> bytes:
    return base64.b64decode(RED)
