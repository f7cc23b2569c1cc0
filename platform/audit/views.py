"""The audit of a course, for its instructors."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.models import AuditEvent
from courses.access import taught_course_of
from courses.pages import page, user_of
from courses.staff import is_instructor_of

PAGE = 100


@page
@require_safe
def log(request: HttpRequest, course: str) -> HttpResponse:
    found = taught_course_of(request, course)
    if not is_instructor_of(user_of(request), found):
        raise Http404  # assistants are among those whose steps it shows
    kind = request.GET.get("kind", "")
    events = AuditEvent.objects.filter(course=found).select_related("by", "about")
    if kind in AuditEvent.Kind.values:
        events = events.filter(kind=kind)
    context = {
        "course": found,
        "nav": "audit",
        "kinds": AuditEvent.Kind.choices,
        "kind": kind,
        "page": Paginator(events, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "audit/log.html", context)
