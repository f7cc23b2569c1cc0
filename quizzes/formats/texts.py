"""Between the Markdown of the site and what other programs write: HTML, plain text, formulas in their own marks.

Formulas are `$…$` and `$$…$$` here; Moodle's are `\\(…\\)`, `\\[…\\]` and `$$…$$`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from html import escape as escape_html
from typing import Any

from bs4 import BeautifulSoup, Comment
from bs4.element import PreformattedString
from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markdownify import MarkdownConverter
from mdit_py_plugins.dollarmath import dollarmath_plugin

from quizzes.pictures.texts import is_stored
from quizzes.questions import LANGUAGES, MAX_TEXT

MAX_HTML = 4 * MAX_TEXT  # characters of one text before it is turned into Markdown


class BadText(ValueError):
    """A text that cannot be turned into Markdown; the message says why."""


# ---- Plain text to Markdown --------------------------------------------------------------------------------------

_FORMULA = re.compile(
    r"\\\((?P<inline>(?:(?!\\\().)+?)\\\)"
    r"|\\\[(?P<block>(?:(?!\\\[).)+?)\\\]"
    r"|\$\$(?P<double>[^$]+?)\$\$"
    r"|(?<![\\\w$])\$(?P<single>[^\s$](?:[^$\n]*[^\s$])?)\$(?![\w$])",
    re.DOTALL,
)
_LOOKS_LIKE_MATHS = re.compile(r"[\\^_{}=<>+*/]|[A-Za-z]{1,2}\Z")
_INLINE = re.compile(
    r"[\\`$]"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
    r"|\*(?!\s)|(?<!\s)\*"
    r"|~(?=~)|(?<=~)~"
    r"|\[(?=[^\]]{0,200}\][(\[:])"
    r"|<(?=[^\s<>:@]{1,100}[:@][^\s<>]{0,200}>)"
    r"|&(?=#?\w{1,40};)"
)
_LINE_START = re.compile(
    r"(?m)^(?P<mark>#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|=+[ \t]*$|-[- \t]*$|~{3,}|_[_ \t]*$|(?=[|:\s]*-)[|:][|: \t-]*$)"
    r"|^(?P<number>\d{1,9})(?P<point>[.)])(?=\s|$)"
)


def _escape(text: str) -> str:
    text = _INLINE.sub(lambda found: "\\" + found[0], text)
    return _LINE_START.sub(
        lambda found: f"{found['number']}\\{found['point']}" if found["number"] else "\\" + found["mark"], text
    )


def _formula(found: re.Match[str]) -> str | None:
    """The formula in the site's marks; None for a dollar that is money."""
    if found["single"] is not None:
        return found[0] if _LOOKS_LIKE_MATHS.search(found["single"]) else None
    if found["inline"] is not None:
        body = " ".join(found["inline"].split())
        return f"${body}$" if body else None
    body = (found["block"] or found["double"] or "").strip()
    return f"$${body}$$" if body else None


def escape_markdown(text: str) -> str:
    """Markdown that shows `text` as it is; formulas in any of the known marks stay formulas. Raises BadText."""
    check_length(text, MAX_HTML)
    parts, end = [], 0
    for found in _FORMULA.finditer(text):
        formula = _formula(found)
        if formula is not None:
            parts += [_escape(text[end : found.start()]), formula]
            end = found.end()
    return "".join([*parts, _escape(text[end:])])


def plain_to_markdown(text: str) -> str:
    """As `escape_markdown`; line ends stay line ends and blank lines part paragraphs."""
    paragraphs = re.split(r"\n[ \t]*\n\s*", text.strip())
    lines = [[" ".join(line.split()) for line in paragraph.split("\n")] for paragraph in paragraphs]
    # A line's end is marked after escaping: a formula may stretch over it.
    return "\n\n".join("\\\n".join(escape_markdown("\n".join(part)).split("\n")) for part in lines)


def marks_to_dollars(text: str) -> str:
    """Markdown in which formulas stand in `\\(…\\)` or `\\[…\\]`, with dollars instead."""
    return _FORMULA.sub(lambda found: found[0] if found["single"] else _formula(found) or found[0], text)


# ---- HTML to Markdown --------------------------------------------------------------------------------------------

_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_GONE = ("script", "style", "head", "template", "noscript")
_MEDIA = ("iframe", "video", "audio", "object", "embed", "canvas", "svg", "form", "input", "button", "select")


class _Converter(MarkdownConverter):
    """markdownify, with formulas left alone and indices kept."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        return escape_markdown(text)

    def convert_img(self, element: Any, _text: str, parent_tags: set[str]) -> str:
        # `_clear` has left only those that the file brings.
        alt = escape_markdown(" ".join(str(element.get("alt") or "").split()))
        alt = re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", alt)  # an odd bracket would end the description
        return f"![{alt}]({element['src']})"

    def convert_sup(self, _element: Any, text: str, parent_tags: set[str]) -> str:
        return _indexed(text, _RAISED, "^")

    def convert_sub(self, _element: Any, text: str, parent_tags: set[str]) -> str:
        return _indexed(text, _LOWERED, "_")


def _indexed(text: str, table: dict[int, int], mark: str) -> str:
    text = text.strip()
    if all(ord(character) in table for character in text):
        return text.translate(table)
    return f"\\{mark}{text}" if len(text) == 1 else f"\\{mark}({text})"


_converter = _Converter(
    heading_style="ATX",
    bullets="-",
    newline_style="BACKSLASH",
    code_language_callback=lambda element: _code_language(element),
)


def _code_language(element: Any) -> str | None:
    for part in (element, element.find("code")):
        for name in (part.get("class") or []) if part else []:
            if name.startswith("language-"):
                return str(name.removeprefix("language-"))
    return None


@dataclass
class Lost:
    """What a text held that the other side cannot: sentences, each once."""

    sentences: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        if sentence not in self.sentences:
            self.sentences.append(sentence)


def check_length(text: str, most: int) -> None:
    """Raise BadText when the text is longer than a question may hold: what follows takes time that grows with it."""
    if len(text) > most:
        raise BadText(gettext("A text is longer than %(most)d characters.") % {"most": most})


Find = Callable[[str], str | None]  # from the address of a picture in a file to its stored name; None: left out


def html_to_markdown(html: str, lost: Lost, find: Find | None = None) -> str:
    """Markdown of a piece of HTML, with the pictures that `find` finds. Raises BadText."""
    check_length(html, MAX_HTML)
    # In a box of its own: a bare text that looks like an address or a file's name makes the parser warn.
    soup = BeautifulSoup(f"<div>{html}</div>", "html.parser")
    _clear(soup, lost, find)
    try:
        markdown = _converter.convert_soup(soup)
    except RecursionError as error:
        raise BadText(gettext("A text holds HTML that is nested too deeply.")) from error
    markdown = re.sub(r"[ \t]+\n", "\n", markdown.replace("\xa0", " "))
    markdown = re.sub(r"(?:\\\n\s*)+\Z", "", re.sub(r"\n{3,}", "\n\n", markdown).strip())
    return re.sub(r"\\\n(?=\n)", "\n", markdown).strip()


def _clear(soup: BeautifulSoup, lost: Lost, find: Find | None) -> None:
    for text in soup.find_all(string=lambda string: isinstance(string, Comment | PreformattedString)):
        text.extract()
    for element in soup.find_all(_GONE):
        element.decompose()
    for element in soup.find_all("img"):
        label, name = element.get("alt") or "", find(str(element.get("src") or "")) if find else None
        if name is not None:
            element["src"] = f"picture:{name}"
            continue
        element.replace_with(f"[{label}]" if label else "")
        lost.add(gettext("A picture that is not in the file was left out; its description stands in its place."))
    for element in soup.find_all(_MEDIA):
        told = gettext("A <%(tag)s> was left out: questions hold text, formulas and pictures only.")
        lost.add(told % {"tag": element.name})
        element.decompose()


# ---- Markdown to HTML --------------------------------------------------------------------------------------------


def _render_inline_formula(
    _self: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    return escape_html(rf"\({tokens[index].content.strip()}\)", quote=False)


def _render_block_formula(
    _self: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    formula = escape_html(rf"\[{tokens[index].content.strip()}\]", quote=False)
    return f"<p>{formula}</p>\n" if tokens[index].type == "math_block" else formula


def _render_image(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    alt = self.renderInlineAsText(tokens[index].children or [], options, env)
    name = str(tokens[index].attrGet("src") or "").removeprefix("picture:")
    if is_stored(name) and name in env.get("held", ()):
        return f'<img src="picture:{name}" alt="{escape_html(alt)}">'
    env["pictures"] = True
    return escape_html(f"[{alt}]", quote=False)


def _make_parser() -> MarkdownIt:
    # As the site's own rendering reads Markdown, so that an export shows what students see here.
    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_labels=False, allow_digits=False, double_inline=True)
    parser.add_render_rule("math_inline", _render_inline_formula)
    parser.add_render_rule("math_inline_double", _render_block_formula)
    parser.add_render_rule("math_block", _render_block_formula)
    parser.add_render_rule("image", _render_image)
    return parser


_parser = _make_parser()


def markdown_to_html(text: str, lost: Lost, held: Container[str] = ()) -> str:
    """HTML of a Markdown text, with formulas in `\\(…\\)` and `\\[…\\]`. One paragraph has no `<p>` around it.

    Pictures whose names are `held` stay, at the address `picture:<name>`.
    """
    env: dict[str, Any] = {"held": held}
    html = str(_parser.render(text, env)).strip()
    if env.get("pictures"):
        lost.add(gettext("A picture was left out: this place of the file holds text and formulas only."))
    single = re.fullmatch(r"<p>((?:(?!<p>|</p>).)*)</p>", html, re.DOTALL)
    return single[1] if single and not single[1].startswith(r"\[") else html


def markdown_to_plain(text: str, lost: Lost) -> str:
    """The words of a Markdown text, formulas in `\\(…\\)`; says in `lost` when there was more than words."""
    html = markdown_to_html(text, lost)
    if re.search(r"<(?!br\b)\w", html):
        lost.add(gettext("Emphasis, lists, tables or code became plain words."))
    return BeautifulSoup(f"<div>{html}</div>", "html.parser").get_text().strip()


# ---- Two languages in one text -----------------------------------------------------------------------------------

_MULTILANG = re.compile(
    r"""<span\b(?=[^<>]{0,200}\bclass=["']?multilang\b)(?=[^<>]{0,200}\blang=["']?(?P<a>[a-zA-Z]{2}))[^<>]{0,300}>"""
    r"""(?P<x>.{0,20000}?)</span>"""
    r"""|<lang\s+lang=["']?(?P<b>[a-zA-Z]{2})[^<>]{0,100}>(?P<y>.{0,20000}?)</lang>"""
    r"""|\{\s?mlang\s+(?P<c>[a-zA-Z]{2})[^{}]{0,100}\}(?P<z>.{0,20000}?)\{\s?mlang\s?\}""",
    re.DOTALL,
)


def by_language(html: str, language: str) -> dict[str, str]:
    """The HTML in each language of Moodle's multi-language marks; without such marks all is in `language`.

    Raises BadText.
    """
    check_length(html, MAX_HTML)
    found = {(m["a"] or m["b"] or m["c"]).lower() for m in _MULTILANG.finditer(html)} & set(LANGUAGES)
    if not found:
        return {language: html} if html.strip() else {}

    def only(wanted: str) -> str:
        def pick(match: re.Match[str]) -> str:
            mine = (match["a"] or match["b"] or match["c"]).lower() == wanted
            return (match["x"] or match["y"] or match["z"] or "") if mine else ""

        return _MULTILANG.sub(pick, html)

    return {each: only(each) for each in LANGUAGES if each in found}


def in_languages(texts: dict[str, str]) -> str:
    """HTML by language in Moodle's multi-language marks; of one language as it is."""
    given = {language: html for language, html in texts.items() if html}
    if len(set(given.values())) < 2:
        return next(iter(given.values()), "")
    return "".join(
        f'<span lang="{language}" class="multilang">{html}</span>' for language, html in sorted(given.items())
    )
