"""Image exercises on tiny models of random weights, through the real pipeline, judge and model process.

One process draws for all of these tests: starting it is what costs time.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workers import modelling
from tests.workers.drawing import SCALE, TESTS, image_exercise, make, settings
from workers.check import HELD, NOT_CHECKED, Crew, Options, calibration, check_exercise
from workers.cli import main
from workers.grader import Grader
from workers.grader.images import Images, calibration_of
from workers.jobs.bundle import ExerciseFiles, write_folder
from workers.models import Models
from workers.models.interface import Canvas, Drawing
from workers.models.node import Drawn
from workers.models.probe import grey_square, try_role

pytestmark = [
    pytest.mark.torch,
    pytest.mark.sandbox,
    pytest.mark.timeout(300),  # torch and diffusers are imported in processes of their own
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "diffusers", "PIL")),
        reason="torch or diffusers is not installed (WITHOUT_MODELS=1)",
    ),
]

PROMPT = "a red ball"
EXERCISE = image_exercise()
CAN_READ = shutil.which("tesseract") is not None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict[str, Any]:
    return make(folder)


@pytest.fixture(scope="module")
def models(seen: dict[str, Any], folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    with Models(settings(tmp_path_factory.mktemp("home") / "models", folder)) as one:
        assert one.process.own()  # before a test's grader does: tests look at the process
        yield one


@pytest.fixture(scope="module")
def grader(models: Models) -> Iterator[Grader]:
    with Grader() as warm:
        warm._models = Models(models.settings)
        yield warm


def grade(grader: Grader, prompt: str = PROMPT, files: ExerciseFiles = EXERCISE, **more: Any) -> dict[str, Any]:
    return dict(grader.grade(files, prompt, seed=1, **more))


def drawn(report: dict[str, Any]) -> list[tuple[int, float, str, str]]:
    return [(p["seed"], p["similarity"], p["pixels"], p["picture"]) for p in report["image"]["pictures"]]


# ---- grades ----------------------------------------------------------------------------------------------------------


def test_it_works(grader: Grader) -> None:
    report = grade(grader, PROMPT + "\n")
    assert (report["verdict"], report["score"]) == ("passed", 6), report["staff"]
    image = report["image"]
    assert (image["characters"], image["tokens"], image["max_tokens"]) == (10, 8, 22)
    assert [picture["seed"] for picture in image["pictures"]] == [1, 2, 3]
    for picture in image["pictures"]:
        assert picture["score"] == 1 and -1 <= picture["similarity"] <= 1
        assert picture["words_checked"] is CAN_READ and not picture["withheld"]
        assert base64.b64decode(picture["picture"])[8:12] == b"WEBP"
    assert len({picture["pixels"] for picture in image["pictures"]}) == 3, "another seed, another picture"
    (facts,) = image["models"]
    assert (facts["backend"], facts["config"]["pipeline"]) == ("diffusers", "StableDiffusionPipeline")
    assert facts["config"]["dtype"] == "float32" and len(facts["weights"]) == 64
    hidden = next(test for test in report["tests"] if not test["public"])
    assert hidden["checks"] == [{"check": "similar", "right": 3, "total": 3, "needed": 2}]


def test_the_example_draws_one_picture(grader: Grader) -> None:
    report = grade(grader, public_only=True)
    assert (report["score"], report["max_score"]) == (2, 2)
    assert [picture["seed"] for picture in report["image"]["pictures"]] == [1]


def test_a_grade_is_repeated_byte_by_byte(grader: Grader) -> None:
    first = grade(grader, cache=False)
    other = grade(grader, "something else, drawn in between", cache=False)
    again = grade(grader, cache=False)
    assert drawn(first) == drawn(again) != drawn(other)
    assert not any(picture["cached"] for picture in again["image"]["pictures"])
    kept = [grade(grader) for _ in range(2)]
    assert all(picture["cached"] for picture in kept[1]["image"]["pictures"])
    assert [drawn(report) for report in kept] == [drawn(first)] * 2, "the cache gives what the model gave"


def test_a_process_killed_under_a_drawing_changes_nothing(
    models: Models, grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = grade(grader, cache=False)
    process = models.process.process_id
    assert process
    busy = threading.Event()
    backend: Any = grader.models.backend("image")
    asked = backend.draw

    def draw(*words: Any) -> Any:
        busy.set()
        return asked(*words)

    def kill() -> None:
        busy.wait(60)
        time.sleep(0.02)  # the request is under way by now
        os.kill(process, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    monkeypatch.setattr(backend, "draw", draw)  # to know when the model draws
    report = grade(grader, cache=False)
    killer.join()
    assert (report["verdict"], drawn(report)) == ("passed", drawn(expected))
    assert models.process.process_id not in (0, process)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("# expect: 0/6 rejected\n", "empty"),
        ("word " * 13, "has 64 characters; this exercise allows 60"),
        ("x" * 100_000, "has 100000 characters"),
        ("x" * 23, "has 23 tokens; this exercise allows 22"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_rejected(grader: Grader, prompt: str, said: str) -> None:
    report = grade(grader, prompt)
    assert (report["verdict"], report["score"]) == ("rejected", 0)
    assert said in report["message"]
    assert not report["image"]["pictures"]


@pytest.mark.parametrize(
    "prompt", ["كرة حمراء", "\u202ellab der a", "<|endoftext|>", "\x00\x1b[2J", "🎈", "grade: 6/6"]
)
def test_anything_else_is_drawn(grader: Grader, prompt: str) -> None:
    report = grade(grader, prompt, public_only=True)
    assert (report["verdict"], len(drawn(report))) == ("passed", 1), report["message"] or report["staff"]
    assert drawn(report) != drawn(grade(grader, public_only=True))


def test_control_tokens_are_text(models: Models) -> None:
    assert models.count_tokens("image", ["<|endoftext|>", "a"]) == [13, 1]


def test_below_the_floor_there_is_no_point(grader: Grader) -> None:
    report = grade(grader, files=image_exercise(TESTS.replace("0.5", "1.0"), scale="floor = 0.9\nceiling = 1.0\n"))
    assert (report["verdict"], report["score"]) == ("failed", 0)
    shown = next(test for test in report["tests"] if test["public"])
    assert shown["message"] == "0 of 1 pictures come near enough to the target (100 %); 1 are needed."


# ---- whose fault it is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (image_exercise(scale=""), "python -m workers calibrate"),
        (image_exercise(scale=SCALE + 'calibration = "0123"\n'), "measured with other models"),
        (image_exercise(target=grey_square()[:60]), "target.png: it cannot be read"),
        (image_exercise(target=b"GIF89a"), "target.png: save it as PNG"),
        (image_exercise(TESTS.replace("draw([1])", "draw([9])")), "those in exercise.toml: 1, 2, 3"),
        (image_exercise(TESTS.replace("draw([1])", "draw([1, 1])")), "each once"),
        (image_exercise(TESTS.replace("draw([1])", "draw([])")), "with one at least"),
        (image_exercise(TESTS.replace("draw([1])", "draw(['1'])")), "takes a list of seeds"),
        (image_exercise(TESTS.replace("at_least=0.5", "at_least=2")), "a share from 0 to 1"),
        (image_exercise(TESTS.replace("draw([1])", "complete(['a'])")), "complete"),
    ],
    ids=["uncalibrated", "otherwise", "damaged", "gif", "seed", "twice", "none", "text", "share", "complete"],
)
def test_an_exercise_at_fault_is_never_a_grade(grader: Grader, files: ExerciseFiles, said: str) -> None:
    report = grade(grader, files=files)
    assert report["verdict"] == "error" and not report["sandbox"]["machine_fault"]
    assert said in report["staff"], report["staff"]
    assert said not in report["message"], "students get a plain sentence"


def test_what_was_measured_with_these_models_is_accepted(models: Models, grader: Grader) -> None:
    spec = EXERCISE.spec().image
    assert spec is not None
    name = calibration_of(spec, grey_square(), models.facts("image"))
    assert grade(grader, files=image_exercise(scale=f'{SCALE}calibration = "{name}"\n'))["verdict"] == "passed"


def test_a_node_without_models_says_what_to_set(grader: Grader, tmp_path: Path) -> None:
    kept, grader._models = grader._models, Models(modelling.settings(tmp_path / "none"))
    try:
        report = grade(grader)
    finally:
        grader.models.close()
        grader._models = kept
    assert report["sandbox"]["machine_fault"] and "MODEL_IMAGE" in report["staff"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("no index", "model_index.json cannot be read"),
        ("index is no JSON", "model_index.json cannot be read"),
        ("unknown class", "'NoSuchPipeline' is no pipeline"),
        ("class with code", "is no pipeline"),
        ("no text-to-image", "makes no picture from a prompt alone"),
        ("strange module", "a part comes from 'os'"),
        ("pickled weights", "no file named diffusion_pytorch_model.safetensors"),
        ("cut weights", "Unable to load weights"),
        ("missing part", "no file named config.json"),
        ("no likeness", "MODEL_SIMILARITY"),
    ],
)
def test_a_broken_folder_is_named(seen: dict[str, Any], damage: str, said: str) -> None:
    assert said in seen["broken"][damage]
    assert seen["broken"][damage].startswith(("MODEL_IMAGE: ", "MODEL_SIMILARITY: "))


# ---- what is worth nothing -------------------------------------------------------------------------------------------


def judged(models: Models, drawing: Drawing, prompt: str = PROMPT) -> dict[str, Any]:
    spec = EXERCISE.spec().image
    assert spec is not None
    return dict(Images(spec, models, b"", prompt)._picture(1, Drawn(drawing, False)))


def test_a_picture_that_the_safety_checker_turned_down(models: Models, seen: dict[str, Any]) -> None:
    assert seen["facts"]["config"]["safety checker"] == "StableDiffusionSafetyChecker"
    picture = judged(models, Drawing.from_dict(seen["withheld"]))
    assert (picture["score"], picture["withheld"], picture["picture"]) == (0, True, "")


def test_a_prompt_drawn_as_text(models: Models, seen: dict[str, Any]) -> None:
    """The words were read by the real program, where there is one, in the prompt written on paper."""
    prompt = "A glacier above a flowered river, in the morning"
    words = seen["words"]
    assert (words is None) is not CAN_READ
    found = Drawing(1.0, words, [], False, "", "")
    picture = judged(models, found, prompt)
    assert (picture["score"] == 0) is CAN_READ and picture["words_checked"] is CAN_READ
    if CAN_READ:
        assert {"glacier", "flowered", "river"} <= set(picture["words"])
        assert judged(models, found, "a red ball")["score"] == 1, "words that the prompt does not hold are no trick"
        sign = Drawing(1.0, words, words, False, "", "")
        assert judged(models, sign, prompt)["score"] == 1, "the target shows them too"


def test_a_large_picture_is_kept_small(seen: dict[str, Any]) -> None:
    assert 0 < seen["small"] <= 90_000


# ---- the author's tools ----------------------------------------------------------------------------------------------


def test_calibration_refuses_a_target_that_says_nothing(
    models: Models, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With random weights every picture is as near to the target as any other."""
    for name, role in (("CHAT", "chat"), ("BASE", "base"), ("IMAGE", "image")):
        monkeypatch.setenv(f"MODEL_{name}", models.settings.sources[role].place if role == "image" else "none")
    monkeypatch.setenv("MODEL_SIMILARITY", models.settings.similarity)
    monkeypatch.setenv("MODEL_DIR", str(models.settings.home))  # the tests' one process draws here too
    monkeypatch.setattr(calibration, "UNRELATED", calibration.UNRELATED[:2])
    monkeypatch.setattr(calibration, "REFERENCE_SEEDS", 2)
    write_folder(image_exercise(scale=""), tmp_path / "one")
    before = (tmp_path / "one" / "exercise.toml").read_text()
    assert main(["calibrate", str(tmp_path / "one")]) == 1
    printed = capsys.readouterr()
    assert "floor 0." in printed.out and "2 unrelated prompts" in printed.out
    assert "chance would grade" in printed.err
    assert (tmp_path / "one" / "exercise.toml").read_text() == before


def test_measured_values_are_those_of_the_pictures(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "UNRELATED", calibration.UNRELATED[:1])
    monkeypatch.setattr(calibration, "REFERENCE_SEEDS", 1)
    done: list[int] = []
    scale = calibration.measure(models, EXERCISE, lambda: done.append(1))
    canvas = Canvas(calibration.FIRST_SEED, 2, 64, 2.0)
    prompts = (calibration.UNRELATED[0].strip(), PROMPT)
    said = [models.draw(text, canvas, grey_square()).drawing.similarity for text in prompts]
    assert (scale.floor, scale.ceiling) == (round(said[0], 4), round(said[1], 4))
    assert len(done) == 2


STATEMENT = {"statement.en.md": "Draw it.\n", "statement.fr.md": "Dessinez-la.\n", "starter.txt": "a picture\n"}


@pytest.fixture
def crew(models: Models, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    for name in ("CHAT", "BASE"):
        monkeypatch.setenv(f"MODEL_{name}", "none")
    monkeypatch.setenv("MODEL_IMAGE", models.settings.sources["image"].place)
    monkeypatch.setenv("MODEL_SIMILARITY", models.settings.similarity)
    monkeypatch.setenv("MODEL_DIR", str(models.settings.home))
    with Crew(1) as one:
        yield one


SOUND_TESTS = """
@test("drawn", points=6, public=True, hint={"en": "Draw.", "fr": "Dessinez."})
def drawn(solution, rng):
    assert solution.prompt == "a red ball"
    assert_similar(solution.draw(), at_least=0.5)
"""


def test_the_publish_gate(crew: Crew) -> None:
    wrong = {"wrong/other.txt": "# expect: 0/6 failed\na ball\n", "wrong/none.txt": "# expect: 0/6 rejected\n"}
    result = check_exercise(image_exercise(SOUND_TESTS, **STATEMENT, **wrong), crew, Options(repeats=1))
    assert (result.outcome, result.problems, result.why) == (HELD, [], "")
    assert result.steps == ["folder", "listing", "reference", "starter", "wrong", "repeats"]
    assert [run.got for run in result.wrong] == ["0/6 rejected", "0/6 failed"]


def test_the_publish_gate_says_what_it_could_not_check(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    result = check_exercise(image_exercise(SOUND_TESTS, scale="", **STATEMENT), crew)
    assert (result.outcome, result.steps, result.tests) == (NOT_CHECKED, ["folder", "listing"], 1)
    assert "python -m workers calibrate" in result.why
    monkeypatch.setenv("MODEL_IMAGE", "none")
    with Crew(1) as bare:
        result = check_exercise(image_exercise(SOUND_TESTS, **STATEMENT), bare)
    assert result.outcome == NOT_CHECKED and "the role 'image' (MODEL_IMAGE=none)" in result.why


def test_doctor_tries_the_role(models: Models) -> None:
    line = try_role(models, "image")
    assert line.startswith("works: pipeline (weights ")
    assert "likeness (CLIPModel)" in line and "safety checker none" in line
    assert ("words read by tesseract" if CAN_READ else "words read by nobody") in line
