"""Learning management systems (platforms), who their people are here, what of them is connected, and the outbox.

    Platform ── Context ── ResourceLink ── Passback ── Identity ── User
                   └────── Member ────────────────────────┘

A person of a platform is known by issuer and subject, never by an e-mail address: addresses are what an LMS says.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Role
from gradebook.models import GradeItem
from lti.addresses import check_url, origin

ID_LENGTH = 255  # of every identifier in LTI 1.3
URL_LENGTH = 2000


class Platform(models.Model):
    """One registration of this tool at an LMS. Only a superuser makes one."""

    name = models.CharField(_("name"), max_length=100, help_text=_("People read it: “Moodle of the faculty”."))
    active = models.BooleanField(_("in use"), default=True, help_text=_("Off: no launch, and grades wait."))
    issuer = models.CharField(
        _("issuer"),
        max_length=ID_LENGTH,
        validators=[check_url],
        help_text=_(
            "Moodle: “Platform ID”. Canvas: https://canvas.instructure.com. Letter by letter as the LMS has it."
        ),
    )
    client_id = models.CharField(_("client ID"), max_length=ID_LENGTH)
    deployments = models.TextField(_("deployment IDs"), help_text=_("One a line."))
    auth_url = models.CharField(_("authentication request URL"), max_length=URL_LENGTH, validators=[check_url])
    token_url = models.CharField(_("access token URL"), max_length=URL_LENGTH, validators=[check_url])
    jwks_url = models.CharField(_("public keyset URL"), max_length=URL_LENGTH, validators=[check_url])
    token_audience = models.CharField(
        _("audience of token requests"),
        max_length=URL_LENGTH,
        blank=True,
        help_text=_("Empty: the access token URL. Some systems ask for another."),
    )
    hosts = models.TextField(
        _("further addresses"),
        blank=True,
        help_text=_(
            "Where people see the LMS and where its grade service is, if not at the addresses above; one a line, such "
            "as https://school.instructure.com."
        ),
    )
    trust_addresses = models.BooleanField(
        _("its e-mail addresses are proved"),
        default=False,
        help_text=_(
            "New accounts get the address that the LMS states. Only where people cannot change their address in the "
            "LMS. An account that exists is never opened by an address."
        ),
    )
    staff_may_enter = models.BooleanField(
        _("teachers enter by launch alone"),
        default=False,
        help_text=_(
            "Off: whoever teaches a course here signs in here too, because administrators of the LMS can act as any of "
            "its people. Superusers always sign in here."
        ),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("learning management system")
        verbose_name_plural = _("learning management systems")
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("issuer", "client_id"), name="lti_platform_once"),)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for url in self.hosts.split():
            check_host(url)
        if not self.deployments.split():
            raise ValidationError({"deployments": _("At least one deployment ID is needed.")})
        # People are known by issuer and subject: who could sign for an issuer with other keys could be anybody of it.
        same = Platform.objects.filter(issuer=self.issuer).exclude(pk=self.pk)
        if other := same.exclude(jwks_url=self.jwks_url).first():
            told = _("%(name)s has the same issuer: its public keyset URL must be the same too.")
            raise ValidationError({"jwks_url": told % {"name": other.name}})

    @property
    def deployment_ids(self) -> set[str]:
        return {line.strip() for line in self.deployments.splitlines() if line.strip()}

    @property
    def origins(self) -> list[str]:
        """Scheme and host of every address of this LMS, for comparisons and for the content policy."""
        urls = (self.issuer, self.auth_url, self.token_url, self.jwks_url, *self.hosts.split())
        return sorted({origin(url) for url in urls} - {""})

    def owns(self, url: str) -> bool:
        return bool(url) and len(url) <= URL_LENGTH and origin(url) in self.origins


def check_host(url: str) -> None:
    try:
        check_url(url)
    except ValidationError as error:
        raise ValidationError({"hosts": error.messages}) from None


class ToolKey(models.Model):
    """This site's own RSA key: made once, the private half encrypted with the site's secret key (`lti.keys`)."""

    kid = models.CharField(max_length=64, unique=True)
    private = models.TextField()  # PEM, encrypted
    public = models.JSONField()  # JWK
    current = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("current",), condition=models.Q(current=True), name="lti_one_current_key"),
        )

    def __str__(self) -> str:
        return self.kid


class TakenLaunch(models.Model):
    """A verified launch: its nonce opens nothing a second time, and its ticket leads on once (`lti.handshake`)."""

    nonce = models.CharField(max_length=64, unique=True)  # SHA-256
    ticket = models.CharField(max_length=64, unique=True)  # SHA-256
    cookie = models.CharField(max_length=64, blank=True)  # that the browser must hold; empty: the ticket alone counts
    data = models.JSONField(null=True)  # the launch, until the ticket is used
    at = models.DateTimeField(default=timezone.now, db_index=True)


class Identity(models.Model):
    """Who a person of an LMS is here."""

    issuer = models.CharField(_("issuer"), max_length=ID_LENGTH)
    subject = models.CharField(_("subject"), max_length=ID_LENGTH)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lti_identities", verbose_name=_("person")
    )
    name = models.CharField(_("name in the LMS"), max_length=300, blank=True)
    email = models.CharField(_("address in the LMS"), max_length=254, blank=True)  # told, not proved
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    seen_at = models.DateTimeField(_("last launch"), default=timezone.now)

    class Meta:
        verbose_name = _("person of an LMS")
        verbose_name_plural = _("people of LMSs")
        ordering = ("-seen_at",)
        constraints = (
            models.UniqueConstraint(fields=("issuer", "subject"), name="lti_identity_once"),
            # Two people of one LMS with one account would share its grades.
            models.UniqueConstraint(fields=("issuer", "user"), name="lti_account_once"),
        )

    def __str__(self) -> str:
        return f"{self.name or self.subject} · {self.issuer}"


class Context(models.Model):
    """A course of the LMS that an instructor has connected with one of this site."""

    class StaffRole(models.TextChoices):
        NONE = "", _("get no part from it")
        ASSISTANT = Role.ASSISTANT.value, _("become assistants")
        INSTRUCTOR = Role.INSTRUCTOR.value, _("become instructors")

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="contexts")
    deployment = models.CharField(max_length=ID_LENGTH)
    context_id = models.CharField(max_length=ID_LENGTH)
    title = models.CharField(max_length=300, blank=True)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="lti_contexts", verbose_name=_("course"))
    students = models.BooleanField(_("students of the LMS’s course enter as students"), default=True)
    staff_role = models.CharField(
        _("teachers of the LMS’s course"), max_length=12, choices=StaffRole.choices, blank=True, default=StaffRole.NONE
    )
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    linked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("platform", "title")
        constraints = (
            models.UniqueConstraint(fields=("platform", "deployment", "context_id"), name="lti_context_once"),
        )

    def __str__(self) -> str:
        return self.title or self.context_id


class Member(models.Model):
    """Somebody who has come from this course of the LMS: only of these does the LMS take scores."""

    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="members")
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="members")
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("context", "identity"), name="lti_member_once"),)


class ResourceLink(models.Model):
    """An activity of the LMS and what it opens: a column's exercise or quiz, or the course's page."""

    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="links")
    link_id = models.CharField(max_length=ID_LENGTH)
    title = models.CharField(max_length=300, blank=True)
    item = models.ForeignKey(GradeItem, on_delete=models.CASCADE, null=True, related_name="lti_links")  # null: the page
    line_item = models.CharField(max_length=URL_LENGTH, blank=True)  # the column of the LMS; empty: none yet
    line_items = models.CharField(max_length=URL_LENGTH, blank=True)  # where one can be made
    scopes = models.JSONField(default=list)  # what the LMS allows here
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("title", "pk")
        constraints = (models.UniqueConstraint(fields=("context", "link_id"), name="lti_link_once"),)

    def __str__(self) -> str:
        return self.title or self.link_id

    @property
    def takes_scores(self) -> bool:
        return self.item_id is not None and SCORE in self.scopes and bool(self.line_item or self.may_make_column)

    @property
    def may_make_column(self) -> bool:
        return bool(self.line_items) and LINE_ITEM in self.scopes


SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LINE_ITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"


class Passback(models.Model):
    """The outbox: one cell of the gradebook on its way to one activity of the LMS.

    It holds no points to send: what is sent is read from the gradebook at that moment, so that nothing old can
    overtake. `changed_at` is the moment of the change, and the timestamp that the LMS compares.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        SENT = "sent", _("arrived")
        FAILED = "failed", _("refused")

    class Problem(models.TextChoices):
        NONE = "", ""
        UNREACHABLE = "unreachable", _("the LMS does not answer")
        TOKEN = "token", _("the LMS does not let this site in")
        REFUSED = "refused", _("the LMS refused the grade")
        NEWER = "newer", _("the LMS holds a newer grade")
        FOREIGN = "foreign", _("the LMS names a grade service at an unknown address")

    link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="passbacks")
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="passbacks")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    problem = models.CharField(max_length=12, choices=Problem.choices, blank=True, default=Problem.NONE)
    detail = models.CharField(max_length=300, blank=True)  # for the staff
    changed_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)  # since the change
    next_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)  # while somebody sends it
    sent_at = models.DateTimeField(null=True)
    sent_points = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    sent_maximum = models.DecimalField(max_digits=8, decimal_places=2, null=True)

    class Meta:
        ordering = ("next_at", "pk")
        constraints = (models.UniqueConstraint(fields=("link", "identity"), name="lti_passback_once"),)
        indexes = (models.Index(fields=("state", "next_at"), name="lti_passback_due"),)

    def __str__(self) -> str:
        return f"{self.identity.user} · {self.link}: {self.get_state_display()}"

    @property
    def late(self) -> bool:
        """Whether a person should be told: refused, or tried in vain."""
        return self.state == self.State.FAILED or (self.state == self.State.WAITING and self.attempts > 0)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.detail = self.detail[:300]
        super().save(*args, **kwargs)
