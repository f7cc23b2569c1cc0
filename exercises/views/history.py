"""A student's submissions to one exercise, and the difference between two of them."""

from __future__ import annotations

import difflib
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses.models import Enrolment, is_staff_of
from exercises import imaging, prompting
from exercises.models import Assignment, Submission
from exercises.presentation import run_label
from exercises.views.common import assignment_of, page, suffix_of, user_of

PAGE = 50
MAX_LINES = 1500  # of each: the comparison's cost grows faster than its length


@page
@require_safe
def history(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    assignment = assignment_of(request, course, slug)
    staff = is_staff_of(user_of(request), assignment.course)
    student = _student(request, assignment, staff)
    found = Submission.objects.visible_to(user_of(request)).filter(assignment=assignment, student=student)
    rows = Paginator(found.select_related("run").defer("source", "run__report"), PAGE).get_page(request.GET.get("page"))
    dated = assignment.dated(student.pk)
    context = {
        "course": assignment.course,
        "nav": "exercises",
        "assignment": dated,
        "staff": staff,
        "student": student,
        "prompt": prompting.spec_of(assignment.version) is not None,
        "image": imaging.spec_of(assignment.version) is not None,
        "own": student == user_of(request),
        "page": rows,
        "rows": [_row(submission, dated) for submission in rows],
    }
    return render(request, "exercises/history.html", context)


def _student(request: HttpRequest, assignment: Assignment, staff: bool) -> Any:
    """Oneself; for staff whoever `?student=` names, when that person is or was in the course."""
    wanted = request.GET.get("student", "")
    if not wanted or wanted == str(user_of(request).pk):
        return user_of(request)
    if not staff or not wanted.isdecimal() or len(wanted) > 18:
        raise Http404("no such student")
    enrolments = Enrolment.objects.filter(course=assignment.course).select_related("user")
    return get_object_or_404(enrolments, user=int(wanted)).user


def _row(submission: Submission, assignment: Assignment) -> dict[str, Any]:
    submission.assignment = assignment  # spares a query a row for `late`
    label, chip = run_label(submission.run)
    return {"submission": submission, "run": submission.run, "label": label, "chip": chip}


@page
@require_safe
def diff(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    assignment = assignment_of(request, course, slug)
    pair = sorted((_one(request, assignment, name) for name in ("a", "b")), key=lambda s: s.received_at)
    older, newer = pair
    if older.student_id != newer.student_id:
        raise Http404("two students")
    texts = (older.source.splitlines(), newer.source.splitlines())
    too_long = max(len(text) for text in texts) > MAX_LINES
    lines = () if too_long else difflib.unified_diff(*texts, _name(older), _name(newer), lineterm="", n=4)
    context = {
        "course": assignment.course,
        "nav": "exercises",
        "assignment": assignment,
        "prompt": prompting.spec_of(assignment.version) is not None,
        "older": older,
        "newer": newer,
        "own": older.student_id == user_of(request).pk,
        "too_long": too_long,
        "diff": "\n".join(lines),
        "language": "python" if suffix_of(assignment.version) == ".py" else "text",
    }
    return render(request, "exercises/diff.html", context)


def _one(request: HttpRequest, assignment: Assignment, name: str) -> Submission:
    try:
        pk = UUID(request.GET.get(name, ""))
    except ValueError:
        raise Http404("no such submission") from None
    visible = Submission.objects.visible_to(user_of(request)).select_related("assignment__course", "student")
    return get_object_or_404(visible, pk=pk, assignment=assignment)


def _name(submission: Submission) -> str:
    return f"{'public-tests' if submission.public_only else 'submission'}-{submission.number}"
