"""The list of a course's exercises, and one's own work as an archive."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.models import is_staff_of
from exercises.models import Assignment, Submission
from exercises.progress import progress_of
from exercises.views.common import course_of, page, user_of
from exercises.work import work_archive


@page
@require_safe
def course(request: HttpRequest, course: str) -> HttpResponse:
    found, user = course_of(request, course), user_of(request)
    assignments = Assignment.objects.visible_to(user).filter(course=found)
    rows = progress_of(user, assignments.select_related("course", "exercise__published", "item"))
    context = {
        "course": found,
        "nav": "exercises",
        "rows": rows,
        "done": sum(row.state == "done" for row in rows),
        "has_work": Submission.objects.filter(student=user, assignment__course=found).exists(),
        "staff": is_staff_of(user, found),
    }
    return render(request, "exercises/course.html", context)


@page
@require_safe
def work(request: HttpRequest, course: str) -> FileResponse:
    found, user = course_of(request, course), user_of(request)
    day = timezone.localtime(timezone=found.zone).date()
    return FileResponse(work_archive(found, user), as_attachment=True, filename=f"{found.slug}-{day:%Y-%m-%d}.zip")
