"""The author's workplace: an exercise's files on one page, saved, previewed and published from there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.scoping import course_filter
from exercises import actions, authoring
from exercises.admin import template, template_prompt
from exercises.admin.check import CheckPages
from exercises.admin.display import moment_of, version_link
from exercises.admin.forms import ExerciseForm, NewExerciseForm, WrongForm, WrongFormSet, split
from exercises.models import Assignment, Exercise, ExerciseFile, ExerciseVersion, Run
from workers.jobs import BadExercise, ExerciseFiles

STARTS = {"code": template.FILES, "prompt": template_prompt.FILES}


class WrongInline(admin.StackedInline[ExerciseFile, Exercise]):
    model = ExerciseFile
    form = WrongForm
    formset = WrongFormSet
    fields = ("name", "source")
    extra = 0
    classes = ("collapse",)  # sixteen editors below the form are a page of twenty screens
    verbose_name = _("wrong answer")
    verbose_name_plural = _("Wrong answers (wrong/)")

    # Whoever reaches this row's page may edit the exercise: that page has asked.
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class ArchiveFilter(admin.SimpleListFilter):
    """Archived exercises are asked for."""

    title = _("archive")
    parameter_name = "archive"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("archived", _("archived")), ("all", _("All")))

    def choices(self, changelist: ChangeList) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": gettext("in use")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() == "all" else queryset.filter(archived=self.value() == "archived")


@admin.register(Exercise)
class ExerciseAdmin(CheckPages):
    form = ExerciseForm
    inlines = (WrongInline,)
    list_display = ("slug", "title", "course", "state", "changed")
    list_filter = (course_filter("course"), ArchiveFilter)
    list_select_related = ("course", "published")
    search_fields = ("slug",)
    readonly_fields = ("course", "slug")

    class Media:
        js = ("rendu-admin.js",)

    # ---- List ----

    @admin.display(description=_("title"))
    def title(self, exercise: Exercise) -> str:
        return exercise.published.localized_title if exercise.published else "–"

    @admin.display(description=_("published"))
    def state(self, exercise: Exercise) -> str | SafeString:
        return version_link(exercise.published) if exercise.published else gettext("not yet")

    @admin.display(description=_("changed"), ordering="updated_at")
    def changed(self, exercise: Exercise) -> str:
        return moment_of(exercise.updated_at, exercise.course)

    # ---- Form ----

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = ExerciseForm if obj else NewExerciseForm
        return super().get_form(request, obj, change, form=form, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("course", "slug", "start", "archive")})]
        parts = split({file.path: bytes(file.content) for file in obj.files.all()})
        return [
            (None, {"fields": (("course", "slug"), "seen")}),
            (_("Facts and limits"), {"fields": ("toml",)}),
            (_("What the student reads"), {"fields": ("statement_en", "statement_fr")}),
            (_("Code"), {"fields": ("starter", "solution")}),
            (_("Tests"), {"fields": ("tests",)}),
            (_("Other files"), {"fields": ("remove", "upload") if parts.data else ("upload",)}),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A published exercise stays: versions are what grades rest on."""
        return self.allows(request, obj) and (obj is None or not obj.versions.exists())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The runs of checks go with an exercise that was never published; nobody deletes a run for itself."""
        objects, counts, refused, protected = super().get_deleted_objects(objs, request)
        return objects, counts, refused - {Run._meta.verbose_name}, protected

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context |= {
                "newest": obj.versions.first(),
                "conflict": getattr(obj, "conflict", None),
                "show_save_and_add_another": False,
                "assignments": obj.assignments.all(),
                "outdated": authoring.outdated(obj, obj.published) if obj.published else [],
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # ---- Saving ----

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            return  # the files are saved with the rows of wrong answers
        obj.save()
        actions.save_files(obj, form.files_to_start or ExerciseFiles(STARTS[form.cleaned_data["start"] or "code"]))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        if change:
            before = {file.path: bytes(file.content) for file in form.instance.files.all()}
            after = form.instance.pending.files
            actions.save_files(form.instance, form.instance.pending)
            form.changed_paths = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """The history names the files that changed."""
        if add:
            return [{"added": {}}]
        return [{"changed": {"fields": form.changed_paths}}] if form.changed_paths else []

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, gettext("The exercise is made. Its files are below, ready to be changed."))
        return HttpResponseRedirect(self.page_of(obj))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if "_check" in request.POST:
            return self.begin_check(request, obj)
        if "_publish" not in request.POST:
            return super().response_change(request, obj)
        try:
            version = actions.publish(obj)
        except BadExercise as error:
            messages.error(request, gettext("Saved, but not published: %(fault)s") % {"fault": error})
        else:
            messages.success(request, self._published_message(version))
            if assignments := authoring.outdated(obj, version):
                messages.warning(request, self._regrade_message(assignments))
        return HttpResponseRedirect(self.page_of(obj))

    def _regrade_message(self, assignments: list[Assignment]) -> SafeString:
        links = format_html_join(
            ", ",
            '<a href="{}">{}</a>',
            ((reverse("regrade", args=[each.course.slug, each.slug]), each.slug) for each in assignments),
        )
        text = gettext("What students have handed in was graded with an older version. Once this one is ready: regrade")
        return format_html("{} {}.", text, links)

    def _published_message(self, version: ExerciseVersion) -> str:
        if version.state == version.State.LISTING:
            text = gettext("Version %(number)d is published. Students get it once a grading node has listed its tests.")
        else:
            text = gettext("Nothing has changed since version %(number)d, which stays the published one.")
        return text % {"number": version.number}
