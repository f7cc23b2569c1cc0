"""Writes that a launch leads to: who somebody is here, what part that gives, what is connected with what."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.actions import record
from audit.models import AuditEvent
from courses.models import Course, Enrolment, Role
from courses.signals import part_changed
from courses.staff import is_instructor_of, keep_staff_flag
from gradebook.models import GradeItem
from lti import outbox
from lti.claims import Launch, Part
from lti.errors import NotAllowed
from lti.models import Context, Identity, Member, Platform, ResourceLink

log = logging.getLogger(__name__)

NO_ADDRESS = "@lti.invalid"  # RFC 2606: no mail ever goes there


# ---- People ----------------------------------------------------------------------------------------------


def identity_of(launch: Launch) -> Identity | None:
    found = Identity.objects.filter(issuer=launch.issuer, subject=launch.subject)
    return found.select_related("user").first()


def may_enter(user: User, platform: Platform) -> bool:
    """Whether the platform's word alone signs this person in.

    Administrators of an LMS can act as any of its people. What they may do as a student lies within the courses that
    are connected; a teacher's account may reach further.
    """
    return not user.is_superuser and (platform.staff_may_enter or not user.is_staff)


def link(launch: Launch, user: User) -> Identity:
    """`user` has signed in and says to be this person of the LMS. Raises NotAllowed."""
    taken = _("This account already belongs to somebody else of the same LMS. Ask the administrators of this site.")
    try:
        with transaction.atomic():
            identity, _created = Identity.objects.get_or_create(
                issuer=launch.issuer, subject=launch.subject, defaults={"user": user} | _told(launch)
            )
    except IntegrityError:
        raise NotAllowed(taken) from None
    if identity.user_id != user.pk:
        raise NotAllowed(taken)
    log.info("person %s was linked to an LMS identity by signing in", user.pk)
    return identity


def usable_address(launch: Launch, platform: Platform) -> str:
    """The address that a new account may get: one that the LMS has proved. Empty: none."""
    if not platform.trust_addresses or not launch.email:
        return ""
    try:
        validate_email(launch.email)
    except ValidationError:
        return ""
    return launch.email


def may_create(launch: Launch, platform: Platform, context: Context | None) -> bool:
    """Whether a first launch may make an account: only for a part that the course's instructor allowed."""
    if context is None or context.course.archived or (role := role_for(context, launch.part)) is None:
        return False
    address = usable_address(launch, platform)
    if address and User.objects.filter(email=address).exists():
        return False  # whose it is signs in
    # Staff sign in here: without an address that mail reaches, they could not.
    return role == Role.STUDENT or platform.staff_may_enter or bool(address)


@transaction.atomic
def create(launch: Launch, platform: Platform, context: Context | None) -> Identity:
    """A new account for somebody whom the site does not know. Raises NotAllowed.

    An address that the LMS merely states is not the account's: whoever may write any address into the LMS would
    otherwise own the account that a roster later fills.
    """
    if not may_create(launch, platform, context):
        raise NotAllowed(_("Sign in with your account here, or ask your teacher to enrol you."))
    known = identity_of(launch)
    if known is not None:  # pressed twice
        return known
    names = {"given_name": launch.given_name, "family_name": launch.family_name or launch.name[:150]}
    if launch.given_name and not launch.family_name:
        names["family_name"] = ""
    address = usable_address(launch, platform) or f"lti-{secrets.token_hex(8)}{NO_ADDRESS}"
    user = User.objects.create_user(address, **names)
    log.info("person %s was made by a first launch", user.pk)
    return Identity.objects.create(issuer=launch.issuer, subject=launch.subject, user=user, **_told(launch))


def _told(launch: Launch) -> dict[str, Any]:
    return {"name": launch.shown_name[:300], "email": launch.email, "seen_at": timezone.now()}


def greet(identity: Identity, launch: Launch) -> None:
    Identity.objects.filter(pk=identity.pk).update(**_told(launch))


# ---- Courses ---------------------------------------------------------------------------------------------


def context_of(launch: Launch) -> Context | None:
    found = Context.objects.filter(platform=launch.platform, deployment=launch.deployment, context_id=launch.context)
    return found.select_related("course", "platform").first()


def may_connect(launch: Launch, user: User) -> list[Course]:
    """The courses with which this person may connect the LMS's course: those that the person leads."""
    if not launch.teaches:
        return []
    return [
        course for course in Course.objects.taught_by(user).filter(archived=False) if is_instructor_of(user, course)
    ]


@transaction.atomic
def connect(launch: Launch, course: Course, user: User, *, students: bool, staff_role: str) -> Context:
    """Connect a course of the LMS with one of this site, once. Raises NotAllowed."""
    if course not in may_connect(launch, user):
        raise NotAllowed(_("Only an instructor of the course may connect it."))
    context, created = Context.objects.get_or_create(
        platform_id=launch.platform,
        deployment=launch.deployment,
        context_id=launch.context,
        defaults={
            "course": course,
            "title": launch.context_title,
            "students": students,
            "staff_role": staff_role,
            "linked_by": user,
        },
    )
    if not created and context.course_id != course.pk:
        raise NotAllowed(_("Somebody else has connected this course of the LMS meanwhile."))
    if created:
        note(context, user, _("connected with the LMS’s course “%(title)s”") % {"title": context})
    return context


@transaction.atomic
def change(context: Context, user: User, *, students: bool, staff_role: str) -> None:
    """Whom a connected course lets in from now on. Who is in stays in."""
    context.students, context.staff_role = students, staff_role
    context.save(update_fields=["students", "staff_role"])
    told = _("LMS’s course “%(title)s”: students enter: %(students)s, teachers: %(role)s")
    note(context, user, told % {"title": context, "students": students, "role": staff_role or "–"})


@transaction.atomic
def disconnect(context: Context, user: User) -> None:
    """Take the connection back, with its activities. People, work and grades stay."""
    note(context, user, _("disconnected from the LMS’s course “%(title)s”") % {"title": context})
    context.delete()


def note(context: Context, user: User, text: str) -> None:
    record(context.course, user, AuditEvent.Kind.PART, None, f"{context.platform}: {text}")


def role_for(context: Context, part: str) -> Role | None:
    """The part here that a part in the LMS's course gives, as far as the instructor has allowed; None: none."""
    if part == Part.STUDENT:
        return Role.STUDENT if context.students else None
    if part not in (Part.TEACHER, Part.ASSISTANT) or not context.staff_role:
        return None
    return Role.INSTRUCTOR if part == Part.TEACHER and context.staff_role == Role.INSTRUCTOR else Role.ASSISTANT


@transaction.atomic
def admit(context: Context, identity: Identity, launch: Launch) -> None:
    """Give the person a part in the course where there is none yet; a part that is there is never changed from outside.

    Raises NotAllowed.
    """
    user, course = identity.user, context.course
    enrolment = Enrolment.objects.filter(course=course, user=user).first()
    if enrolment is not None and not enrolment.active:
        raise NotAllowed(_("Your part in this course has ended. Ask your teacher to enrol you again."))
    if enrolment is None and not user.is_superuser:
        role = role_for(context, launch.part)
        if role is None or course.archived:
            raise NotAllowed(
                _("You have no part in %(course)s here. Ask its instructor to enrol you.") % {"course": course}
            )
        _enrolment, created = Enrolment.objects.get_or_create(course=course, user=user, defaults={"role": role})
        if created:
            keep_staff_flag(user)
            detail = f"{context.platform}, {context}: {role.label}"
            part_changed.send(sender=Enrolment, course=course, by=None, person=user, detail=detail)
    member, _created = Member.objects.update_or_create(
        context=context, identity=identity, defaults={"seen_at": timezone.now()}
    )
    outbox.catch_up(member)


# ---- Activities ------------------------------------------------------------------------------------------


def items_of(course: Course) -> list[GradeItem]:
    """Columns that an activity may open: those of exercises and quizzes."""
    items = GradeItem.objects.filter(course=course).select_related("assignment", "quiz")
    return [item for item in items if not item.manual]


@transaction.atomic
def meet(context: Context, launch: Launch) -> ResourceLink | None:
    """The activity of a launch, its addresses brought up to date; None when nothing was chosen for it yet.

    A content item that was chosen here carries its column's name, so that the first to open it, a student perhaps,
    finds it ready. Whoever edits that name in the LMS can only name another column of the connected course.
    """
    known = ResourceLink.objects.filter(context=context, link_id=launch.link).select_related("item", "context").first()
    if known is None:
        if not launch.item:
            return None
        item = next((item for item in items_of(context.course) if item.slug == launch.item), None)
        return None if item is None else choose(context, launch, item, None)
    _update(known, launch, known.item)
    return known


@transaction.atomic
def choose(context: Context, launch: Launch, item: GradeItem | None, user: User | None) -> ResourceLink:
    """Let an activity open this column's page; None: the course's page. Raises NotAllowed."""
    if item is not None and (item.course_id != context.course_id or item.manual):
        raise NotAllowed(_("This column belongs to another course."))
    link, _created = ResourceLink.objects.get_or_create(context=context, link_id=launch.link)
    link.chosen_by = user
    _update(link, launch, item)
    if user is not None:
        told = _("activity “%(title)s” opens %(item)s")
        note(context, user, told % {"title": link, "item": item.slug if item else _("the course’s page")})
    return link


def _update(link: ResourceLink, launch: Launch, item: GradeItem | None) -> None:
    before = (link.item_id, link.line_item, link.line_items, link.scopes)
    if launch.scopes:  # a launch from a place without a column, such as the LMS's menu, says nothing of it
        # A column that this site made is not in the launch.
        made = link.line_item if link.line_items == launch.line_items and link.item_id == (item and item.pk) else ""
        link.line_item = launch.line_item or made
        link.line_items, link.scopes = launch.line_items, launch.scopes
    link.item, link.title = item, launch.link_title or link.title
    link.save()
    if (link.item_id, link.line_item, link.line_items, link.scopes) != before:
        outbox.catch_up_link(link)


@transaction.atomic
def unlink(link: ResourceLink, user: User) -> None:
    """Forget what an activity opens: the next instructor to open it chooses anew."""
    note(link.context, user, _("activity “%(title)s” opens nothing any more") % {"title": link})
    link.delete()
