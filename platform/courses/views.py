"""Own courses, and joining one more."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from courses import actions
from courses.forms import JoinForm
from courses.models import Course, Enrolment


@require_safe
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Own courses as cards; with one only, that course."""
    courses = list(Course.objects.visible_to(request.user).order_by("archived", "slug"))
    if len(courses) == 1 and "all" not in request.GET:
        return redirect("course", course=courses[0].slug)
    user: Any = request.user
    own = {e.course_id: e for e in Enrolment.objects.filter(user=user, active=True).select_related("section")}
    cards = [(course, own.get(course.pk)) for course in courses]
    return render(request, "courses/home.html", {"cards": cards})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """Enter a course with the code that its teacher gave."""
    user: Any = request.user
    form = JoinForm(request.POST or None, request=request)
    if form.is_valid() and form.course is not None:
        try:
            actions.join(user, form.course)
        except actions.CannotJoin as error:
            form.add_error("join_code", str(error))
        else:
            messages.success(request, _("You take part in %(course)s.") % {"course": form.course.title})
            return redirect("course", course=form.course.slug)
    limited = form.has_error("join_code", "rate_limited")
    return render(request, "courses/join.html", {"form": form}, status=429 if limited else 200)
