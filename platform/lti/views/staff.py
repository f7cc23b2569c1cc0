"""What the staff of a course sees of its LMS: connections, activities, grades that did not arrive. And "Send again"."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from courses.access import course_of, taught_course_of
from courses.models import Course, is_staff_of
from courses.pages import page, user_of
from courses.staff import is_instructor_of
from lti import actions, outbox
from lti.forms import PartsForm
from lti.models import Context, Passback, ResourceLink

AGAIN = "6/10m/key"  # of one student: a button that is pressed in anger must not become a flood
SHOWN = 200


@page
@require_http_methods(["GET", "HEAD", "POST"])
def connections(request: HttpRequest, course: str) -> HttpResponse:
    """Connections of a course; instructors change them."""
    found = taught_course_of(request, course)
    user = user_of(request)
    leads = is_instructor_of(user, found)
    if request.method == "POST":
        if not leads:
            raise Http404
        _change(request, found)
        return redirect("lti-course", course=found.slug)
    contexts = found.lti_contexts.select_related("platform", "linked_by").prefetch_related("links__item", "members")
    rows = Passback.objects.filter(link__context__course=found)
    late = rows.filter(attempts__gt=0) | rows.filter(state=Passback.State.FAILED)
    late = late.exclude(state=Passback.State.SENT).select_related("identity__user", "link__item", "link__context")
    context = {
        "course": found,
        "nav": "gradebook",
        "contexts": [(context, PartsForm(initial=_parts(context), prefix=f"c{context.pk}")) for context in contexts],
        "leads": leads,
        "late": late[:SHOWN],
        "late_count": late.count(),
        "waiting": rows.filter(state=Passback.State.WAITING, attempts=0).count(),
        "arrived": rows.filter(state=Passback.State.SENT, sent_at__isnull=False).count(),
    }
    return render(request, "lti/course.html", context)


def _parts(context: Context) -> dict[str, object]:
    return {"students": context.students, "staff_role": context.staff_role}


def _change(request: HttpRequest, course: Course) -> None:
    """Do what the button says. Raises Http404."""
    action, user = request.POST.get("action", ""), user_of(request)
    number = request.POST.get("id", "")
    pk = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    if action == "unlink":
        actions.unlink(get_object_or_404(ResourceLink, pk=pk, context__course=course), user)
        messages.success(request, _("The activity opens nothing any more: open it in the LMS to choose anew."))
        return
    context = get_object_or_404(Context, pk=pk, course=course)
    if action == "disconnect":
        actions.disconnect(context, user)
        messages.success(request, _("Disconnected. People, work and grades stay here."))
    elif action == "change":
        form = PartsForm(request.POST, prefix=f"c{context.pk}")
        if not form.is_valid():
            raise Http404
        values = form.cleaned_data
        actions.change(context, user, students=values["students"], staff_role=values["staff_role"])
        messages.success(request, _("Saved."))
    else:
        raise Http404


@page
@require_POST
def again(request: HttpRequest, course: str) -> HttpResponse:
    """Send again what did not arrive: staff one line, or all; students their own."""
    found = course_of(request, course)
    user = user_of(request)
    staff = is_staff_of(user, found)
    rows = Passback.objects.filter(link__context__course=found)
    if not staff:
        rows = rows.filter(identity__user=user)
        if not limits.allow(request, "lti_again", AGAIN, key=str(user.pk)):
            return render(request, "429.html", status=429)
    wanted = request.POST.get("id", "")
    if wanted:
        rows = rows.filter(pk=int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else 0)
        if not rows.exists():
            raise Http404
    late = [row.pk for row in rows if row.late]
    count = outbox.renew(Passback.objects.filter(pk__in=late))
    told = ngettext("%(count)d grade is on its way again.", "%(count)d grades are on their way again.", count)
    messages.success(request, told % {"count": count})
    return redirect("lti-course" if staff else "grades", course=found.slug)
