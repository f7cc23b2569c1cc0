"""The question bank in the admin: making, editing, importing and exporting questions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course, Enrolment
from quizzes.admin.templates import template
from quizzes.authoring import import_questions, save_question
from quizzes.formats import read
from quizzes.models import Question, QuestionVersion
from quizzes.questions import TYPES, dump, parse
from tests.quizzes.quizzing import add_question, add_quiz, add_slots, content

LIST = "admin:quizzes_question_changelist"
ADD = "admin:quizzes_question_add"
IMPORT = "admin:quizzes_question_import"
EXPORT = "admin:quizzes_question_export"
GIFT = "$CATEGORY: Loss\n\n::One:: Is it $x^2$? {T}\n\n::Two:: Which? {=a ~b}\n"
FILES = Path(__file__).parent / "formats"


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def outside(db: None) -> Any:
    """A question of a course that Alice does not teach."""
    course = Course.objects.create(slug="zephyr", title_en="ZEPHYR")
    dora = User.objects.create_user("dora@zephyr.example", is_staff=True)
    Enrolment.objects.create(course=course, user=dora, role="instructor")
    form = content("single", name="ZEPHYR", text={"en": "ZEPHYR"})
    return add_question(course, "zephyr-one", form, "ZEPHYR")


def page(question: Any) -> str:
    return reverse("admin:quizzes_question_change", args=[question.pk])


def posted(question: Any, form: Any, **changes: Any) -> dict[str, Any]:
    return {"pool": question.pool, "content": json.dumps(form)} | changes


def text_of(response: Any) -> str:
    return str(response.content.decode())


def sealed_of(response: Any) -> str:
    found = re.search(r'name="sealed" value="([^"]*)"', text_of(response))
    assert found
    return found[1]


def test_it_works(teacher: Client, course: Any) -> None:
    data = {
        "course": course.pk,
        "slug": "square",
        "pool": " Week 1 / Squares/",
        "content": json.dumps(template("single")),
    }
    assert teacher.post(reverse(ADD), data).status_code == 302
    question = Question.objects.get()
    assert (question.slug, question.pool, question.course) == ("square", "Week 1/Squares", course)
    assert question.current is not None and question.current.number == 1
    shown = text_of(teacher.get(page(question)))
    assert "<math" in shown and 'lang="fr"' in shown
    assert "square" in text_of(teacher.get(reverse(LIST)))


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_has_a_beginning(teacher: Client, course: Any, kind: str) -> None:
    assert dump(parse(template(kind)))["type"] == kind
    assert f'name="q.type" value="{kind}"' in text_of(teacher.get(reverse(ADD) + f"?type={kind}"))
    question = add_question(course, "q", template(kind))
    assert teacher.get(page(question)).status_code == 200


def test_saving_a_change_makes_a_version(teacher: Client, course: Any) -> None:
    question = add_question(course, "single")
    form = question.current.content
    teacher.post(page(question), posted(question, form))
    assert question.versions.count() == 1  # nothing changed
    teacher.post(page(question), posted(question, form | {"points": 3.0}, pool="New", archived="on"))
    question.refresh_from_db()
    assert (question.current.number, question.current.content["points"]) == (2, 3.0)
    assert (question.pool, question.archived) == ("New", True)
    shown = text_of(teacher.get(page(question)))
    assert "+  &quot;points&quot;: 3.0" in shown


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("{", "This is no JSON"),
        ("[" * 10_000, "nested too deeply"),
        ("[]", "a question is a JSON object"),
        ('{"type": "single"}', "name"),
    ],
)
def test_what_the_form_refuses(teacher: Client, course: Any, form: str, told: str) -> None:
    question = add_question(course, "single")
    response = teacher.post(page(question), {"pool": "", "content": form})
    assert response.status_code == 200 and told in text_of(response)
    assert question.versions.count() == 1


def test_a_missing_translation_is_said(teacher: Client, course: Any) -> None:
    question = add_question(course, "single")
    form = question.current.content | {"text": {"en": "Only English"}}
    response = teacher.post(page(question), posted(question, form), follow=True)
    assert "text.fr" in text_of(response)


def test_what_may_be_deleted(teacher: Client, course: Any) -> None:
    question = add_question(course, "single")
    delete = reverse("admin:quizzes_question_delete", args=[question.pk])
    quiz = add_quiz(course)
    add_slots(quiz, question)
    assert teacher.post(delete, {"post": "yes"}).status_code == 403
    quiz.slots.all().delete()
    assert teacher.post(delete, {"post": "yes"}).status_code == 302
    assert not Question.objects.exists() and not QuestionVersion.objects.exists()


# ---- Import ------------------------------------------------------------------------------------------------------


def importing(teacher: Client, course: Any, **data: Any) -> Any:
    return teacher.post(reverse(IMPORT), {"course": course.pk, "language": "en", "text": "", "pool": ""} | data)


def test_an_import_is_shown_then_saved(teacher: Client, course: Any) -> None:
    response = importing(teacher, course, text=GIFT, pool="Exam")
    shown = text_of(response)
    assert not Question.objects.exists()  # nothing is saved yet
    assert "GIFT" in shown and "Exam/Loss" in shown and "<math" in shown
    response = teacher.post(reverse(IMPORT), {"sealed": sealed_of(response)}, follow=True)
    assert {(q.slug, q.pool) for q in Question.objects.all()} == {("one", "Exam/Loss"), ("two", "Exam/Loss")}
    assert "2 new questions" in text_of(response)


def test_the_same_file_again_changes_nothing(teacher: Client, course: Any) -> None:
    for text, versions in ((GIFT, 2), (GIFT, 2), (GIFT.replace("{=a", "{=c"), 3)):
        teacher.post(reverse(IMPORT), {"sealed": sealed_of(importing(teacher, course, text=text))})
        assert QuestionVersion.objects.count() == versions and Question.objects.count() == 2
    again = importing(teacher, course, text=GIFT)
    assert [each.change for each in again.context["planned"]] == ["same", "version"]


def test_problems_are_shown_by_line(teacher: Client, course: Any) -> None:
    name = "multiple_wrong_at_zero.gift"
    text = (FILES / name).read_text() + "\nEssay. {}\n"
    shown = text_of(importing(teacher, course, file=SimpleUploadedFile(name, text.encode())))
    assert "Line 1:" in shown and "ticking every box" in shown
    assert "Line 7:" in shown and "essay" in shown and "without what is left out" in shown


@pytest.mark.parametrize(
    ("name", "count"), [("multichoice.xml", 1), ("good.amc.txt", 2), ("good.aiken.txt", 2), ("envelope.json", 1)]
)
def test_files_of_every_format(teacher: Client, course: Any, name: str, count: int) -> None:
    response = importing(teacher, course, file=SimpleUploadedFile(name, (FILES / name).read_bytes()))
    teacher.post(reverse(IMPORT), {"sealed": sealed_of(response)})
    assert Question.objects.count() == count


@pytest.mark.parametrize("name", ["archive.gift", "nul.gift", "empty.gift", "bomb.xml", "deep.json"])
def test_files_that_hold_nothing(teacher: Client, course: Any, name: str) -> None:
    data = (FILES / name).read_bytes()
    response = importing(teacher, course, file=SimpleUploadedFile(name, data), kind="")
    assert response.status_code == 200 and not Question.objects.exists()
    if data:
        assert [problem.level for problem in response.context["errors"]] == ["error"]
    else:
        assert "The submitted file is empty" in text_of(response)


def test_what_the_import_form_refuses(teacher: Client, course: Any) -> None:
    both = importing(teacher, course, text=GIFT, file=SimpleUploadedFile("a.gift", b"Q {T}"))
    for response in (importing(teacher, course), both):
        assert "one of the two" in text_of(response)


def test_a_forged_or_foreign_preview_is_refused(teacher: Client, course: Any, outside: Any) -> None:
    sealed = sealed_of(importing(teacher, course, text=GIFT))
    teacher.post(reverse(IMPORT), {"sealed": sealed[:-3] + "xyz"})
    from quizzes.admin.exchange import sealed as seal

    foreign = seal(outside.course, read("gift", GIFT).questions)
    response = teacher.post(reverse(IMPORT), {"sealed": foreign}, follow=True)
    assert "too old" in text_of(response)
    assert Question.objects.count() == 1


def test_half_an_import_is_none(course: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = read("gift", GIFT).questions
    from quizzes import authoring

    saved = []

    def break_down(*args: Any) -> Any:
        if saved:
            raise OSError("the disk is full")
        saved.append(args)
        return save_question(*args)

    monkeypatch.setattr(authoring, "save_question", break_down)
    with pytest.raises(OSError):
        import_questions(course, questions)
    assert saved and not Question.objects.exists()


def test_names_that_come_twice_get_numbers(course: Any) -> None:
    same = read("gift", "::Same:: A? {T}\n\n::Same:: B? {T}\n\n::Same:: C? {T}\n").questions
    import_questions(course, same)
    assert [q.slug for q in Question.objects.order_by("slug")] == ["same", "same-2", "same-3"]
    done = import_questions(course, same)
    assert len(done.same) == 3 and not done.new and not done.changed
    other = import_questions(course, [("Other", question) for _pool, question in same[:1]])
    assert [q.slug for q in other.new] == ["same-4"]  # the same name in another pool is another question


# ---- Export ------------------------------------------------------------------------------------------------------


def exporting(teacher: Client, course: Any, **data: Any) -> Any:
    query = {"course": course.pk, "pool": "", "kind": "gift", "language": "en"} | data
    return teacher.get(reverse(EXPORT), query)


def test_an_exported_pool_is_read_back(teacher: Client, course: Any) -> None:
    import_questions(course, read("gift", GIFT).questions)
    add_question(course, "elsewhere", template("single"), "Other")
    response = exporting(teacher, course, pool="Loss")
    assert response["Content-Disposition"] == 'attachment; filename="course-Loss.gift"'
    assert [q.name for _pool, q in read("gift", response.content).questions] == ["One", "Two"]


def test_what_a_format_cannot_hold_is_said_first(teacher: Client, course: Any) -> None:
    add_question(course, "q", template("ordering"))
    response = exporting(teacher, course)
    assert "left out" in text_of(response) and "no questions of this type" in text_of(response)
    assert exporting(teacher, course, anyway="1")["Content-Disposition"]
    assert "one language" in text_of(exporting(teacher, course, language="both"))
    assert exporting(teacher, course, kind="moodle-xml", language="both")["Content-Disposition"]


def test_an_empty_pool(teacher: Client, course: Any) -> None:
    assert "no question in this pool" in text_of(exporting(teacher, course, pool="Nothing"))


def test_the_chosen_ones_as_json(teacher: Client, course: Any) -> None:
    one, _two = add_question(course, "one", template("single")), add_question(course, "two", template("short"))
    response = teacher.post(reverse(LIST), {"action": "export_chosen", "_selected_action": [one.pk]})
    assert len(read("json", response.content).questions) == 1


# ---- Who may -----------------------------------------------------------------------------------------------------


def test_another_courses_questions_do_not_exist(teacher: Client, course: Any, outside: Any) -> None:
    for name in ("change", "delete", "history"):
        url = reverse(f"admin:quizzes_question_{name}", args=[outside.pk])
        for response in (teacher.get(url), teacher.post(url, {"post": "yes", "content": "{}"})):
            assert response.status_code == 302 and response.url == reverse("admin:index")
    for url in (reverse(LIST), reverse(LIST) + "?q=zephyr", reverse(ADD), reverse(IMPORT), reverse(EXPORT)):
        assert "ZEPHYR" not in text_of(teacher.get(url)), url
    assert "Select a valid choice" in text_of(importing(teacher, outside.course, text=GIFT))
    assert "Select a valid choice" in text_of(exporting(teacher, outside.course))
    stolen = teacher.post(reverse(LIST), {"action": "export_chosen", "_selected_action": [outside.pk]})
    assert b"ZEPHYR" not in stolen.content
    assert Question.objects.count() == 1 and outside.versions.count() == 1


def test_versions_can_be_read(teacher: Client, course: Any, outside: Any) -> None:
    version = add_question(course, "single").current
    url = reverse("admin:quizzes_questionversion_change", args=[version.pk])
    assert "option a" in text_of(teacher.get(url))
    assert teacher.post(url, {"number": 9}).status_code == 403
    foreign = reverse("admin:quizzes_questionversion_change", args=[outside.current.pk])
    assert teacher.get(foreign).status_code == 302
    shown = text_of(teacher.get(reverse("admin:quizzes_questionversion_changelist")))
    assert "single v1" in shown and "zephyr" not in shown


def test_students_find_nothing(client: Client, bob: Any, charlie: Any, course: Any) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True)  # the flag alone opens no course
    for user in (User.objects.get(pk=bob.pk), charlie):
        client.force_login(user)
        for name in (LIST, ADD, IMPORT, EXPORT):
            for response in (client.get(reverse(name)), client.post(reverse(name), {"sealed": "x"})):
                assert response.status_code in (302, 403, 404), name
                assert response.status_code != 302 or "login" in response.url


def test_no_page_holds_inline_code(teacher: Client, course: Any) -> None:
    question = add_question(course, "single")
    urls = [page(question), reverse(LIST), reverse(ADD), reverse(IMPORT), reverse(EXPORT)]
    responses = [teacher.get(url) for url in urls] + [importing(teacher, course, text=GIFT)]
    for response in responses:
        assert not re.search(
            r"<style|\sstyle=|<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son\w+=\"", text_of(response)
        )
