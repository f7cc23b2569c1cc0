"""What a picture's file may be, and how texts name pictures."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from quizzes.authoring import save_question
from quizzes.models import Picture
from quizzes.pictures import (
    BadPicture,
    forget_unused,
    keep,
    labels_in,
    located,
    missing,
    names_in,
    problems_of,
    read_picture,
    renamed,
)
from quizzes.pictures.files import MAX_BYTES, MAX_SIDE
from quizzes.questions import parse
from tests.quizzes.drawing import bomb, moving, photo, picture, with_text
from tests.quizzes.quizzing import content

NAME = "0123456789abcdef" * 2


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def question(text: str, **changes: Any) -> Any:
    return parse(content("single", text={"en": text}, **changes))


def test_it_works() -> None:
    data = picture()
    found = read_picture(data)
    assert (found.mime, found.width, found.height, len(found.name)) == ("image/png", 60, 40, 32)
    assert found.data == data and read_picture(found.data) == found  # a round trip keeps the name


@pytest.mark.parametrize(
    ("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
def test_the_four_kinds_stay_as_they_are(kind: str, mime: str) -> None:
    data = picture(kind)
    found = read_picture(data)
    assert (found.mime, found.data) == (mime, data)


def test_a_photo_is_turned_and_tells_no_place() -> None:
    found = read_picture(photo())
    assert (found.width, found.height) == (40, 60)
    assert b"HIDDEN" not in found.data and not opened(found.data).getexif()
    assert read_picture(found.data) == found


@pytest.mark.parametrize(
    "make", [with_text, lambda: picture() + b"PK\x03\x04 an archive", lambda: picture("GIF") + b"?"]
)
def test_only_the_picture_is_kept(make: Callable[[], bytes]) -> None:
    found = read_picture(make())
    assert b"HIDDEN" not in found.data and b"PK" not in found.data
    assert opened(found.data).convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    assert read_picture(found.data) == found


def test_a_large_one_is_made_smaller() -> None:
    found = read_picture(picture("JPEG", (3000, 1500)))
    assert (found.width, found.height) == (MAX_SIDE, MAX_SIDE // 2)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no picture"),
        (b"GIF89a and nothing more", "no picture"),
        (b"<html><script>alert(1)</script>", "no picture"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "SVG"),
        (b"  <SVG xmlns='http://www.w3.org/2000/svg'></SVG>", "SVG"),
        (picture("BMP"), "no picture"),
        (picture()[:60], "damaged"),
        (bomb(), "million pixels"),
        (moving("GIF"), "Moving"),
        (moving("WEBP"), "Moving"),
        (moving("PNG"), "Moving"),
        (b"\x89PNG" + b"x" * MAX_BYTES, "8 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(BadPicture, match=told):
        read_picture(data)


# ---- In texts ----------------------------------------------------------------------------------------------------


def test_names_become_addresses_where_one_may_look() -> None:
    text = f"See ![a loss](picture:{NAME}) and `picture:plot.png`."
    assert located({"en": text}, "/a/1/") == {"en": f"See ![a loss](/a/1/{NAME}) and `picture:plot.png`."}
    asked = question(text, feedback={"en": f"![b](picture:{NAME[::-1]})"})
    assert names_in(asked) == {NAME, NAME[::-1]}


def test_other_names_are_changed() -> None:
    asked = question("![a [b] c](picture:plot.png) and ![d][e]\n\n[e]: picture:e.png\n\npicture:plot.png")
    assert labels_in(asked) == ["plot.png", "e.png"]
    changed = renamed(asked, {"plot.png": NAME})
    assert changed.text["en"].startswith(f"![a [b] c](picture:{NAME})")
    assert changed.text["en"].endswith("picture:plot.png") and labels_in(changed) == [NAME, "e.png"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"![](picture:{NAME})", "no description"),
        (f"![ ](picture:{NAME})", "no description"),
        ("![a](https://example.org/a.png)", "another site"),
        ("![a](//example.org/a.png)", "another site"),
        (f"![a](picture:{NAME})", ""),
        ("[a link](https://example.org)", ""),
    ],
)
def test_what_an_author_is_told(text: str, told: str) -> None:
    found = problems_of(question(text))
    assert (told in found[0]) if told else found == []


def test_pictures_that_nobody_names_go_after_a_week(course: Any) -> None:
    used, unused, fresh = (read_picture(picture(colour=colour)) for colour in ("red", "green", "blue"))
    keep(course, [used, unused, fresh, used])
    save_question(course, "q", question(f"![x](picture:{used.name})"))
    save_question(course, "q", question("no longer"))  # attempts may still have the version before
    Picture.objects.exclude(name=fresh.name).update(added_at=timezone.now() - timedelta(days=8))
    assert forget_unused(course) == 1
    assert missing(course, [used.name, unused.name, fresh.name]) == [unused.name]
