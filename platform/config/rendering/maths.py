"""LaTeX formulas to MathML, on the server: no script in the page, and screen readers read the formula.

latex2mathml converts; around it, `_prepare` refuses what it would silently drop or print raw, and `_tidy` mends what
browsers, which draw MathML Core, would set wrongly.
"""

import re
from functools import lru_cache
from html import escape

from latex2mathml.converter import convert

MAX_FORMULA = 4_000  # characters: the converter recurses, and no formula for people is longer
CACHED_FORMULAS = 2_048

_ENVIRONMENTS = {
    "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array", "cases", "split",
    "align", "align*", "substack",
}  # fmt: skip
_SYNONYMS = {"aligned": "split", "align": "align*", "gathered": "matrix"}
_environment = re.compile(r"\\(begin|end)\{([^{}]*)\}")
_brace = re.compile(r"(?<!\\)(?:\\\\)*([{}])")
# `<` inside \text{} would come out as a tag. Private-use characters stand for the two until the XML is made.
_LESS, _GREATER = "\ue000", "\ue001"

_unknown_command = re.compile(r">\s*(\\[A-Za-z]+)\s*<")
_function_name = re.compile(
    r"<m([io])((?: movablelimits=\"true\")?)>([A-Za-z]{2,})</m\1>(<mo stretchy=\"false\">&#x00028;)?"
)
_bare_tilde = re.compile(r"<mi>&#x0007E;</mi>")
# Infinity and the empty set come out as operators, which browsers set apart from their neighbours.
_quantity = re.compile(r"<mo>(&#x0(?:221E|2205);)</mo>")
# A minus after a relation, an arrow, a comma or a bracket is a sign; browsers take it for a subtraction.
_sign = re.compile(
    r"(<mo(?: [^>]*)?>(?:[(\[,]|&[lg]t;|&#x0(?:003D|2264|2265|2208|2248|2190|2192|002C|0028|005B);)</mo>)"
    r"<mo>(&#x0(?:2212|00B1);)</mo>"
)


class BadFormulaError(ValueError):
    """The LaTeX cannot be shown as written."""


def _prepare(source: str) -> str:
    """Return the LaTeX in the dialect of the converter; BadFormulaError for what it would drop without a word."""
    if len(source) > MAX_FORMULA:
        raise BadFormulaError("the formula is too long")
    depth = 0
    for brace in _brace.finditer(source):
        depth += 1 if brace[1] == "{" else -1
        if depth < 0:
            break
    if depth:
        raise BadFormulaError("the braces do not match")
    source = _environment.sub(lambda found: f"\\{found[1]}{{{_SYNONYMS.get(found[2], found[2])}}}", source)
    unknown = {found[2] for found in _environment.finditer(source)} - _ENVIRONMENTS
    if unknown:
        raise BadFormulaError(f"unknown environments: {unknown}")
    source = re.sub(r"\\arg(?![A-Za-z])", r"\\operatorname{arg}", source)
    return source.replace("<", _LESS).replace(">", _GREATER)


def _spaced(found: re.Match[str]) -> str:
    """A function's name as TeX spaces it: a thin space to its neighbours, none before a parenthesis."""
    _, limits, name, parenthesis = found.groups()
    if name == "mod":
        return found[0]
    right = "0" if parenthesis else "0.167em"
    return f'<mo{limits} lspace="0.167em" rspace="{right}">{name}</mo>{parenthesis or ""}'


def _tidy(mathml: str) -> str:
    """Return MathML that browsers set well; BadFormulaError when a command stayed raw."""
    unknown = _unknown_command.search(mathml)
    if unknown:
        raise BadFormulaError(f"unknown command {unknown[1]}")
    mathml = _function_name.sub(_spaced, mathml)
    mathml = _quantity.sub(r"<mi>\1</mi>", mathml)
    mathml = _bare_tilde.sub("<mo>&#x0223C;</mo>", mathml)  # \sim, which comes out as a tilde
    for character, entity in ((_LESS, "&lt;"), (_GREATER, "&gt;")):
        mathml = mathml.replace(f"<mi>{character}</mi>", f"<mo>{entity}</mo>").replace(character, entity)
    return _sign.sub(r'\1<mo form="prefix">\2</mo>', mathml)


@lru_cache(maxsize=CACHED_FORMULAS)
def to_mathml(source: str, *, block: bool) -> str:
    """Return `<math>` for a LaTeX formula, or the escaped source in `<code class="math-error">` when it is not one."""
    try:
        return _tidy(convert(_prepare(source), display="block" if block else "inline"))
    except Exception:  # the converter has no common error: bad LaTeX ends in KeyError, IndexError, RecursionError …
        return f'<code class="math-error">{escape(source)}</code>'
