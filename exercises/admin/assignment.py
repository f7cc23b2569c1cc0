"""Giving an exercise to its course, with dates in the course's zone. The gradebook's column follows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.actions import record
from audit.models import AuditEvent
from courses.models import Course, Enrolment, Section
from courses.scoping import CourseTimeAdmin, course_filter, in_course_zone, numbers, taught, without_windows
from exercises import actions
from exercises.dates import CreditStep, Extension
from exercises.models import Assignment, Exercise
from gradebook.actions import last_position


class ExerciseChoice(forms.ModelChoiceField[Exercise]):
    """Two courses may have an exercise of one name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.course.slug} · {obj.slug}"


class AssignmentForm(forms.ModelForm[Assignment]):
    """The assignment and, of its grade item, points and weight."""

    points = forms.DecimalField(
        label=_("Points"),
        max_digits=8,
        decimal_places=2,
        initial=Decimal(10),
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    weight = forms.DecimalField(
        label=_("Weight"),
        max_digits=8,
        decimal_places=3,
        initial=Decimal(10),
        min_value=Decimal(0),
        help_text=_("Share in the total, relative to the other columns of the gradebook."),
    )

    class Meta:
        model = Assignment
        fields = ("exercise", "slug", "position", "visible", "opens_at", "due_at", "closes_at", "tries", "counts")
        field_classes: ClassVar[dict[str, type[forms.Field]]] = {"exercise": ExerciseChoice}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial.update(points=self.instance.item.max_points, weight=self.instance.item.weight)
        self.fields["position"].required = False
        self.fields["position"].help_text = _("Of the list and of the gradebook's columns. Empty: the last.")
        if "exercise" in self.fields:
            self.initial["position"] = None
            self.fields["slug"].required = False
            self.fields["slug"].help_text = _("Part of the address; cannot be changed later. Empty: the exercise's.")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        exercise = data.get("exercise")
        if exercise is not None:
            # Here, so that the model's own rules about course and dates see the course.
            self.instance.course = exercise.course
            data["slug"] = data.get("slug") or exercise.slug
            self._check_free(exercise, data["slug"])
        if data.get("position") is None and self.instance.course_id:
            data["position"] = last_position(self.instance.course)
        return data

    def _check_free(self, exercise: Any, slug: str) -> None:
        if Assignment.objects.filter(course=exercise.course, slug=slug).exists():
            self.add_error("slug", _("The course has an assignment with this short name already."))
            return
        try:
            actions.free_item(exercise, slug)
        except ValidationError as error:
            self.add_error(None, error)


class DatesInline(admin.TabularInline[Any, Assignment]):
    """On the page of an assignment that the person may change; its course gives the choices and the time zone."""

    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Django asks without an object, too, and shows no line at all when the answer is no; lines come by assignment.
        return bool(taught(request)) if obj is None else obj.course_id in taught(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        request.__dict__["_assignment"] = obj
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        without_windows(field)
        return field


class CreditInline(DatesInline):
    model = CreditStep
    fields = ("until", "percent")


class ExtensionInline(DatesInline):
    model = Extension
    fields = ("student", "section", "due_at", "closes_at", "extra_tries", "reason")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Students and sections of the course, and no others."""
        course = request.__dict__["_assignment"].course
        if db_field.name == "student":
            people = Enrolment.objects.students().filter(course=course).values("user")
            kwargs["queryset"] = User.objects.filter(pk__in=people).order_by("family_name", "email")
        else:
            kwargs["queryset"] = Section.objects.filter(course=course)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Assignment)
class AssignmentAdmin(CourseTimeAdmin):
    form = AssignmentForm
    list_display = (
        "slug",
        "title",
        "course",
        in_course_zone("opens_at", "course", _("opens")),
        in_course_zone("due_at", "course", _("due")),
        in_course_zone("closes_at", "course", _("closes")),
        "visible",
    )
    list_filter = (course_filter("course"), "visible")
    list_select_related = ("course", "exercise__published")
    search_fields = ("slug", "exercise__slug")
    fixed_fields = ("exercise", "slug")
    fieldsets = (
        (None, {"fields": ("exercise", "slug", "visible", "position")}),
        (_("Dates"), {"fields": ("opens_at", "due_at", "closes_at")}),
        (_("Points"), {"fields": (("points", "weight"), ("tries", "counts"))}),
    )
    inlines = (CreditInline, ExtensionInline)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else super().get_inlines(request, obj)

    @admin.display(description=_("title"))
    def title(self, assignment: Assignment) -> str:
        return assignment.title

    def new_course(self, request: HttpRequest) -> Course | None:
        chosen = numbers(request, "exercise")
        return Course.objects.filter(pk__in=taught(request), exercises__in=chosen).first() if chosen else None

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        choices = super().get_field_queryset(db, db_field, request)
        if db_field.name == "exercise":
            return choices.filter(archived=False).select_related("course").order_by("course__slug", "slug")
        return choices

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and (obj.submissions.exists() or obj.item.scores.exists()):
            return False
        return self.allows(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        saved = actions.assign(
            obj.exercise,
            slug=obj.slug,
            position=obj.position,
            opens_at=obj.opens_at,
            due_at=obj.due_at,
            closes_at=obj.closes_at,
            tries=obj.tries,
            counts=obj.counts,
            points=data["points"],
            weight=data["weight"],
            visible=obj.visible,
        )
        obj.pk, obj.item, obj._state.adding = saved.pk, saved.item, False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            return
        actions.rescore(form.instance)  # dates may have moved, and what late submissions are worth with them
        course, slug = form.instance.course, form.instance.slug
        dates = {"opens_at", "due_at", "closes_at", "tries"} & set(form.changed_data)
        if dates:
            record(course, request.user, AuditEvent.Kind.DATES, detail=f"{slug}: {', '.join(sorted(dates))}")
        for formset in formsets:
            for line in (*formset.new_objects, *(obj for obj, _fields in formset.changed_objects)):
                about = getattr(line, "student", None)
                record(course, request.user, AuditEvent.Kind.DATES, about, f"{slug}: {line}")
            for line in formset.deleted_objects:
                record(course, request.user, AuditEvent.Kind.DATES, getattr(line, "student", None), f"{slug}: – {line}")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        actions.unassign(obj)
