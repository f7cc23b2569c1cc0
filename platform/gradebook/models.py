"""Grade items, scores and the append-only history of every score."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from courses.models import Course


def end_of_minute(moment: datetime) -> datetime:
    """A deadline of 23:59 includes 23:59:59: the minute that people read is the last one that counts."""
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


def has_passed(closes_at: datetime | None) -> bool:
    return closes_at is not None and end_of_minute(closes_at) <= timezone.now()


class Category(models.Model):
    """Columns that count together, such as the exercises: one share of the total, whatever their number."""

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="grade_categories", verbose_name=_("course")
    )
    title_en = models.CharField(_("title in English"), max_length=200)
    title_fr = models.CharField(_("title in French"), max_length=200, blank=True)
    weight = models.DecimalField(
        _("weight"),
        max_digits=8,
        decimal_places=3,
        default=Decimal(10),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Share of the category in the total, relative to other categories and to columns without one."),
    )
    drop_lowest = models.PositiveSmallIntegerField(
        _("lowest left out"), default=0, help_text=_("So many of a student’s weakest columns here do not count.")
    )
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("grade category")
        verbose_name_plural = _("grade categories")
        ordering = ("position", "pk")
        constraints = (models.UniqueConstraint(fields=("course", "title_en"), name="grade_category_once"),)

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return (get_language() or "en").startswith("fr") and self.title_fr or self.title_en


class GradeItem(models.Model):
    """One column of the gradebook. Assignments and quizzes keep theirs; a column without one is filled in by hand."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="grade_items", verbose_name=_("course"))
    slug = models.SlugField(_("short name"), max_length=100)
    title_en = models.CharField(_("title in English"), max_length=200)
    title_fr = models.CharField(_("title in French"), max_length=200, blank=True)
    max_points = models.DecimalField(
        _("points"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(10),
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    category = models.ForeignKey(
        Category,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="items",
        verbose_name=_("category"),
    )
    weight = models.DecimalField(
        _("weight"),
        max_digits=8,
        decimal_places=3,
        default=Decimal(10),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Share of this item in its category or, without one, in the total."),
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    closes_at = models.DateTimeField(
        _("closes"), null=True, blank=True, help_text=_("From then on, nothing handed in counts as 0.")
    )

    class Meta:
        verbose_name = _("grade item")
        verbose_name_plural = _("grade items")
        ordering = ("position", "slug")
        constraints = (models.UniqueConstraint(fields=("course", "slug"), name="grade_item_once"),)

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return (get_language() or "en").startswith("fr") and self.title_fr or self.title_en

    def clean(self) -> None:
        if self.category and self.category.course_id != self.course_id:
            raise ValidationError({"category": _("This category belongs to another course.")})

    @property
    def manual(self) -> bool:
        """Filled in by hand: an oral examination, a project."""
        return not hasattr(self, "assignment") and not hasattr(self, "quiz")

    @property
    def closed(self) -> bool:
        return has_passed(self.closes_at)


class Score(models.Model):
    """One student's cell: the derived score, the override that wins over it. Only `gradebook.actions` writes it."""

    item = models.ForeignKey(GradeItem, on_delete=models.CASCADE, related_name="scores")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="scores")
    derived = models.DecimalField(_("graded"), max_digits=8, decimal_places=2, null=True, blank=True)
    override = models.DecimalField(_("override"), max_digits=8, decimal_places=2, null=True, blank=True)
    reason = models.TextField(_("reason of the override"), blank=True)
    excused = models.BooleanField(_("excused"), default=False)
    comment = models.TextField(_("comment"), blank=True)  # the student reads it
    locked = models.BooleanField(_("locked"), default=False)
    frozen = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)  # graded when it was locked
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints = (models.UniqueConstraint(fields=("item", "student"), name="score_once"),)

    def __str__(self) -> str:
        return f"{self.student} · {self.item}: {self.points}"

    @property
    def points(self) -> Decimal | None:
        """What counts, out of the item's points; None when nothing was handed in."""
        if self.override is not None:
            return self.override
        return self.frozen if self.locked else self.derived


class GradeEvent(models.Model):
    """What happened to a score: written in the same transaction, never changed, never deleted alone."""

    class Kind(models.TextChoices):
        DERIVED = "derived", _("graded")
        OVERRIDE = "override", _("override")
        CLEARED = "cleared", _("override removed")
        EXCUSED = "excused", _("excused")
        UNEXCUSED = "unexcused", _("no longer excused")
        ENTERED = "entered", _("entered by hand")
        COMMENT = "comment", _("comment")
        LOCKED = "locked", _("locked")
        UNLOCKED = "unlocked", _("unlocked")

    score = models.ForeignKey(Score, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    old = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    new = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    why = models.TextField(blank=True)  # for "derived": which run gave it

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_kind_display()}: {self.old} → {self.new}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            self._refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError("a grade event is never changed or deleted")
