"""Editing a quiz or a question throws away built attempts that nobody has started, wherever the edit comes from."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from quizzes import seb
from quizzes.building import forget_unstarted
from quizzes.models import Question, Quiz, Slot


@receiver(post_save, sender=Quiz)
def quiz_saved(instance: Quiz, created: bool, raw: bool = False, **kwargs: Any) -> None:
    seb.forget()
    if not created and not raw:
        forget_unstarted(Quiz.objects.filter(pk=instance.pk))


@receiver([post_save, post_delete], sender=Slot)
def slot_changed(instance: Slot, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        forget_unstarted(Quiz.objects.filter(pk=instance.quiz_id))


@receiver(post_save, sender=Question)
def question_saved(instance: Question, raw: bool = False, **kwargs: Any) -> None:
    """Quizzes that ask it by name, and those that draw from pools: it may have left one or come into one."""
    if not raw:
        concerned = Slot.objects.filter(Q(question=instance) | ~Q(pool=""), quiz__course=instance.course_id)
        forget_unstarted(Quiz.objects.filter(pk__in=concerned.values("quiz")))
