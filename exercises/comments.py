"""Comments of the staff on a line of a submission; the student may answer each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from exercises.errors import Refused

if TYPE_CHECKING:
    from accounts.models import User
    from exercises.models import Submission

LENGTH = 5_000


class Comment(models.Model):
    submission = models.ForeignKey("exercises.Submission", on_delete=models.CASCADE, related_name="comments")
    line = models.PositiveIntegerField(null=True)  # from 1; null: on the whole
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("line", "at", "pk")

    @property
    def quoted(self) -> str:
        """The line that it speaks of."""
        lines = self.submission.source.splitlines()
        return lines[self.line - 1] if self.line and self.line <= len(lines) else ""


def comment(submission: Submission, by: User, text: str, line: str = "") -> Comment:
    """Leave a comment on a line, or on the whole. Raises Refused."""
    number = None
    if line.strip():
        number = int(line) if line.strip().isascii() and line.strip().isdigit() and len(line) < 8 else 0
        count = len(submission.source.splitlines())
        if not 1 <= number <= count:
            raise Refused(_("The submission has the lines 1 to %(count)d.") % {"count": count})
    return Comment.objects.create(submission=submission, by=by, line=number, text=_checked(text))


def answer(found: Comment, text: str) -> None:
    """The student's answer; there is one. Raises Refused."""
    # Conditional: of two answers sent at once, the first one stays.
    changed = Comment.objects.filter(pk=found.pk, answered_at=None).update(
        answer=_checked(text), answered_at=timezone.now()
    )
    if not changed:
        raise Refused(_("You have answered this comment already."))


def _checked(text: str) -> str:
    text = text.replace("\0", "").strip()
    if not text:
        raise Refused(_("There is nothing to send: the text is empty."))
    if len(text) > LENGTH:
        raise Refused(_("The text is too long: at most %(most)d characters.") % {"most": LENGTH})
    return text
