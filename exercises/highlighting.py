"""Source code as coloured, escaped markup: for students' pages, through a template filter, and for the admin."""

from __future__ import annotations

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import DiffLexer, MarkdownLexer, PythonLexer, TextLexer, TOMLLexer

LEXERS = {"python": PythonLexer, "markdown": MarkdownLexer, "toml": TOMLLexer, "diff": DiffLexer}
LANGUAGES = {".py": "python", ".md": "markdown", ".toml": "toml", ".diff": "diff"}
MOST_HIGHLIGHTED = 50_000  # characters: beyond, the text comes without colours

_formatter = HtmlFormatter(nowrap=True)
# The Python lexer tries `^(\s*)` at every line: on 10,000 lines of one space it took ten seconds of a web thread.
_blank = re.compile(r"(?m)^[^\S\n]+$")


def highlighted(text: str, language: str = "python") -> SafeString:
    """Markup for inside `<pre class="highlight">`; `language` is a key of LEXERS or a suffix such as ".py"."""
    if len(text) > MOST_HIGHLIGHTED:
        return escape(text)
    lexer = LEXERS.get(LANGUAGES.get(language, language), TextLexer)(stripnl=False)
    return mark_safe(str(highlight(_blank.sub("", text), lexer, _formatter)))  # Pygments escapes what it is given


def numbered(markup: SafeString) -> SafeString:
    """Highlighted markup with an element for each line, which the style sheet numbers and `#L12` names.

    Pygments closes what it opens before each line's end, so that no element reaches over two lines.
    """
    rows = markup.removesuffix("\n").split("\n")
    return mark_safe("\n".join(f'<span class="line" id="L{n}">{row}</span>' for n, row in enumerate(rows, 1)))
