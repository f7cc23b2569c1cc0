"""What a roster would do, without doing it: the import itself runs, is looked at, and is taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Course, Enrolment, Role
from courses.roster import CHUNK, Roster, Summary, enrol


@dataclass(frozen=True)
class Part:
    """A person and the part taken in the course, by what an import may change."""

    given_name: str
    family_name: str
    enrolled: bool = False
    active: bool = False
    role: str = ""
    section: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


@dataclass(frozen=True)
class Step:
    """What happens to the person of one line."""

    line: int
    email: str
    before: Part | None  # None: nobody has this address yet
    after: Part

    @property
    def kind(self) -> str:
        if self.before is None:
            return "new"
        if not self.before.enrolled:
            return "enrolled"
        if not self.before.active:
            return "back"
        return "same" if self.before == self.after else "changed"

    @property
    def changes(self) -> list[str]:
        """Of somebody who takes part already: what was, and what will be."""
        if self.before is None or not self.before.enrolled:
            return []
        pairs = [
            (_("Name"), self.before.name, self.after.name),
            (_("Section"), self.before.section, self.after.section),
            (_("Role"), role_name(self.before.role), role_name(self.after.role)),
        ]
        return [f"{what}: {old or '–'} → {new or '–'}" for what, old, new in pairs if old != new]


@dataclass(frozen=True)
class Rehearsal:
    steps: list[Step]
    summary: Summary
    missing: int  # students of the course of whom the file says nothing: nothing happens to them


def role_name(role: str) -> str:
    return str(Role(role).label) if role else ""


def rehearse(course: Course, roster: Roster) -> Rehearsal:
    """Run the import in a transaction that is always rolled back."""
    emails = [line.email for line in roster.lines]
    with transaction.atomic():
        before = _parts(course, emails)
        summary = enrol(course, roster)
        after = _parts(course, emails)
        students = set(Enrolment.objects.students().filter(course=course).values_list("user__email", flat=True))
        transaction.set_rollback(True)
    steps = [Step(line.number, line.email, before.get(line.email), after[line.email]) for line in roster.lines]
    return Rehearsal(steps, summary, len(students - set(emails)))


def _parts(course: Course, emails: list[str]) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for some in _chunks(emails):
        people = User.objects.filter(email__in=some)
        found |= {user.email: Part(user.given_name, user.family_name) for user in people}
        enrolments = Enrolment.objects.filter(course=course, user__email__in=some).select_related("user", "section")
        for e in enrolments:
            section = e.section.name if e.section else ""
            found[e.user.email] = Part(e.user.given_name, e.user.family_name, True, e.active, e.role, section)
    return found


def _chunks(items: list[str]) -> Iterable[list[str]]:
    return (items[i : i + CHUNK] for i in range(0, len(items), CHUNK))
