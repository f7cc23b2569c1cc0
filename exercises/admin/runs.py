"""Submissions and runs, with the whole report. To look at only: what stands here decides grades."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from courses.scoping import ReadOnlyAdmin, TaughtFilter, column, course_filter, in_course_zone, taught
from exercises.admin.display import run_chip, version_link
from exercises.highlighting import highlighted
from exercises.models import Assignment, Run, RunState, Submission
from exercises.presentation import verdict_label
from exercises.results import translate
from workers.jobs.report import VERDICTS


def message_of(entry: dict[str, Any]) -> str:
    """A test's message in the language of the page; in English where the grader sent no sentences that fit."""
    try:
        return translate(entry.get("sentences") or []) or str(entry.get("message") or "")
    except (TypeError, ValueError, AttributeError):
        return str(entry.get("message") or "")


def report_context(run: Run) -> dict[str, Any]:
    """What the report's template shows. Every part came from a node, so each may be missing."""
    report = run.report or {}
    tests = report.get("tests")
    return {
        "run": run,
        "run_chip": run_chip(run),
        "report": report,
        "message": message_of(report),
        "tests": [
            test | {"said": message_of(test), "label": verdict_label(str(test.get("verdict", "")))}
            for test in tests or []
            if isinstance(test, dict)
        ],
        "sandbox": json.dumps(report.get("sandbox") or {}, indent=2, ensure_ascii=False),
        "late_reports": run.late_reports.order_by("received_at"),
    }


class AssignmentFilter(TaughtFilter):
    title = _("assignment")
    parameter_name = "of_assignment"
    path = "assignment"

    def choices_for(self, request: HttpRequest) -> list[tuple[Any, Any]]:
        assignments = Assignment.objects.filter(course__in=taught(request)).select_related("course")
        return [(assignment.pk, str(assignment)) for assignment in assignments]


class ValueFilter(admin.SimpleListFilter):
    """A filter by one of a field's fixed values, by way of a lookup."""

    path = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        raise AttributeError("lookups: say what may be chosen")

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{self.path: self.value()}) if self.value() else queryset


class StateFilter(ValueFilter):
    title, parameter_name, path = _("state"), "in_state", "run__state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return RunState.choices


class VerdictFilter(ValueFilter):
    title, parameter_name, path = _("verdict"), "with_verdict", "run__verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(verdict, verdict_label(verdict)) for verdict in VERDICTS]


class RunVerdictFilter(VerdictFilter):
    path = "verdict"


class DisputedFilter(ValueFilter):
    title, parameter_name, path = _("disputed"), "disputed", "run__disputed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("True", _("another attempt gave another score"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(run__disputed=True) if self.value() else queryset


def titled(kind: type[admin.FieldListFilter], words: Any) -> type[admin.FieldListFilter]:
    """A field's own filter of `kind`, with words for people at its head."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        kind.__init__(self, *args, **kwargs)
        self.title = words

    return type(kind.__name__, (kind,), {"__init__": __init__})


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    course_path = "assignment__course_id"
    list_display = (
        column("student", _("student"), "student__family_name"),
        column("assignment", _("assignment"), "assignment__slug"),
        "number",
        "public_only",
        "result",
        "points",
        in_course_zone("received_at", "assignment__course", _("received")),
    )
    list_filter = (
        course_filter("assignment__course"),
        AssignmentFilter,
        StateFilter,
        VerdictFilter,
        DisputedFilter,
        "public_only",
    )
    list_select_related = ("student", "assignment__course", "run")
    search_fields = ("student__email",)
    search_help_text = _("e-mail address")
    fields = ("student", "assignment", "number", "public_only", "received_at")
    labels = {"student": _("Student"), "assignment": _("Assignment")}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("source", "run__report")

    @admin.display(description=_("result"))
    def result(self, submission: Submission) -> SafeString:
        return run_chip(submission.run)

    @admin.display(description=_("points"), ordering="run__score", empty_value="–")
    def points(self, submission: Submission) -> str | None:
        run = submission.run
        return None if run.score is None else f"{run.score:g} / {run.max_score or 0:g}"

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        suffix = ".py" if obj.run.version.spec.kind == "code" else ".txt"
        context |= report_context(obj.run) | {
            "submission": obj,
            "source": highlighted(obj.source, suffix),
            "runs": obj.runs.order_by("queued_at").defer("report"),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    course_path = "version__exercise__course_id"
    list_display = (
        "short_id",
        "what_for",
        "person",
        column("version", _("version")),
        "result",
        "score",
        column("attempt", _("attempt")),
        "disputed",
        in_course_zone("queued_at", "version__exercise__course", _("queued")),
    )
    list_filter = (
        course_filter("version__exercise__course"),
        "state",
        RunVerdictFilter,
        ("disputed", titled(admin.BooleanFieldListFilter, _("disputed"))),
        ("purpose", titled(admin.ChoicesFieldListFilter, _("purpose"))),
        ("queue", titled(admin.AllValuesFieldListFilter, _("queue"))),
    )
    list_select_related = ("student", "version__exercise__course")
    search_fields = ("student__email",)
    search_help_text = _("e-mail address")
    ordering = ("-queued_at",)
    fields = (
        "purpose",
        "version_page",
        "submission_page",
        "queue",
        "state",
        "queued_at",
        "started_at",
        "finished_at",
    )
    readonly_fields = ("version_page", "submission_page")
    labels = {
        "purpose": _("Purpose"),
        "queue": _("Queue"),
        "queued_at": _("Queued"),
        "started_at": _("Started"),
        "finished_at": _("Finished"),
    }

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("report")

    @admin.display(description=_("run"))
    def short_id(self, run: Run) -> str:
        return str(run.pk)[:8]

    @admin.display(description=_("purpose"), ordering="purpose")
    def what_for(self, run: Run) -> str:
        return run.get_purpose_display()

    @admin.display(description=_("person"), ordering="student__email", empty_value="–")
    def person(self, run: Run) -> str | None:
        return str(run.student) if run.student else None

    @admin.display(description=_("result"), ordering="state")
    def result(self, run: Run) -> SafeString:
        return run_chip(run)

    @admin.display(description=_("version"))
    def version_page(self, run: Run) -> SafeString:
        return format_html("{} {}", run.version.exercise.slug, version_link(run.version))

    @admin.display(description=_("submission"), empty_value="–")
    def submission_page(self, run: Run) -> SafeString | None:
        if run.submission is None:
            return None
        url = reverse("admin:exercises_submission_change", args=[run.submission_id])
        return format_html('<a href="{}">{}</a>', url, run.submission)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context |= report_context(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)
