"""Enrolment from a CSV file: read and check every line, then write all of them or none."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Course, Enrolment, Role, Section
from courses.staff import keep_staff_flag

MAX_BYTES = 8 << 20
COLUMNS = ("email", "family_name", "given_name", "section", "role")
MAX_LENGTH = {"email": 254, "family_name": 150, "given_name": 150, "section": 100, "role": 20}
ALIASES = {
    "email": {"email", "e_mail", "mail", "email_address", "e_mail_address", "courriel", "adresse_e_mail"},
    "family_name": {"family_name", "familyname", "last_name", "lastname", "surname", "nom", "nom_de_famille"},
    "given_name": {"given_name", "givenname", "first_name", "firstname", "prenom"},
    "section": {"section", "group", "groupe"},
    "role": {"role"},
}
ROLES = {
    "student": Role.STUDENT,
    "etudiant": Role.STUDENT,
    "etudiante": Role.STUDENT,
    "assistant": Role.ASSISTANT,
    "assistante": Role.ASSISTANT,
    "instructor": Role.INSTRUCTOR,
    "teacher": Role.INSTRUCTOR,
    "enseignant": Role.INSTRUCTOR,
    "enseignante": Role.INSTRUCTOR,
}
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
T = TypeVar("T")
CHUNK = 500  # addresses per query: below the parameter limit of every database


class RosterError(ValueError):
    """The file cannot be taken; `problems` says line by line what to change. Nothing was written."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Line:
    number: int  # of the file, from 1
    email: str  # lower case
    family_name: str
    given_name: str
    section: str  # empty: none given
    role: Role | None  # None: none given


@dataclass
class Roster:
    lines: list[Line]
    ignored: list[str] = field(default_factory=list)  # heads that mean nothing here


@dataclass
class Summary:
    """What an import did, in numbers of people."""

    created: int = 0
    enrolled: int = 0
    reactivated: int = 0
    changed: int = 0
    unchanged: int = 0
    notes: list[str] = field(default_factory=list)


def _plain(text: str) -> str:
    """Without case, accents and the differences between blanks, dashes and underscores."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[\s_\-]+", "_", bare.strip().casefold()).strip("_")


def _at(line: int, problem: str) -> str:
    return _("line %(line)d: %(problem)s") % {"line": line, "problem": problem}


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise RosterError([_("the file is larger than %(size)d MB") % {"size": MAX_BYTES >> 20}])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RosterError([_at(line, _("not UTF-8; save the file as “CSV UTF-8”"))]) from None
    if not text.strip():
        raise RosterError([_("the file is empty")])
    return text


def _delimiter(text: str) -> str:
    head = text.lstrip().partition("\n")[0]
    return max(",;\t", key=head.count)


def _columns(head: list[str]) -> tuple[list[str | None], list[str]]:
    """What each column means (None: ignored), and the heads that were ignored."""
    meanings: list[str | None] = []
    for cell in head:
        known = [name for name, aliases in ALIASES.items() if _plain(cell) in aliases]
        meanings.append(known[0] if known else None)
    named = [meaning for meaning in meanings if meaning]
    twice = [name for name in COLUMNS if named.count(name) > 1]
    problems = [_at(1, _("the column %(name)s is there twice") % {"name": name}) for name in twice]
    if "email" not in named:
        found = ", ".join(cell.strip() or _("(empty)") for cell in head[:10])
        text = _("no column email; the first line must be %(columns)s, and it is: %(found)s")
        problems.append(_at(1, text % {"columns": ",".join(COLUMNS), "found": found[:200]}))
    if problems:
        raise RosterError(problems)
    ignored = [cell.strip() for cell, meaning in zip(head, meanings, strict=True) if meaning is None and cell.strip()]
    return meanings, ignored


def _values(row: list[str], meanings: list[str | None]) -> dict[str, str]:
    """The cells by meaning. Raises ValueError."""
    if len(row) != len(meanings):
        text = _("%(here)d cells, but the first line has %(first)d; put quotes around commas in names")
        raise ValueError(text % {"here": len(row), "first": len(meanings)})
    values = dict.fromkeys(COLUMNS, "")
    values |= {meaning: cell.strip() for cell, meaning in zip(row, meanings, strict=True) if meaning}
    for name, value in values.items():
        if CONTROL.search(value):
            raise ValueError(_("%(name)s holds a control character, such as a line break or NUL") % {"name": name})
        if len(value) > MAX_LENGTH[name]:
            text = _("%(name)s is longer than %(most)d characters")
            raise ValueError(text % {"name": name, "most": MAX_LENGTH[name]})
    return values


def _line(number: int, values: dict[str, str]) -> Line:
    """One checked line. Raises ValueError."""
    try:
        validate_email(values["email"])
    except ValidationError:
        text = _("%(value)s is not an e-mail address")
        raise ValueError(text % {"value": values["email"] or _("(empty)")}) from None
    role = ROLES.get(_plain(values["role"])) if values["role"] else None
    if values["role"] and role is None:
        text = _("%(value)s is no role: write student, assistant or instructor")
        raise ValueError(text % {"value": values["role"]})
    names = {key: unicodedata.normalize("NFC", values[key]) for key in ("family_name", "given_name", "section")}
    return Line(number, values["email"].lower(), role=role, **names)


def read(data: bytes) -> Roster:
    """Read and check a roster. Raises RosterError with every problem of the file."""
    text = _decode(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    lines: list[Line] = []
    problems: list[str] = []
    first: dict[str, int] = {}
    meanings: list[str | None] | None = None
    ignored: list[str] = []
    start = 1
    try:
        for row in reader:
            number, start = start, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if meanings is None:
                meanings, ignored = _columns(row)
                continue
            try:
                line = _line(number, _values(row, meanings))
                if line.email in first:
                    told = _("%(email)s stands in line %(line)d already")
                    raise ValueError(told % {"email": line.email, "line": first[line.email]})
            except ValueError as error:
                problems.append(_at(number, str(error)))
                continue
            first[line.email] = number
            lines.append(line)
    except csv.Error as error:
        problems.append(_at(start, _("%(error)s; check the quotes from this line on") % {"error": error}))
    if not problems and not lines:
        problems.append(_("the file holds no people, only the first line"))
    if problems:
        raise RosterError(problems)
    return Roster(lines, ignored)


@transaction.atomic
def enrol(course: Course, roster: Roster) -> Summary:
    """Make people, sections and enrolments so that they match the roster; nobody is removed.

    People who are enrolled already keep what the file does not tell: an empty cell changes nothing. Work and grades
    belong to the person, so that they survive a change of section or role and a pause.
    """
    summary = Summary()
    users = _people(roster, summary)
    sections = _sections(course, roster)
    known = {e.user_id: e for e in Enrolment.objects.select_for_update().filter(course=course)}
    new: list[Enrolment] = []
    changed: list[Enrolment] = []
    staff: list[User] = []  # whose right to open the admin may have changed
    for line in roster.lines:
        user, section = users[line.email], sections.get(line.section)
        if not user.is_active:
            text = _("the account of %(email)s is closed and cannot sign in")
            summary.notes.append(_at(line.number, text % {"email": line.email}))
        enrolment = known.get(user.pk)
        if line.role in Enrolment.STAFF or (enrolment and enrolment.role in Enrolment.STAFF):
            staff.append(user)
        if enrolment is None:
            new.append(Enrolment(course=course, user=user, role=line.role or Role.STUDENT, section=section))
        elif _update(enrolment, line, section, summary):
            changed.append(enrolment)
    summary.enrolled = len(new)
    Enrolment.objects.bulk_create(new, batch_size=CHUNK)
    Enrolment.objects.bulk_update(changed, ["active", "role", "section"], batch_size=CHUNK)
    for user in staff:
        keep_staff_flag(user)
    return summary


def _update(enrolment: Enrolment, line: Line, section: Section | None, summary: Summary) -> bool:
    before = (enrolment.active, enrolment.role, enrolment.section_id)
    enrolment.active = True
    enrolment.role = line.role or Role(enrolment.role)
    enrolment.section = section or enrolment.section
    if before == (True, enrolment.role, enrolment.section_id):
        summary.unchanged += 1
        return False
    if before[0]:
        summary.changed += 1
    else:
        summary.reactivated += 1
    return True


def _people(roster: Roster, summary: Summary) -> dict[str, User]:
    """The roster's people by address; new ones are made, names that the file tells are taken over."""
    users: dict[str, User] = {}
    for some in _chunks([line.email for line in roster.lines]):
        users |= {user.email: user for user in User.objects.filter(email__in=some)}
    new, renamed = [], []
    for line in roster.lines:
        user = users.get(line.email)
        if user is None:
            names = {"given_name": line.given_name, "family_name": line.family_name}
            new.append(User(email=line.email, password=make_password(None), **names))
            continue
        wanted = (line.given_name or user.given_name, line.family_name or user.family_name)
        if wanted != (user.given_name, user.family_name):
            user.given_name, user.family_name = wanted
            renamed.append(user)
    User.objects.bulk_create(new, batch_size=CHUNK)
    User.objects.bulk_update(renamed, ["given_name", "family_name"], batch_size=CHUNK)
    summary.created = len(new)
    return users | {user.email: user for user in new}


def _sections(course: Course, roster: Roster) -> dict[str, Section]:
    """The roster's sections by name; missing ones are made."""
    sections = {section.name: section for section in Section.objects.filter(course=course)}
    for name in sorted({line.section for line in roster.lines} - {""} - sections.keys()):
        sections[name] = Section.objects.create(course=course, name=name)
    return sections


def _chunks(items: list[T]) -> Iterable[list[T]]:
    return (items[i : i + CHUNK] for i in range(0, len(items), CHUNK))
