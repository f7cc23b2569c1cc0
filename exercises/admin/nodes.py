"""Grading nodes, as they last announced themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from courses.scoping import ReadOnlyAdmin, column
from exercises.models import Node


@admin.register(Node)
class NodeAdmin(ReadOnlyAdmin):
    """Nodes belong to no course: whoever teaches may see whether somebody grades."""

    list_display = (
        column("name", _("name")),
        "heard_lately",
        column("slots", _("slots")),
        "queue_names",
        column("sandbox", _("sandbox")),
    )
    fields = ("name", "heard_lately", "seen_at", "slots", "queue_names", "sandbox", "device_names", "runtime_names")
    ordering = ("-seen_at",)
    labels = {"name": _("Name"), "seen_at": _("Last heard"), "slots": _("Slots"), "sandbox": _("Sandbox")}

    def get_queryset(self, request: HttpRequest) -> Any:
        return admin.ModelAdmin.get_queryset(self, request)

    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().allows(request)

    def course_of(self, request: HttpRequest, object_id: str | None) -> Course | None:
        return None

    @admin.display(description=_("heard lately"), boolean=True)
    def heard_lately(self, node: Node) -> bool:
        return node.seen_at >= timezone.now() - Node.SILENT_AFTER

    @admin.display(description=_("queues"))
    def queue_names(self, node: Node) -> str:
        return ", ".join(map(str, node.queues))

    @admin.display(description=_("devices"), empty_value="–")
    def device_names(self, node: Node) -> str | None:
        return ", ".join(map(str, node.devices)) or None

    @admin.display(description=_("runtimes"), empty_value="–")
    def runtime_names(self, node: Node) -> str | None:
        return ", ".join(map(str, node.runtimes)) or None
