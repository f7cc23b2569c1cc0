"""What submissions to one assignment have in common, for staff."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from audit.actions import saw
from audit.models import AuditEvent
from courses.access import taught_course_of
from courses.models import Course
from exercises.models import Assignment, Submission
from exercises.similarity import METHODS
from exercises.similarity_report import Options, kind_of, others_of, report, side_by_side
from exercises.views.common import page, user_of


def _assignment(course: Course, slug: str) -> Assignment:
    assignments = Assignment.objects.select_related("course", "exercise__published", "item")
    return get_object_or_404(assignments, course=course, slug=slug)


@page
@require_safe
def similarity(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    """The pairs that share most."""
    found = taught_course_of(request, course)
    assignment, options, user = _assignment(found, slug), Options.read(request.GET), user_of(request)
    saw(found, user, AuditEvent.Kind.WORK_SEEN, detail=f"{assignment.slug}: similarity")
    context = {
        "course": found,
        "nav": "exercises",
        "assignment": assignment,
        "options": options,
        "by_tokens": options.query(sort="tokens"),
        "by_share": options.query(sort="share"),
        "query": options.query(),
        "others": others_of(assignment, user),
        "method": METHODS[kind_of(assignment)],
        "prompt": kind_of(assignment) == "prompt",
        "seen": report(assignment, options, user),
    }
    return render(request, "exercises/similarity.html", context)


@page
@require_safe
def pair(request: HttpRequest, course: str, slug: str, a: UUID, b: UUID) -> HttpResponse:
    """Two submissions side by side. The second may be of another course, if the reader teaches that one as well."""
    found = taught_course_of(request, course)
    assignment, options, user = _assignment(found, slug), Options.read(request.GET), user_of(request)
    handed_in = Submission.objects.filter(public_only=False).select_related("student", "assignment__course", "run")
    first = get_object_or_404(handed_in.defer("run__report"), pk=a, assignment=assignment)
    others = [assignment, *others_of(assignment, user)]
    second = get_object_or_404(handed_in.defer("run__report"), pk=b, assignment__in=others)
    if first.student_id == second.student_id:
        raise Http404("one student")
    for side in (first, second):
        saw(side.assignment.course, user, AuditEvent.Kind.WORK_SEEN, side.student, f"{assignment.slug}: similarity")
    context = {
        "course": found,
        "nav": "exercises",
        "assignment": assignment,
        "options": options,
        "query": options.query(),
        "method": METHODS[kind_of(assignment)],
        "prompt": kind_of(assignment) == "prompt",
        "seen": side_by_side(assignment, first, second, options, user),
    }
    return render(request, "exercises/similarity_pair.html", context)
