"""Published versions: their files, tests and fault, and what changed since the version before. Never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from courses.scoping import course_filter, in_course_zone
from exercises.admin.compare import ComparePage
from exercises.admin.display import version_chip
from exercises.admin.folders import differences, files_of, show
from exercises.models import ExerciseVersion

REFRESH_SECONDS = 3


@admin.register(ExerciseVersion)
class ExerciseVersionAdmin(ComparePage):
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
