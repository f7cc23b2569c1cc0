"""Quizzes in the admin: rules, dates in the course's zone, slots, what students see when, exceptions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.actions import record
from audit.models import AuditEvent
from courses.models import Enrolment, Section
from courses.scoping import CourseTimeAdmin, course_filter, in_course_zone, taught
from quizzes import actions, items
from quizzes.admin.quiz_forms import NamedFormSet, OverrideForm, QuizForm, SlotForm, SlotFormSet
from quizzes.errors import Refused
from quizzes.models import Attempt, AttemptState, Override, Question, Quiz, Slot

DATES = {"opens_at", "closes_at", "cut_at_close", "seconds", "attempts"}


class OfQuizInline(admin.TabularInline[Any, Quiz]):
    """On the page of a quiz that the person may change; its course gives the choices."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Django asks without an object before it lists the rows: the quiz's own page has asked with one.
        return obj is None or obj.course_id in taught(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        request.__dict__["_quiz"] = obj
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        if isinstance(widget, RelatedFieldWidgetWrapper):  # no pop-up windows beside a choice, as on other pages
            widget.can_add_related = widget.can_change_related = False
            widget.can_delete_related = widget.can_view_related = False
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Students, sections and questions of the course, and no others."""
        course = request.__dict__["_quiz"].course_id
        if db_field.name == "student":
            people = Enrolment.objects.students().filter(course=course).values("user")
            kwargs["queryset"] = User.objects.filter(pk__in=people).order_by("family_name", "email")
        elif db_field.name == "section":
            kwargs["queryset"] = Section.objects.filter(course=course)
        else:
            kwargs["queryset"] = Question.objects.filter(course=course, current__isnull=False).select_related("current")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class SlotInline(OfQuizInline):
    model = Slot
    form = SlotForm
    formset: Any = SlotFormSet
    fields = ("place", "question", "pool", "count", "points")
    extra = 3


class OverrideInline(OfQuizInline):
    model = Override
    form = OverrideForm
    formset: Any = NamedFormSet
    fields = ("student", "section", "opens_at", "closes_at", "extra_percent", "extra_seconds", "attempts", "reason")
    extra = 1


@admin.register(Quiz)
class QuizAdmin(CourseTimeAdmin):
    form = QuizForm
    inlines = (SlotInline, OverrideInline)
    list_display = (
        "slug",
        "title",
        "course",
        in_course_zone("opens_at", "course", _("opens")),
        in_course_zone("closes_at", "course", _("closes")),
        "visible",
    )
    list_filter = (course_filter("course"), "visible")
    list_select_related = ("course",)
    search_fields = ("slug", "title_en", "title_fr")
    fixed_fields = ("course", "slug")
    fieldsets = (
        (None, {"fields": (("course", "slug"), ("title_en", "title_fr"), "visible", "position")}),
        (_("What students read first"), {"fields": ("instructions_en", "instructions_fr")}),
        (_("Dates and time"), {"fields": ("opens_at", "closes_at", "cut_at_close", "seconds", "access_code")}),
        (
            _("Attempts and points"),
            {"fields": (("attempts", "counts"), ("points", "weight"), "rule", "floor", "grain")},
        ),
        (_("Order and pages"), {"fields": ("shuffle_questions", "shuffle_options", "navigation", "one_page")}),
        (_("What students see of the result"), {"fields": ("review_during", "review_after", "review_closed")}),
        (_("Safe Exam Browser"), {"fields": ("config_keys", "browser_keys"), "classes": ("collapse",)}),
    )

    @admin.display(description=_("title"))
    def title(self, quiz: Quiz) -> str:
        return quiz.title

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else super().get_inlines(request, obj)

    # ---- Saving ----

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        items.save_quiz(obj, points=data["points"], weight=data["weight"], by=request.user)  # type: ignore[arg-type]  # signed in

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            return
        quiz = form.instance
        # Slots and exceptions decide what is built and until when: attempts not yet begun are built anew.
        actions.forget_unstarted(Quiz.objects.filter(pk=quiz.pk))
        dates = DATES & set(form.changed_data)
        if dates:
            detail = f"{quiz.slug}: {', '.join(sorted(dates))}"
            record(quiz.course, request.user, AuditEvent.Kind.DATES, detail=detail)
        for formset in formsets:
            if formset.model is not Override:
                continue
            for line in (*formset.new_objects, *(obj for obj, _fields in formset.changed_objects)):
                self._record(request, quiz, line, "")
            for line in formset.deleted_objects:
                self._record(request, quiz, line, "– ")

    def _record(self, request: HttpRequest, quiz: Quiz, line: Override, sign: str) -> None:
        about = line.student or line.section
        record(
            quiz.course, request.user, AuditEvent.Kind.DATES, line.student, f"{quiz.slug}: {sign}{about} {line.reason}"
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None:
            started = Attempt.objects.filter(quiz=obj, preview=False).exclude(state=AttemptState.BUILT)
            if started.exists() or obj.item.scores.exists():
                return False
        return self.allows(request, obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        items.delete_quiz(obj)

    # ---- As a student ----

    def get_urls(self) -> list[URLPattern]:
        own = path("<path:object_id>/try/", self.admin_site.admin_view(self.try_view), name="quizzes_quiz_try")
        return [own, *super().get_urls()]

    def try_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the quiz as a student would: counts nowhere."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        quiz = self.get_object(request, unquote(object_id))
        if quiz is None:
            # Django's own answer to a missing object; a private method, so the stubs leave it out.
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if not self.has_change_permission(request, quiz):
            raise PermissionDenied
        try:
            with transaction.atomic():
                attempt = actions.start_preview(quiz, request.user)  # type: ignore[arg-type]  # signed in
        except Refused as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse("admin:quizzes_quiz_change", args=[quote(quiz.pk)]))
        return HttpResponseRedirect(reverse("attempt", args=[attempt.pk]))
