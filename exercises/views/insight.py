"""What a class does with an exercise, for staff."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from audit.actions import saw
from audit.models import AuditEvent
from courses.access import taught_course_of
from exercises.insight import insight as look
from exercises.models import Assignment
from exercises.views.common import page, user_of


@page
@require_safe
def insight(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    found = taught_course_of(request, course)
    assignments = Assignment.objects.select_related("course", "exercise__published", "item")
    assignment = get_object_or_404(assignments, course=found, slug=slug)
    saw(found, user_of(request), AuditEvent.Kind.WORK_SEEN, detail=assignment.slug)
    context = {"course": found, "nav": "exercises", "assignment": assignment, "seen": look(assignment)}
    return render(request, "exercises/insight.html", context)
