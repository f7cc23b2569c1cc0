"""The author's workplace: making, editing, publishing, importing, exporting and previewing an exercise."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from exercises import actions
from exercises.admin import template
from exercises.archives import write_archive
from exercises.models import Exercise, ExerciseVersion
from workers.jobs import ExerciseFiles, write_folder


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def page(exercise: Any, name: str = "change") -> str:
    return reverse(f"admin:exercises_exercise_{name}", args=[exercise.pk])


def form_of(client: Client, exercise: Any) -> dict[str, Any]:
    """What a browser would post from the exercise's page, nothing changed."""
    context = client.get(page(exercise)).context
    form = context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields if name not in ("remove", "upload")}
    formset = context["inline_admin_formsets"][0].formset
    forms = [formset.management_form, *formset.forms]
    for part in forms:
        data |= {part.add_prefix(name): part[name].value() or "" for name in part.fields if name != "DELETE"}
    return {key: str(value).replace("\n", "\r\n") for key, value in data.items()}


def files(exercise: Any) -> dict[str, bytes]:
    return dict(Exercise.objects.get(pk=exercise.pk).read_files().files)


def test_it_works(teacher: Client, course: Any) -> None:
    response = teacher.post(reverse("admin:exercises_exercise_add"), {"course": course.pk, "slug": "mean"})
    exercise = Exercise.objects.get(slug="mean")
    assert response.url == page(exercise)
    assert files(exercise) == template.FILES
    teacher.post(page(exercise), form_of(teacher, exercise) | {"_publish": "1"})
    version = exercise.versions.get()
    assert version.state == ExerciseVersion.State.LISTING and version.title["fr"] == "Moyenne d'une liste"
    assert "being prepared" in teacher.get(page(exercise)).content.decode()


def test_an_untouched_form_changes_nothing(teacher: Client, exercise: Any) -> None:
    before = files(exercise)
    assert teacher.post(page(exercise), form_of(teacher, exercise)).status_code == 302
    assert files(exercise) == before


def test_texts_are_saved_with_unix_line_ends(teacher: Client, exercise: Any) -> None:
    teacher.post(page(exercise), form_of(teacher, exercise) | {"solution": "def add(a, b):\r\n    return b + a\r\n"})
    assert files(exercise)["solution.py"] == b"def add(a, b):\n    return b + a\n"
    history = teacher.get(page(exercise, "history")).content.decode()
    assert "solution.py" in history and "tests.py" not in history


def test_wrong_answers_are_added_renamed_and_deleted(teacher: Client, exercise: Any) -> None:
    new = {"files-TOTAL_FORMS": "2", "files-1-name": "loop.py", "files-1-source": "# expect: 0/10 timeout\r\n"}
    teacher.post(page(exercise), form_of(teacher, exercise) | new | {"files-0-name": "less.py"})
    wrong = {path for path in files(exercise) if path.startswith("wrong/")}
    assert wrong == {"wrong/less.py", "wrong/loop.py"}
    teacher.post(page(exercise), form_of(teacher, exercise) | {"files-0-DELETE": "on"})
    assert {path for path in files(exercise) if path.startswith("wrong/")} == {"wrong/loop.py"}


@pytest.mark.parametrize("name", ["../up.py", "a b.py", "x.sh", "", "wrong/x.py", "minus.py"])
def test_bad_names_of_wrong_answers_are_refused(teacher: Client, exercise: Any, name: str) -> None:
    before = files(exercise)
    new = {"files-TOTAL_FORMS": "2", "files-1-name": name, "files-1-source": "# expect: 0/10\n"}
    response = teacher.post(page(exercise), form_of(teacher, exercise) | new)
    assert response.status_code == 200 and "errornote" in response.content.decode()
    assert files(exercise) == before


def test_data_files(teacher: Client, exercise: Any) -> None:
    uploads = [SimpleUploadedFile("a.csv", b"1;2"), SimpleUploadedFile("b.bin", b"\xff\0")]
    teacher.post(page(exercise), form_of(teacher, exercise) | {"upload": uploads})
    assert files(exercise)["data/a.csv"] == b"1;2" and files(exercise)["data/b.bin"] == b"\xff\0"
    assert "data/b.bin · 2" in teacher.get(page(exercise)).content.decode().replace("\xa0", " ")
    teacher.post(page(exercise), form_of(teacher, exercise) | {"remove": ["data/b.bin"]})
    assert "data/b.bin" not in files(exercise) and "data/a.csv" in files(exercise)


def test_a_text_that_is_not_utf8_survives(teacher: Client, exercise: Any) -> None:
    broken = files(exercise) | {"statement.fr.md": "été".encode("latin-1")}
    actions.save_files(exercise, ExerciseFiles(broken))
    teacher.post(page(exercise), form_of(teacher, exercise))
    assert files(exercise) == broken


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("toml", 'titel = "A"', "unknown key"),
        ("toml", "title = [", "cannot be read"),
        ("toml", 'title = { en = "A" }', "the language &#x27;fr&#x27; is missing"),
        ("statement_fr", "", "statement.fr.md is missing."),
        ("starter", "", "starter.py is missing."),
        ("solution", "", "solution.py is missing."),
        ("solution", "def add(:", "line 1: invalid syntax"),
        ("tests", "", "tests.py is missing."),
        ("tests", "x = 1\nif:", "line 2: invalid syntax"),
    ],
)
def test_what_cannot_be_published_is_said_at_its_field(
    teacher: Client, exercise: Any, field: str, text: str, said: str
) -> None:
    response = teacher.post(page(exercise), form_of(teacher, exercise) | {field: text, "_publish": "1"})
    assert response.status_code == 200
    row = re.search(rf'<div class="form-row errors field-{field}">(.*?)<textarea', response.content.decode(), re.S)
    assert row is not None and said in row[1]
    assert exercise.versions.count() == 1


def test_unfinished_files_can_be_saved_without_publishing(teacher: Client, exercise: Any) -> None:
    response = teacher.post(page(exercise), form_of(teacher, exercise) | {"tests": "def", "statement_fr": ""})
    assert response.status_code == 302
    assert files(exercise)["tests.py"] == b"def" and "statement.fr.md" not in files(exercise)


def test_the_kind_decides_the_names_of_starter_and_solution(teacher: Client, exercise: Any) -> None:
    toml = 'title = { en = "A", fr = "A" }\nkind = "prompt"\n'
    teacher.post(page(exercise), form_of(teacher, exercise) | {"toml": toml, "starter": "Say {input}"})
    assert files(exercise)["starter.txt"] == b"Say {input}" and "starter.py" not in files(exercise)
    assert "starter.txt" in teacher.get(page(exercise)).content.decode()


def test_too_much_is_refused(teacher: Client, exercise: Any) -> None:
    actions.save_files(exercise, ExerciseFiles(files(exercise) | {"data/old": bytes(20 << 20)}))
    upload = SimpleUploadedFile("new", bytes(13 << 20))
    response = teacher.post(page(exercise), form_of(teacher, exercise) | {"upload": upload})
    assert "an exercise may hold 32 MiB" in response.content.decode()
    assert "data/new" not in files(exercise)


def test_publishing_twice_keeps_the_version(teacher: Client, exercise: Any) -> None:
    teacher.post(page(exercise), form_of(teacher, exercise) | {"_publish": "1"})
    assert exercise.versions.count() == 1


def test_a_fault_is_shown(teacher: Client, exercise: Any) -> None:
    fault = "tests.py: <no> test"
    ExerciseVersion.objects.filter(exercise=exercise).update(state="broken", fault=fault)
    content = teacher.get(page(exercise)).content.decode()
    assert "broken" in content and "tests.py: &lt;no&gt; test" in content


def test_export_and_import(teacher: Client, exercise: Any) -> None:
    response = teacher.get(page(exercise, "export"))
    names = zipfile.ZipFile(io.BytesIO(response.content)).namelist()
    assert "addition/wrong/minus.py" in names and 'filename="addition.zip"' in response["Content-Disposition"]
    before = files(exercise)
    actions.save_files(exercise, ExerciseFiles({"exercise.toml": before["exercise.toml"]}))
    upload = SimpleUploadedFile("addition.zip", response.content)
    assert teacher.post(page(exercise, "import"), {"archive": upload}).status_code == 302
    assert files(exercise) == before


def test_a_bad_archive_is_refused_with_a_sentence(teacher: Client, exercise: Any, course: Any) -> None:
    before = files(exercise)
    for url, fields in (
        (page(exercise, "import"), {}),
        (reverse("admin:exercises_exercise_add"), {"course": course.pk, "slug": "new"}),
    ):
        response = teacher.post(url, fields | {"archive": SimpleUploadedFile("a.zip", b"PK")})
        assert "not a .zip file, or it is damaged" in response.content.decode()
    assert files(exercise) == before and not Exercise.objects.filter(slug="new").exists()


def test_a_new_exercise_from_a_zip(teacher: Client, exercise: Any, course: Any) -> None:
    upload = SimpleUploadedFile("a.zip", write_archive(exercise.read_files(), "x"))
    teacher.post(reverse("admin:exercises_exercise_add"), {"course": course.pk, "slug": "copy", "archive": upload})
    assert files(Exercise.objects.get(slug="copy")) == files(exercise)


def test_a_taken_name_is_refused(teacher: Client, exercise: Any, course: Any) -> None:
    response = teacher.post(reverse("admin:exercises_exercise_add"), {"course": course.pk, "slug": exercise.slug})
    assert response.status_code == 200 and "already exists" in response.content.decode()


def test_preview_in_both_languages(teacher: Client, exercise: Any) -> None:
    evil = b"<script>alert(1)</script> $x^2$"
    actions.save_files(exercise, ExerciseFiles(files(exercise) | {"statement.fr.md": evil}))
    content = teacher.get(page(exercise, "preview")).content.decode()
    assert "Write <code>add(a, b)</code>" in content
    assert content.count("<math") >= 2 and "<script>alert" not in content


def test_a_published_exercise_cannot_be_deleted(teacher: Client, exercise: Any, course: Any) -> None:
    assert teacher.post(page(exercise, "delete"), {"post": "yes"}).status_code == 403
    fresh = Exercise.objects.create(course=course, slug="fresh")
    assert teacher.post(page(fresh, "delete"), {"post": "yes"}).status_code == 302
    assert not Exercise.objects.filter(pk=fresh.pk).exists()


def test_versions_show_files_tests_and_changes(teacher: Client, exercise: Any) -> None:
    changed = files(exercise) | {"solution.py": b"def add(a, b):\n    return b + a\n", "data/x": b"\xff"}
    actions.save_files(exercise, ExerciseFiles(changed))
    version = actions.publish(exercise)
    response = teacher.get(reverse("admin:exercises_exerciseversion_change", args=[version.pk]))
    content = response.content.decode()
    assert response["Refresh"]
    assert "Changes since version 1" in content and "statement.en.md" in content
    assert '<span class="gd">-    return a + b</span>' in content
    assert '<span class="gi">+    return b + a</span>' in content
    response = teacher.get(reverse("admin:exercises_exerciseversion_change", args=[exercise.published_id]))
    assert "adds hidden numbers" in response.content.decode() and "Refresh" not in response
    assert 'name="_save"' not in response.content.decode()


@pytest.mark.sandbox
def test_the_template_passes_the_publish_gate(tmp_path: Path, repository: Path) -> None:
    folder = tmp_path / "mean"
    write_folder(ExerciseFiles(template.FILES), folder)
    command = [sys.executable, "-m", "workers", "check", str(folder)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 holds" in done.stdout


def test_the_template_shows_only_its_public_test() -> None:
    facts = actions.publication(ExerciseFiles(template.FILES))
    assert "mean of three numbers" in facts["public_tests"] and "many" not in facts["public_tests"]
