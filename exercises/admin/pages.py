"""Further pages of one exercise: preview, .zip in and out, a copy, the archive. Each is for whom the form is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.scoping import CourseScopedAdmin
from exercises import actions, authoring
from exercises.admin.forms import ArchiveForm, split
from exercises.archives import write_archive
from exercises.models import Exercise, localized
from workers.jobs import BadExercise

READ_LANGUAGES = {"en": "English", "fr": "français"}
Page = Callable[[HttpRequest, Exercise], HttpResponse]


class DuplicateForm(forms.ModelForm[Exercise]):
    """The name of the copy."""

    class Meta:
        model = Exercise
        fields = ("slug",)
        labels = {"slug": _("Short name of the copy")}

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if Exercise.objects.filter(course=self.instance.course, slug=slug).exists():
            raise ValidationError(_("The course has an exercise with this short name already."))
        return slug


class ExercisePages(CourseScopedAdmin):
    """The pages; `pages` names them, with the method that answers."""

    def page_of(self, exercise: Exercise, page: str = "change") -> str:
        return reverse(f"admin:exercises_exercise_{page}", args=[quote(exercise.pk)])

    def pages(self) -> dict[str, Page]:
        """By name: part of the address and of the address's name."""
        return {
            "preview": self.preview,
            "import": self.import_folder,
            "export": self.export_folder,
            "duplicate": self.duplicate,
            "archive": self.archive,
        }

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(self._asked(page)),
                name=f"exercises_exercise_{name.replace('/', '_')}",
            )
            for name, page in self.pages().items()
        ]
        return own + super().get_urls()

    def _asked(self, page: Page) -> Callable[..., HttpResponse]:
        """The page as a view: with an exercise that the person may edit, or not at all."""

        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            exercise = self.get_object(request, unquote(object_id))
            if exercise is None:
                # Django's own answer to a missing object; a private method, so the stubs leave it out.
                return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
            if not self.has_change_permission(request, exercise):
                raise PermissionDenied
            return page(request, exercise)

        return view

    # ---- Reading ----

    def preview(self, request: HttpRequest, exercise: Exercise) -> HttpResponse:
        """The saved statements as students will read them, in every language, with what their editor opens with."""
        parts = split({file.path: bytes(file.content) for file in exercise.files.all()})
        try:
            titles = dict(exercise.read_files().spec().title)
        except BadExercise:
            titles = {}
        context = {
            "exercise": exercise,
            "title": localized(titles) or exercise.slug,
            "statements": [
                {
                    "language": code,
                    "name": name,
                    "title": titles.get(code),
                    "text": parts.texts.get(f"statement_{code}", ""),
                }
                for code, name in READ_LANGUAGES.items()
            ],
            "starter": parts.texts.get("starter", ""),
            "suffix": parts.suffix,
            "back": self.page_of(exercise),
        }
        return TemplateResponse(request, "admin/exercises/exercise/preview.html", context)

    def export_folder(self, request: HttpRequest, exercise: Exercise) -> HttpResponse:
        response = HttpResponse(write_archive(exercise.read_files(), exercise.slug), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{exercise.slug}.zip"'
        return response

    # ---- Changing ----

    def import_folder(self, request: HttpRequest, exercise: Exercise) -> HttpResponse:
        """Replace every file by those of a .zip."""
        form = ArchiveForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            changed = actions.save_files(exercise, form.exercise_files)
            self.log_change(request, exercise, [{"changed": {"fields": [".zip"]}}])
            told = gettext("The files are those of the .zip file now. Publish when you are ready.")
            messages.success(request, told if changed else gettext("The .zip file holds the same files."))
            return HttpResponseRedirect(self.page_of(exercise))
        context = self._form_context(request, exercise, gettext("Import a folder")) | {"form": form}
        return TemplateResponse(request, "admin/exercises/exercise/import.html", context)

    def duplicate(self, request: HttpRequest, exercise: Exercise) -> HttpResponse:
        """A second exercise with the same files, in the same course."""
        form = DuplicateForm(request.POST or None, instance=Exercise(course=exercise.course))
        if request.method == "POST" and form.is_valid():
            copy = authoring.duplicate(exercise, form.cleaned_data["slug"])
            self.log_addition(request, copy, [{"added": {}}])
            messages.success(request, gettext("The copy is made: not published, not assigned."))
            return HttpResponseRedirect(self.page_of(copy))
        context = self._form_context(request, exercise, gettext("Duplicate")) | {
            "form": form,
            "explanation": gettext("The copy gets the files as they were last saved, in the same course."),
            "button": gettext("Duplicate"),
        }
        return TemplateResponse(request, "admin/exercises/exercise/step.html", context)

    def archive(self, request: HttpRequest, exercise: Exercise) -> HttpResponse:
        """Out of the lists, or back."""
        if request.method == "POST":
            try:
                authoring.set_archived(exercise, not exercise.archived)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            else:
                self.log_change(request, exercise, [{"changed": {"fields": [gettext("archived")]}}])
                told = gettext("It is in the archive now.") if exercise.archived else gettext("It is back in the list.")
                messages.success(request, told)
            return HttpResponseRedirect(self.page_of(exercise))
        context = self._form_context(request, exercise, gettext("Archive")) | {
            "explanation": gettext("Archived exercises are in no list and cannot be assigned. Nothing is deleted."),
            "button": gettext("Take it back") if exercise.archived else gettext("Put it into the archive"),
        }
        return TemplateResponse(request, "admin/exercises/exercise/step.html", context)

    def _form_context(self, request: HttpRequest, exercise: Exercise, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": exercise,
            "title": title,
            "back": self.page_of(exercise),
        }
