"""Writes to the question bank: a question saved becomes a new version when its content has changed; imports.

What students get is always a version. So nothing here touches an attempt that was built before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.text import slugify

from courses.models import Course
from quizzes.models import Question, QuestionVersion
from quizzes.questions import Question as Content
from quizzes.questions import digest, dump

SLUG_LENGTH = 100


@dataclass(frozen=True)
class Saved:
    question: Question
    version: QuestionVersion
    change: str  # "new" | "version" (a new version of a known question) | "same"


@dataclass
class Imported:
    new: list[Question] = field(default_factory=list)
    changed: list[Question] = field(default_factory=list)
    same: list[Question] = field(default_factory=list)


@transaction.atomic
def save_question(course: Course, slug: str, content: Content, pool: str | None = None, *, anew: bool = False) -> Saved:
    """Save `content` as the course's question `slug`; `pool` None keeps the pool.

    Running it twice changes nothing: the same content makes no second version, unless it is wanted `anew`.
    """
    # The row is locked: two people saving at once get two numbers.
    question, made = Question.objects.select_for_update().get_or_create(
        course=course, slug=slug, defaults={"pool": pool or ""}
    )
    if pool is not None and question.pool != pool:
        question.pool = pool
        question.save(update_fields=["pool"])
    form = dump(content)
    sha256 = digest(form)
    current = question.current
    if current is not None and current.sha256 == sha256 and not anew:
        return Saved(question, current, "same")
    newest = question.versions.first()
    version = QuestionVersion.objects.create(
        question=question, number=newest.number + 1 if newest else 1, content=form, sha256=sha256
    )
    question.current = version
    question.save(update_fields=["current"])
    return Saved(question, version, "new" if made else "version")


def slug_of(name: str, number: int = 1) -> str:
    """A short name for addresses: "a-b" for the name "A b!", "a-b-2" for the second of that name."""
    base = slugify(name) or "question"
    ending = f"-{number}" if number > 1 else ""
    return base[: SLUG_LENGTH - len(ending)].strip("-_") + ending


def plan_import(course: Course, questions: Iterable[tuple[str, Content]]) -> list[tuple[str, str, Content]]:
    """(slug, pool, content) of each. A question of the same name in the same pool becomes its next version.

    Questions of one name within the import get the numbers 2, 3, … in their order, so that importing the same file
    again finds the same ones.
    """
    pools = dict(Question.objects.filter(course=course).values_list("slug", "pool"))
    taken: set[str] = set()
    planned = []
    for pool, content in questions:
        number = 1
        while (slug := slug_of(content.name, number)) in taken or pools.get(slug, pool) != pool:
            number += 1
        taken.add(slug)
        planned.append((slug, pool, content))
    return planned


@transaction.atomic
def import_questions(course: Course, questions: Iterable[tuple[str, Content]]) -> Imported:
    """Save all of them or, when one fails, none."""
    imported = Imported()
    lists = {"new": imported.new, "version": imported.changed, "same": imported.same}
    for slug, pool, content in plan_import(course, questions):
        saved = save_question(course, slug, content, pool)
        lists[saved.change].append(saved.question)
    return imported
