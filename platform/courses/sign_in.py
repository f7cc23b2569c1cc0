"""The two sign-in pages: one asks for the address, one for the code that was mailed there.

They stand here and not beside the accounts because they know courses: a join code lets an unknown address in, and on
a developer's machine the demo course's people are offered for one click.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.userkit import user_id_to_str
from allauth.account.views import ConfirmLoginCodeView, RequestLoginCodeView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import limits
from accounts.codes import CodeProcess
from accounts.forms import CodeForm
from accounts.models import User
from accounts.peer import may_see_codes
from courses import actions
from courses.forms import NEW_ADDRESSES, SignInForm
from courses.models import Course, Enrolment

DEMO_DOMAIN = "@example.org"


def demo_people() -> list[Enrolment]:
    """People whom `make run` invents, staff first, one entry each."""
    found = Enrolment.objects.filter(active=True, user__is_active=True, user__email__endswith=DEMO_DOMAIN)
    ordered = sorted(found.select_related("user"), key=lambda e: (not e.is_staff, e.user.family_name, e.user.email))
    return list({enrolment.user_id: enrolment for enrolment in reversed(ordered)}.values())[::-1][:12]


class SignInView(RequestLoginCodeView):
    template_name = "account/login.html"

    def get_form_class(self) -> type[SignInForm]:
        return SignInForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return dict(super().get_form_kwargs(), request=self.request)

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        """Coming back here means a mistyped address or a code that never came: ask again, keep nobody waiting."""
        return None

    def form_valid(self, form: SignInForm) -> HttpResponse:
        email: str = form.cleaned_data["email"]
        extra = {"join": form.course.pk} if form.course and self._may_enter(form._user, email, form.course) else {}
        CodeProcess.start(self.request, email, form._user, **extra)
        return HttpResponseRedirect(self.get_success_url())

    def _may_enter(self, user: User | None, email: str, course: Course) -> bool:
        """Whether a code may go to this address on the strength of the join code. A closed account stays closed."""
        if user is not None:
            return True
        if User.objects.filter(email=email).exists():
            return False
        return limits.allow(self.request, "new_address", NEW_ADDRESSES, key=str(course.pk))

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if form.limited:
            response.status_code = 429
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        people = demo_people() if may_see_codes(self.request) else []
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"demo_people": people}


class CodeView(ConfirmLoginCodeView):
    template_name = "account/confirm_login_code.html"
    # The count of wrong codes in the session can be outrun: requests sent at once all read the same count. This one
    # is taken under a lock.
    GUESSES = "3/10m/key"

    def get_form_class(self) -> type[CodeForm]:
        return CodeForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        state = self._process.state
        if not limits.allow(request, "code", self.GUESSES, key=f"{state['email']} {state['at']}"):
            self._process.abort()
            messages.error(request, get_adapter().error_messages["too_many_login_attempts"])
            return HttpResponseRedirect(reverse("account_login"))
        return super().post(request, *args, **kwargs)

    def _verify_form_valid(self, form: CodeForm) -> HttpResponse:
        self._join()
        user: User | None = self._process.user
        if user is None:  # the course was archived, or the person erased, while the mail was under way
            self._process.abort()
            messages.error(self.request, _("This code is no longer good. Ask for a new one."))
            return HttpResponseRedirect(reverse("account_login"))
        nameless = not (user.given_name or user.family_name)
        # No roster has told the names: the account page asks for them.
        target = self.get_next_url() or (reverse("account") if nameless else None)
        return self._process.finish(target)

    def _join(self) -> None:
        """The address is proved: let the person into the course whose join code was given, if any was."""
        state = self._process.state
        course = Course.objects.filter(pk=state.get("join"), archived=False).first()
        if course is None:
            return
        user: User | None = self._process.user
        try:
            if user is None:
                user = actions.register(state["email"], course)
            else:
                actions.join(user, course)
        except actions.CannotJoin as error:
            messages.error(self.request, str(error))
        if user is not None:
            state["user_id"] = user_id_to_str(user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = self._process.state.get("shown") if may_see_codes(self.request) else None
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"shown_code": shown}
