"""Small pictures for tests, made as somebody's file would come: drawn, with a photo's data, moving, broken."""

from __future__ import annotations

import io
import zlib
from typing import Any

from PIL import Image, ImageDraw, PngImagePlugin


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), colour: str = "red", **options: Any) -> bytes:
    """A picture of one colour."""
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, kind, **options)
    return target.getvalue()


def photo() -> bytes:
    """A JPEG that was taken with the telephone on its side, with the place where that was."""
    image = Image.new("RGB", (60, 40), "blue")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it to the right
    exif[0x010E] = "HIDDEN PLACE"
    target = io.BytesIO()
    image.save(target, "JPEG", exif=exif)
    return target.getvalue()


def with_text() -> bytes:
    """A PNG that names the program it was made with."""
    told = PngImagePlugin.PngInfo()
    told.add_text("Software", "HIDDEN PROGRAM")
    return picture(pnginfo=told)


def moving(kind: str) -> bytes:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green")]
    target = io.BytesIO()
    frames[0].save(target, kind, save_all=True, append_images=frames[1:])
    return target.getvalue()


def bomb() -> bytes:
    """A PNG of a few hundred bytes whose header says 60,000 by 60,000."""
    data = bytearray(picture())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


def chart() -> bytes:
    """A falling curve in black on a transparent ground, as plots are often saved."""
    image = Image.new("RGBA", (900, 520), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.line([(60, 20), (60, 470), (880, 470)], "black", 4)
    curve = [(60 + 8 * step, 470 - int(60 + 370 * 0.96**step)) for step in range(101)]
    draw.line(curve, "blue", 6)
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()
