"""The quiz with its slots and overrides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Section
from gradebook.models import GradeItem
from quizzes.models.bank import Question
from quizzes.rules import DEFAULT_RULE, BadRule, find_rule


def check_rule(value: str) -> None:
    try:
        find_rule(value)
    except BadRule as error:
        raise ValidationError(str(error)) from None


class QuizQuerySet(models.QuerySet["Quiz"]):
    def visible_to(self, user: Any) -> Self:
        """Quizzes that `user` may know of: all of the courses taught, the shown ones of those taken."""
        if not user.is_authenticated:
            return self.none()
        taught = Q(course__in=Course.objects.taught_by(user))
        return self.filter(taught | Q(course__in=Course.objects.visible_to(user), visible=True))


class Quiz(models.Model):
    class Navigation(models.TextChoices):
        FREE = "free", _("free")
        SEQUENTIAL = "sequential", _("one at a time, no way back")

    class Counts(models.TextChoices):
        BEST = "best", _("the best attempt")
        LAST = "last", _("the last attempt")
        FIRST = "first", _("the first attempt")

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="quizzes", verbose_name=_("course"))
    slug = models.SlugField(_("short name"), max_length=100)
    item = models.OneToOneField(
        GradeItem, on_delete=models.PROTECT, related_name="quiz", verbose_name=_("grade item"), editable=False
    )
    title_en = models.CharField(_("title in English"), max_length=200)
    title_fr = models.CharField(_("title in French"), max_length=200, blank=True)
    instructions_en = models.TextField(_("instructions in English"), blank=True)
    instructions_fr = models.TextField(_("instructions in French"), blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    visible = models.BooleanField(_("shown to students"), default=True)
    # The window in which an attempt may be started. It never shortens a running attempt, unless `cut_at_close`.
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True, help_text=_("Last moment to start."))
    cut_at_close = models.BooleanField(_("running attempts end at the closing too"), default=False)
    seconds = models.PositiveIntegerField(
        _("time limit in seconds"), null=True, blank=True, validators=[MinValueValidator(10)]
    )  # empty: none
    attempts = models.PositiveIntegerField(_("attempts"), default=1, validators=[MinValueValidator(1)])
    counts = models.CharField(_("what counts"), max_length=5, choices=Counts.choices, default=Counts.BEST)
    access_code = models.CharField(_("access code"), max_length=64, blank=True)
    shuffle_questions = models.BooleanField(_("shuffle the questions"), default=True)
    shuffle_options = models.BooleanField(_("shuffle the options"), default=True)
    navigation = models.CharField(_("navigation"), max_length=10, choices=Navigation.choices, default=Navigation.FREE)
    one_page = models.BooleanField(_("all questions on one page"), default=False)
    rule = models.CharField(
        _("rule for several right options"), max_length=32, default=DEFAULT_RULE, validators=[check_rule]
    )
    floor = models.BooleanField(_("a total below 0 counts as 0"), default=True)
    grain = models.DecimalField(  # marks are rounded, half up, to its multiples; 0.01 is plain cents
        _("rounding"),
        max_digits=4,
        decimal_places=2,
        default=Decimal("0.01"),
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(1))],
    )
    # What students see in each phase: {"during": [...], "after": [...], "closed": [...]} of REVIEW.
    review = models.JSONField(_("review"), default=dict, blank=True)
    seb_config_keys = models.JSONField(_("Safe Exam Browser configuration keys"), default=list, blank=True)
    seb_browser_keys = models.JSONField(_("Safe Exam Browser browser exam keys"), default=list, blank=True)

    REVIEW = ("attempt", "right", "marks", "feedback", "general_feedback", "answer")
    PHASES = ("during", "after", "closed")

    objects = QuizQuerySet.as_manager()

    class Meta:
        verbose_name = _("quiz")
        verbose_name_plural = _("quizzes")
        ordering = ("position", "opens_at", "slug")
        constraints = (models.UniqueConstraint(fields=("course", "slug"), name="quiz_once"),)

    def __str__(self) -> str:
        return f"{self.course.slug}/{self.slug}"

    @property
    def title(self) -> str:
        return (get_language() or "en").startswith("fr") and self.title_fr or self.title_en


class Slot(models.Model):
    """A place in the quiz: one question, or `count` questions drawn from a pool."""

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="slots")
    position = models.PositiveIntegerField(_("position"))
    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, null=True, blank=True, related_name="slots", verbose_name=_("question")
    )
    pool = models.CharField(_("pool"), max_length=200, blank=True)
    count = models.PositiveIntegerField(_("number drawn"), default=1, validators=[MinValueValidator(1)])
    points = models.DecimalField(
        _("points"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
    )  # empty: the question's own

    class Meta:
        verbose_name = _("slot")
        verbose_name_plural = _("slots")
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("quiz", "position"), name="slot_once"),
            models.CheckConstraint(
                condition=Q(question__isnull=False, pool="") | (Q(question__isnull=True) & ~Q(pool="")),
                name="slot_question_or_pool",
            ),
        )

    def __str__(self) -> str:
        return str(self.question or f"{self.count} × {self.pool}")


class Override(models.Model):
    """Other dates, time or attempts for one student or one section. A student's own wins over the section's."""

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="overrides")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    section = models.ForeignKey(Section, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    extra_percent = models.PositiveIntegerField(_("extra time, percent"), null=True, blank=True)
    extra_seconds = models.PositiveIntegerField(_("extra time, seconds"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), null=True, blank=True, validators=[MinValueValidator(1)])
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        constraints = (
            models.UniqueConstraint(fields=("quiz", "student"), name="quiz_override_student"),
            models.UniqueConstraint(fields=("quiz", "section"), name="quiz_override_section"),
            models.CheckConstraint(
                condition=Q(student__isnull=False, section__isnull=True)
                | Q(student__isnull=True, section__isnull=False),
                name="quiz_override_for_one",
            ),
        )
