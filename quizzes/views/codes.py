"""Sign-in codes on paper: made and taken back by the staff, typed by students on a page that needs no mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from audit.actions import record
from audit.models import AuditEvent
from courses.models import Enrolment
from courses.pages import no_store, page, user_of
from gradebook.table import by_name
from quizzes import codes as making
from quizzes.errors import BadAnswer, Refused, TooOften
from quizzes.models import Quiz, SignInCode
from quizzes.views.staff import back_to, context_of, number_in, taught_quiz_of

MOST_HOURS = 72


@page
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    quiz = taught_quiz_of(request, course, slug)
    if request.method == "POST":
        try:
            return _do(request, quiz)
        except Refused as refused:
            messages.error(request, refused.message)
            return back_to("quiz-codes", course, slug)
    now, made = timezone.now(), SignInCode.objects.filter(quiz=quiz).select_related("student")
    enrolments = Enrolment.objects.students().filter(course=quiz.course_id).select_related("user")
    context = context_of(
        quiz,
        codes=[{"code": code, "good": code.used_at is None and code.expires_at > now} for code in made],
        hours=making.HOURS,
        sections=quiz.course.sections.all(),
        students=[enrolment.user for enrolment in sorted(enrolments, key=by_name)],
    )
    context["codes"].sort(key=lambda row: str(row["code"].student).casefold())
    return render(request, "quizzes/staff/codes.html", context)


def _do(request: HttpRequest, quiz: Quiz) -> HttpResponse:
    """The sheet of new codes, or back to the page. Raises BadAnswer."""
    post, by = request.POST, user_of(request)
    if post.get("action") == "make":
        return _sheet(request, quiz, by)
    if post.get("action") != "revoke":
        raise Http404
    people = [get_object_or_404(User, pk=number_in(post["student"]) or 0)] if post.get("student") else None
    with transaction.atomic():
        count = making.revoke_codes(quiz, people)
        about = people[0] if people else None
        record(quiz.course, by, AuditEvent.Kind.QUIZ, about, f"{quiz.slug}: took back {count} sign-in codes")
    told = ngettext("%(n)d code is no longer good.", "%(n)d codes are no longer good.", count)
    messages.success(request, told % {"n": count})
    return back_to("quiz-codes", quiz.course.slug, quiz.slug)


def _sheet(request: HttpRequest, quiz: Quiz, by: Any) -> HttpResponse:
    """Shown as the answer itself: the codes are stored nowhere, and no address leads to them again."""
    whom, hours = request.POST.get("whom", ""), number_in(request.POST.get("hours"))
    if hours is None or not 1 <= hours <= MOST_HOURS:
        raise BadAnswer(_("Hours: a whole number from 1 to %(most)d.") % {"most": MOST_HOURS})
    with transaction.atomic():
        made = making.make_codes(quiz, _people(quiz, whom), hours=hours)
        for student, _code in made:
            record(quiz.course, by, AuditEvent.Kind.QUIZ, student, f"{quiz.slug}: made a sign-in code")
    if not made:
        raise BadAnswer(_("There is nobody to make a code for."))
    context = context_of(
        quiz,
        slips=[{"student": student, "code": code} for student, code in made],
        address=request.build_absolute_uri(reverse("quiz-sign-in")),
        until=timezone.now() + timedelta(hours=hours),
    )
    return render(request, "quizzes/staff/slips.html", context)


def _people(quiz: Quiz, whom: str) -> list[User] | None:
    """Of the form's choice: all (None), a section's students, or one. `make_codes` leaves out who is no student."""
    kind, _colon, text = whom.partition(":")
    pk = number_in(text) or 0
    if kind == "section":
        section = get_object_or_404(quiz.course.sections, pk=pk)
        found = Enrolment.objects.students().filter(course=quiz.course_id, section=section)
        return [enrolment.user for enrolment in found.select_related("user")]
    if kind == "student":
        enrolments = Enrolment.objects.students().filter(course=quiz.course_id).select_related("user")
        return [get_object_or_404(enrolments, user=pk).user]
    if whom != "all":
        raise Http404
    return None


@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Where a student types the code of a slip; on success, the page of the quiz."""
    if request.method != "POST":
        return render(request, "quizzes/sign_in.html", {})
    try:
        quiz = making.sign_in_with_code(request, request.POST.get("code", ""))
    except Refused as refused:
        response = render(request, "quizzes/sign_in.html", {"error": refused.message}, status=refused.status)
        if isinstance(refused, TooOften):
            response["Retry-After"] = str(refused.retry_after)
        return response
    return back_to("quiz", quiz.course.slug, quiz.slug)
