"""An uploaded Jupyter notebook as one Python source: its code cells in order.

Lines that only Jupyter understands (`%magic`, `!shell`, `?help`) become comments, and a cell that a `%%magic` hands to
another program becomes a comment as a whole, so that the joined text is Python wherever the cells were.
"""

from __future__ import annotations

import re
from typing import Any

import nbformat
from django.utils.translation import gettext as _

from exercises.errors import NotText, TooLarge

MAX_NOTEBOOK_BYTES = 16 << 20  # a notebook carries its outputs, pictures among them; only its code counts afterwards
LINE_MAGIC = re.compile(r"^(?=[ \t]*(?:[%!]|\?))", re.MULTILINE)
# These cell magics run Python: the rest of their cell stays code.
PYTHON_CELL_MAGIC = re.compile(r"%%(?:time|timeit|capture|prun|python3?)\b")


def code_of(data: bytes) -> str:
    """The source of a notebook file's code cells, a blank line between them. Raises TooLarge, NotText."""
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise TooLarge(
            _("The notebook is larger than %(limit)d MiB. Clear its outputs and upload it again.")
            % {"limit": MAX_NOTEBOOK_BYTES >> 20}
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotText(_("This notebook is not UTF-8 text. Save it again in Jupyter and upload that file.")) from None
    sources = [plain_python(cell.source) for cell in _read(text).cells if cell.cell_type == "code"]
    sources = [source for source in sources if source.strip()]
    if not sources:
        raise NotText(_("This notebook has no code cell with text in it. Upload the one that holds your solution."))
    return "\n\n".join(source.strip("\n") for source in sources) + "\n"


def _read(text: str) -> Any:
    """The notebook in today's format. Raises NotText."""
    # The reader takes what it is given for a notebook: foreign JSON fails in as many ways as there are shapes of it.
    try:
        # Not `nbformat.reads`: that also validates, and warns of missing cell ids and the like through Python's
        # warnings, which are one setting for all threads. What matters here is checked below.
        notebook = nbformat.convert(nbformat.reader.reads(text), 4)  # type: ignore[no-untyped-call]  # untyped package
        sound = all(isinstance(cell.cell_type, str) and isinstance(cell.source, str) for cell in notebook.cells)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, nbformat.ValidationError):
        sound = False
    if not sound:
        raise NotText(_("This file is not a notebook that Jupyter can open. Save it again in Jupyter as .ipynb."))
    return notebook


def plain_python(source: str) -> str:
    """A cell's text with everything that only Jupyter understands turned into comments."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    stripped = source.lstrip()
    if stripped.startswith("%%") and not PYTHON_CELL_MAGIC.match(stripped):
        return "\n".join(f"# {line}".rstrip() for line in source.split("\n"))
    return LINE_MAGIC.sub("# ", source)
