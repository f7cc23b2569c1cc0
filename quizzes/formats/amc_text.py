"""AMC-TXT's marks in a text, and the little LaTeX that authors use, as Markdown."""

from __future__ import annotations

import re

from django.utils.translation import gettext

from quizzes.formats.texts import Lost, escape_markdown

_MARK = re.compile(
    r"\[verbatim\](?P<verbatim>.{0,20000}?)\[/verbatim\]"
    r"|\[\[(?P<latex>[^\]]{1,1000}(?:\](?!\])[^\]]{0,200}){0,20})\]\]"
    r"|!(?:\{[^!\s]+\})?(?:\[[^!\s]+\])?(?P<image>[^!\s]+\.[A-Za-z]{2,4})!"
    r"|\[\|(?P<code>.{1,2000}?)\|\]"
    r"|\[_(?P<italic>.{1,2000}?)_\]"
    r"|\[\*(?P<bold>.{1,2000}?)\*\]"
    r"|\[/(?P<underlined>.{1,2000}?)/\]"
    r"|\[==(?P<title>.{1,2000}?)==\]",
    re.DOTALL,
)
_LATEX = re.compile(
    r"\$\$(?P<block>[^$]+)\$\$|\\\[(?P<bracket>.{1,2000}?)\\\]|\$(?P<inline>[^$]+)\$|\\\((?P<paren>.{1,2000}?)\\\)"
    r"|\\(?P<command>textbf|emph|textit|texttt|verb|text|underline|textsc|mbox)\s*\{(?P<argument>[^{}]*)\}"
    r"|\\(?P<sign>[%&_#{}$])"
    r"|(?P<line>(?:\\\\(?:\[[^\]]*\])?|\\newline\b|\\par\b) *)"
    r"|(?P<space>~|\\[,;:! ])"
    r"|\\(?P<named>ldots|dots|LaTeX|TeX|textbackslash)\b(?:\{\})?"
    r"|\\(?P<unknown>[A-Za-z]+)",
    re.DOTALL,
)
_NAMED = {"ldots": "…", "dots": "…", "LaTeX": "LaTeX", "TeX": "TeX", "textbackslash": "\\\\"}


def to_markdown(text: str, latex: bool, lost: Lost) -> str:
    """Markdown of an AMC-TXT text; with `latex` what is outside of its marks is LaTeX."""
    parts, end = [], 0
    for found in _MARK.finditer(text):
        parts += [_plain(text[end : found.start()], latex, lost), _marked(found, latex, lost)]
        end = found.end()
    parts.append(_plain(text[end:], latex, lost))
    markdown = "".join(parts).strip()
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", markdown))


def _marked(found: re.Match[str], latex: bool, lost: Lost) -> str:
    kind = found.lastgroup
    inner = found[kind] if kind else ""
    if kind == "verbatim":
        code = inner.strip("\n")
        fence = "`" * max(3, max((len(run) + 1 for run in re.findall("`+", code)), default=3))
        return f"\n\n{fence}\n{code}\n{fence}\n\n"
    if kind == "latex":
        return _latex(inner, lost)
    if kind == "image":
        lost.add(gettext("A picture was left out: questions hold text and formulas only. Describe it in words."))
        return ""
    if kind == "code":
        return _code(inner.strip())
    text = to_markdown(inner.strip(), latex, lost)
    if kind in ("bold", "title"):
        return f"**{text}**" if text else ""
    return f"*{text}*" if kind == "italic" and text else text


def _code(text: str) -> str:
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _plain(text: str, latex: bool, lost: Lost) -> str:
    # As on AMC's paper: a line's end is a space, a blank line a new paragraph.
    text = re.sub(r"[ \t]*\n[ \t]*(?!\s*\n)(?<!\n\n)", "\n", text)
    text = "\n\n".join(re.sub(r"\s+", " ", paragraph) for paragraph in re.split(r"\n[ \t]*\n\s*", text))
    return _latex(text, lost) if latex else escape_markdown(text)


def _latex(text: str, lost: Lost) -> str:
    parts, end = [], 0
    for found in _LATEX.finditer(text):
        parts += [_escape_words(text[end : found.start()]), _latex_part(found, lost)]
        end = found.end()
    return "".join([*parts, _escape_words(text[end:])])


def _escape_words(text: str) -> str:
    return escape_markdown(re.sub("---", "—", text).replace("--", "–").replace("``", "“").replace("''", "”"))


def _latex_part(found: re.Match[str], lost: Lost) -> str:
    if block := found["block"] or found["bracket"]:
        return f"$${block.strip()}$$"
    if formula := found["inline"] or found["paren"]:
        return f"${' '.join(formula.split())}$"
    if found["command"]:
        return _styled(found["command"], found["argument"], lost)
    if found["sign"]:
        return escape_markdown(found["sign"])
    if found["line"]:
        return "\\\n"
    if found["space"]:
        return " "
    if found["named"]:
        return _NAMED[found["named"]]
    told = gettext("The LaTeX command \\%(command)s stayed as text: formulas stand between dollars.")
    lost.add(told % {"command": found["unknown"]})
    return f"\\\\{found['unknown']}"


def _styled(command: str, argument: str, lost: Lost) -> str:
    if command in ("texttt", "verb"):
        return _code(argument)
    text = _latex(argument, lost)
    if command == "textbf":
        return f"**{text}**"
    return f"*{text}*" if command in ("emph", "textit") else text
