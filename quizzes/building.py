"""Building attempts: which questions a student gets, in which order, with which order of options.

Built before the opening, so that Start writes one row. A built attempt that nobody has started is thrown away when its
quiz or one of its questions is edited (`forget_unstarted`); one that has started keeps what it was built with.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User as Person
from courses.models import Enrolment
from quizzes.contents import question_of, short_hash
from quizzes.errors import NotReady
from quizzes.models import Attempt, AttemptState, Question, QuestionVersion, Quiz, Slot
from quizzes.questions import Question as Content

if TYPE_CHECKING:
    from accounts.models import User

_dice = random.SystemRandom()  # nobody foresees another student's draw


@dataclass(frozen=True)
class Place:
    """One question to come: of a slot, with those that may be drawn for it."""

    slot: Slot
    candidates: tuple[QuestionVersion, ...]
    drawn: bool


def in_pool(pool: str) -> Q:
    """Questions that are drawn for `pool`: its own and those of the pools below it."""
    return Q(pool=pool) | Q(pool__startswith=f"{pool}/")


def plan(quiz: Quiz) -> list[Place]:
    """Every place of the quiz with its candidates. Raises NotReady."""
    slots = list(quiz.slots.select_related("question__current"))
    pools: dict[str, tuple[QuestionVersion, ...]] = {}
    for pool in {slot.pool for slot in slots if slot.pool}:
        found = Question.objects.filter(in_pool(pool), course=quiz.course_id, archived=False, current__isnull=False)
        pools[pool] = tuple(q.current for q in found.select_related("current") if q.current)
    places: list[Place] = []
    for slot in slots:
        if slot.pool:
            places += [Place(slot, pools[slot.pool], True)] * slot.count
        elif slot.question is None or slot.question.current is None:
            raise NotReady(_("Question %(slug)s has no content yet.") % {"slug": slot.question})
        else:
            places.append(Place(slot, (slot.question.current,), False))
    if not places:
        raise NotReady(_("This quiz has no questions yet."))
    return places


def draw(places: Sequence[Place], dice: random.Random = _dice) -> list[QuestionVersion]:
    """One version for each place, no question twice. Raises NotReady when the pools hold too few.

    A matching by augmenting paths: pools may overlap ("LLM" holds "LLM/security"), and a plain draw could take the
    only question that a later place may have.
    """
    taken: dict[int, int] = {}  # question -> place
    chosen: dict[int, QuestionVersion] = {}
    shuffled = [dice.sample(place.candidates, len(place.candidates)) for place in places]

    def place_one(index: int, tried: set[int]) -> bool:
        for version in shuffled[index]:
            question = version.question_id
            if question in tried:
                continue
            tried.add(question)
            if question not in taken or place_one(taken[question], tried):
                taken[question], chosen[index] = index, version
                return True
        return False

    # In random order, or the first place of two overlapping pools would always draw from the whole.
    for index in sorted(dice.sample(range(len(places)), len(places)), key=lambda i: places[i].drawn):
        if not place_one(index, set()):
            name = places[index].slot.pool or str(places[index].slot)
            raise NotReady(_("There are too few questions for “%(name)s”: none may come twice.") % {"name": name})
    return [chosen[index] for index in range(len(places))]


def order_of(question: Content, shuffle: bool, dice: random.Random = _dice) -> list[str]:
    """Ids of options, right sides or items as the student will see them."""
    if question.type == "matching":
        parts = [pair.id for pair in (*question.pairs, *question.distractors)]
    else:
        parts = list(question.parts)
    if question.type == "true_false":
        return sorted(parts, reverse=True)  # true, false
    # The author's order is the solution of these two: they are shuffled whatever the quiz says.
    if question.type in ("matching", "ordering"):
        right = list(parts)
        while parts == right:
            dice.shuffle(parts)
    elif shuffle and not question.fixed_order:
        dice.shuffle(parts)
    return parts


def make_layout(quiz: Quiz, places: Sequence[Place], dice: random.Random = _dice) -> list[dict[str, Any]]:
    """The layout of one attempt. Raises NotReady."""
    layout = []
    for place, version in zip(places, draw(places, dice), strict=True):
        question = question_of(version)
        points = question.points if place.slot.points is None else float(place.slot.points)
        order = order_of(question, quiz.shuffle_options, dice)
        entry = {"slot": place.slot.pk, "version": version.pk, "sha": short_hash(version), "points": points}
        layout.append(entry | {"drawn": place.drawn, "order": order})
    if quiz.shuffle_questions:
        dice.shuffle(layout)
    return [{"key": f"q{number}"} | entry for number, entry in enumerate(layout, 1)]


def total_points(layout: Sequence[dict[str, Any]]) -> Decimal:
    return sum((Decimal(repr(entry["points"])) for entry in layout), Decimal(0)).quantize(Decimal("0.01"))


def _new(quiz: Quiz, student_id: int, number: int, places: Sequence[Place], preview: bool = False) -> Attempt:
    layout = make_layout(quiz, places)
    return Attempt(
        quiz=quiz, student_id=student_id, number=number, preview=preview, layout=layout, max_score=total_points(layout)
    )


def _lock(quiz: Quiz) -> None:
    # An edit takes the same lock before it throws unstarted attempts away: a build that has read the old questions
    # cannot slip in behind it. (SQLite has one writer at a time.) NO KEY: a plain FOR UPDATE would stop the checks of
    # foreign keys that other transactions make, and an attempt that is ending and a regrade would wait for each other.
    list(Quiz.objects.select_for_update(no_key=True).filter(pk=quiz.pk).values_list("pk"))


def build_attempt(quiz: Quiz, student: User) -> Attempt:
    """The student's attempt that waits or goes on; built when there is none. Raises NotReady."""
    mine = Attempt.objects.filter(quiz=quiz, student=student, preview=False)
    try:
        with transaction.atomic():
            _lock(quiz)
            open_one = mine.filter(state__in=(AttemptState.BUILT, *Attempt.LIVE)).first()
            if open_one is not None:
                return open_one
            number = (mine.aggregate(last=Max("number"))["last"] or 0) + 1
            attempt = _new(quiz, student.pk, number, plan(quiz))
            attempt.save(force_insert=True)
            return attempt
    except IntegrityError:
        # Two requests at the same instant: the other one has built it.
        return mine.filter(state__in=(AttemptState.BUILT, *Attempt.LIVE)).get()


@transaction.atomic
def build_attempts(quiz: Quiz) -> int:
    """Build the first attempt of every student who has none. Returns how many were built. Raises NotReady."""
    _lock(quiz)
    have = Attempt.objects.filter(quiz=quiz, preview=False).values("student")
    enrolled = Enrolment.objects.students().filter(course=quiz.course_id, user__is_active=True)
    students = list(enrolled.exclude(user__in=have).values_list("user", flat=True))
    if not students:
        return 0
    places = plan(quiz)
    # A Start at the same moment may have built one: it is left as it is.
    Attempt.objects.bulk_create((_new(quiz, pk, 1, places) for pk in students), ignore_conflicts=True, batch_size=200)
    return len(students)


@transaction.atomic
def build_preview(quiz: Quiz, staff: User) -> Attempt:
    """A fresh attempt of a member of the staff; the one before is thrown away."""
    # Two clicks at once: the person's row makes them follow one another.
    list(Person.objects.select_for_update(no_key=True).filter(pk=staff.pk).values_list("pk"))
    Attempt.objects.filter(quiz=quiz, student=staff, preview=True).delete()
    attempt = _new(quiz, staff.pk, 0, plan(quiz), preview=True)
    attempt.save(force_insert=True)
    return attempt


@transaction.atomic
def forget_unstarted(quizzes: QuerySet[Quiz]) -> None:
    """After an edit: attempts that nobody has started are built anew, by the clock or at Start."""
    # The lock of `_lock`, always in the same order.
    locked = list(quizzes.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    drop_unstarted(Attempt.objects.filter(quiz__in=locked))


def drop_unstarted(attempts: QuerySet[Attempt]) -> None:
    """Delete those of `attempts` that nobody has started. Inside a transaction."""
    # Locked first: `delete` reads the rows and then deletes by key, and a Start in between would lose its attempt.
    built = attempts.select_for_update().filter(state=AttemptState.BUILT).order_by("pk")
    if unstarted := list(built.values_list("pk", flat=True)):
        Attempt.objects.filter(pk__in=unstarted).delete()
