"""What is new for one person in one course since the last daily mail. Every line leads to the page that shows more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.templatetags.pages import day_and_time
from courses.models import Course, Enrolment
from exercises.models import Assignment, Comment, ExerciseVersion, Run, RunState, Submission
from exercises.progress import SOON, progress_of, summed
from gradebook.listing import points_text
from gradebook.models import GradeEvent
from quizzes.models import Attempt, Quiz
from quizzes.windows import window_of

if TYPE_CHECKING:
    from accounts.models import User

MOST_LINES = 30  # of one section: a mail is read on a telephone
STUCK_TRIES = 3  # graded submissions without half of the points
GRADES = GradeEvent.Kind
TOLD_KINDS = (GRADES.DERIVED, GRADES.OVERRIDE, GRADES.CLEARED, GRADES.ENTERED, GRADES.EXCUSED, GRADES.UNEXCUSED)


@dataclass(frozen=True)
class Line:
    text: str
    path: str  # of the page, from the root of the site


@dataclass(frozen=True)
class Section:
    title: str
    lines: list[Line]


@dataclass(frozen=True)
class CourseNews:
    title: str
    sections: list[Section]


@dataclass(frozen=True)
class Period:
    since: datetime
    until: datetime

    def of(self, field: str) -> dict[str, datetime]:
        """The filter: later than the last mail, and not later than this one."""
        return {f"{field}__gt": self.since, f"{field}__lte": self.until}


def news_for(person: User, period: Period) -> list[CourseNews]:
    """In the language that is active, course by course; empty when nothing is new."""
    enrolments = Enrolment.objects.filter(user=person, active=True, course__archived=False).select_related("course")
    found = []
    for enrolment in enrolments.order_by("course__slug"):
        gather = staff_news if enrolment.is_staff else student_news
        sections = [section for section in gather(person, enrolment.course, period) if section.lines]
        if sections:
            found.append(CourseNews(enrolment.course.title, sections))
    return found


def _section(title: str, lines: Iterable[Line]) -> Section:
    """The lines, as many as one reads; the rest as a number."""
    every = list(lines)
    kept = every[:MOST_LINES]
    if left := len(every) - len(kept):
        kept.append(Line(ngettext("and %(n)d more", "and %(n)d more", left) % {"n": left}, kept[-1].path))
    return Section(title, kept)


# ---- For students ----------------------------------------------------------------------------------------------------


def student_news(person: User, course: Course, period: Period) -> list[Section]:
    return [
        _section(_("New grades"), _grades(person, course, period)),
        _section(_("New comments"), _comments(person, course, period)),
        _section(_("Due within 48 hours"), _due(person, course, period)),
    ]


def _grades(person: User, course: Course, period: Period) -> list[Line]:
    """One line a column, whatever happened how often, with what stands there now: as on the page of grades."""
    events = GradeEvent.objects.filter(
        score__student=person, score__item__course=course, kind__in=TOLD_KINDS, **period.of("at")
    )
    scores = {event.score_id: event.score for event in events.select_related("score__item").order_by("at", "pk")}
    path = reverse("grades", args=(course.slug,))
    lines = []
    for score in scores.values():
        words = {"item": score.item.title, "got": points_text(score.points), "most": points_text(score.item.max_points)}
        text = _("%(item)s: excused") if score.excused else _("%(item)s: %(got)s out of %(most)s")
        lines.append(Line(text % words, path))
    return lines


def _comments(person: User, course: Course, period: Period) -> list[Line]:
    found = Comment.objects.filter(submission__student=person, submission__assignment__course=course)
    counted = found.exclude(by=person).filter(**period.of("at")).order_by()
    rows = counted.values("submission").annotate(n=Count("pk")).values_list("submission", "n")
    submissions = Submission.objects.select_related("assignment__exercise__published", "assignment__item")
    by_pk = submissions.defer("source").in_bulk([pk for pk, _n in rows])
    lines = []
    for pk, n in rows:
        text = ngettext("%(n)d comment on %(title)s", "%(n)d comments on %(title)s", n)
        lines.append(Line(text % {"n": n, "title": by_pk[pk].assignment.title}, reverse("submission", args=(pk,))))
    beside = GradeEvent.objects.filter(
        score__student=person, score__item__course=course, kind=GRADES.COMMENT, **period.of("at")
    )
    for title in dict.fromkeys(event.score.item.title for event in beside.select_related("score__item")):
        text = _("A comment beside the grade of %(title)s") % {"title": title}
        lines.append(Line(text, reverse("grades", args=(course.slug,))))
    return lines


def _due(person: User, course: Course, period: Period) -> list[Line]:
    """Exercises not done and quizzes not begun that end within 48 hours, each told once: when that began to be so."""
    ends: list[tuple[datetime, datetime | None, str, str]] = []  # the end, the opening, title and path
    assignments = Assignment.objects.visible_to(person).filter(course=course, visible=True)
    for progress in progress_of(person, assignments.select_related("course", "exercise__published", "item")):
        given, due = progress.assignment, progress.assignment.due_at
        if progress.due_soon and due is not None:
            ends.append((due, given.opens_at, given.title, reverse("exercise", args=(course.slug, given.slug))))
    begun = Attempt.objects.filter(student=person, preview=False, started_at__isnull=False).values("quiz")
    for quiz in Quiz.objects.filter(course=course, visible=True, closes_at__isnull=False).exclude(pk__in=begun):
        window = window_of(quiz, person)
        if window.closes_at is not None and window.is_open(period.until):
            path = reverse("quiz", args=(course.slug, quiz.slug))
            ends.append((window.closes_at, window.opens_at, quiz.title, path))

    def is_new(end: datetime, opening: datetime | None) -> bool:
        began = end - SOON if opening is None else max(end - SOON, opening)
        return period.since < began <= period.until

    soon = sorted((end, title, path) for end, opening, title, path in ends if is_new(end, opening))
    return [Line(f"{title}: {day_and_time(end, course.zone)}", path) for end, title, path in soon]


# ---- For the staff ---------------------------------------------------------------------------------------------------


def staff_news(person: User, course: Course, period: Period) -> list[Section]:
    return [
        _section(_("Answers to comments"), _answers(course, period)),
        _section(_("Who may need help"), _stuck(course, period)),
        _section(_("What could not be graded"), _faults(course, period)),
    ]


def _titled(course: Course) -> dict[int, Assignment]:
    return Assignment.objects.filter(course=course).select_related("exercise__published", "item").in_bulk()


def _answers(course: Course, period: Period) -> list[Line]:
    found = Comment.objects.filter(submission__assignment__course=course, **period.of("answered_at"))
    related = found.select_related(
        "submission__student", "submission__assignment__exercise__published", "submission__assignment__item"
    ).defer("submission__source")
    lines = []
    for comment in related.order_by("answered_at"):
        words = {"student": comment.submission.student, "title": comment.submission.assignment.title}
        text = _("%(student)s has answered a comment on %(title)s")
        lines.append(Line(text % words, reverse("submission", args=(comment.submission_id,))))
    return lines


def _stuck(course: Course, period: Period) -> list[Line]:
    """Students who went on trying since the last mail and have not half of the points, by exercise; open ones only."""
    open_now = {pk: given for pk, given in _titled(course).items() if given.is_open(period.until)}
    enrolled = Enrolment.objects.students().filter(course=course).values("user")
    tried = Submission.objects.filter(assignment__in=list(open_now), student__in=enrolled)
    counts: dict[int, int] = {}
    for row in summed(tried, "assignment", "student"):
        went_on = row["last"] is not None and period.since < row["last"] <= period.until
        if went_on and row["tries"] >= STUCK_TRIES and row["share"] is not None and row["share"] < 0.5:
            counts[row["assignment"]] = counts.get(row["assignment"], 0) + 1
    lines = []
    for pk, n in counts.items():
        text = ngettext(
            "%(title)s: %(n)d student has tried three times or more and has not half of the points",
            "%(title)s: %(n)d students have tried three times or more and have not half of the points",
            n,
        )
        path = reverse("insight", args=(course.slug, open_now[pk].slug)) + "#stuck"
        lines.append(Line(text % {"title": open_now[pk].title, "n": n}, path))
    return lines


def _faults(course: Course, period: Period) -> list[Line]:
    """Submissions given up after three attempts, and versions of which the tests could not be listed."""
    failed = Run.objects.filter(
        state=RunState.JUDGE_FAILED, current_of__assignment__course=course, **period.of("finished_at")
    )
    counts = failed.order_by().values("current_of__assignment").annotate(n=Count("pk"))
    rows = list(counts.values_list("current_of__assignment", "n"))
    titled, lines = _titled(course) if rows else {}, []
    for pk, n in rows:
        text = ngettext("%(title)s: %(n)d submission", "%(title)s: %(n)d submissions", n)
        path = reverse("admin:exercises_submission_changelist") + f"?in_state=judge_failed&of_assignment={pk}"
        lines.append(Line(text % {"title": titled[pk].title, "n": n}, path))
    broken = ExerciseVersion.objects.filter(
        exercise__course=course, state=ExerciseVersion.State.BROKEN, **period.of("created_at")
    )
    for version in broken.select_related("exercise"):
        text = _("%(exercise)s: version %(number)d is broken and was not opened to students")
        path = reverse("admin:exercises_exercise_change", args=(version.exercise_id,))
        lines.append(Line(text % {"exercise": version.exercise, "number": version.number}, path))
    return lines
