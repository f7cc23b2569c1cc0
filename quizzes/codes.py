"""One-time sign-in codes on paper, for an exam day on which mail is down.

Only a keyed hash of a code is stored. A code is good once, until its end, for a student of the quiz's course; making a
student's code again takes the older one back. Eight letters and digits of 31 are 40 bits: at the rate that the site
allows, a guess takes millennia.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import User as Person
from courses.models import Enrolment
from gradebook.table import by_name
from quizzes.errors import TooOften, WrongCode
from quizzes.models import Quiz, SignInCode

if TYPE_CHECKING:
    from accounts.models import User

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that reads like something else: no I, L, O, 0, 1
LENGTH = 8
HOURS = 12
RATE = "300/m/ip"  # a hall of students stands behind one address; see the count of bits above
BACKEND = "django.contrib.auth.backends.ModelBackend"


def digest(code: str) -> str:
    """What is kept of a code. Case, blanks and dashes do not count."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return salted_hmac("quizzes.codes", plain, algorithm="sha256").hexdigest()


@transaction.atomic
def make_codes(
    quiz: Quiz, students: Iterable[User] | None = None, *, hours: float = HOURS, now: datetime | None = None
) -> list[tuple[User, str]]:
    """New codes for all students of the course (or for `students` among them), by name, written ABCD-EFGH.

    They are shown this once. Staff get none: their second factor must not be passed by.
    """
    now = now or timezone.now()
    enrolled = Enrolment.objects.students().filter(course=quiz.course_id, user__is_active=True, user__is_staff=False)
    if students is not None:
        enrolled = enrolled.filter(user__in=[student.pk for student in students])
    people = [enrolment.user for enrolment in sorted(enrolled.select_related("user"), key=by_name)]
    SignInCode.objects.filter(quiz=quiz, student__in=people, used_at__isnull=True).delete()
    codes = ["".join(secrets.choice(ALPHABET) for _letter in range(LENGTH)) for _person in people]
    SignInCode.objects.bulk_create(
        SignInCode(quiz=quiz, student=person, digest=digest(code), made_at=now, expires_at=now + timedelta(hours=hours))
        for person, code in zip(people, codes, strict=True)
    )
    return [(person, f"{code[:4]}-{code[4:]}") for person, code in zip(people, codes, strict=True)]


def revoke_codes(quiz: Quiz, students: Iterable[User] | None = None) -> int:
    """Take back unused codes of the quiz, of all or of `students`. Returns how many."""
    unused = SignInCode.objects.filter(quiz=quiz, used_at__isnull=True)
    if students is not None:
        unused = unused.filter(student__in=[student.pk for student in students])
    return unused.delete()[0]


def redeem(code: str, now: datetime | None = None) -> tuple[Person, Quiz] | None:
    """Whose code it is and for which quiz, once; None for a code that is wrong, used, or over."""
    now = now or timezone.now()
    found = SignInCode.objects.select_related("student", "quiz__course").filter(digest=digest(code)).first()
    if found is None or not found.student.is_active or found.student.is_staff:
        return None
    takes_part = Enrolment.objects.students().filter(course=found.quiz.course_id, user=found.student_id)
    if not takes_part.exists():
        return None
    # Conditional: a code that is typed on two machines at once opens one of them.
    used = SignInCode.objects.filter(pk=found.pk, used_at__isnull=True, expires_at__gt=now).update(used_at=now)
    return (found.student, found.quiz) if used else None


def sign_in_with_code(request: HttpRequest, code: str) -> Quiz:
    """Sign the code's student in on this browser; returns the quiz to go to. Raises TooOften, WrongCode."""
    if not limits.allow(request, "paper_code", RATE):
        raise TooOften(_("Too many tries. Wait a minute, then try again."), 60)
    found = redeem(code)
    if found is None:
        raise WrongCode(_("This code is not good, or no longer. Ask your invigilator for a new one."))
    person, quiz = found
    login(request, person, backend=BACKEND)  # a new session key: what was open in this browser before is gone
    return quiz
