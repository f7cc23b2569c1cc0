"""Who wants a daily mail of what is new: chosen on the account page, off until then, and ended by a link in each mail.

What stands in it is gathered by the parts of the site above this one, which know courses and work.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import User

SALT = "accounts.digest"


class Digest(models.Model):
    """One person's daily mail."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest")
    wanted = models.BooleanField(_("daily mail"), default=False)
    # The site's address as the person's browser knew it: a mail has no request to take its links from.
    site = models.CharField(max_length=300)
    day = models.DateField(null=True)  # the last one, of the person's calendar, on which it was looked at
    until = models.DateTimeField(default=timezone.now)  # what happened before has been told

    class Meta:
        verbose_name = _("daily mail")
        verbose_name_plural = _("daily mails")

    def __str__(self) -> str:
        return str(self.user)

    def claim(self, day: date) -> bool:
        """Take this day's mail, once: of two processes that try, one gets it. An earlier day is never taken again."""
        mine = Digest.objects.filter(pk=self.pk, wanted=True).filter(Q(day=None) | Q(day__lt=day))
        return mine.update(day=day) == 1

    def told(self, until: datetime) -> None:
        Digest.objects.filter(pk=self.pk).update(until=until)

    @property
    def token(self) -> str:
        """For the link that ends it. It holds for good: a mail may be read a year later."""
        return signing.Signer(salt=SALT).sign(str(self.user_id))


def choose(user: User, wanted: bool, site: str) -> None:
    """Switch it on, from now on and without what happened before; or off."""
    digest, made = Digest.objects.get_or_create(user=user, defaults={"wanted": wanted, "site": site})
    if made or digest.wanted == wanted:
        Digest.objects.filter(pk=digest.pk).update(site=site)
        return
    Digest.objects.filter(pk=digest.pk).update(wanted=wanted, site=site, until=timezone.now())


def by_token(token: str) -> Digest | None:
    """The daily mail that a signed link names; None when the link was made by nobody here, or the person has gone."""
    try:
        user = int(signing.Signer(salt=SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return Digest.objects.filter(user=user).first()
