"""After a question's key was wrong: choose it, give the right key, see who moves by how much, apply. For staff."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from audit.actions import saw
from audit.models import AuditEvent
from courses.pages import page, user_of
from quizzes import regrade as regrading
from quizzes.contents import question_of
from quizzes.errors import BadQuiz
from quizzes.models import Attempt, AttemptState, KeyChange, Question, QuestionVersion, Quiz
from quizzes.questions import Question as Content
from quizzes.questions import digest, dump
from quizzes.views import key_form
from quizzes.views.staff import back_to, context_of, number_in, taught_quiz_of

SHOWN = 300  # students in the preview
Policy = KeyChange.Policy


@page
@require_http_methods(["GET", "HEAD", "POST"])
def regrade(request: HttpRequest, course: str, slug: str) -> HttpResponse:
    """One form that is sent twice: to preview, then to apply what was previewed."""
    quiz = taught_quiz_of(request, course, slug)
    saw(quiz.course, user_of(request), AuditEvent.Kind.WORK_SEEN, detail=f"{quiz.slug}: regrade")
    questions = _questions(quiz)
    given = request.POST if request.method == "POST" else request.GET
    question = _chosen(questions, given.get("question"))
    context = context_of(quiz, questions=questions, question=question, past=_past(quiz), policies=_policies())
    if question is None:
        return render(request, "quizzes/staff/regrade.html", context)
    context |= {"policy": Policy.BOTH, "reason": "", "key": key_form.fields(_content(question))}
    if request.method == "POST":
        try:
            done = _answer(request, quiz, question, context)
        except BadQuiz as error:
            context["error"] = str(error)
            return render(request, "quizzes/staff/regrade.html", context, status=400)
        if done:
            return back_to("quiz-regrade", course, slug)
    return render(request, "quizzes/staff/regrade.html", context)


def _answer(request: HttpRequest, quiz: Quiz, question: Question, context: dict[str, Any]) -> bool:
    """Apply, when what is sent is what was previewed; else fill `context` with the preview. Raises BadQuiz."""
    post = request.POST
    policy, reason = post.get("policy", ""), post.get("reason", "")
    if policy not in Policy.values or post.get("action") not in ("preview", "apply"):
        raise Http404
    context |= {"policy": policy, "reason": reason, "key": key_form.fields(_content(question), post)}
    content = key_form.read(_content(question), post)
    sign = _sign(question, content, policy)
    previewed = post.get("previewed") == sign
    if post.get("action") == "apply" and previewed and reason.strip():
        _apply(request, quiz, question, content, policy, reason)
        return True
    preview = regrading.preview(quiz, question, content, policy)
    context |= {"preview": preview, "moves": preview.moves[:SHOWN], "previewed": sign}
    if post.get("action") == "apply":
        # Nothing is lost: the form stands as it was sent, with the preview of what it says now.
        context["error"] = (
            _("Write why: students and colleagues will ask.")
            if previewed
            else _("The key or the policy has changed since the preview. Look at the new one, then apply.")
        )
    return False


def _sign(question: Question, content: Content, policy: str) -> str:
    """Names what is previewed: another key, another policy or another version of the question has another name."""
    return digest({"content": dump(content), "policy": policy, "current": question.current_id})


def _apply(request: HttpRequest, quiz: Quiz, question: Question, content: Content, policy: str, reason: str) -> None:
    change = regrading.apply(quiz, question, content, policy, reason, user_of(request))
    count = len(change.moved)
    told = ngettext("The key is changed; %(n)d score has moved.", "The key is changed; %(n)d scores have moved.", count)
    messages.success(request, told % {"n": count})


def _questions(quiz: Quiz) -> list[Question]:
    """Those that the quiz asks or has asked, in the order of its places, then by name."""
    layouts = Attempt.objects.filter(quiz=quiz).exclude(state=AttemptState.BUILT).values_list("layout", flat=True)
    versions = {entry["version"] for layout in layouts for entry in layout}
    asked = set(QuestionVersion.objects.filter(pk__in=versions).values_list("question", flat=True))
    places = {slot.question_id: number for number, slot in enumerate(quiz.slots.all()) if slot.question_id}
    found = Question.objects.filter(course=quiz.course_id, pk__in=asked | set(places)).select_related("current")
    return sorted(found.exclude(current=None), key=lambda q: (places.get(q.pk, len(places)), q.slug))


def _chosen(questions: list[Question], text: str | None) -> Question | None:
    if not text:
        return None
    found = next((question for question in questions if question.pk == number_in(text)), None)
    if found is None:
        raise Http404
    return found


def _content(question: Question) -> Content:
    assert question.current is not None  # `_questions` leaves out those without a version
    return question_of(question.current)


def _past(quiz: Quiz) -> list[KeyChange]:
    return list(quiz.key_changes.select_related("new__question", "by").order_by("-at"))


def _policies() -> list[dict[str, Any]]:
    explained = {
        Policy.BOTH: _("Nobody loses points: each answer is worth the better of the old and the new key."),
        Policy.NEW: _("Everybody is scored by the new key: some gain, some lose."),
        Policy.FULL: _("For a question that cannot be answered fairly. The key may stay as it is."),
        Policy.NONE: _("Attempts keep their points; only attempts built from now on have the new key."),
    }
    return [{"value": value, "label": label, "explained": explained[Policy(value)]} for value, label in Policy.choices]
