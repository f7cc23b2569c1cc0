"""The bank of a course's questions: edited part by part or as JSON, imported, exported. Every save is a version."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from courses.scoping import CourseScopedAdmin, course_filter, numbers, taught
from quizzes.admin import exchange
from quizzes.admin.display import TYPES, changes, show
from quizzes.admin.forms import ExportForm, ImportForm
from quizzes.admin.question_form import QuestionForm, take_picture
from quizzes.admin.question_pages import Mark, mark_of, preview
from quizzes.authoring import import_questions, save_question
from quizzes.formats import FORMATS
from quizzes.models import Question, QuestionVersion
from quizzes.pictures import ACCEPTED, BadPicture, problems_of
from quizzes.questions import LANGUAGES, missing_languages, parse

TEMPLATES = "admin/quizzes/question"


@admin.register(Question)
class QuestionAdmin(CourseScopedAdmin):
    form = QuestionForm
    list_display = ("slug", "name", "kind", "pool", "version", "course", "archived")
    list_filter = (course_filter("course"), "archived")
    list_select_related = ("course", "current")
    search_fields = ("slug", "pool", "current__content__name")
    fixed_fields = ("course", "slug")
    actions: Any = ("export_chosen",)

    class Media:
        js = ("rendu-admin.js",)

    # ---- List ----

    @admin.display(description=_("name"))
    def name(self, question: Question) -> str:
        return str(question.current.content.get("name", "")) if question.current else "–"

    @admin.display(description=_("type"))
    def kind(self, question: Question) -> Any:
        return TYPES.get(question.current.content.get("type", ""), "–") if question.current else "–"

    @admin.display(description=_("version"))
    def version(self, question: Question) -> str:
        return f"v{question.current.number}" if question.current else "–"

    @admin.action(description=_("Export the chosen questions as JSON"))
    def export_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        courses = {question.course for question in queryset.select_related("course")}
        result = exchange.export("json", exchange.pooled(queryset), "both", courses)
        return exchange.download("json", "questions", result)

    # ---- Form ----

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        place = ("course", "slug", "pool") if obj is None else (("course", "slug"), ("pool", "archived"))
        return [(None, {"fields": place})]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a quiz asks, or an attempt was built with, stays: archive it instead."""
        if obj is not None and (obj.slots.exists() or obj.versions.count() > 1):
            return False
        return self.allows(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A question goes with its versions, which nobody deletes on their own."""
        shown, counts, needed, protected = super().get_deleted_objects(objs, request)
        return shown, counts, needed - {QuestionVersion._meta.verbose_name}, protected

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["pool", "archived"])
        saved = save_question(obj.course, obj.slug, form.parsed, obj.pool)
        obj.pk, obj.current, obj._state.adding = saved.question.pk, saved.version, False
        missing = missing_languages(form.parsed, LANGUAGES)
        if missing:
            told = gettext("These texts are missing: %(paths)s.") % {"paths": ", ".join(missing[:10])}
            messages.warning(request, told)
        for sentence in problems_of(form.parsed):
            messages.warning(request, sentence)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        form = context["adminform"].form
        if isinstance(form, QuestionForm):  # not for who may only look
            context |= self._editing(form, obj)
        context["types"] = TYPES.items()
        if obj is not None and obj.current is not None:
            context |= {
                "shown": show(parse(obj.current.content), obj.course),
                "changes": changes(obj.versions.all()[:20], obj.course.zone),
                "quizzes": {slot.quiz for slot in obj.slots.select_related("quiz__course")},
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _editing(self, form: QuestionForm, obj: Any) -> dict[str, Any]:
        """What the editor shows beside Django's own fields."""
        course = obj.course if obj is not None else form.course() if form.is_bound else None
        words = form.data.get("picture_words", "") if form.is_bound and form.added is None else ""
        added = form.data.get("picture_words", "") if form.added else ""
        marks = [
            mark_of(course, picture.name, added if form.added and picture.name == form.added.name else "")
            for picture in form.shelf(course)
        ]
        context: dict[str, Any] = {
            "editing": form.mode,
            "editor": form.editor if form.mode == "form" else None,
            "json_text": form.json_text,
            "json_errors": form.json_errors,
            "pictures": marks,
            "picture_errors": form.picture_errors,
            "picture_words": words,
            "no_picture": Mark("", ""),
            "accepted": ACCEPTED,
            "course_pk": course.pk if course else "",
            "preview_url": reverse("admin:quizzes_question_preview") + (f"?question={obj.pk}" if obj else ""),
        }
        # A button that saves nothing is no mistake.
        return context | ({"errors": None} if form.action else {})

    # ---- Pictures, preview, import and export ----

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("picture/", self.admin_site.admin_view(self.picture_view), name="quizzes_question_picture"),
            path("preview/", self.admin_site.admin_view(self.preview_view), name="quizzes_question_preview"),
            path("import/", self.admin_site.admin_view(self.import_view), name="quizzes_question_import"),
            path("export/", self.admin_site.admin_view(self.export_view), name="quizzes_question_export"),
        ]
        return own + super().get_urls()

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, f"{TEMPLATES}/{name}.html", common | context)

    def picture_view(self, request: HttpRequest) -> HttpResponse:
        """Takes a picture that the editor's script sends; the form without scripts sends it along with the rest."""
        if request.method != "POST" or not self.has_add_permission(request):
            return JsonResponse({"detail": gettext("This is not allowed.")}, status=403)
        course = Course.objects.filter(pk__in=taught(request) & numbers(request, "course")).first()
        file = request.FILES.get("picture")
        if file is None:
            return JsonResponse({"detail": gettext("Choose a file first.")}, status=400)
        try:
            picture = take_picture(course, file)
        except BadPicture as fault:
            return JsonResponse({"detail": str(fault)}, status=400)
        mark = mark_of(course, picture.name, request.POST.get("picture_words", ""))
        return JsonResponse({"mark": mark.mark, "url": mark.url})

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What stands in the form, as a student would meet it; nothing is saved."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        known = self.get_queryset(request).filter(pk__in=numbers(request, "question")).first()
        if not self.has_change_permission(request, known):
            return HttpResponse(status=403)
        form = self.get_form(request, known)(request.POST, instance=known)
        assert isinstance(form, QuestionForm)  # as `form` above says
        form.full_clean()
        return preview(request, form)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """A form; then what the file holds, with its problems by line; then, on a second word, all of it saved."""
        if not self.has_add_permission(request):
            return HttpResponse(status=403)
        title = gettext("Import questions")
        if request.method == "POST" and "sealed" in request.POST:
            return self._save_import(request)
        form = ImportForm(taught(request), request.POST or None, request.FILES or None)
        if request.method != "POST" or not form.is_valid():
            return self._page(request, "import", title, form=form)
        course = form.cleaned_data["course"]
        upload = exchange.Upload.of(form.cleaned_data)
        result = upload.read()
        exchange.keep_pictures(course, result)
        return self._page(
            request,
            "import_preview",
            title,
            course=course,
            format=FORMATS[upload.kind].name,
            errors=result.errors,
            warnings=[problem for problem in result.problems if problem.level == "warning"],
            planned=exchange.planned(course, result),
            sealed=exchange.sealed(course, result.questions) if result.questions else "",
        )

    def _save_import(self, request: HttpRequest) -> HttpResponse:
        unsealed = exchange.unsealed(taught(request), request.POST["sealed"])
        if unsealed is None:
            messages.error(request, gettext("This preview is too old. Choose the file again."))
            return HttpResponseRedirect(reverse("admin:quizzes_question_import"))
        course, questions = unsealed
        done = import_questions(course, questions)
        for question in done.new:
            self.log_addition(request, question, [{"added": {}}])
        for question in done.changed:
            self.log_change(request, question, [{"changed": {"fields": ["content"]}}])
        told = ngettext("%(count)d new question", "%(count)d new questions", len(done.new)) % {"count": len(done.new)}
        rest = gettext("%(changed)d changed, %(same)d as they were") % {
            "changed": len(done.changed),
            "same": len(done.same),
        }
        messages.success(request, f"{told}, {rest}.")
        return HttpResponseRedirect(f"{reverse('admin:quizzes_question_changelist')}?in_course={course.pk}")

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """A form; then what the format cannot hold, if anything; then the file."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        title = gettext("Export questions")
        form = ExportForm(taught(request), request.GET if "kind" in request.GET else None)
        if not form.is_valid():
            return self._page(request, "export", title, form=form)
        data = form.cleaned_data
        questions = exchange.questions_of(data)
        if not questions:
            form.add_error("pool", gettext("There is no question in this pool."))
            return self._page(request, "export", title, form=form)
        result = exchange.export(data["kind"], questions, data["language"], [data["course"]])
        if result.problems and "anyway" not in request.GET:
            query = request.GET.copy()
            query["anyway"] = "1"
            context = {"problems": result.problems, "count": len(questions), "query": query.urlencode()}
            return self._page(request, "export", title, form=form, **context)
        name = "-".join(filter(None, (data["course"].slug, data["pool"].replace("/", "-").replace('"', ""))))
        return exchange.download(data["kind"], name.encode("ascii", "ignore").decode(), result)
