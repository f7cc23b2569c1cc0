"""Versions of questions: what students got, and still get in attempts that have begun. Never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from courses.scoping import ReadOnlyAdmin, course_filter, in_course_zone
from quizzes.admin.display import pretty
from quizzes.models import QuestionVersion


@admin.register(QuestionVersion)
class QuestionVersionAdmin(ReadOnlyAdmin):
    course_path = "question__course_id"
    list_display = ("__str__", "course", in_course_zone("created_at", "question__course", _("saved")))
    list_filter = (course_filter("question__course"),)
    list_select_related = ("question__course",)
    search_fields = ("question__slug",)
    ordering = ("-created_at",)
    fields = ("question", "number", "created_at", "sha256", "as_json")
    readonly_fields = ("as_json",)

    @admin.display(description=_("course"))
    def course(self, version: QuestionVersion) -> str:
        return version.question.course.title

    @admin.display(description=_("content"))
    def as_json(self, version: QuestionVersion) -> SafeString:
        return format_html('<pre class="code-shown" tabindex="0">{}</pre>', pretty(version.content))

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("question__course")
