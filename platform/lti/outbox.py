"""Grades on their way to the LMS: what has to be sent is noted in the transaction that changes a grade.

The gradebook knows nothing of this. Each of its writes leaves a GradeEvent in the same transaction, and here the event
leaves a line in the outbox, in that transaction too: neither stands without the other, whatever the LMS does.
`lti.delivery` sends.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models.signals import post_save
from django.utils import timezone

from courses.models import Enrolment
from gradebook.models import GradeEvent, GradeItem, Score
from lti.models import Identity, Member, Passback, ResourceLink


def connect() -> None:
    post_save.connect(on_event, sender=GradeEvent, dispatch_uid="lti.outbox")
    post_save.connect(on_item, sender=GradeItem, dispatch_uid="lti.outbox")


def value_of(score: Score | None) -> Decimal | None:
    """What the LMS is to show. Excused counts like nothing handed in: AGS knows no excuse."""
    return None if score is None or score.excused else score.points


def on_event(sender: Any, instance: GradeEvent, raw: bool = False, **rest: Any) -> None:
    if raw:
        return
    score = instance.score
    for link in ResourceLink.objects.filter(item=score.item_id).select_related("context", "item"):
        for identity in Identity.objects.filter(user=score.student_id, members__context=link.context_id):
            _note(link, identity, score)


def on_item(sender: Any, instance: GradeItem, created: bool = False, raw: bool = False, **rest: Any) -> None:
    """Other points for the whole column: 8 of 10 has become 8 of 20."""
    if created or raw:
        return
    sent = Passback.objects.filter(link__item=instance.pk, sent_maximum__isnull=False)
    renew(sent.exclude(sent_maximum=instance.max_points))


def catch_up(member: Member) -> None:
    """Somebody came from this course of the LMS, perhaps for the first time, perhaps with grades already."""
    links = ResourceLink.objects.filter(context=member.context_id, item__isnull=False)
    _catch_up(list(links.select_related("context", "item")), [member.identity])


def catch_up_link(link: ResourceLink) -> None:
    """An activity has got another column, here or there. What was refused before may go well now."""
    people = Identity.objects.filter(members__context=link.context_id).select_related("user")
    # Nothing of what was sent counts for another column.
    Passback.objects.filter(link=link).update(sent_at=None, sent_points=None, sent_maximum=None)
    Passback.objects.filter(link=link, state=Passback.State.SENT).delete()
    renew(Passback.objects.filter(link=link))
    _catch_up([link], list(people))


def _catch_up(links: list[ResourceLink], people: list[Identity]) -> None:
    """Note every cell that has no line yet."""
    owners = {identity.user_id: identity for identity in people}
    found = list(Score.objects.filter(item__in={link.item_id for link in links}, student__in=owners))
    there = set(Passback.objects.filter(link__in=links, identity__in=people).values_list("link_id", "identity_id"))
    for link in links:
        for score in found:
            owner = owners[score.student_id]
            if score.item_id == link.item_id and (link.pk, owner.pk) not in there:
                _note(link, owner, score)


def _note(link: ResourceLink, identity: Identity, score: Score) -> None:
    """Note one cell, unless the LMS has just that."""
    if not link.takes_scores or link.item is None:
        return
    part = Enrolment.objects.students().filter(course=link.context.course_id, user=identity.user_id)
    if not part.exists():
        return  # the LMS takes grades of students only
    row = Passback.objects.filter(link=link, identity=identity).first()
    value = value_of(score)
    if row is None and value is None:
        return
    there = row is not None and row.state == Passback.State.SENT
    if row is not None and there and (row.sent_points, row.sent_maximum) == (value, link.item.max_points):
        return
    if row is None:
        row, _created = Passback.objects.get_or_create(link=link, identity=identity)
    renew(Passback.objects.filter(pk=row.pk))


def renew(rows: Any) -> int:
    """Send these anew, with the present moment as the change's: the way of a change and of "Send again" alike."""
    now = timezone.now()
    fresh = {"attempts": 0, "problem": Passback.Problem.NONE, "detail": ""}
    changed: int = rows.update(state=Passback.State.WAITING, changed_at=now, next_at=now, **fresh)
    return changed
