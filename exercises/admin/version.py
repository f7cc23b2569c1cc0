"""Published versions: their files, tests and fault, and what changed since the version before. Never edited."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.scoping import ReadOnlyAdmin, course_filter, in_course_zone
from exercises.admin.display import version_chip
from exercises.highlighting import highlighted
from exercises.models import Bundle, ExerciseVersion
from workers.jobs import BadExercise, unpack

MOST_LINES = 5000  # of a file that is compared line by line: the comparison's time grows faster than the file
REFRESH_SECONDS = 3


@dataclass(frozen=True)
class ShownFile:
    path: str
    size: int  # bytes
    markup: SafeString | None  # None: not a text


def files_of(version: ExerciseVersion) -> dict[str, bytes]:
    """The version's files; empty when its bundle is gone or damaged."""
    data = Bundle.objects.filter(sha256=version.sha256).values_list("data", flat=True).first()
    try:
        return dict(unpack(bytes(data), version.sha256).files) if data else {}
    except BadExercise:
        return {}


def text_of(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def show(path: str, content: bytes) -> ShownFile:
    text = text_of(content)
    markup = None if text is None else highlighted(text, PurePosixPath(path).suffix)
    return ShownFile(path, len(content), markup)


def differences(before: dict[str, bytes], after: dict[str, bytes]) -> list[ShownFile]:
    """For each file that differs, its unified diff as markup."""
    shown = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            diff = _diff(text_of(old or b""), text_of(new or b""))
            shown.append(ShownFile(path, len(new or b""), None if diff is None else highlighted(diff, ".diff")))
    return shown


def _diff(old: str | None, new: str | None) -> str | None:
    if old is None or new is None:
        return None
    a, b = old.splitlines(), new.splitlines()
    if max(len(a), len(b)) > MOST_LINES:
        return None
    return "\n".join(difflib.unified_diff(a, b, gettext("before"), gettext("after"), lineterm="")) + "\n"


@admin.register(ExerciseVersion)
class ExerciseVersionAdmin(ReadOnlyAdmin):
    course_path = "exercise__course_id"
    list_display = (
        "__str__",
        "state_chip",
        "max_score",
        "course",
        in_course_zone("created_at", "exercise__course", _("published")),
    )
    list_filter = (course_filter("exercise__course"), "state")
    list_select_related = ("exercise__course",)
    search_fields = ("exercise__slug",)
    ordering = ("-created_at",)
    fields = ("exercise", "number", "state", "max_score", "created_at", "sha256")

    @admin.display(description=_("state"), ordering="state")
    def state_chip(self, version: ExerciseVersion) -> SafeString:
        return version_chip(version)

    @admin.display(description=_("course"))
    def course(self, version: ExerciseVersion) -> str:
        return version.exercise.course.title

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("statements", "starter", "public_tests")

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        previous = obj.exercise.versions.filter(number__lt=obj.number).first()
        files = files_of(obj)
        context |= {
            "version": obj,
            "chip": version_chip(obj),
            "files": [show(path, content) for path, content in files.items()],
            "previous": previous,
            "differences": differences(files_of(previous), files) if previous else [],
            "tests": (obj.manifest or {}).get("tests", []),
            "is_published": obj.exercise.published_id == obj.pk,
        }
        response = super().render_change_form(request, context, add, change, form_url, obj)
        if obj.state == ExerciseVersion.State.LISTING:
            response["Refresh"] = str(REFRESH_SECONDS)  # nothing is typed on this page, so nothing gets lost
        return response
