from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LtiConfig(AppConfig):
    name = "lti"
    verbose_name = _("Learning management systems")

    def ready(self) -> None:
        from lti import outbox

        outbox.connect()
