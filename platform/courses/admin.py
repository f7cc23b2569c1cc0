"""The admin's pages of courses and of the people in them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.models import Course, Enrolment, Role, Section
from courses.scoping import CourseScopedAdmin, course_filter, taught
from courses.signals import part_changed
from courses.staff import is_instructor_of, keep_staff_flag

# Roles in courses decide who may do what. Importing `auth_admin` has registered the page.
if isinstance(admin.site.get_model_admin(Group), auth_admin.GroupAdmin):
    admin.site.unregister(Group)


@admin.register(Course)
class CourseAdmin(CourseScopedAdmin):
    course_path = "pk"
    list_display = ("slug", "title_en", "title_fr", "time_zone", "archived")
    search_fields = ("slug", "title_en", "title_fr")
    fixed_fields = ("slug",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, obj) and (obj is None or is_instructor_of(request.user, obj))  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every submission and grade would go with it: a course that is over is archived."""
        return False


class SectionForm(forms.ModelForm[Section]):
    class Meta:
        model = Section
        fields = ("course", "name")

    def clean_name(self) -> str:
        # The course is fixed later on and then no part of the form, so that Django leaves this check out.
        name, course = self.cleaned_data["name"], self.cleaned_data.get("course") or self.instance.course_id
        if Section.objects.filter(course=course, name=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("The course has a section of this name already."))
        return str(name)


@admin.register(Section)
class SectionAdmin(CourseScopedAdmin):
    form = SectionForm
    list_display = ("name", "course")
    list_filter = (course_filter("course"),)
    list_select_related = ("course",)
    search_fields = ("name",)
    fixed_fields = ("course",)


# ---- Enrolments ------------------------------------------------------------------------------------------


class EnrolmentForm(forms.ModelForm[Enrolment]):
    """Role, section and whether the person takes part. `request` is set on the class that the admin makes."""

    request: HttpRequest

    class Meta:
        model = Enrolment
        fields = ("course", "role", "section", "active")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        course = data.get("course") or (self.instance.course if self.instance.pk else None)
        if course is None:
            return data
        if data.get("role") in Enrolment.STAFF and not is_instructor_of(self.request.user, course):  # type: ignore[arg-type]
            self.add_error("role", _("Only an instructor of the course appoints its staff."))
        leaves = self.instance.pk and not (data.get("role") == Role.INSTRUCTOR and data.get("active"))
        if leaves and self.is_last_instructor(course):
            raise ValidationError(_("This is the course's last instructor. Appoint another one first."))
        return data

    def is_last_instructor(self, course: Course) -> bool:
        instructors = Enrolment.objects.filter(course=course, role=Role.INSTRUCTOR, active=True)
        return list(instructors.values_list("pk", flat=True)) == [self.instance.pk]


class NewEnrolmentForm(EnrolmentForm):
    """Enrols by e-mail address: people of other courses are not to be searched through."""

    email = forms.EmailField(label=_("E-mail"), max_length=254)
    given_name = forms.CharField(label=_("Given name"), max_length=150, required=False)
    family_name = forms.CharField(label=_("Family name"), max_length=150, required=False)

    class Meta(EnrolmentForm.Meta):
        fields = ("course", "role", "section")  # type: ignore[assignment]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        course, email = data.get("course"), data.get("email")
        if course and email:
            known = Enrolment.objects.filter(course=course, user__email__iexact=email).first()
            if known is not None and known.active:
                self.add_error("email", _("This person takes part in the course already."))
            elif known is not None:
                self.instance = known  # the enrolment of a person who comes back, with the work
                known.active = True
        return data

    def person(self) -> User:
        """The person of that address, made when there is none."""
        data = self.cleaned_data
        user = User.objects.filter(email__iexact=data["email"]).first()
        return user or User.objects.create_user(
            data["email"], given_name=data["given_name"], family_name=data["family_name"]
        )


@admin.register(Enrolment)
class EnrolmentAdmin(CourseScopedAdmin):
    list_display = ("user", "email", "course", "role", "section", "active")
    list_filter = (course_filter("course"), "role", "active")
    list_select_related = ("user", "course", "section")
    search_fields = ("user__email", "user__family_name", "user__given_name")
    fixed_fields = ("user", "course")

    @admin.display(description=_("e-mail"), ordering="user__email")
    def email(self, enrolment: Enrolment) -> str:
        return enrolment.user.email

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, form=EnrolmentForm if obj else NewEnrolmentForm, **kwargs)
        form.request = request  # type: ignore[attr-defined]
        return form

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None:
            return ("user", "course", "role", "section", "active")
        return ("course", "email", ("given_name", "family_name"), "role", "section")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None or obj.role not in Enrolment.STAFF:
            return self.allows(request, obj)
        return self.allows(request, obj) and is_instructor_of(request.user, obj.course)  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever leaves is switched off: the work stays, and coming back finds it again."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change and obj.user_id is None:
            obj.user = form.person()
        obj.save()
        keep_staff_flag(obj.user)
        part = [obj.get_role_display(), obj.section.name if obj.section else "–", "" if obj.active else _("left")]
        detail = ", ".join(str(word) for word in part if word)
        part_changed.send(Enrolment, course=obj.course, by=request.user, person=obj.user, detail=detail)


# ---- People ----------------------------------------------------------------------------------------------


class EnrolmentInline(admin.TabularInline[Enrolment, Course]):
    """Of the courses that the reader teaches: what else somebody studies is nobody's business."""

    model = Enrolment
    fields = readonly_fields = ("course", "role", "section", "active")
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).filter(course__in=taught(request)).select_related("course", "section")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class PersonAdmin(CourseScopedAdmin):
    """People of one's own courses. Only a superuser changes them: who may change an address may sign in as anybody."""

    list_display = ("email", "family_name", "given_name", "is_active")
    list_filter = ("is_active",)
    search_fields = ("email", "family_name", "given_name")
    inlines = (EnrolmentInline,)
    own_fields = ("email", "given_name", "family_name", "language", "is_active")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        people = admin.ModelAdmin.get_queryset(self, request)
        if request.user.is_superuser:
            return people
        return people.filter(pk__in=Enrolment.objects.filter(course__in=taught(request)).values("user"))

    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None or request.user.is_superuser:
            return super().allows(request)
        return super().allows(request) and self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Grades would go with the person: one is switched off, and erased by the command made for it."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.own_fields, "is_superuser") if request.user.is_superuser else self.own_fields

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        # A list filtered by the first letters of a password's hash would tell the hash.
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        obj.save()
        keep_staff_flag(obj)
