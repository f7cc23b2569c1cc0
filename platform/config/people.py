"""A person's data as a whole: hand it over, erase it; and the end of a course. Each part of the site adds its own."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from accounts.models import Digest, User
from courses.models import Course, Enrolment
from exercises.models import Assignment, Draft, Exercise, ExerciseVersion, Regrade, Run, Submission
from exercises.results import student_view
from exercises.work import work_archive
from gradebook.models import GradeItem, Score
from lti.models import Member, Passback
from quizzes.models import Attempt, KeyChange, Question, Quiz
from quizzes.results import attempt_view


class PeopleError(ValueError):
    """It cannot be done; the text says why and what to do instead."""


def person_named(email: str) -> User:
    """The person with this address, whatever its case. Raises PeopleError."""
    found = User.objects.filter(email=email.strip().lower()).first()
    if found is None:
        raise PeopleError(f"nobody has the address {email!r}")
    return found


# ---- Handing over ----------------------------------------------------------------------------------------


def export_student(person: User, target: IO[bytes]) -> list[str]:
    """Write a zip of everything kept about a person, as that person may see it; the names of its files.

    Results are what the student's own pages show: what hidden tests look at belongs to the exercise, not to the person.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, "person.json", _person(person))
        for enrolment in Enrolment.objects.filter(user=person).select_related("course", "section"):
            course = enrolment.course
            _write(archive, f"{course.slug}/grades.json", _grades(person, course))
            _write(archive, f"{course.slug}/results.json", _results(person, course))
            _write(archive, f"{course.slug}/quizzes.json", _quizzes(person, course))
            with work_archive(course, person) as work, zipfile.ZipFile(io.BytesIO(work.read())) as files:
                for name in files.namelist():
                    archive.writestr(f"{course.slug}/work/{name}", files.read(name))
        return archive.namelist()


def _write(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))


def _person(person: User) -> dict[str, Any]:
    enrolments = Enrolment.objects.filter(user=person).select_related("course", "section")
    return {
        "exported_at": timezone.now(),
        "email": person.email,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "language": person.language,
        "joined": person.date_joined,
        "last_sign_in": person.last_login,
        "daily_mail": Digest.objects.filter(user=person, wanted=True).exists(),
        "courses": [
            {
                "course": enrolment.course.slug,
                "role": enrolment.role,
                "section": enrolment.section.name if enrolment.section else None,
                "active": enrolment.active,
                "since": enrolment.created_at,
            }
            for enrolment in enrolments
        ],
        "lms_identities": list(
            person.lti_identities.values("issuer", "subject", "name", "email", "created_at", "seen_at")
        ),
        "api_tokens": list(person.api_tokens.values("course__slug", "label", "created_at", "expires_at")),
    }


def _grades(person: User, course: Course) -> list[dict[str, Any]]:
    scores = Score.objects.filter(student=person, item__course=course).select_related("item")
    return [
        {
            "item": score.item.slug,
            "points": score.points,
            "max_points": score.item.max_points,
            "override_reason": score.reason,
            "excused": score.excused,
            "comment": score.comment,
            "history": list(score.events.values("at", "kind", "old", "new", "why")),
        }
        for score in scores.prefetch_related("events")
    ]


def _results(person: User, course: Course) -> list[dict[str, Any]]:
    found = Submission.objects.filter(student=person, assignment__course=course)
    related = found.select_related("run__version", "assignment").order_by("received_at")
    return [
        {
            "exercise": submission.assignment.slug,
            "number": submission.number,
            "public_only": submission.public_only,
            "received_at": submission.received_at,
            "result": student_view(submission.run),
            "comments": list(submission.comments.values("line", "text", "at", "answer", "answered_at")),
        }
        for submission in related.iterator(chunk_size=100)
    ]


def _quizzes(person: User, course: Course) -> list[dict[str, Any]]:
    found = Attempt.objects.filter(student=person, quiz__course=course, started_at__isnull=False)
    return [
        {
            "attempt": attempt_view(attempt, person),
            "answers": list(attempt.answers.values("key", "response", "flagged", "saved_at", "seconds")),
            "events": list(attempt.events.values("kind", "at", "detail")),
        }
        for attempt in found.select_related("quiz__course")
    ]


# ---- Erasing ---------------------------------------------------------------------------------------------


def erase_student(person: User, course: Course | None = None, *, really: bool = False) -> Counter[str]:
    """Delete a person with all work, or the person's work and place in one course; what goes, by kind.

    Without `really` nothing is deleted. Raises PeopleError for somebody on a staff: what that person did to others'
    grades is part of their history.
    """
    staff = Enrolment.objects.filter(user=person, role__in=Enrolment.STAFF)
    if person.is_superuser or (staff if course is None else staff.filter(course=course)).exists():
        raise PeopleError(f"{person.email} is on the staff: make the person a student, or switch the person off")
    with transaction.atomic():
        gone = _erase(person, course)
        if not really:
            transaction.set_rollback(True)
    return gone


def _erase(person: User, course: Course | None) -> Counter[str]:
    gone: Counter[str] = Counter()
    only = {} if course is None else {"course": course}
    of_course = {f"assignment__{name}": value for name, value in only.items()}
    submissions = Submission.objects.filter(student=person, **of_course)
    gone += _delete_work(submissions)
    gone += _delete(Draft.objects.filter(student=person, **of_course))
    gone += _delete(Attempt.objects.filter(student=person, **{f"quiz__{n}": v for n, v in only.items()}))
    gone += _delete(Score.objects.filter(student=person, **{f"item__{n}": v for n, v in only.items()}))
    gone += _delete(Member.objects.filter(identity__user=person, **{f"context__{n}": v for n, v in only.items()}))
    sent = {f"link__context__{name}": value for name, value in only.items()}
    gone += _delete(Passback.objects.filter(identity__user=person, **sent))
    gone += _delete(person.enrolments.filter(**only))
    if course is None:
        gone += _delete(User.objects.filter(pk=person.pk))
    return gone


def _delete(rows: models.QuerySet[Any]) -> Counter[str]:
    _count, by_model = rows.delete()
    return Counter({label.partition(".")[2].lower(): count for label, count in by_model.items() if count})


def _delete_work(submissions: models.QuerySet[Submission]) -> Counter[str]:
    """Submissions with their runs: each points to the other, so the two go together."""
    runs = Run.objects.filter(submission__in=submissions)
    return _delete(submissions) + _delete(runs)


def purge_course(course: Course, *, really: bool = False) -> Counter[str]:
    """Delete a course with everything in it; what goes, by kind. People stay. Raises PeopleError unless archived."""
    if not course.archived:
        raise PeopleError(f"{course.slug} is not archived: archive it in the admin first, and export its grades")
    with transaction.atomic():
        gone: Counter[str] = Counter()
        # In this order, because a version protects its runs, an assignment its exercise, a column what fills it.
        gone += _delete(Regrade.objects.filter(assignment__course=course))
        gone += _delete_work(Submission.objects.filter(assignment__course=course))
        gone += _delete(Run.objects.filter(version__exercise__course=course))
        gone += _delete(Assignment.objects.filter(course=course))
        Exercise.objects.filter(course=course).update(published=None)
        gone += _delete(ExerciseVersion.objects.filter(exercise__course=course))
        gone += _delete(Exercise.objects.filter(course=course))
        gone += _delete(KeyChange.objects.filter(quiz__course=course))
        gone += _delete(Quiz.objects.filter(course=course))
        gone += _delete(Question.objects.filter(course=course))
        gone += _delete(GradeItem.objects.filter(course=course))
        gone += _delete(Course.objects.filter(pk=course.pk))
        if not really:
            transaction.set_rollback(True)
    return gone
