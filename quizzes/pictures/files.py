"""Reads a picture that somebody has sent, with suspicion, and makes it one that can be shown to anybody.

Only still PNG, JPEG, WebP and GIF are taken. An SVG is a document that can hold scripts and fetch addresses: it is
refused, not cleaned. A few kilobytes can claim to be a gigabyte of pixels: the size in the header is looked at before
anything is decoded. A photo carries where and when it was taken: a file with anything beside its pixels is drawn again,
upright and without it. A file with nothing to mend stays as it is, byte for byte, so that a picture that is exported
and imported keeps its name.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from django.utils.translation import gettext
from PIL import Image, ImageOps

MAX_BYTES = 8 << 20  # of a file that is sent: a photo of a telephone
MAX_KEPT = 2 << 20  # of what is kept: three hundred students fetch it at the same minute
MAX_PIXELS = 24_000_000  # decoded at most: 96 MB for a moment
MAX_SIDE = 2_000  # pixels of the longer side; larger ones are made smaller
ACCEPTED = "image/png,image/jpeg,image/webp,image/gif"
NAME = 32  # characters of the content's hash that name it: 128 bits, which nobody guesses

_MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
_HARMLESS = ("icc_profile", "transparency")  # of what stands beside the pixels: the picture needs it
_ASIDE = ("exif", "xmp", "comment", "photoshop", "mp", "XML:com.adobe.xmp", "Raw profile type exif")


class BadPicture(ValueError):
    """The file is no picture that a question may hold; the text says why and what to do."""


@dataclass(frozen=True)
class PictureFile:
    name: str  # of the content: the first characters of its SHA-256
    mime: str
    data: bytes
    width: int  # pixels
    height: int

    @property
    def filename(self) -> str:
        return f"{self.name}.{_ENDINGS[self.mime]}"


def read_picture(data: bytes, pixels: int = MAX_PIXELS) -> PictureFile:
    """The picture in a file, of at most `pixels` pixels. Raises BadPicture."""
    if len(data) > MAX_BYTES:
        raise BadPicture(gettext("The picture is larger than %(most)d MiB.") % {"most": MAX_BYTES >> 20})
    if b"<svg" in data[:2000].lower() or data.lstrip()[:5].lower() == b"<?xml":
        raise BadPicture(gettext("SVG pictures can hold programs and are not taken: save it as PNG."))
    image, kind = _opened(data, pixels)
    again = kind != image.format or _has_more(image) or not _ends_rightly(data, kind)
    if max(image.size) > MAX_SIDE or again:
        data, kind, size = _drawn_again(image, kind)
    else:
        size = image.size
    if len(data) > MAX_KEPT:
        told = gettext("The picture is larger than %(most)d MiB: make it smaller, or save it as JPEG.")
        raise BadPicture(told % {"most": MAX_KEPT >> 20})
    return PictureFile(hashlib.sha256(data).hexdigest()[:NAME], _MIME[kind], data, *size)


def _opened(data: bytes, pixels: int) -> tuple[Image.Image, str]:
    """The picture, decoded whole, and its kind."""
    try:
        # Reads the header alone, and only as one of these kinds: not one of the library's forty others.
        image = Image.open(io.BytesIO(data), formats=tuple(_MIME))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(_too_many_pixels(pixels)) from None
    except Exception:  # the decoders have no common error
        raise BadPicture(gettext("This is no picture in PNG, JPEG, WebP or GIF.")) from None
    if image.width * image.height > pixels:
        raise BadPicture(_too_many_pixels(pixels))
    # Many telephones put a second, smaller picture behind the first: theirs is "MPO", and the first one is meant.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    try:
        if kind != "JPEG" and getattr(image, "is_animated", False):
            raise BadPicture(gettext("Moving pictures are not taken: save one frame of it."))
        image.load()
    except BadPicture:
        raise
    except Exception:  # as above
        raise BadPicture(gettext("The picture is damaged: save it again.")) from None
    return image, kind


def _too_many_pixels(pixels: int) -> str:
    return gettext("The picture has more than %(most)d million pixels: make it smaller.") % {"most": pixels // 10**6}


def _has_more(image: Image.Image) -> bool:
    """Whether the file tells more than the picture: place and time, program, comments, a thumbnail."""
    texts = getattr(image, "text", None)  # of PNG
    return bool(texts) or bool(image.getexif()) or any(name in image.info for name in _ASIDE)


def _ends_rightly(data: bytes, kind: str) -> bool:
    """Whether the picture ends where the file does: behind it another file could hide."""
    if kind == "WEBP":
        return len(data) == int.from_bytes(data[4:8], "little") + 8
    return data.endswith({"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9", "GIF": b";"}[kind])


def _drawn_again(image: Image.Image, kind: str) -> tuple[bytes, str, tuple[int, int]]:
    """Data, kind and size of the pixels alone, upright, no side longer than MAX_SIDE."""
    image = ImageOps.exif_transpose(image)
    if max(image.size) > MAX_SIDE:
        if image.mode == "P":  # a palette has no colours between its own
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        image.thumbnail((MAX_SIDE, MAX_SIDE))
    image.info = {name: value for name, value in image.info.items() if name in _HARMLESS}
    kind = "PNG" if kind == "GIF" else kind
    target = io.BytesIO()
    image.save(target, kind, **({} if kind == "PNG" else {"quality": 90}))
    return target.getvalue(), kind, image.size
