"""The load benchmark's part inside the site: a quiz with signed-in students, and afterwards a look for lost answers.

python -m deploy.load_people prepare STUDENTS FILE     writes the sessions of that many students
python -m deploy.load_people check FILE                reads what was acknowledged; prints what the database lacks
"""

from __future__ import annotations

import json
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

QUESTIONS = 30
COURSE, QUIZ = "load", "exam"


def question(number: int) -> dict[str, Any]:
    """A question of a usual size: a paragraph, four options, feedback, in two languages."""
    text = f"Question {number}: which of these holds? " + "A sentence that explains the case at hand. " * 4
    options = [
        {"id": name, "text": {"en": f"Option {name} " + "of some length " * 3, "fr": f"Option {name}"}}
        for name in "abcd"
    ]
    options[number % 4]["fraction"] = 1.0  # type: ignore[assignment]  # the JSON form mixes texts and numbers
    feedback = {"en": "Because it is so.", "fr": "Parce que c'est ainsi."}
    kind = {"type": "single", "name": f"Question {number}", "options": options, "feedback": feedback}
    return kind | {"text": {"en": text, "fr": text}}


def prepare(students: int, file: Path) -> None:
    from django.core.management import call_command
    from django.utils import timezone

    from courses.models import Course
    from quizzes import actions
    from quizzes.authoring import save_question
    from quizzes.items import save_quiz, set_slots
    from quizzes.models import Quiz, Slot
    from quizzes.questions import parse

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    course = Course.objects.create(slug=COURSE, title_en="Load")
    now = timezone.now()
    quiz = save_quiz(Quiz(course=course, slug=QUIZ, title_en="Exam", seconds=3600, opens_at=now - timedelta(minutes=1)))
    saved = [save_question(course, f"q-{n}", parse(question(n))) for n in range(QUESTIONS)]
    set_slots(quiz, [Slot(question=one.question) for one in saved])
    sessions = make_students(course, students)
    actions.build_attempts(quiz)
    file.write_text(json.dumps(sessions))


def make_students(course: Any, count: int) -> list[str]:
    """Enrolled students who have signed in; their session keys."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from accounts.models import User
    from courses.models import Enrolment

    User.objects.bulk_create(User(email=f"s{n}@load.example", password="!") for n in range(count))
    users = list(User.objects.filter(email__endswith="@load.example"))
    Enrolment.objects.bulk_create(Enrolment(course=course, user=user) for user in users)
    store, end = SessionStore(), timezone.now() + timedelta(days=1)
    rows = []
    for user in users:
        data = {
            "_auth_user_id": str(user.pk),
            "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
            "_auth_user_hash": user.get_session_auth_hash(),
        }
        rows.append(Session(session_key=secrets.token_hex(16), session_data=store.encode(data), expire_date=end))
    Session.objects.bulk_create(rows)
    return [row.session_key for row in rows]


def check(file: Path) -> None:
    """Compare what the site has acknowledged with what it has kept: newest answers, and one event for each save."""
    from quizzes.contents import Names, questions_of
    from quizzes.models import AnswerEvent, Attempt

    acknowledged: dict[str, dict[str, Any]] = json.loads(file.read_text())
    lost = 0
    for attempt in Attempt.objects.prefetch_related("answers").exclude(state="built"):
        questions = questions_of(attempt.layout)
        kept = {}
        for entry in attempt.layout:
            kept[entry["key"]] = Names.of(questions[entry["key"]], entry["order"])
        stored = {answer.key: kept[answer.key].show(answer.response) for answer in attempt.answers.all()}
        told = acknowledged.pop(str(attempt.pk), {"answers": {}, "saves": 0})
        lost += sum(stored.get(key) not in allowed for key, allowed in told["answers"].items())
        lost += max(0, told["saves"] - AnswerEvent.objects.filter(attempt=attempt).count())
    lost += len(acknowledged)  # attempts that were given out and are not there
    print(json.dumps({"lost": lost, "saves": AnswerEvent.objects.count()}))


def main(words: list[str]) -> None:
    django.setup()
    if words[0] == "prepare":
        prepare(int(words[1]), Path(words[2]))
    else:
        check(Path(words[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
