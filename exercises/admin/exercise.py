"""The author's workplace: an exercise's files on one page, saved, previewed and published from there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.scoping import CourseScopedAdmin, course_filter
from exercises import actions
from exercises.admin import template
from exercises.admin.display import moment_of, version_link
from exercises.admin.forms import (
    ArchiveForm,
    ExerciseForm,
    NewExerciseForm,
    WrongForm,
    WrongFormSet,
    split,
)
from exercises.archives import write_archive
from exercises.models import Exercise, ExerciseFile, localized
from workers.jobs import BadExercise, ExerciseFiles

READ_LANGUAGES = {"en": "English", "fr": "français"}


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


@admin.register(Exercise)
class ExerciseAdmin(CourseScopedAdmin):
    form = ExerciseForm
    inlines = (WrongInline,)
    list_display = ("slug", "title", "course", "state", "changed")
    list_filter = (course_filter("course"),)
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
            return [(None, {"fields": ("course", "slug", "archive")})]
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
                "show_save_and_add_another": False,
                "assignments": obj.assignments.all(),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # ---- Saving ----

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            return  # the files are saved with the rows of wrong answers
        obj.save()
        actions.save_files(obj, form.files_to_start or ExerciseFiles(template.FILES))

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
        if "_publish" not in request.POST:
            return super().response_change(request, obj)
        try:
            version = actions.publish(obj)
        except BadExercise as error:
            messages.error(request, gettext("Saved, but not published: %(fault)s") % {"fault": error})
        else:
            messages.success(request, self._published_message(version))
        return HttpResponseRedirect(self.page_of(obj))

    def _published_message(self, version: Any) -> str:
        if version.state == version.State.LISTING:
            text = gettext("Version %(number)d is published. Students get it once a grading node has listed its tests.")
        else:
            text = gettext("Nothing has changed since version %(number)d, which stays the published one.")
        return text % {"number": version.number}

    # ---- Further pages ----

    def page_of(self, exercise: Exercise, page: str = "change") -> str:
        return reverse(f"admin:exercises_exercise_{page}", args=[quote(exercise.pk)])

    def get_urls(self) -> list[URLPattern]:
        pages = (("preview", self.preview), ("import", self.import_folder), ("export", self.export_folder))
        own = [
            path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"exercises_exercise_{name}")
            for name, view in pages
        ]
        return own + super().get_urls()

    def found(self, request: HttpRequest, object_id: str) -> Exercise | None:
        exercise = self.get_object(request, unquote(object_id))
        if exercise is not None and not self.has_change_permission(request, exercise):
            raise PermissionDenied
        return exercise

    def missing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        # Django's own answer to a missing object; a private method, so the stubs leave it out.
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]

    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The saved statements as students will read them, in every language."""
        exercise = self.found(request, object_id)
        if exercise is None:
            return self.missing(request, object_id)
        texts = split({file.path: bytes(file.content) for file in exercise.files.all()}).texts
        try:
            titles = dict(exercise.read_files().spec().title)
        except BadExercise:
            titles = {}
        context = {
            "exercise": exercise,
            "title": localized(titles) or exercise.slug,
            "statements": [
                {"language": code, "name": name, "title": titles.get(code), "text": texts.get(f"statement_{code}", "")}
                for code, name in READ_LANGUAGES.items()
            ],
            "back": self.page_of(exercise),
        }
        return TemplateResponse(request, "admin/exercises/exercise/preview.html", context)

    def export_folder(self, request: HttpRequest, object_id: str) -> HttpResponse:
        exercise = self.found(request, object_id)
        if exercise is None:
            return self.missing(request, object_id)
        response = HttpResponse(write_archive(exercise.read_files(), exercise.slug), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{exercise.slug}.zip"'
        return response

    def import_folder(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Replace every file by those of a .zip."""
        exercise = self.found(request, object_id)
        if exercise is None:
            return self.missing(request, object_id)
        form = ArchiveForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            changed = actions.save_files(exercise, form.exercise_files)
            self.log_change(request, exercise, [{"changed": {"fields": [".zip"]}}])
            told = gettext("The files are those of the .zip file now. Publish when you are ready.")
            messages.success(request, told if changed else gettext("The .zip file holds the same files."))
            return HttpResponseRedirect(self.page_of(exercise))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": exercise,
            "title": gettext("Import a folder"),
            "form": form,
            "back": self.page_of(exercise),
        }
        return TemplateResponse(request, "admin/exercises/exercise/import.html", context)
