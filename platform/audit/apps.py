from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from audit.actions import on_part_changed
        from courses.signals import part_changed

        part_changed.connect(on_part_changed, dispatch_uid="audit")
