"""The form of a question, part by part: nothing is lost, and what cannot be read is said beside its field."""

from __future__ import annotations

import json
from html import unescape
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.models import Course
from quizzes.admin.editor import Draft, read
from quizzes.admin.editor.draft import percent
from quizzes.models import Picture, Question
from quizzes.pictures import keep, read_picture
from quizzes.questions import TYPES, dump, parse
from tests.quizzes.drawing import picture
from tests.quizzes.quizzing import CONTENTS, add_question, content, options

ADD = "admin:quizzes_question_add"


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def page(question: Any) -> str:
    return reverse("admin:quizzes_question_change", args=[question.pk])


def fields_of(html: str) -> dict[str, list[str]]:
    """What a browser would send of the page's form, without pressing a button."""
    soup = BeautifulSoup(html, "html.parser")
    for template in soup.find_all("template"):
        template.decompose()
    found: dict[str, list[str]] = {}
    for control in soup.find_all(["input", "textarea"], attrs={"name": True}):
        kind = control.get("type", "text")
        if kind in ("submit", "file", "button") or (kind in ("checkbox", "radio") and not control.has_attr("checked")):
            continue
        area = control.name == "textarea"  # whose first line end belongs to the page
        value = control.get_text().removeprefix("\n") if area else control.get("value", "on")
        found.setdefault(str(control["name"]), []).append(str(value))
    return found


def opened(teacher: Client, url: str) -> dict[str, list[str]]:
    return fields_of(teacher.get(url).content.decode())


def errors_beside(html: str, name: str) -> str:
    """The errors that the control of this name points to."""
    soup = BeautifulSoup(html, "html.parser")
    control = soup.find(attrs={"name": name})
    assert control is not None and control.get("aria-invalid") == "true", control
    described = [word for word in str(control["aria-describedby"]).split() if word.endswith("-error")]
    told = soup.find(id=described[0])
    assert told is not None
    return told.get_text()


# Of every type, with everything that the JSON form can say.
FULL: dict[str, dict[str, Any]] = {
    "single": {
        "fixed_order": True,
        "points": 2.5,
        "topic": "Loss",
        "options": [*options(("x-1", 1.0), ("b", 0.25), ("c", -1 / 3)), {"id": "d", "text": {"fr": "le d\r\nfin"}}],
    },
    "multiple": {"rule": "dock=0.5", "options": options(("a", 0.7), ("b", 0.3), ("c", -0.1), ("d", 0.0))},
    "true_false": {
        "options": [
            {"id": "false", "text": {"en": "No"}, "fraction": 1.0, "feedback": {"en": "yes, no"}},
            {"id": "true", "text": {"en": "Yes", "fr": ""}, "fraction": -0.5},
        ]
    },
    "numerical": {
        "answers": [
            {"value": 1e-7, "tolerance": 1e-9, "fraction": 1.0, "feedback": {"en": "exact"}},
            {"value": 0.1 + 0.2, "tolerance": 0.5, "fraction": 1 / 3},
        ],
        "units": {"W": 1, "kW": 1000, "µW": 1e-6},
        "unit_needed": True,
    },
    "short": {"answers": [{"text": " *token* ", "fraction": 1.0}, {"text": "b", "fraction": 0.5}], "case": True},
    "matching": {"distractors": [{"id": "p9", "right": {"en": "none"}}, {"id": "d7", "right": {"fr": "rien"}}]},
    "ordering": {"items": [{"id": n, "text": {"en": n}, "feedback": {"en": "why"}} for n in ("i3", "z", "i1")]},
}


@pytest.mark.parametrize("kind", TYPES)
def test_it_works(teacher: Client, course: Any, kind: str) -> None:
    """Opened and saved: the same content. With one word changed: that word, and nothing else."""
    form = content(kind.replace("_", "-"), **FULL[kind])
    question = add_question(course, "q", form)
    before = question.current.content
    sent = opened(teacher, page(question))
    assert teacher.post(page(question), sent).status_code == 302
    question.refresh_from_db()
    assert (question.current.content, question.versions.count()) == (before, 1)
    sent["q.topic"] = ["Changed"]
    teacher.post(page(question), sent)
    question.refresh_from_db()
    bare = json.loads(json.dumps(before | {"topic": "Changed"}).replace(r"\r\n", r"\n").replace(', "fr": ""', ""))
    assert question.current.content == bare


@pytest.mark.parametrize("kind", TYPES)
def test_a_new_one_of_each_type(teacher: Client, course: Any, kind: str) -> None:
    url = f"{reverse(ADD)}?type={kind}"
    sent = opened(teacher, url) | {"course": [str(course.pk)], "slug": ["new"], "q.name": ["New"]}
    assert teacher.post(url, sent).status_code == 302
    assert Question.objects.get().current.content["type"] == kind


def test_rows_are_added_moved_and_removed(teacher: Client, course: Any) -> None:
    question = add_question(course, "q", content("ordering"))
    sent = opened(teacher, page(question))
    more = teacher.post(page(question), (sent | {"_do": ["more.items"]}))
    assert more.status_code == 200 and question.versions.count() == 1
    assert 'class="errornote"' not in more.content.decode()
    sent = fields_of(more.content.decode())
    assert len(sent["q.items"]) == 7
    sent |= {"q.items.4.text_en": ["new"], "q.items.4.place": ["1.5"], "q.items.0.remove": ["on"]}
    teacher.post(page(question), sent)
    question.refresh_from_db()
    items = [(item["id"], item["text"]["en"]) for item in question.current.content["items"]]
    first = CONTENTS["ordering"]["items"]
    assert items == [("i5", "new"), *((item["id"], item["text"]["en"]) for item in first[1:])]


def test_a_new_part_never_gets_a_name_that_another_one_had(teacher: Client, course: Any) -> None:
    """Answers are stored under the names of parts: one to the old c must not become one to the new one."""
    question = add_question(course, "q", content("single", options=options(("a", 1.0), ("b", 0.0), ("c", 0.0))))
    add_question(course, "q", content("single", options=options(("a", 1.0), ("b", 0.0))))
    question.refresh_from_db()
    sent = opened(teacher, page(question))
    sent["q.options"].append("new1")
    teacher.post(page(question), (sent | {"q.options.new1.text_en": ["another"]}))
    question.refresh_from_db()
    assert [option["id"] for option in question.current.content["options"]] == ["a", "b", "d"]


@pytest.mark.parametrize(
    ("kind", "changes", "field", "told"),
    [
        ("single", {"q.points": "many"}, "q.points", "Write a number"),
        ("single", {"q.points": "0"}, "q.points", "0.01"),
        ("single", {"q.name": " "}, "q.name", "name"),
        ("single", {"q.text_en": "", "q.text_fr": " "}, "q.text_en", "at least one language"),
        ("single", {"q.options.1.text_en": "", "q.options.1.text_fr": ""}, "q.options.1.text_en", "one language"),
        ("single", {"q.options.2.share": "120"}, "q.options.2.share", "from -100 to 100"),
        ("single", {"q.options.0.share": "50"}, "q.options.0.share", "says that it is not"),
        ("multiple", {"q.rule": "dock=much"}, "q.rule", "write dock=0.5"),
        ("multiple", {"q.text_en": "x" * 50_001}, "q.text_en", "texts by language"),
        ("numerical", {"q.answers.0.value": "7 thousand"}, "q.answers.0.value", "Write a number"),
        ("numerical", {"q.answers.0.tolerance": "-1"}, "q.answers.0.tolerance", "from 0"),
        (
            "numerical",
            {"q.units": "0", "q.units.0.unit": "W", "q.units.0.factor": "x", "q.units.0.place": "1"},
            "q.units.0.factor",
            "number",
        ),
        ("short", {"q.answers.0.form": " ", "q.answers.0.feedback_en": "x"}, "q.answers.0.form", "accepted text"),
        ("matching", {"q.pairs.1.right_side_en": "", "q.pairs.1.right_side_fr": ""}, "q.pairs.1.right_side_en", "one"),
        ("ordering", {"q.items.1.feedback_en": "x" * 50_001}, "q.items.1.feedback_en", "texts by language"),
    ],
)
def test_an_error_stands_beside_its_field(
    teacher: Client, course: Any, kind: str, changes: dict[str, str], field: str, told: str
) -> None:
    question = add_question(course, "q", content(kind))
    sent = opened(teacher, page(question)) | {name: [value] for name, value in changes.items()}
    response = teacher.post(page(question), sent)
    html = response.content.decode()
    assert response.status_code == 200 and question.versions.count() == 1
    assert told in errors_beside(html, field)
    again = fields_of(html)
    assert {name: again.get(name) for name in changes} == {name: [value] for name, value in changes.items()}
    assert {name: values for name, values in again.items() if name.startswith("q.")} == {
        name: values for name, values in sent.items() if name.startswith("q.")
    }  # nothing else is lost either


def test_all_rows_removed(teacher: Client, course: Any) -> None:
    question = add_question(course, "q", content("single"))
    sent = opened(teacher, page(question)) | {f"q.options.{n}.remove": ["on"] for n in range(4)}
    html = teacher.post(page(question), sent).content.decode()
    assert "at least two are needed" in html and html.count("data-q-remove checked") == 4


def test_the_two_ways_to_edit(teacher: Client, course: Any) -> None:
    """Form to JSON and back with what stands there, saved or not; what cannot be read stays where it is."""
    question = add_question(course, "q", content("numerical"))
    sent = opened(teacher, page(question)) | {"q.name": ["Unsaved é"], "pool": ["P"]}
    html = teacher.post(page(question), (sent | {"_do": ["json"]})).content.decode()
    sent = fields_of(html)
    written = json.loads(sent["content"][0])
    assert written == question.current.content | {"name": "Unsaved é"} and sent["pool"] == ["P"]
    broken = sent | {"content": ['{"type": '], "_do": ["form"]}
    html = teacher.post(page(question), broken).content.decode()
    assert "This is no JSON" in html and fields_of(html)["content"] == ['{"type": ']
    sent["content"] = [json.dumps(written | {"points": 4})]
    sent = fields_of(teacher.post(page(question), (sent | {"_do": ["form"]})).content.decode())
    assert (sent["q.points"], sent["q.name"]) == (["4"], ["Unsaved é"])
    assert question.versions.count() == 1
    bad = teacher.post(page(question), (sent | {"q.points": ["x"], "_do": ["json"]})).content.decode()
    assert "Write a number" in errors_beside(bad, "q.points")


def test_one_right_option_or_several(teacher: Client, course: Any) -> None:
    question = add_question(course, "q", content("single"))
    sent = opened(teacher, page(question)) | {"q.retype": ["multiple"], "_do": ["type"]}
    sent = fields_of(teacher.post(page(question), sent).content.decode())
    assert sent["q.type"] == ["multiple"]
    teacher.post(page(question), (sent | {"q.options.1.right": ["on"]}))
    question.refresh_from_db()
    found = question.current.content
    assert (found["type"], [option["fraction"] for option in found["options"]]) == ("multiple", [0.5, 0.5, 0, 0])


def test_the_preview_is_what_students_meet(teacher: Client, course: Any) -> None:
    question = add_question(course, "q", content("single"))
    sent = opened(teacher, page(question)) | {"q.text_en": ["Unsaved $x^2$"]}
    url = reverse("admin:quizzes_question_preview") + f"?question={question.pk}"
    html = teacher.post(url, sent).content.decode()
    assert "<math" in html and "Unsaved" in html and html.count("<fieldset") == 2
    assert "Option d’abord" not in html and "why a" not in html and question.versions.count() == 1
    assert "Une seule" in html or "Flag" in html
    bad = teacher.post(url, (sent | {"q.points": ["x"]})).content.decode()
    assert "Mend this first" in bad and "Write a number" in bad
    assert teacher.get(url).status_code == 405


def test_a_hundred_options(teacher: Client, course: Any) -> None:
    many = options(*[(f"o{number}", float(number == 0)) for number in range(100)])
    question = add_question(course, "q", content("single", options=many))
    sent = opened(teacher, page(question)) | {"q.topic": ["x"]}
    assert teacher.post(page(question), sent).status_code == 302
    assert question.versions.count() == 2


# ---- Pictures ----------------------------------------------------------------------------------------------------


def sent_file(data: bytes, name: str = "a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/png")


def test_a_picture_without_scripts(teacher: Client, course: Any) -> None:
    question = add_question(course, "q", content("single"))
    sent = opened(teacher, page(question)) | {"_do": ["picture"], "picture_words": ["a [red] box"]}
    response = teacher.post(page(question), sent | {"picture": sent_file(picture())})
    name = Picture.objects.get().name
    assert f"![a (red) box](picture:{name})" in unescape(response.content.decode())
    assert question.versions.count() == 1
    for data, told in ((b"<svg/>", "SVG"), (None, "Choose a file first")):
        more = {} if data is None else {"picture": sent_file(data)}
        response = teacher.post(page(question), sent | more)
        assert told in response.content.decode() and "a [red] box" in response.content.decode()


def test_a_picture_by_script(teacher: Client, course: Any) -> None:
    url = reverse("admin:quizzes_question_picture")
    answer = teacher.post(url, {"course": course.pk, "picture": sent_file(picture()), "picture_words": "box"}).json()
    assert answer["mark"] == f"![box](picture:{Picture.objects.get().name})"
    assert teacher.get(answer["url"]).content == picture()
    foreign = Course.objects.create(slug="zephyr", title_en="ZEPHYR")
    for data in ({}, {"course": course.pk}, {"course": foreign.pk, "picture": sent_file(picture())}):
        assert teacher.post(url, data).status_code == 400
    assert Picture.objects.count() == 1


def test_students_send_no_pictures(client: Client, bob: Any, course: Any) -> None:
    client.force_login(bob)
    for name in ("picture", "preview"):
        response = client.post(reverse(f"admin:quizzes_question_{name}"), {"course": course.pk})
        assert response.status_code in (302, 403) and not Picture.objects.exists()


def test_a_text_names_pictures_of_the_course_only(teacher: Client, course: Any) -> None:
    question = add_question(course, "q", content("single"))
    found = read_picture(picture())
    sent = opened(teacher, page(question)) | {"q.text_en": [f"![](picture:{found.name})"]}
    html = teacher.post(page(question), sent).content.decode()
    assert "The course has no picture" in html and question.versions.count() == 1
    keep(course, [found])
    response = teacher.post(page(question), (sent), follow=True)
    assert question.versions.count() == 2 and "no description" in response.content.decode()


# ---- Any question ------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.floats(-1, 1))
def test_a_share_reads_back_exactly(fraction: float) -> None:
    question = parse(
        content("single", options=[*options(("a", 1.0)), {"id": "b", "text": {"en": "b"}, "fraction": fraction}])
    )
    result = read(Draft.of(question))
    assert result.question is not None, (percent(fraction), result.errors)
    assert dump(result.question)["options"][1]["fraction"] == fraction
