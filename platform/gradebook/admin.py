"""The admin's pages of the gradebook: its columns may be edited, its scores only be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from courses.scoping import (
    CourseScopedAdmin,
    CourseTimeAdmin,
    ReadOnlyAdmin,
    TaughtFilter,
    column,
    course_filter,
    in_course_zone,
    taught,
)
from gradebook.models import Category, GradeEvent, GradeItem, Score


@admin.register(GradeItem)
class GradeItemAdmin(CourseTimeAdmin):
    """A column of an assignment or a quiz takes title, points and closing date from it: its weight is set here."""

    list_display = (
        "slug",
        "title_en",
        "course",
        "max_points",
        "weight",
        in_course_zone("closes_at", "course", _("closes")),
    )
    list_filter = (course_filter("course"),)
    list_select_related = ("course",)
    search_fields = ("slug", "title_en", "title_fr")
    fields = ("course", "slug", ("title_en", "title_fr"), ("max_points", "weight"), "category", "position", "closes_at")
    fixed_fields = ("course", "slug")
    kept_by_assignment = ("title_en", "title_fr", "max_points", "position", "closes_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return (*fields, *self.kept_by_assignment) if obj is not None and not obj.manual else fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never with scores: their history would go with them."""
        if obj is not None and (not obj.manual or obj.scores.exists()):
            return False
        return self.allows(request, obj)


@admin.register(Category)
class CategoryAdmin(CourseScopedAdmin):
    list_display = ("title_en", "course", "weight", "drop_lowest")
    list_filter = (course_filter("course"),)
    list_select_related = ("course",)
    search_fields = ("title_en", "title_fr")
    fields = ("course", ("title_en", "title_fr"), ("weight", "drop_lowest"), "position")
    fixed_fields = ("course",)


class ItemFilter(TaughtFilter):
    title = _("grade item")
    parameter_name = "of_item"
    path = "item"

    def choices_for(self, request: HttpRequest) -> list[tuple[Any, Any]]:
        items = GradeItem.objects.filter(course__in=taught(request)).select_related("course")
        return [(item.pk, f"{item.course.slug} · {item.title}") for item in items]


class EventInline(admin.TabularInline[GradeEvent, Score]):
    model = GradeEvent
    verbose_name_plural = _("What happened")
    fields = readonly_fields = ("at", "kind", "by", "old", "new", "why")
    extra = 0
    can_delete = False
    labels = {
        "at": _("when"),
        "kind": _("what"),
        "by": _("by"),
        "old": _("before"),
        "new": _("after"),
        "why": _("why"),
    }

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, labels=self.labels, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Score)
class ScoreAdmin(ReadOnlyAdmin):
    """A score is changed on the gradebook's page, where a reason is asked for and an event is left."""

    course_path = "item__course_id"
    list_display = (
        column("student", _("student"), "student__family_name"),
        column("item", _("grade item"), "item__slug"),
        "derived",
        "override",
        "excused",
        in_course_zone("updated_at", "item__course", _("changed")),
    )
    list_filter = (course_filter("item__course"), ItemFilter, "excused")
    list_select_related = ("student", "item__course")
    search_fields = ("student__email", "student__family_name")
    ordering = ("-updated_at",)
    fields = ("student", "item", "derived", "override", "reason", "excused", "updated_at")
    inlines = (EventInline,)
    labels = {"student": _("Student"), "item": _("Grade item"), "updated_at": _("Changed")}
