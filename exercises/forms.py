"""What the exercise page sends: a text, or a file in its place, and a key that makes a double click one submission."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from exercises.actions import KEY_LENGTH, check_source
from exercises.errors import NotText, Refused, TooLarge
from exercises.notebook import MAX_NOTEBOOK_BYTES, code_of


def plain_newlines(text: str) -> str:
    """Browsers send a text area's lines with CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_upload(upload: UploadedFile[Any]) -> str:
    """The source in a .py, .txt or .ipynb file. Raises TooLarge, NotText."""
    notebook = (upload.name or "").lower().endswith(".ipynb")
    limit = MAX_NOTEBOOK_BYTES if notebook else settings.MAX_SOURCE_BYTES
    data = upload.read(limit + 1)  # never more into memory, whatever was sent
    if notebook:
        return code_of(data)
    if len(data) > limit:
        raise TooLarge(
            _("The file is too large: %(limit)d KiB are accepted.") % {"limit": settings.MAX_SOURCE_BYTES >> 10}
        )
    try:
        return plain_newlines(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotText(_("This file is not UTF-8 text. Save it as UTF-8 and upload it again.")) from None


class SubmitForm(forms.Form):
    """`source` is what to hand in; when it was refused, `refusal` says why and `typed` is what stood in the editor."""

    source = forms.CharField(required=False, strip=False)
    upload = forms.FileField(required=False, allow_empty_file=True)
    key = forms.CharField(required=False, max_length=KEY_LENGTH)
    public = forms.CharField(required=False)
    refusal: Refused | None = None

    @property
    def typed(self) -> str:
        return plain_newlines(str(self.data.get("source", "")))

    def clean_source(self) -> str:
        return plain_newlines(self.cleaned_data["source"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = dict(super().clean() or self.cleaned_data)
        upload = cleaned.get("upload")
        try:
            source = check_source(read_upload(upload) if upload else cleaned.get("source", self.typed))
            if not source.strip():
                raise NotText(_("There is nothing to hand in: write something first, or choose a file."))
        except Refused as refused:
            self.refusal = refused
            raise forms.ValidationError(refused.message) from None
        return cleaned | {"source": source}
