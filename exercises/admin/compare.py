"""Two versions of an exercise file by file, side by side; or a version and the files as they stand."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext

from courses.scoping import ReadOnlyAdmin
from exercises.admin.folders import compare, files_of
from exercises.models import ExerciseVersion

NOW = "files"  # instead of a version's number: the files as they were last saved


class ComparePage(ReadOnlyAdmin):
    """`compare/?with=2` of a version; without a number, with the version before it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.compare_page)
        own = path("<path:object_id>/compare/", view, name="exercises_exerciseversion_compare")
        return [own, *super().get_urls()]

    def compare_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self.get_object(request, unquote(object_id))
        if version is None or not self.has_view_permission(request, version):
            raise Http404
        others = list(version.exercise.versions.exclude(pk=version.pk).defer("statements", "starter", "public_tests"))
        chosen = request.GET.get("with") or str(next((v.number for v in others if v.number < version.number), NOW))
        sides = self._sides(version, others, chosen)
        (old_name, old, old_there), (new_name, new, new_there) = sides
        context = {
            "version": version,
            "others": others,
            "chosen": chosen,
            "now": NOW,
            "names": (old_name, new_name),
            "lost": not (old_there and new_there),
            "pairs": compare(old, new) if old_there and new_there else [],
            "back": reverse("admin:exercises_exerciseversion_change", args=[version.pk]),
        }
        return TemplateResponse(request, "admin/exercises/exerciseversion/compare.html", context)

    def _sides(
        self, version: ExerciseVersion, others: list[ExerciseVersion], chosen: str
    ) -> list[tuple[str, dict[str, bytes], bool]]:
        """Name, files and whether they are still stored, the older side first. Raises Http404."""
        mine: Any = (version.number, *self._side(version))
        if chosen == NOW:
            files = {file.path: bytes(file.content) for file in version.exercise.files.all()}
            return [mine[1:], (gettext("the files as they stand"), files, True)]
        other = next((found for found in others if str(found.number) == chosen), None)
        if other is None:
            raise Http404
        return [side[1:] for side in sorted([mine, (other.number, *self._side(other))], key=lambda side: side[0])]

    def _side(self, version: ExerciseVersion) -> tuple[str, dict[str, bytes], bool]:
        files = files_of(version)
        return gettext("version %(number)d") % {"number": version.number}, files, bool(files)
