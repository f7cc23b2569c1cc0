"""Image exercises without a model: what exercise.toml may say, when a picture counts, how a scale is written down."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from tests.workers.drawing import SCALE, TOML, image_exercise
from workers.check.calibration import Scale, with_scale
from workers.check.folder import folder_findings
from workers.grader.images import prompt_words, scaled
from workers.jobs.pictures import is_webp, png_size, target_of
from workers.jobs.spec import BadExercise, ImageSpec, parse_spec
from workers.models import BadSetting
from workers.models.cache import PictureCache
from workers.models.interface import BadTarget, Drawing, ModelFault
from workers.models.probe import grey_square
from workers.models.settings import read_settings
from workers.testkit.compare import BadExpectation, CheckFailed
from workers.testkit.counted import COUNTED
from workers.testkit.images import Picture, assert_similar

DRAWING = Drawing(0.5, ["a"], None, False, "UklGRg==", "ab")


def test_it_works() -> None:
    spec = parse_spec(TOML + SCALE)
    assert spec.roles == ("image",) and spec.prompt is None
    assert spec.image == ImageSpec("target.png", (1, 2, 3), 2, 64, 2.0, 60, -1.0, -0.9)
    assert spec.image.calibrated and not ImageSpec().calibrated


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('target = "target.jpg"', "image.target"),
        ("seeds = []", "image.seeds"),
        ("seeds = [1, 1]", "image.seeds"),
        ("seeds = [1, 2, 3, 4, 5]", "from 1 to 4"),
        ("seeds = [-1]", "image.seeds"),
        ("seeds = [true]", "image.seeds"),
        ("steps = 0", "image.steps"),
        ("size = 500", "a multiple of 8"),
        ("size = 4096", "image.size"),
        ("guidance = -1", "image.guidance"),
        ("max_characters = 0", "image.max_characters"),
        ("floor = 0.1", "go together"),
        ("floor = 0.5\nceiling = 0.52", "chance would grade"),
        ("floor = 0.5\nceiling = 0.4", "chance would grade"),
        ('floor = "0.1"\nceiling = 1', "image.floor"),
        ("calibration = 3", "image.calibration"),
        ("strength = 1", "unknown key 'strength'"),
    ],
)
def test_the_image_table_is_checked(table: str, said: str) -> None:
    head = 'title = { en = "Test", fr = "Test" }\nkind = "image-prompt"\n[image]\n'
    with pytest.raises(BadExercise, match="image") as error:
        parse_spec(head + table)
    assert said in str(error.value)
    with pytest.raises(BadExercise, match='kind = "image-prompt" only'):
        parse_spec(head.replace("image-prompt", "code") + table)


# ---- targets ---------------------------------------------------------------------------------------------------------


def test_a_target_is_a_png_of_a_modest_size() -> None:
    assert png_size(grey_square(16)) == (16, 16)
    assert target_of(image_exercise()) == grey_square()
    huge = bytearray(grey_square())
    huge[16:20] = (5000).to_bytes(4, "big")
    for target, said in ((bytes(huge), "2048 × 2048"), (b"<svg/>", "save it as PNG"), (b"", "save it as PNG")):
        with pytest.raises(BadExercise, match="target.png") as error:
            target_of(image_exercise(target=target))
        assert said in str(error.value)


def test_the_folder_check_names_a_bad_target() -> None:
    texts = {"statement.en.md": "a", "statement.fr.md": "b", "starter.txt": "c"}
    assert folder_findings(image_exercise(**texts)) == []
    (found,) = folder_findings(image_exercise(target=b"GIF89a", **texts))
    assert (found.file, found.text) == ("target.png", "save it as PNG; it is something else")


def test_the_probes_picture_is_a_whole_png() -> None:
    data = grey_square(4)
    start = data.index(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big")
    assert len(zlib.decompress(data[start : start + length])) == 4 * 5
    assert is_webp(b"RIFF\0\0\0\0WEBPVP8 ") and not is_webp(data)


# ---- what a picture is worth -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("similarity", "score"), [(0.1, 0), (0.2, 0), (0.5, 0.5), (0.8, 1), (0.9, 1)])
def test_scores_lie_between_floor_and_ceiling(similarity: float, score: float) -> None:
    assert scaled(similarity, ImageSpec(floor=0.2, ceiling=0.8)) == score


def test_prompt_words_allow_for_mistakes_of_reading() -> None:
    drawing = Drawing(0.0, ["glacjer", "RIVER!", "of", "thing"], ["rivers"], False, "", "")
    assert prompt_words(drawing, "glacier of a River, things") == ["glacier", "things"]
    assert prompt_words(Drawing(0.0, None, None, False, "", ""), "glacier") == []


def pictures(*scores: float, words: int = 0, withheld: int = 0) -> list[Picture]:
    found = enumerate(scores)
    return [Picture(n, score, score, ["word"] * (n < words), True, n < withheld) for n, score in found]


def test_more_than_half_of_the_pictures_decide() -> None:
    COUNTED.clear()
    assert_similar(pictures(0.5, 0.1, 0.9), at_least=0.5)
    assert_similar(pictures(0.5), at_least=0.5)
    assert [(c["right"], c["total"], c["needed"]) for c in COUNTED] == [(2, 3, 2), (1, 1, 1)]
    for scores in ((0.9, 0.1, 0.1), (0.9, 0.1), (0.9, 0.9, 0.1, 0.1)):  # one lucky seed is no answer
        with pytest.raises(CheckFailed):
            assert_similar(pictures(*scores), at_least=0.5)


def test_the_message_says_what_cost_the_pictures() -> None:
    with pytest.raises(CheckFailed) as error:
        assert_similar(pictures(0, 0, 0.9, words=2, withheld=1), at_least=0.75)
    assert str(error.value).startswith("1 of 3 pictures come near enough to the target (75 %); 2 are needed. Words of")
    assert "safety checker turned 1 of the pictures down" in str(error.value)


@pytest.mark.parametrize(("given", "at_least"), [([], 0.5), ([0.5], 0.5), (None, 0.5), ([], 0), ([], 2), ([], True)])
def test_a_wrong_use_is_the_authors(given: object, at_least: float) -> None:
    with pytest.raises(BadExpectation, match="assert_similar"):
        assert_similar(given, at_least=at_least)  # type: ignore[arg-type]  # what an author may write


# ---- the scale in exercise.toml --------------------------------------------------------------------------------------

MEASURED = Scale(0.31, 0.82, "c0ffee", (0.2, 0.31), (0.8, 0.84))


def test_a_scale_is_written_into_its_table() -> None:
    text = TOML + "# keep me\n\n[limits]\nseconds = 1\n"
    once = with_scale(text, MEASURED)
    spec = parse_spec(once)
    assert spec.image and (spec.image.floor, spec.image.ceiling, spec.image.calibration) == (0.31, 0.82, "c0ffee")
    assert spec.limits.seconds == 1 and "# keep me\n" in once
    assert with_scale(once, MEASURED) == once, "the old values go"
    with pytest.raises(BadExercise, match="chance would grade"):
        with_scale(text, Scale(0.5, 0.52, "", (), ()))
    with pytest.raises(BadExercise, match=r"a line \[image\]"):
        with_scale("image = { steps = 3 }\n", MEASURED)
    assert not Scale(0.5, 0.52, "", (), ()).usable and MEASURED.usable


# ---- the node --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MODEL_IMAGE", "MODEL_SIMILARITY"])
@pytest.mark.parametrize("value", ["/no/such/folder", "org/model", "http://127.0.0.1:1"])
def test_a_folder_is_needed_and_nothing_is_fetched(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        read_settings({name: value})


def test_what_a_node_lacks_is_said(tmp_path: Path) -> None:
    assert "no weights are bundled" in read_settings({}).sources["image"].place
    only_one = read_settings({"MODEL_IMAGE": str(tmp_path)}).sources["image"]
    assert (only_one.kind, "MODEL_SIMILARITY" in only_one.place) == ("none", True)
    assert read_settings({"MODEL_IMAGE": "none", "MODEL_SIMILARITY": "off"}).sources["image"].kind == "none"


def test_a_drawing_is_believed_only_in_its_form() -> None:
    good = {"similarity": 0.5, "words": ["a"], "target_words": None, "withheld": False, "picture": "", "pixels": ""}
    assert Drawing.from_dict(good).words == ["a"]
    changes = ({"similarity": float("nan")}, {"words": "a"}, {"words": [1]}, {"withheld": 1}, {"picture": 0}, {"x": 1})
    for bad in changes:
        with pytest.raises(ModelFault):
            Drawing.from_dict(good | bad)
    with pytest.raises(BadTarget, match="damaged"):
        Drawing.from_dict({"bad_target": "damaged"})


def test_pictures_are_kept_and_a_damaged_row_is_drawn_again(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "pictures.sqlite3", max_rows=10)
    cache.put({f"{number}": DRAWING for number in range(25)})
    found = cache.get([f"{number}" for number in range(25)])
    assert found["24"] == DRAWING and "0" not in found and len(found) <= 10
    cache._with(lambda database: database.execute("UPDATE picture SET drawing = '{}'"))
    assert cache.get(["24"]) == {}
    cache.close()
