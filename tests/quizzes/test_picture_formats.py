"""Pictures through the formats that carry them, in and out, and through a catalogue's folder."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from config.rendering import render_markdown
from quizzes.catalogue import load_quiz
from quizzes.errors import BadQuiz
from quizzes.formats import common, read, write
from quizzes.models import Picture, Question
from quizzes.pictures import keep, located, names_in, read_picture
from quizzes.questions import parse
from tests.quizzes.drawing import picture
from tests.quizzes.quizzing import add_question, content

RED, GREEN = read_picture(picture()), read_picture(picture("JPEG", colour="green"))
HELD = {RED.name: RED, GREEN.name: GREEN}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def asked(kind: str = "single") -> Any:
    """A question with pictures everywhere where one can stand."""
    form = content(kind, text={"en": f"See ![a *red* [box]](picture:{RED.name}).", "fr": f"![un](picture:{RED.name})"})
    form["feedback"] = {"en": f"![green](picture:{GREEN.name})", "fr": f"![vert](picture:{GREEN.name})"}
    if "options" in form:
        pictured = [{"en": f"![{name}](picture:{GREEN.name})", "fr": name} for name in "abcd"]
        form["options"] = [o | {"text": text} for o, text in zip(form["options"], pictured, strict=True)]
    return parse(form)


def xml(html: str, *files: tuple[str, str], style: str = "html") -> str:
    inner = "".join(f'<file name="{name}" path="/" encoding="base64">{data}</file>' for name, data in files)
    return (
        '<quiz><question type="truefalse"><name><text>n</text></name>'
        f'<questiontext format="{style}"><text><![CDATA[{html}]]></text>{inner}</questiontext>'
        '<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer>'
        "</question></quiz>"
    )


@pytest.mark.parametrize("kind", ["moodle-xml", "json"])
@pytest.mark.parametrize("type_", ["single", "multiple", "short", "ordering"])
def test_it_works(kind: str, type_: str) -> None:
    """What is written is read back with the same pictures under the same names."""
    question = asked(type_)
    written = write(kind, [("Pool", question)], "both", HELD)
    assert not [p for p in written.problems if "icture" in p.text]
    result = read(kind, written.text)
    ((pool, again),) = result.questions
    assert pool == "Pool" and set(result.pictures) == names_in(question) == names_in(again)
    assert {name: found.data for name, found in result.pictures.items()} == {RED.name: RED.data, GREEN.name: GREEN.data}
    assert again.text["fr"] == question.text["fr"] and again.feedback == question.feedback
    assert [option.text["en"] for option in again.options] == [option.text["en"] for option in question.options]


def test_moodle_has_its_files_beside_the_texts() -> None:
    written = write("moodle-xml", [("", asked())], "en", HELD).text
    assert f'&lt;img src="@@PLUGINFILE@@/{RED.name}.png" alt="a red [box]"' in written
    assert written.count(f'<file name="{GREEN.name}.jpg" path="/" encoding="base64">') == 5  # 4 options, 1 feedback


def test_a_format_without_pictures_says_so() -> None:
    for kind in ("gift", "aiken"):
        problems = write(kind, [("", asked())], "en", HELD).problems
        assert any("A picture was left out" in problem.text for problem in problems), kind
    matching = parse(content("matching", distractors=[{"id": "d1", "right": {"en": f"![x](picture:{RED.name})"}}]))
    assert any("picture" in p.text for p in write("moodle-xml", [("", matching)], "en", HELD).problems)


def test_moodles_ways_to_name_a_picture() -> None:
    data = base64_of(RED.data)
    for html, name, style in (
        ('<p>A <img src="@@PLUGINFILE@@/my%20plot%20%281%29.png" alt="it"/></p>', "my plot (1).png", "html"),
        ('<h3>A <img src="@@PLUGINFILE@@/a.png" alt="it"></h3>', "a.png", "html"),
        ('A <img width="30" src="@@PLUGINFILE@@/a.png?time=3" alt="it">', "a.png", "html"),
        (f'A <img src="data:image/png;base64,{data}" alt="it">', "", "html"),
        ("A ![it](@@PLUGINFILE@@/a.png)", "a.png", "markdown"),
    ):
        result = read("moodle-xml", xml(html, *([(name, data)] if name else []), style=style))
        text = result.questions[0][1].text["en"]
        assert text.removeprefix("### ") == f"A ![it](picture:{RED.name})", html
        assert result.problems == [] and list(result.pictures) == [RED.name]


def test_brackets_in_a_description() -> None:
    html = '<img src="@@PLUGINFILE@@/a.png" alt="x] and [y">'
    question = read("moodle-xml", xml(html, ("a.png", base64_of(RED.data)))).questions[0][1]
    assert 'alt="x] and [y"' in str(render_markdown(located(question.text, "/p/")["en"]))


@pytest.mark.parametrize(
    ("html", "data", "told"),
    [
        ('A <img src="https://example.org/a.png" alt="it">', "", "not in the file"),
        ('A <img src="@@PLUGINFILE@@/other.png" alt="it">', base64_of(RED.data), "not in the file"),
        ('A <img src="@@PLUGINFILE@@/a.png" alt="it">', "%%%", "base64 is broken"),
        ('A <img src="@@PLUGINFILE@@/a.png" alt="it">', base64_of(b"<svg onload='x'/>"), "SVG"),
        ('A <img src="@@PLUGINFILE@@/a.png">', base64_of(RED.data), "no description"),
        ("A [it]", base64_of(RED.data), "no text shows"),
    ],
)
def test_what_an_import_says(html: str, data: str, told: str) -> None:
    result = read("moodle-xml", xml(html, *([("a.png", data)] if data else [])))
    assert any(told in problem.text and problem.level == "warning" for problem in result.problems), result.problems
    kept = f"A ![](picture:{RED.name})" if told == "no description" else "A [it]"
    assert result.questions[0][1].text["en"] == kept


def test_a_file_holds_so_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "MAX_DECODED", 60 * 40 + 10)
    files = [("a.png", base64_of(picture(colour="red"))), ("b.png", base64_of(picture(colour="blue")))]
    html = "".join(f'<img src="@@PLUGINFILE@@/{name}" alt="it">' for name, _data in files)
    result = read("moodle-xml", xml(html, *files))
    assert len(result.pictures) == 1 and "million pixels" in result.problems[0].text


def test_json_names_its_pictures() -> None:
    form = content("single", text={"en": "![a](picture:my%20plot.png) ![b](picture:none.png)"})
    data = {"questions": [form], "pictures": {"my plot.png": base64_of(RED.data)}}
    result = read("json", json.dumps(data))
    assert result.questions[0][1].text["en"] == f"![a](picture:{RED.name}) ![b](picture:none.png)"
    assert ["none.png" in problem.text for problem in result.problems] == [True]
    broken = read("json", json.dumps(data | {"pictures": {"my plot.png": 3}}))
    assert len(broken.problems) == 2 and not broken.pictures


# ---- Through the admin -------------------------------------------------------------------------------------------


def test_the_preview_shows_them_and_the_export_brings_them(client: Client, alice: Any, course: Any) -> None:
    client.force_login(alice)
    data = write("moodle-xml", [("", asked())], "both", HELD).text.encode()
    form = {"course": course.pk, "language": "en", "text": "", "pool": "", "file": SimpleUploadedFile("q.xml", data)}
    response = client.post(reverse("admin:quizzes_question_import"), form)
    address = reverse("course-picture", args=["course", RED.name])
    assert f'src="{address}"' in response.content.decode() and client.get(address).content == RED.data
    assert not Question.objects.exists() and Picture.objects.count() == 2
    client.post(reverse("admin:quizzes_question_import"), {"sealed": response.context["sealed"]})
    assert names_in(parse(Question.objects.get().current.content)) == set(HELD)
    query = {"course": course.pk, "pool": "", "kind": "json", "language": "both"}
    assert set(read("json", client.get(reverse("admin:quizzes_question_export"), query).content).pictures) == set(HELD)
    chosen = {"action": "export_chosen", "_selected_action": [Question.objects.get().pk]}
    exported = client.post(reverse("admin:quizzes_question_changelist"), chosen)
    assert set(read("json", exported.content).pictures) == set(HELD)


def test_a_picture_of_nobody_is_said(client: Client, alice: Any, course: Any) -> None:
    client.force_login(alice)
    text = json.dumps(content("single", text={"en": f"![a](picture:{RED.name})"}))
    form = {"course": course.pk, "language": "en", "text": text, "pool": ""}
    response = client.post(reverse("admin:quizzes_question_import"), form)
    assert "neither in the file nor in the course" in response.content.decode()
    keep(course, [RED])
    response = client.post(reverse("admin:quizzes_question_import"), form)
    assert response.context["warnings"] == []


# ---- Beside a catalogue's file -----------------------------------------------------------------------------------

TOML = """
title = { en = "Small" }
[[questions]]
type = "true_false"
name = "Sure"
answer = true
text = { en = "%s" }
"""


def test_the_folder_of_a_catalogue_file(course: Any, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "box.png").write_bytes(RED.data)
    path = tmp_path / "small.toml"
    path.write_text(TOML % "![a box](picture:box.png)")
    load_quiz(course, path)
    assert Question.objects.get().current.content["text"]["en"] == f"![a box](picture:{RED.name})"
    assert bytes(Picture.objects.get().data) == RED.data
    assert load_quiz(course, path) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("![a](picture:none.png)", "small/none.png"),
        ("![a](picture:../secret.png)", "beside the file"),
        ("![a](picture:%2e%2e/secret.png)", "beside the file"),
        ("![](picture:box.png)", "no description"),
        ("![a](picture:text.png)", "no picture"),
    ],
)
def test_what_a_catalogue_refuses(course: Any, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "box.png").write_bytes(RED.data)
    (tmp_path / "small" / "text.png").write_text("none")
    (tmp_path / "secret.png").write_bytes(RED.data)
    (tmp_path / "small.toml").write_text(TOML % text)
    with pytest.raises(BadQuiz, match=told):
        load_quiz(course, tmp_path / "small.toml")
    assert not Question.objects.exists()


def test_a_staff_page_finds_the_pictures(client: Client, alice: Any, course: Any) -> None:
    keep(course, [RED])
    question = add_question(course, "q", content("single", text={"en": f"![a](picture:{RED.name})"}))
    client.force_login(alice)
    shown = client.get(reverse("admin:quizzes_question_change", args=[question.pk])).content.decode()
    assert f'src="{reverse("course-picture", args=["course", RED.name])}" alt="a"' in shown
