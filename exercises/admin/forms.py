"""The files of an exercise as one form: texts in editors, wrong answers as rows, everything else as uploads."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exercises.actions import publication
from exercises.admin.conflict import conflict_of, token_of
from exercises.archives import read_archive
from exercises.errors import BadArchive
from exercises.models import Exercise, ExerciseFile
from workers.jobs import BadExercise, ExerciseFiles, parse_spec
from workers.jobs.bundle import MAX_BUNDLE_BYTES

WRONG_NAME = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_.-]*\.(py|txt)\Z")
# Field of the form: path in the folder; {suffix} follows the kind of the exercise.
PATHS = {
    "toml": "exercise.toml",
    "statement_en": "statement.en.md",
    "statement_fr": "statement.fr.md",
    "starter": "starter{suffix}",
    "solution": "solution{suffix}",
    "tests": "tests.py",
}


# ---- The folder as the form sees it ----------------------------------------------------------------------


@dataclass
class Parts:
    """An exercise's files by how they are edited."""

    suffix: str = ".py"  # of starter and solution
    texts: dict[str, str] = field(default_factory=dict)  # by field of the form
    wrong: dict[str, str] = field(default_factory=dict)  # by name below wrong/
    data: dict[str, bytes] = field(default_factory=dict)  # by path: everything else


def suffix_of(toml: str) -> str:
    """Raises BadExercise."""
    return ".py" if parse_spec(toml).kind == "code" else ".txt"


def split(files: Mapping[str, bytes]) -> Parts:
    """Sort the files of a folder. A text that is not UTF-8 is data: an editor would destroy it."""
    parts, left = Parts(), dict(files)
    try:
        parts.suffix = suffix_of(left.get("exercise.toml", b"").decode("utf-8-sig"))
    except (BadExercise, UnicodeDecodeError):
        parts.suffix = ".py"
    for name, path in PATHS.items():
        text = _text(left.get(path.format(suffix=parts.suffix)))
        if text is not None:
            parts.texts[name] = text
            del left[path.format(suffix=parts.suffix)]
    for path, content in list(left.items()):
        text = _text(content)
        if path.startswith("wrong/") and WRONG_NAME.fullmatch(path[6:]) and text is not None:
            parts.wrong[path[6:]] = text
            del left[path]
    parts.data = left
    return parts


def _text(content: bytes | None) -> str | None:
    try:
        return None if content is None else content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def posted(text: str) -> bytes:
    """A textarea's text as a file: browsers send CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n").encode()


def syntax_error(source: str) -> str:
    """Where Python cannot read the source; empty when it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError as error:
        return gettext("line %(line)s: %(message)s") % {"line": error.lineno or "?", "message": error.msg}
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__
    return ""


# ---- Fields ----------------------------------------------------------------------------------------------


class CodeField(forms.CharField):
    """A file's text in an editor; a plain textarea without JavaScript."""

    def __init__(self, language: str, rows: int = 14, **kwargs: Any) -> None:
        attrs = {"data-editor": "", "data-language": language, "rows": rows, "spellcheck": "false", "class": "code"}
        super().__init__(strip=False, widget=forms.Textarea(attrs=attrs), **kwargs)


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Any number of uploads, as a list."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(ManyFilesField, self).clean(item, initial) for item in given]


def read_upload(upload: File[bytes]) -> ExerciseFiles:
    """The exercise in an uploaded .zip. Raises ValidationError."""
    if (upload.size or 0) > MAX_BUNDLE_BYTES:
        raise ValidationError(_("The .zip file is larger than 32 MiB."))
    try:
        return read_archive(upload.read())
    except BadArchive as error:
        raise ValidationError(error.message) from None


# ---- Forms -----------------------------------------------------------------------------------------------


class ArchiveForm(forms.Form):
    """A folder as a .zip; after `is_valid`, `exercise_files` holds the exercise."""

    archive = forms.FileField(
        label=_(".zip file"),
        help_text=_("The exercise's folder: exercise.toml and the files beside it, 32 MiB at most."),
    )
    exercise_files: ExerciseFiles

    def clean_archive(self) -> Any:
        self.exercise_files = read_upload(self.cleaned_data["archive"])
        return self.cleaned_data["archive"]


class NewExerciseForm(forms.ModelForm[Exercise]):
    """Name and course; the files come from a template that works, or from a .zip."""

    start = forms.ChoiceField(
        label=_("Start from"),
        required=False,
        choices=(("code", _("a small exercise in code")), ("prompt", _("a small exercise with a prompt"))),
        help_text=_("It works as it is, to be changed."),
    )
    archive = forms.FileField(
        label=_(".zip file"),
        required=False,
        help_text=_("Or an exercise's folder to start from."),
    )
    files_to_start: ExerciseFiles | None = None

    class Meta:
        model = Exercise
        fields = ("course", "slug")

    def clean_archive(self) -> Any:
        if upload := self.cleaned_data["archive"]:
            self.files_to_start = read_upload(upload)
        return upload


class ExerciseForm(forms.ModelForm[Exercise]):
    """The texts and data files. After `is_valid`, `instance.pending` holds every file but the wrong answers."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    toml = CodeField("toml", label="exercise.toml")
    statement_en = CodeField("markdown", label="statement.en.md", required=False)
    statement_fr = CodeField("markdown", label="statement.fr.md", required=False)
    starter = CodeField("python", label="starter.py", required=False)
    solution = CodeField("python", label="solution.py", required=False)
    tests = CodeField("python", rows=24, label="tests.py", required=False)
    remove = forms.MultipleChoiceField(
        label=_("Delete"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("Tick what shall go.")
    )
    upload = ManyFilesField(
        label=_("Add to data/"),
        required=False,
        help_text=_("Files that tests.py reads; students' code sees none of them. The same name replaces a file."),
    )

    class Meta:
        model = Exercise
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = split({file.path: bytes(file.content) for file in self.instance.files.all()})
        self.initial.update(self.parts.texts, seen=token_of(self.instance.updated_at))
        for name in ("starter", "solution"):
            self.fields[name].label = f"{name}{self.parts.suffix}"
            if self.parts.suffix != ".py":
                self.fields[name].widget.attrs["data-language"] = "text"
        remove = self.fields["remove"]
        assert isinstance(remove, forms.MultipleChoiceField)
        remove.choices = [(path, f"{path} · {filesizeformat(len(data))}") for path, data in self.parts.data.items()]
        if not self.parts.data:
            del self.fields["remove"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        try:
            suffix = suffix_of(data.get("toml", "").replace("\r\n", "\n"))
        except BadExercise as error:
            if "toml" in data:
                self.add_error("toml", str(error))
            return data
        files = self._kept(data) | self._uploaded(data)
        for name, path in PATHS.items():
            if data.get(name):
                files[path.format(suffix=suffix)] = posted(data[name])
        self.instance.pending = files  # type: ignore[attr-defined]  # handed on to the formset
        if "_publish" in self.data:
            self._check_publishable(files, suffix)
        return data

    def _kept(self, data: dict[str, Any]) -> dict[str, bytes]:
        gone = set(data.get("remove") or ())
        return {path: content for path, content in self.parts.data.items() if path not in gone}

    def _uploaded(self, data: dict[str, Any]) -> dict[str, bytes]:
        uploads = data.get("upload") or []
        if sum(upload.size or 0 for upload in uploads) > MAX_BUNDLE_BYTES:
            self.add_error("upload", _("An exercise may hold 32 MiB."))
            return {}
        return {f"data/{upload.name}": upload.read() for upload in uploads}

    def _check_publishable(self, files: dict[str, bytes], suffix: str) -> None:
        """What keeps the files from becoming a version is said at the field of the file concerned."""
        fields = {path.format(suffix=suffix): name for name, path in PATHS.items()}
        try:
            publication(ExerciseFiles(files))
        except BadExercise as error:
            path = str(error).split(" ")[0].rstrip(":")
            missing = str(error) == f"{path} is missing"
            self.add_error(
                fields.get(path), gettext("%(path)s is missing.") % {"path": path} if missing else str(error)
            )
        for path in ("tests.py", "solution.py"):
            if path in files and (problem := syntax_error(files[path].decode())):
                self.add_error(fields.get(path), problem)


class WrongForm(forms.ModelForm[ExerciseFile]):
    """One file below wrong/."""

    name = forms.RegexField(
        WRONG_NAME,
        label=_("File name"),
        max_length=100,
        error_messages={"invalid": _("Letters, digits, “_”, “-” and “.”, ending in .py or .txt.")},
    )
    source = CodeField("python", label=_("Source"), help_text=_("The first line says what it gets: # expect: 6/10"))

    class Meta:
        model = ExerciseFile
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            text = bytes(self.instance.content).decode("utf-8-sig")
            self.initial.update(name=self.instance.path.removeprefix("wrong/"), source=text)


class WrongFormSet(forms.BaseInlineFormSet[ExerciseFile, Exercise, forms.ModelForm[ExerciseFile]]):
    """The files below wrong/. After `is_valid`, `instance.pending` holds the whole folder as ExerciseFiles.

    Posted rows stand for themselves: the folder is saved as a whole, and the table's rows with which the page was made
    may have gone meanwhile. When somebody else has saved, `instance.conflict` says what.
    """

    def initial_form_count(self) -> int:
        return 0 if self.is_bound else super().initial_form_count()

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if self.is_bound:
            form.fields["id"] = forms.CharField(required=False, widget=forms.HiddenInput)

    def get_queryset(self) -> Any:
        if not hasattr(self, "_rows"):
            files = {file.path: file for file in self.instance.files.all()} if self.instance.pk else {}
            names = split({path: bytes(file.content) for path, file in files.items()}).wrong
            self._rows = ExerciseFile.objects.filter(pk__in=[files[f"wrong/{name}"].pk for name in names])
            self._rows = self._rows.order_by("path")
        return self._rows

    def clean(self) -> None:
        pending = getattr(self.instance, "pending", None)
        if pending is None or any(self.errors):
            return  # the form itself has said what is wrong
        wrong: dict[str, bytes] = {}
        for form in self.forms:
            data = form.cleaned_data
            if not data.get("name") or data.get("DELETE"):
                continue
            path = f"wrong/{data['name']}"
            if path in wrong:
                form.add_error("name", _("Two files have this name."))
                raise ValidationError(_("Two files have this name."))
            wrong[path] = posted(data["source"])
        try:
            files = ExerciseFiles(pending | wrong)
        except BadExercise as error:
            raise ValidationError(str(error)) from None
        conflict = conflict_of(self.instance, files, self.data.get("seen", ""), self.data.get("overwrite", ""))
        # Both are handed on to the admin.
        self.instance.pending, self.instance.conflict = files, conflict  # type: ignore[attr-defined]
        if conflict is not None:
            raise ValidationError(_("Not saved: somebody else has saved meanwhile. What to do stands above the form."))
