"""Scores are written in one place only, where each change leaves an event."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory

from gradebook import actions
from gradebook.models import GradeEvent, GradeItem, Score

GUARDED = {"Score", "GradeEvent"}  # models
RELATIONS = {"scores", "events"}  # how other models reach them
FIELDS = {"derived", "override", "excused"}
WRITES = {
    "create",
    "acreate",
    "get_or_create",
    "aget_or_create",
    "update_or_create",
    "aupdate_or_create",
    "bulk_create",
    "abulk_create",
    "bulk_update",
    "abulk_update",
    "update",
    "aupdate",
    "delete",
    "adelete",
    "add",
    "set",
    "clear",
    "remove",
}


def names_in(node: ast.AST) -> set[str]:
    """Every name in a chain such as Score.objects.filter(…).update."""
    found = set()
    while True:
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            return found | ({node.id} if isinstance(node, ast.Name) else set())


def is_write(node: ast.Call) -> bool:
    """Whether a call makes, changes or deletes a score or an event."""
    function = node.func
    if isinstance(function, ast.Name):
        return function.id in GUARDED
    if not isinstance(function, ast.Attribute):
        return False
    return function.attr in GUARDED or (
        function.attr in WRITES and bool(names_in(function.value) & (GUARDED | RELATIONS))
    )


def sets_a_field(node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = (part for target in targets for part in ast.walk(target))
    return any(isinstance(part, ast.Attribute) and part.attr in FIELDS for part in parts)


def writes(source: str) -> Iterator[int]:
    """The lines that write to a score or to its history."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            written = is_write(node)
        else:
            written = isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and sets_a_field(node)
        if written:
            yield node.lineno


def sources(repository: Path) -> list[Path]:
    folders = [repository / name for name in ("platform", "exercises", "quizzes")]
    files = [file for folder in folders if folder.is_dir() for file in folder.rglob("*.py")]
    skipped = {"migrations", "node_modules", "catalog"}
    return [file for file in files if not skipped & set(file.relative_to(repository).parts)]


def test_it_works(repository: Path) -> None:
    allowed = repository / "platform" / "gradebook" / "actions.py"
    files = sources(repository)
    assert allowed in files and len(files) > 30
    found = [f"{file}:{line}" for file in files if file != allowed for line in writes(file.read_text())]
    assert found == []
    assert len(list(writes(allowed.read_text()))) > 4


@pytest.mark.parametrize(
    "source",
    [
        "Score(item=item)",
        "models.Score(item=item)",
        "Score.objects.create(item=item)",
        "Score.objects.filter(item=item).exclude(x=1).update(derived=3)",
        "item.scores.all().delete()",
        "student.scores.update(override=1)",
        "gradebook.models.Score.objects.bulk_update(rows, ['derived'])",
        "GradeEvent.objects.all().delete()",
        "score.override = 3",
        "a, score.derived = 1, 2",
        "score.excused |= True",
        "score.events.create(kind='x')",
    ],
)
def test_the_check_sees_writes(source: str) -> None:
    assert list(writes(source)) == [1]


@pytest.mark.parametrize(
    "source", ["Score.objects.filter(item=item)", "scores.setdefault(1, {})", "x = score.override"]
)
def test_the_check_lets_reading_pass(source: str) -> None:
    assert list(writes(source)) == []


def test_the_admin_only_shows_scores(rf: RequestFactory, alice: Any) -> None:
    request = rf.get("/admin/")
    alice.is_superuser = True
    request.user = alice
    for model in (Score, GradeEvent):
        found = admin.site._registry.get(model)
        if found is not None:
            assert not found.has_add_permission(request)
            assert not found.has_change_permission(request)
            assert not found.has_delete_permission(request)


def test_events_are_for_ever(course: Any, alice: Any, bob: Any) -> None:
    item = GradeItem.objects.create(course=course, slug="one", title_en="One")
    actions.set_override(item, bob, actions.cents(5.0), alice, "appeal")
    event = GradeEvent.objects.get()
    with pytest.raises(TypeError, match="never changed"):
        event.delete()
    event.why = "nothing"
    with pytest.raises(TypeError, match="never changed"):
        event.save()
