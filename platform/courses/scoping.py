"""Admin pages that show a person the objects of the courses which that person teaches, and nothing else.

Permission follows the role in the course, never Django's permissions of users and groups. Everything that an admin
page lists starts from `get_queryset`: lists, single objects, history, deletion, autocompletes; choices of foreign keys
and of filters start from the queryset of the admin that they point to. What is not in it does not exist.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course


def taught(request: HttpRequest) -> set[int]:
    """Ids of the courses that the person teaches: asked once a request."""
    known = request.__dict__.get("_taught")
    if known is None:
        known = set(Course.objects.taught_by(request.user).values_list("pk", flat=True))
        request.__dict__["_taught"] = known
    return known


def follow(obj: Any, path: str) -> Any:
    """The value at a lookup path: follow(version, "exercise__course_id")."""
    for name in path.split("__"):
        obj = getattr(obj, name)
    return obj


def without_windows(field: Any) -> None:
    """No pop-up windows beside a choice: deleting the course from a section's form was one click."""
    widget = getattr(field, "widget", None)
    if isinstance(widget, RelatedFieldWidgetWrapper):
        widget.can_add_related = widget.can_change_related = False
        widget.can_delete_related = widget.can_view_related = False


class CourseScopedAdmin(admin.ModelAdmin[Any]):
    """Objects of the courses that the person teaches. `course_path` leads from the object to its course's id."""

    course_path = "course_id"
    actions = None  # deletion is asked for object by object, where the page says what goes with it
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # with a million rows, one count for each choice of each filter
    list_per_page = 50
    fixed_fields: tuple[str, ...] = ()  # chosen once, when the object is made

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).filter(**{f"{self.course_path}__in": taught(request)})

    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the person teaches the object's course, or any course when there is no object yet."""
        user = request.user
        if not (user.is_active and user.is_staff):
            return False
        return bool(taught(request)) if obj is None else follow(obj, self.course_path) in taught(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.allows(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allows(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields + self.fixed_fields if obj is not None else fields

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        without_windows(field)
        return field

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        """Choices of a foreign key: what the admin of the other model shows to this person, else nothing."""
        target = db_field.remote_field.model
        if not self.admin_site.is_registered(target):
            return target._default_manager.none()
        queryset = self.admin_site.get_model_admin(target).get_queryset(request)
        return queryset.order_by(*self.admin_site.get_model_admin(target).get_ordering(request))


class CourseTimeAdmin(CourseScopedAdmin):
    """Dates are entered and shown in the time zone of the object's course, whatever zone the server lives in.

    An hour that a change of clocks skips or repeats is refused by the form's own date fields.
    """

    def new_course(self, request: HttpRequest) -> Course | None:
        """The course of an object that is being added: the form's or the address's `course`."""
        return Course.objects.filter(pk__in=taught(request) & numbers(request, "course")).first()

    def course_of(self, request: HttpRequest, object_id: str | None) -> Course | None:
        if object_id is None:
            return self.new_course(request)
        obj = self.get_object(request, unquote(object_id))
        return None if obj is None else follow(obj, self.course_path.removesuffix("_id"))

    def zone_of(self, request: HttpRequest, object_id: str | None) -> zoneinfo.ZoneInfo | None:
        """The zone of the object's course; of a new object, that of all courses that the person teaches, if one."""
        if course := self.course_of(request, object_id):
            return course.zone
        zones = set(Course.objects.filter(pk__in=taught(request)).values_list("time_zone", flat=True))
        return zoneinfo.ZoneInfo(zones.pop()) if len(zones) == 1 else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        zone = self.zone_of(request, object_id)
        request.__dict__["_zone"] = zone
        with timezone.override(zone or timezone.get_current_timezone()):
            response = super().changeform_view(request, object_id, form_url, extra_context)
            # Templates render late, in the middleware: by then the server's zone would be back.
            if isinstance(response, SimpleTemplateResponse):
                response.render()
        return response

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, models.DateTimeField):
            zone = request.__dict__.get("_zone")
            stated = _("Time of %(zone)s.") % {"zone": zone.key} if zone else _("In the time zone of the course.")
            field.help_text = f"{stated} {field.help_text}".strip()
        return field


class ReadOnlyAdmin(CourseTimeAdmin):
    """To look at. What stands here was written by the graders and by actions of the site."""

    labels: Mapping[str, Any] = {}  # of fields whose models have no words for people

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"labels": self.labels, **kwargs})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def numbers(request: HttpRequest, name: str) -> set[int]:
    """The id that the form posts, or the address carries, as `name`; empty when it is none."""
    text = request.POST.get(name) or request.GET.get(name) or ""
    return {int(text)} if text.isascii() and text.isdigit() and len(text) < 19 else set()


def column(path: str, description: Any, ordering: str | None = None) -> Callable[[Any], str | bool]:
    """A column of a list with words for people at its head."""

    @admin.display(description=description, ordering=ordering or path)
    def shown(obj: Any) -> str | bool:
        value = follow(obj, path)
        return "–" if value is None else str(value)

    shown.__name__ = path
    return shown


def in_course_zone(path: str, course_path: str, description: Any) -> Callable[[Any], str | bool]:
    """A column of a list: the moment at `path` in the zone of the object's course."""

    @admin.display(description=description, ordering=path)
    def column(obj: Any) -> str | bool:
        moment = follow(obj, path)
        return f"{moment.astimezone(follow(obj, course_path).zone):%Y-%m-%d %H:%M}" if moment else "–"

    column.__name__ = path
    return column


class TaughtFilter(admin.SimpleListFilter):
    """A filter whose choices are the person's own; Django's would name those of every course."""

    path = ""  # lookup from the listed object to the chosen one's id

    def choices_for(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        raise AttributeError("choices_for: say what may be chosen")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(self.choices_for(request))

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(**{self.path: value}) if value.isdigit() else queryset.none()


def course_filter(to_course: str) -> type[TaughtFilter]:
    """A filter by course; `to_course` is the lookup of the course's id."""

    class CourseFilter(TaughtFilter):
        title = _("course")
        parameter_name = "in_course"
        path = to_course

        def choices_for(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
            return [(course.pk, course.title) for course in Course.objects.filter(pk__in=taught(request))]

    return CourseFilter
