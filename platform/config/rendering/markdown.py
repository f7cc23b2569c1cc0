"""Markdown with LaTeX maths to safe HTML.

Markdown comes from instructors' browsers and from folders; both are rendered the same way. markdown-it makes HTML,
with raw HTML off; formulas become MathML, code is highlighted by classes; then nh3 lets through only what is listed
here, so that a fault in any step before cannot bring script, style or a foreign address into a page.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from .maths import to_mathml
from .policy import ATTRIBUTES, SCHEMES, TAGS, keep_attribute

CACHED_TEXTS = 512  # statements and questions of a few courses; an entry is some tens of KiB

_code_formatter = HtmlFormatter(nowrap=True)
_alignment = re.compile(r"text-align:(left|center|right)")


def _highlighted(source: str, language: str) -> str:
    """The code as spans with Pygments' classes; empty (markdown-it then escapes it) for a language it does not know."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False) if language else None
    except ClassNotFound:
        lexer = None
    return str(highlight(source, lexer, _code_formatter)) if lexer else ""


def _render_fence(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, _env: EnvType) -> str:
    language = tokens[index].info.strip().split(" ")[0] if tokens[index].info else ""
    code = _highlighted(tokens[index].content, language) or escape(tokens[index].content)
    return f'<pre class="highlight"><code>{code}</code></pre>\n'


def _render_heading(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, _env: EnvType
) -> str:
    """One level down: the page's own title is its h1."""
    token = tokens[index]
    level = min(6, int(token.tag[1]) + 1)
    return f"<h{level}>" if token.nesting == 1 else f"</h{level}>\n"


def _render_cell(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A table cell; markdown-it aligns it by an inline style, which the content security policy refuses."""
    token = tokens[index]
    aligned = _alignment.search(str(token.attrs.pop("style", "")))
    if aligned:
        token.attrSet("class", f"align-{aligned[1]}")
    return self.renderToken(tokens, index, options, env)


def _render_image(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """An image; `policy` drops the address of one that is not our own. Its description is the Markdown's."""
    token = tokens[index]
    token.attrSet("alt", self.renderInlineAsText(token.children or [], options, env))
    token.attrSet("loading", "lazy")
    return self.renderToken(tokens, index, options, env)


def _render_formula(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, _env: EnvType
) -> str:
    """A formula; one that is a block of its own gets a box that scrolls when the page is narrow."""
    token = tokens[index]
    formula = to_mathml(token.content.strip(), block=token.type != "math_inline")
    return f'<div class="math">{formula}</div>\n' if token.type == "math_block" else formula


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(["table", "strikethrough"])
    # A digit beside a dollar is a price, not a formula.
    parser.use(dollarmath_plugin, allow_labels=False, allow_digits=False, double_inline=True)
    rules: dict[str, Any] = {
        "fence": _render_fence,
        "code_block": _render_fence,
        "heading_open": _render_heading,
        "heading_close": _render_heading,
        "th_open": _render_cell,
        "td_open": _render_cell,
        "image": _render_image,
        "math_inline": _render_formula,
        "math_inline_double": _render_formula,
        "math_block": _render_formula,
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


_parser = _make_parser()


@lru_cache(maxsize=CACHED_TEXTS)
def render_markdown(text: str) -> SafeString:
    """Return the HTML of a Markdown text, safe to put into a page as it is.

    Headings start at `<h2>`; a formula that cannot be read stays as `<code class="math-error">`. Never raises for
    bad input. The result is cached by its text.
    """
    html = _parser.render(text)
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=keep_attribute,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
    )
    return SafeString(clean)
