"""Courses, their sections, who takes part in them and with which role."""

from __future__ import annotations

import datetime
import hashlib
import secrets
import zoneinfo
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import User


def check_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("%(value)s is not a time zone, such as Europe/Paris."), params={"value": value})


def default_time_zone() -> str:
    return str(settings.TIME_ZONE)


class CourseQuerySet(models.QuerySet["Course"]):
    def visible_to(self, user: Any) -> Self:
        """Courses that `user` takes part in; a superuser sees all."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(pk__in=Enrolment.objects.filter(user=user, active=True).values("course"))

    def taught_by(self, user: Any) -> Self:
        """Courses in which `user` is on the staff."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(
            pk__in=Enrolment.objects.filter(user=user, active=True, role__in=Enrolment.STAFF).values("course")
        )


class Course(models.Model):
    slug = models.SlugField(_("short name"), unique=True, help_text=_("Part of the address; cannot be changed later."))
    title_en = models.CharField(_("title in English"), max_length=200)
    title_fr = models.CharField(_("title in French"), max_length=200, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default=default_time_zone, validators=[check_time_zone])
    join_code = models.CharField(
        _("join code"),
        max_length=32,
        blank=True,
        help_text=_("Whoever knows it may enrol as a student. Empty: nobody."),
    )
    archived = models.BooleanField(_("archived"), default=False)

    objects = CourseQuerySet.as_manager()

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return (get_language() or "en").startswith("fr") and self.title_fr or self.title_en

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class Section(models.Model):
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="sections", verbose_name=_("course"))
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("course", "name"), name="section_once"),)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    STUDENT = "student", _("student")
    ASSISTANT = "assistant", _("assistant")
    INSTRUCTOR = "instructor", _("instructor")


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def students(self) -> Self:
        return self.filter(active=True, role=Role.STUDENT)


class Enrolment(models.Model):
    """One person in one course. Kept when the person leaves (`active` off): the work stays."""

    STAFF = (Role.ASSISTANT, Role.INSTRUCTOR)

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrolments", verbose_name=_("course"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.STUDENT)
    section = models.ForeignKey(Section, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("section"))
    active = models.BooleanField(_("takes part"), default=True)
    created_at = models.DateTimeField(_("enrolled"), default=timezone.now, editable=False)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ("user__family_name", "user__email")
        constraints = (models.UniqueConstraint(fields=("course", "user"), name="enrolled_once"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.course}"

    def clean(self) -> None:
        if self.section and self.section.course_id != self.course_id:
            raise ValidationError({"section": _("This section belongs to another course.")})

    @property
    def is_staff(self) -> bool:
        return self.active and self.role in self.STAFF


def enrolment_of(user: Any, course: Course) -> Enrolment | None:
    """The active enrolment of `user`, or None."""
    return Enrolment.objects.filter(user=user, course=course, active=True).select_related("section").first()


def is_staff_of(user: Any, course: Course) -> bool:
    return Course.objects.taught_by(user).filter(pk=course.pk).exists()


class ApiToken(models.Model):
    """A bearer token: only its hash is stored, it expires, and it opens one course."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(_("label"), max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.label or f"{self.user} · {self.course}"

    @staticmethod
    def hash(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, user: User, course: Course, days: float = 90, label: str = "") -> str:
        """Make a token and return its text, which is stored nowhere."""
        text = f"rendu_{secrets.token_urlsafe(32)}"
        expires = timezone.now() + datetime.timedelta(days=days)
        cls.objects.create(user=user, course=course, digest=cls.hash(text), label=label, expires_at=expires)
        return text

    @classmethod
    def find(cls, text: str) -> ApiToken | None:
        """The valid token with this text, or None."""
        token = cls.objects.select_related("user", "course").filter(digest=cls.hash(text)).first()
        if token is None or token.expires_at <= timezone.now() or not token.user.is_active:
            return None
        return token
