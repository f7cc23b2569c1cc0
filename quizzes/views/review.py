"""The page after the end: what the review options allow. (`results.attempt_view` is the wall; nothing else is read.)"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from courses.pages import user_of
from quizzes.models import Attempt
from quizzes.results import attempt_view
from quizzes.scoring import grade
from quizzes.views.questions import reviewed
from quizzes.views.words import headline, still_to_come


def review(request: HttpRequest, found: Attempt) -> HttpResponse:
    user = user_of(request)
    view = attempt_view(found, user)
    own = found.student_id == user.pk
    score, most = view["score"], view["max_score"]
    context: dict[str, Any] = {
        "course": found.quiz.course,
        "nav": "quizzes",
        "quiz": found.quiz,
        "attempt": found,
        "own": own,
        "headline": headline(found, score),
        "score": score,
        "max_score": most,
        "full": score is not None and bool(most) and score >= most,
        "of_20": grade(Decimal(str(score)), Decimal(str(most))) if score is not None and most else None,
        "after": still_to_come(found.quiz, view["phase"]) if own else "",
        "questions": [reviewed(question) for question in view["questions"]],
        "count": len(found.layout),
        # For the browser: which of the answers that it still keeps did arrive after all.
        "sequences": json.dumps(dict(found.answers.values_list("key", "sequence"))),
        "answered": found.answers.exclude(response__isnull=True).count(),
    }
    return render(request, "quizzes/review.html", context)
