"""Bring the French texts up to date with the code, and compile them: `.venv/bin/python -m deploy.messages`.

It finds every text that code and templates mark for translation, adds the new ones to `django.po` without a
translation, drops the unused ones, and compiles `django.mo`, which the site reads. It names what is left to translate:
write that into `django.po` and call it again. Exit 0 when nothing is left, 1 otherwise.

Needs Babel (requirements-dev.txt), no gettext programs.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "platform" / "locale" / "fr" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
SOURCES = ("exercises", "platform", "quizzes", "workers")
# Exercises carry their texts in each language themselves.
SKIPPED = {"catalog", "migrations", "node_modules", "locale", "static"}
TEMPLATES = {".html", ".txt"}
# The names that mark a text: in Python, and in what Django makes of a template.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = "# French texts of Rendu. `python -m deploy.messages` adds new ones and compiles them."


def files() -> Iterator[Path]:
    """Sources that may hold texts, in a fixed order."""
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix != ".py" and path.suffix not in TEMPLATES:
                continue
            if not SKIPPED & set(path.relative_to(ROOT).parts):
                yield path


def as_python(path: Path) -> str:
    """The file as Babel's reader of Python takes it. Raises SyntaxError for a template that Django cannot read."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    # A template becomes calls of gettext in a sea of letters, with newlines and indentation as they were:
    # without the indentation, which means nothing here, it passes for Python.
    return "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).split("\n"))


def used() -> Catalog:
    """Every text that the code marks, without translations."""
    catalog = Catalog(locale="fr", charset="utf-8")
    for path in files():
        source = io.BytesIO(as_python(path).encode())
        for line, text, comments, context in extract("python", source, KEYWORDS, options={"encoding": "utf-8"}):
            place = [(str(path.relative_to(ROOT)), line)]
            catalog.add(text, None, place, auto_comments=comments, context=context)
    return catalog


def read(path: Path = PO) -> Catalog:
    """The catalogue in `path`. Raises PoFileError for a file that is none."""
    with path.open("rb") as source:
        return read_po(source, locale="fr", charset="utf-8", abort_invalid=True)


def written(catalog: Catalog) -> bytes:
    target = io.BytesIO()
    # No line numbers: every change of a source would change the file.
    write_po(target, catalog, width=120, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    return target.getvalue()


def compiled(catalog: Catalog) -> bytes:
    target = io.BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def texts(catalog: Catalog) -> list[Message]:
    """The messages without the header."""
    return [message for message in catalog if message.id]


def left(catalog: Catalog) -> list[Message]:
    """What has no translation, an incomplete one, or a doubtful one (marked fuzzy: Django leaves it out)."""
    found = []
    for message in texts(catalog):
        strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        if message.fuzzy or not all(strings):
            found.append(message)
    return found


def refresh() -> tuple[Catalog, list[Message]]:
    """The catalogue with the texts that the code marks now, and the messages that it no longer marks."""
    catalog = read() if PO.exists() else Catalog(locale="fr", charset="utf-8", project="Rendu", version="1")
    catalog.header_comment = HEADER
    catalog.fuzzy = False
    catalog.update(used(), no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    dropped = list(cast("dict[str, Message]", catalog.obsolete).values())
    catalog.obsolete.clear()
    return catalog, dropped


def main() -> int:
    catalog, dropped = refresh()
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(written(catalog))
    MO.write_bytes(compiled(catalog))
    for message in dropped:
        print(f"dropped: {message.id!r} was {message.string!r}")
    todo = left(catalog)
    for message in todo:
        print(f"to translate: {message.id!r} ({', '.join(sorted({path for path, _line in message.locations}))})")
    print(f"{len(texts(catalog))} texts, {len(todo)} left to translate in {PO.relative_to(ROOT)}")
    return 1 if todo else 0


if __name__ == "__main__":
    sys.exit(main())
