"""Pictures in questions' texts, for templates."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from courses.models import Course
from quizzes.pictures.texts import locate

register = template.Library()


def staff_place(course: Course) -> str:
    """Under which address the course's staff finds its pictures."""
    return reverse("course-picture", args=[course.slug, "-"])[:-1]


@register.filter
def pictured(text: str, course: Course) -> str:
    """An author's Markdown with the addresses at which the course's staff finds its pictures."""
    return locate(text or "", staff_place(course))


@register.filter
def eager(html: SafeString) -> SafeString:
    """Rendered Markdown whose pictures are fetched with the page: of a question further on, the network may be gone by
    then, and paper waits for nothing."""
    return mark_safe(html.replace(' loading="lazy"', ""))  # what was safe stays so
