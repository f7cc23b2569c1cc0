"""Addresses of the home page, of joining a course, and of sign-in."""

from django.urls import path

from accounts.views import set_language
from courses import views
from courses.class_list import class_list
from courses.sign_in import CodeView, SignInView

urlpatterns = [
    path("", views.home, name="home"),
    path("join/", views.join, name="join"),
    path("c/<slug:course>/class-list/", class_list, name="class-list"),
    path("language", set_language, name="language"),
    path("accounts/login/", SignInView.as_view(), name="account_login"),
    # django-allauth sends people who have lost their place here: to the same page.
    path("accounts/login/", SignInView.as_view(), name="account_request_login_code"),
    path("accounts/login/code/", CodeView.as_view(), name="account_confirm_login_code"),
]
