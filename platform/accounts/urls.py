"""Addresses of the account pages. The two sign-in pages are in `courses.urls`: they know rosters and join codes."""

from allauth.account.views import logout
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.account, name="account"),
    path("digest/", views.digest, name="digest"),
    path("digest/stop/<str:token>/", views.stop_digest, name="digest-stop"),
    path("logout/", logout, name="account_logout"),
    # Asked at sign-in and before changes, of whoever has a second factor.
    path("2fa/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/", views.staff_only(mfa.index), name="mfa_index"),
    path("2fa/totp/activate/", views.staff_only(views.ActivateTOTP.as_view()), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", views.staff_only(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", views.staff_only(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/generate/",
        views.staff_only(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        views.staff_only(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
]
