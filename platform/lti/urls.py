"""Addresses of LTI. The first five are written into every LMS that uses this site: they never change."""

from django.urls import path

from lti.views import about, choosing, launch, staff, visit

urlpatterns = [
    path("lti/login", launch.login, name="lti-login"),
    path("lti/launch", launch.launch, name="lti-launch"),
    path("lti/select", choosing.select, name="lti-select"),
    path("lti/jwks.json", about.jwks, name="lti-jwks"),
    path("lti/canvas.json", about.canvas, name="lti-canvas"),
    path("lti/", about.about, name="lti-about"),
    path("lti/continue/", visit.proceed, name="lti-continue"),
    path("lti/identity/", visit.identify, name="lti-identity"),
    path("lti/connect/", visit.connect, name="lti-connect"),
    path("lti/choose/", visit.choose, name="lti-choose"),
    path("c/<slug:course>/lms/", staff.connections, name="lti-course"),
    path("c/<slug:course>/lms/again", staff.again, name="lti-again"),
]
