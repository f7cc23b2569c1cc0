"""After a question's key was wrong: a new version with the right key, and what it does to those who have answered.

Four policies, as in Canvas: points for both the old and the new answer, for the new one only, full points for
everybody, or no regrade. Everything is worked out again from the stored answers, so a regrade can follow another; a
preview changes nothing. Running attempts get the same key when they end. Overrides in the gradebook stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from accounts.models import User as Person
from quizzes.authoring import save_question
from quizzes.contents import question_of
from quizzes.ending import locked_attempts, marks_of, score_attempt, score_of, update_grade
from quizzes.errors import BadQuiz
from quizzes.marking import Change, Marker
from quizzes.models import Attempt, AttemptEvent, AttemptState, KeyChange, Question, QuestionVersion, Quiz
from quizzes.questions import Question as Content

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Move:
    """An attempt whose score a regrade changes."""

    attempt: UUID
    student: Person
    number: int
    old: Decimal
    new: Decimal
    max_score: Decimal

    @property
    def by(self) -> Decimal:
        return self.new - self.old


@dataclass(frozen=True)
class Preview:
    moves: tuple[Move, ...]  # largest change first
    asked: int  # ended attempts that hold the question

    @property
    def up(self) -> int:
        return sum(move.by > 0 for move in self.moves)

    @property
    def down(self) -> int:
        return sum(move.by < 0 for move in self.moves)


def check_key(old: Content, new: Content) -> None:
    """Raises BadQuiz unless every answer to `old` can be read as an answer to `new`."""
    if old.type != new.type:
        raise BadQuiz(_("The new key must be of the same type of question: write a new question instead."))
    gone = sorted(set(old.parts) - set(new.parts))
    if gone:
        told = _("Students have seen the parts %(ids)s: they must stay. Change what they are worth instead.")
        raise BadQuiz(told % {"ids": ", ".join(gone)})


def _versions(quiz: Quiz, question: Question, content: Content, attempts: list[Attempt]) -> dict[int, QuestionVersion]:
    """Every version of the question. Raises BadQuiz when one that students have seen does not bear the new key."""
    versions = {version.pk: version for version in question.versions.all()}
    seen = {entry["version"] for attempt in attempts for entry in attempt.layout}
    if question.course_id != quiz.course_id or question.current_id not in versions:
        raise BadQuiz(_("This question is not one of the quiz's."))
    for pk in seen & versions.keys():
        check_key(question_of(versions[pk]), content)
    return versions


def _holding(attempts: list[Attempt], versions: dict[int, QuestionVersion]) -> list[Attempt]:
    """The ended attempts that hold one of the versions, with their answers."""
    ended = [a for a in attempts if a.state in Attempt.ENDED and any(e["version"] in versions for e in a.layout)]
    prefetch_related_objects(ended, "answers", "student")
    return ended


def preview(quiz: Quiz, question: Question, content: Content, policy: str) -> Preview:
    """Who would move, and by how much. Raises BadQuiz."""
    policy = KeyChange.Policy(policy)
    attempts = list(Attempt.objects.filter(quiz=quiz).exclude(state=AttemptState.BUILT))
    versions = _versions(quiz, question, content, attempts)
    newest = max(version.number for version in versions.values())
    after = Marker.of(quiz).with_change(versions, Change(newest + 1, policy, content))
    moves = []
    held = _holding(attempts, versions)
    for attempt in held:
        answers = {answer.key: answer for answer in attempt.answers.all()}
        old = attempt.score or Decimal(0)
        new = score_of(attempt, quiz, marks_of(attempt, after, answers))
        if old != new:
            moves.append(Move(attempt.pk, attempt.student, attempt.number, old, new, attempt.max_score or Decimal(0)))
    moves.sort(key=lambda move: (-abs(move.by), str(move.student)))
    return Preview(tuple(moves), len(held))


@transaction.atomic
def apply(quiz: Quiz, question: Question, content: Content, policy: str, reason: str, by: User) -> KeyChange:
    """Save the new version, score every ended attempt again, and bring the gradebook in line. Raises BadQuiz."""
    if not reason.strip():
        raise BadQuiz(_("Write why: students and colleagues will ask."))
    policy = KeyChange.Policy(policy)
    # Two regrades of one quiz follow one another.
    list(Quiz.objects.select_for_update(no_key=True).filter(pk=quiz.pk).values_list("pk"))
    attempts = locked_attempts(quiz)
    versions = _versions(quiz, question, content, attempts)
    old = versions[question.current_id or 0]
    # Full points for everybody need no other key; a version is what tells attempts before from those after it.
    saved = save_question(question.course, question.slug, content, anew=policy == KeyChange.Policy.FULL)
    if saved.change == "same":
        raise BadQuiz(_("This is the key as it stands: nothing would change."))
    reason = reason.strip()
    change = KeyChange.objects.create(quiz=quiz, old=old, new=saved.version, policy=policy, reason=reason, by=by)
    if policy != KeyChange.Policy.NONE:
        change.moved = _score_again(quiz, _holding(attempts, versions), change, by)
        change.save(update_fields=["moved"])
    return change


def _score_again(quiz: Quiz, attempts: list[Attempt], change: KeyChange, by: User) -> list[dict[str, str]]:
    marker, moved, students = Marker.of(quiz), [], dict[int, Person]()
    for attempt in attempts:
        old = attempt.score
        new = score_attempt(attempt, quiz, marker)
        if old == new:
            continue
        moved.append({"attempt": str(attempt.pk), "old": str(old), "new": str(new)})
        detail = {"old": str(old), "new": str(new), "key_change": change.pk}
        AttemptEvent.objects.create(attempt=attempt, kind=AttemptEvent.Kind.RESCORED, by=by, detail=detail)
        if not attempt.preview:
            students[attempt.student_id] = attempt.student
    for _pk, student in sorted(students.items()):
        update_grade(quiz, student, f"regrade of {change.new.question.slug}: {change.reason}")
    return moved
