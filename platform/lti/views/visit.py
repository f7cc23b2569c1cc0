"""The launch in this browser's session, step by step: who, which course, which activity. Each step may ask a page.

Every page here sees the session, none may be framed, and each change is a POST with a CSRF token.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, perform_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import limits
from accounts.models import User
from courses.models import is_staff_of
from gradebook.models import GradeItem
from lti import actions, handshake
from lti.claims import Launch
from lti.errors import BadLaunch, NotAllowed
from lti.forms import ConnectForm
from lti.models import Context, Platform, ResourceLink
from lti.views import choosing
from lti.views.common import View, refused, stopped

NEW_PEOPLE = "2000/h/key"  # that one platform may bring: it must not fill the site with accounts


class Visit:
    """One launch on its way. Made for each request anew, from the session."""

    def __init__(self, request: HttpRequest, launch: Launch, platform: Platform) -> None:
        self.request, self.launch, self.platform = request, launch, platform
        self.identity = actions.identity_of(launch)
        self.context = actions.context_of(launch)

    # ---- Who ----

    @property
    def person(self) -> User:
        """Whose session this is, once it is that of the launch. Raises NotAllowed."""
        user = self.request.user
        if self.identity is None or not isinstance(user, User) or user.pk != self.identity.user_id:
            raise NotAllowed(_("Open the activity in the LMS once more."))
        return user

    def advance(self) -> HttpResponse:
        """Go on as far as the launch leads without asking. Raises NotAllowed."""
        if self.identity is None:
            return self.first_time()
        if not self.identity.user.is_active:
            raise NotAllowed(_("This account is closed. Ask your teacher."))
        if self.request.user.pk != self.identity.user_id:
            return self.sign_in(self.identity.user)
        actions.greet(self.identity, self.launch)
        if self.context is None:
            return self.unconnected()
        actions.admit(self.context, self.identity, self.launch)
        return self.choose_content() if self.launch.choosing else self.open_activity(self.context)

    def leave_session(self) -> None:
        """Nobody is signed in; the launch stays."""
        if self.request.user.is_authenticated:
            logout(self.request)
        handshake.hold(self.request, self.launch)

    def sign_in(self, user: User) -> HttpResponse:
        """As far as the platform's word goes; a second factor is asked for all the same."""
        here = reverse("lti-continue")
        self.leave_session()
        if actions.may_enter(user, self.platform):
            entered: HttpResponse = perform_login(self.request, Login(user=user, email=user.email, redirect_url=here))
            return entered
        messages.info(
            self.request, _("Your account teaches here: sign in with your address, and you go on from there.")
        )
        return redirect(f"{reverse('account_login')}?{urlencode({'next': here})}")

    def first_time(self) -> HttpResponse:
        if self.context is None and not self.launch.teaches:
            raise NotAllowed(
                _("This course of the LMS is not connected with a course of Rendu yet. Tell your teacher.")
            )
        known = self.request.user if proved(self.request) else None
        if known is None:
            self.leave_session()  # the sign-in page sends whoever is signed in away
        return render(
            self.request,
            "lti/first.html",
            {
                "launch": self.launch,
                "platform": self.platform,
                "course_title": self.context.course.title if self.context else "",
                "known": known,
                "may_create": actions.may_create(self.launch, self.platform, self.context),
                "sign_in": f"{reverse('account_login')}?{urlencode({'next': reverse('lti-continue')})}",
            },
        )

    # ---- Which course ----

    def unconnected(self, form: ConnectForm | None = None) -> HttpResponse:
        courses = actions.may_connect(self.launch, self.person)
        if not courses:
            told = _("This course of the LMS is not connected with a course of Rendu yet.")
            if self.launch.teaches:
                told += " " + _("Only an instructor of a course here can connect it.")
            raise NotAllowed(told)
        form = form or ConnectForm(courses=courses)
        context = {"form": form, "launch": self.launch, "platform": self.platform}
        return render(self.request, "lti/connect.html", context, status=400 if form.is_bound else 200)

    # ---- Which activity ----

    def choose_content(self) -> HttpResponse:
        chooser = choosing.chooser_of(self.launch)
        handshake.drop(self.request)
        if self.launch.again:
            return stopped(
                self.request, _("Done. Close this window, and choose the content in the LMS once more."), status=200
            )
        return choosing.page(self.request, chooser, self.launch, handshake.ticket_for(self.launch))

    def open_activity(self, context: Context) -> HttpResponse:
        link = actions.meet(context, self.launch)
        if link is not None:
            handshake.drop(self.request)
            return redirect(target_of(link))
        if self.launch.teaches and is_staff_of(self.person, context.course):
            return self.unchosen(context)
        raise NotAllowed(_("Your teacher has not chosen yet what this activity opens."))

    def unchosen(self, context: Context) -> HttpResponse:
        offers = choosing.offers_of(context)
        return render(self.request, "lti/choose.html", {"context": context, "offers": offers, "launch": self.launch})


def proved(request: HttpRequest) -> bool:
    """Whether this session was opened with a code from a mail.

    One that an LMS, or a slip of paper for one quiz, has opened must not tie the account to somebody for good.
    """
    records = get_authentication_records(request, request.user) if isinstance(request.user, User) else []
    return any(record.get("method") == "code" for record in records)


def target_of(link: ResourceLink) -> str:
    """The page that an activity opens; who may see it is that page's own question."""
    course, item = link.context.course, link.item
    if item is not None and hasattr(item, "assignment"):
        return reverse("exercise", args=[course.slug, item.assignment.slug])
    if item is not None and hasattr(item, "quiz"):
        return reverse("quiz", args=[course.slug, item.quiz.slug])
    return reverse("course", args=[course.slug])


def visiting(view: View) -> View:
    """A step of the launch that waits in the session; without one, a page that says how to begin."""

    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        launch = handshake.held(request)
        platform = Platform.objects.filter(pk=launch.platform, active=True).first() if launch else None
        if launch is None or platform is None or launch.deployment not in platform.deployment_ids:
            return stopped(
                request, _("Nothing waits here any more. Open the activity in the LMS once more."), status=410
            )
        try:
            return view(request, Visit(request, launch, platform), *args, **kwargs)
        except NotAllowed as error:
            return stopped(request, error.message)

    return wrapped


@never_cache
@require_GET
def proceed(request: HttpRequest) -> HttpResponse:
    """Step 3: with a ticket, put the launch into the session; without, go on with the one that is there."""
    if ticket := request.GET.get("ticket", ""):
        row = handshake.peek(ticket)
        try:
            launch = handshake.redeem(ticket, request.COOKIES)
        except BadLaunch as error:
            return refused(request, error.reason)
        handshake.hold(request, launch)
        response = redirect("lti-continue")
        if row is not None:
            response.delete_cookie(row.cookie, samesite="Lax")
        return response
    return _advance(request)


@visiting
def _advance(request: HttpRequest, visit: Visit) -> HttpResponse:
    return visit.advance()


@require_POST
@visiting
def identify(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The answer to "who are you here?"."""
    action = request.POST.get("action", "")
    if action == "leave":
        visit.leave_session()
    elif action == "link" and isinstance(request.user, User) and proved(request):
        actions.link(visit.launch, request.user)
    elif action == "create":
        if not limits.allow(request, "lti_new", NEW_PEOPLE, key=str(visit.platform.pk)):
            return render(request, "429.html", status=429)
        actions.create(visit.launch, visit.platform, visit.context)
    return redirect("lti-continue")


@require_POST
@visiting
def connect(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Connect the LMS's course with one of this site."""
    user = visit.person
    form = ConnectForm(request.POST, courses=actions.may_connect(visit.launch, user))
    if not form.is_valid():
        return visit.unconnected(form)
    values = form.cleaned_data
    actions.connect(
        visit.launch, form.chosen_course, user, students=values["students"], staff_role=values["staff_role"]
    )
    messages.success(request, _("Connected."))
    return redirect("lti-continue")


@require_POST
@visiting
def choose(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Say what an activity opens."""
    user, context = visit.person, visit.context
    if context is None or visit.launch.choosing or not visit.launch.teaches or not is_staff_of(user, context.course):
        raise NotAllowed(_("Only the staff of the course chooses what an activity opens."))
    wanted = request.POST.get("item", "")
    item: GradeItem | None = next((item for item in actions.items_of(context.course) if item.slug == wanted), None)
    if item is None and wanted:
        return visit.unchosen(context)
    if "item" in request.POST:
        actions.choose(context, visit.launch, item, user)
    return redirect("lti-continue")
