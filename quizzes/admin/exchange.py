"""The bank's pages of import and export. What is imported is shown first, and saved all at once or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext

from courses.models import Course
from quizzes.admin.display import Shown, show
from quizzes.authoring import plan_import
from quizzes.formats import FORMATS, Export, Import, Pooled, guess, read, write
from quizzes.formats.common import MAX_POOL, Problem
from quizzes.models import Question
from quizzes.pictures import forget_unused, keep, missing, names_in, pictures_of
from quizzes.questions import digest, dump, parse

SALT = "quizzes.import"
HOURS = 12  # that a preview may lie before it is confirmed


@dataclass(frozen=True)
class Planned:
    """One question of an import as the preview shows it."""

    line: int
    slug: str
    pool: str
    change: str  # "new" | "version" | "same": what saving it does
    shown: Shown


@dataclass(frozen=True)
class Upload:
    """What the import form gave."""

    kind: str  # of FORMATS
    data: str | bytes
    language: str
    pool: str

    @classmethod
    def of(cls, cleaned: dict[str, Any]) -> Upload:
        file = cleaned["file"]
        data = file.read() if file else cleaned["text"]
        kind = cleaned["kind"] or guess(file.name if file else "", data)
        return cls(kind, data, cleaned["language"], cleaned["pool"])

    def read(self) -> Import:
        """The questions, in pools below the chosen one."""
        result = read(self.kind, self.data, self.language)
        if self.pool:
            result.questions = [
                ("/".join(filter(None, (self.pool, pool)))[:MAX_POOL], question) for pool, question in result.questions
            ]
        return result


def sealed(course: Course, questions: list[Pooled]) -> str:
    """The questions of a preview, for its form to bring back: signed, so that what is saved is what was shown."""
    contents = [[pool, dump(question)] for pool, question in questions]
    return signing.dumps({"course": course.pk, "questions": contents}, salt=SALT, compress=True)


def unsealed(course_ids: set[int], text: str) -> tuple[Course, list[Pooled]] | None:
    """The course and the questions; None when the preview is too old, or never was ours."""
    try:
        data = signing.loads(text, salt=SALT, max_age=HOURS * 3600)
    except signing.BadSignature:
        return None
    course = Course.objects.filter(pk__in=course_ids & {data["course"]}).first()
    return (course, [(pool, parse(content)) for pool, content in data["questions"]]) if course else None


def keep_pictures(course: Course, result: Import) -> None:
    """Keep the pictures of a file that is only looked at yet: the preview shows them. What nobody saves goes in a week.

    Warns of pictures that neither the file nor the course has.
    """
    forget_unused(course)
    keep(course, result.pictures.values())
    for line, (_pool, question) in zip(result.lines, result.questions, strict=True):
        if missing(course, names_in(question)):
            told = gettext("A picture is neither in the file nor in the course: its description is shown in its place.")
            result.problems.append(Problem(line, "warning", told))


def planned(course: Course, result: Import) -> list[Planned]:
    known = dict(Question.objects.filter(course=course, current__isnull=False).values_list("slug", "current__sha256"))
    plan = plan_import(course, result.questions)
    return [
        Planned(line, slug, pool, _change(known.get(slug), digest(dump(content))), show(content, course))
        for line, (slug, pool, content) in zip(result.lines, plan, strict=True)
    ]


def _change(known: str | None, sha256: str) -> str:
    if known is None:
        return "new"
    return "same" if known == sha256 else "version"


# ---- Export ------------------------------------------------------------------------------------------------------


def questions_of(cleaned: dict[str, Any]) -> list[Pooled]:
    """The chosen questions of the bank, pool by pool."""
    chosen = Question.objects.filter(course=cleaned["course"], current__isnull=False)
    if cleaned["pool"]:
        chosen = chosen.filter(Q(pool=cleaned["pool"]) | Q(pool__startswith=f"{cleaned['pool']}/"))
    if not cleaned["archived"]:
        chosen = chosen.filter(archived=False)
    return pooled(chosen)


def pooled(chosen: Any) -> list[Pooled]:
    return [(q.pool, parse(q.current.content)) for q in chosen.select_related("current") if q.current]


def export(kind: str, questions: list[Pooled], language: str, courses: Iterable[Course]) -> Export:
    return write(kind, questions, language, pictures_of(courses, [question for _pool, question in questions]))


def download(kind: str, name: str, result: Export) -> HttpResponse:
    form = FORMATS[kind]
    response = HttpResponse(result.text, content_type=form.mime)
    response["Content-Disposition"] = f'attachment; filename="{name}{form.ending}"'
    return response
